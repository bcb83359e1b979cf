#compdef ararext
# SPDX-License-Identifier: MIT
# Completion of zsh for ararext. Commands and options are those that its own --help names.

_ararext()
{
    local -a commands options
    local verb word
    commands=(${(f)"$(ararext --help 2>/dev/null | sed -nE 's/^  ([a-z]+) +([A-Z].*)$/\1:\2/p')"})
    for word in ${words[2,CURRENT-1]}; do
        if (( ${commands[(I)$word:*]} )); then
            verb=$word
            break
        fi
    done
    case $words[CURRENT-1] in
    -p | --port)
        compadd -- ${(f)"$(ararext ports 2>/dev/null | cut -d' ' -f1)"}
        _files
        return
        ;;
    -b | --baud) compadd auto 9600 57600 115200 230400 460800 921600 1000000 2000000; return ;;
    --format) compadd elf hex srec bin uf2 dfuse; return ;;
    --verify) compadd auto read; return ;;
    esac
    if [[ $PREFIX == -* ]]; then
        options=(${(f)"$( (ararext --help; [[ -z $verb ]] || ararext $verb --help) 2>/dev/null |
            sed -nE 's/^ +(-., )?(--[a-z-]+).*/\2/p')"})
        compadd -- $options
    elif [[ -z $verb ]]; then
        commands+=(help:'Help on a command')
        _describe command commands
    else
        _files
    fi
}

_ararext "$@"
