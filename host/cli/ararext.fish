# SPDX-License-Identifier: MIT
# Completion of fish for ararext. Commands and options are those that its own --help names.

function __ararext_commands
    ararext --help 2>/dev/null | string replace -rf '^  ([a-z]+) +([A-Z].*)$' '$1\t$2'
end

function __ararext_verb
    set -l verbs (__ararext_commands | string replace -r '\t.*' '')
    for word in (commandline -opc)[2..-1]
        if contains -- $word $verbs
            echo $word
            return 0
        end
    end
    return 1
end

function __ararext_options
    set -l verb (__ararext_verb)
    begin
        ararext --help
        test -z "$verb"; or ararext $verb --help
    end 2>/dev/null | string replace -rf '^ +(?:-., )?(--[a-z-]+).*' '$1'
end

complete -c ararext -n 'not __ararext_verb' -f -a '(__ararext_commands)'
complete -c ararext -n 'not __ararext_verb' -f -a 'help\t"Help on a command"'
complete -c ararext -n 'string match -q -- "-*" (commandline -ct)' -f -a '(__ararext_options)'
complete -c ararext -s p -l port -r -a '(ararext ports 2>/dev/null | string replace -r " .*" "")'
complete -c ararext -s b -l baud -x -a 'auto 9600 57600 115200 230400 460800 921600 1000000 2000000'
complete -c ararext -l format -x -a 'elf hex srec bin uf2 dfuse'
complete -c ararext -l verify -x -a 'auto read'
