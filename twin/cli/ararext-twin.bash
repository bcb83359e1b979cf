# SPDX-License-Identifier: MIT
# bash completion for ararext-twin(1)
_ararext_twin()
{
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
    case $prev in
    --flash-kib) mapfile -t COMPREPLY < <(compgen -W "512 1024" -- "$cur") ;;
    --speed) mapfile -t COMPREPLY < <(compgen -W "real max" -- "$cur") ;;
    --firmware | --board | --app | --state | --log | --usart[1236] | --uart[45])
        compopt -o filenames
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        ;;
    --app-addr | --seed | --cut-at | --run-for) COMPREPLY=() ;;
    *)
        mapfile -t COMPREPLY < <(compgen -W "--firmware --app --app-addr --state --flash-kib
            --usart1 --usart2 --usart3 --uart4 --uart5 --usart6 --board --button --no-hse --speed --seed
            --cut-at --run-for --quiet --log --show-log --version --help" -- "$cur")
        ;;
    esac
}
complete -F _ararext_twin ararext-twin
