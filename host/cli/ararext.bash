# SPDX-License-Identifier: MIT
# Completion of bash for ararext.

_ararext()
{
    local current previous verbs verb word
    current=${COMP_WORDS[COMP_CWORD]}
    previous=${COMP_WORDS[COMP_CWORD - 1]}
    verbs="info flash run verify monitor go reset keygen pack image update slots confirm rollback provision erase read write protect unprotect lock otp ports page board config commands raw"
    COMPREPLY=()
    # --port=VALUE arrives as three words: bash splits at the equals sign.
    if [ "$current" = "=" ]; then
        current=
    elif [ "$previous" = "=" ]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    case $previous in
    -p | --port)
        mapfile -t COMPREPLY < <(compgen -W "$(ararext ports 2>/dev/null | cut -d' ' -f1)" -- "$current")
        [ ${#COMPREPLY[@]} -gt 0 ] || mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    --wiring)
        mapfile -t COMPREPLY < <(compgen -W "$(ararext config 2>/dev/null | sed -nE 's/^  ([a-z-]+) +reset.*/\1/p')" -- "$current")
        return
        ;;
    -b | --baud)
        mapfile -t COMPREPLY < <(compgen -W "auto 9600 57600 115200 230400 460800 921600 1000000 2000000" -- "$current")
        return
        ;;
    -o | --output | --key | --public | --public-key | --passphrase-file | --signature | --start-signature)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    --format)
        mapfile -t COMPREPLY < <(compgen -W "elf hex srec bin uf2 dfuse" -- "$current")
        return
        ;;
    --verify)
        mapfile -t COMPREPLY < <(compgen -W "auto read" -- "$current")
        return
        ;;
    --eol)
        mapfile -t COMPREPLY < <(compgen -W "cr lf crlf" -- "$current")
        return
        ;;
    --from)
        mapfile -t COMPREPLY < <(compgen -f -- "$current")
        return
        ;;
    --revoke-key)
        mapfile -t COMPREPLY < <(compgen -W "0 1 2 3" -- "$current")
        return
        ;;
    --address | --sector | --sectors | --hex | --for | --until | --timeout | --security-counter | --board | --trials | --crash-limit | --watchdog | --name | --commands | --log | --button | --led | --driver-enable | --crystal | --window | --uid)
        return
        ;;
    --version)
        return
        return
        ;;
    esac

    verb=
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case " $verbs " in
        *" $word "*) verb=$word; break ;;
        esac
    done

    local options="--port --uid --wiring --wait --baud --json --quiet --verbose --no-color --no-extensions --help --version"
    case $verb in
    flash | run) options+=" --monitor --watch --for --until --timestamps --hex --log --eol --no-reconnect --stay --run --dry-run --no-verify --verify --erase-always --no-stream --no-compress --address --format --skip-bootloader --force" ;;
    verify) options+=" --verify --address --format --skip-bootloader --force" ;;
    erase) options+=" --sector --all --yes" ;;
    read | page) options+=" --output" ;;
    write) options+=" --hex --no-verify --force" ;;
    keygen) options+=" --public --passphrase-file" ;;
    pack) options+=" --address --output --key --passphrase-file --unsigned --digest-only --signature --start-signature --public-key --security-counter --board --trials --no-confirm --crash-limit --watchdog --revoke-key --no-compress --format --skip-bootloader" ;;
    image) options+=" --key --board --passphrase-file --address --format --skip-bootloader" ;;
    update) options+=" --confirm --force --no-start --no-stream --timeout --yes" ;;
    provision) options+=" --key --board --read-protection --dry-run --yes" ;;
    reset) options+=" --bootloader" ;;
    protect) options+=" --sectors --read-protection --yes" ;;
    lock) options+=" --yes" ;;
    unprotect) options+=" --keep-read-protection" ;;
    ports) options+=" --ask" ;;
    monitor) options+=" --for --until --timestamps --hex --log --eol --no-reconnect" ;;
    board) options+=" --output --from --commands --log --button --led --driver-enable --crystal --window --name" ;;
    raw) options+=" --course --timeout" ;;
    esac

    if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    elif [ -z "$verb" ] && [[ " ${COMP_WORDS[*]:1:COMP_CWORD-1} " == *" help "* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$current")
    elif [ -z "$verb" ]; then
        verbs+=" help"
        mapfile -t COMPREPLY < <(compgen -W "$verbs" -- "$current")
    elif [ "$verb" = raw ]; then
        mapfile -t COMPREPLY < <(compgen -W "GET_VER GET_HELP GET_CID GET_RDP_STATUS GO_TO_ADDR FLASH_ERASE MEM_WRITE EN_RW_PROTECT MEM_READ READ_SECTOR_P_STATUS OTP_READ DIS_R_W_PROTECT GET_LAST_ERROR GET_INFO RESET MEM_CRC GET_SLOTS STAGE_BEGIN STAGE_WRITE STAGE_FINISH CONFIRM ROLLBACK PROVISION" -- "$current")
    elif [ "$verb" = board ] && [ "${COMP_WORDS[COMP_CWORD - 1]}" = board ]; then
        mapfile -t COMPREPLY < <(compgen -W "list show make" -- "$current")
    elif [ "$verb" = board ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(ararext board list 2>/dev/null | cut -d' ' -f1)" -f -- "$current")
    elif [ "$verb" = otp ]; then
        mapfile -t COMPREPLY < <(compgen -W "read" -- "$current")
    else
        compopt -o default 2>/dev/null
    fi
}
complete -F _ararext ararext
