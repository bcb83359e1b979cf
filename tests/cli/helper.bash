# SPDX-License-Identifier: MIT
# Shared by the tests of the command line. They run the real tool against the real bootloader in the
# twin, over pseudo-terminals. CTest sets:
#   ARAREXT           the tool            ARAREXT_TWIN  the twin
#   ARAREXT_FIRMWARE  the bootloader      ARAREXT_APPS  folder with hello.elf, .bin, .hex, .srec
#   ARAREXT_VERSION   the project's version number
# shellcheck shell=bash

HERE=$BATS_TEST_DIRNAME
# Seconds that anything is waited for. For what never comes: a machine ten times slower stays below it.
LIMIT_S=200

common_setup()
{
    cd "$BATS_TEST_TMPDIR" || return 1
    export XDG_RUNTIME_DIR=$BATS_TEST_TMPDIR
    export NO_COLOR=1 TERM=xterm
    # Nobody's settings but the test's own.
    export XDG_CONFIG_HOME=$BATS_TEST_TMPDIR/no-config
    unset ARAREXT_PORT ARAREXT_WIRING
    TWIN_PID=
}

# start_board [ARGUMENT...]: a board at $ARAREXT_PORT, in the bootloader unless the arguments say so.
start_board()
{
    local end
    rm -f twin.in
    mkfifo twin.in
    "$ARAREXT_TWIN" --firmware "$ARAREXT_FIRMWARE" --speed max --usart2 "$PWD/usart2" \
        --usart3 "$PWD/usart3" --show-log "$@" <>twin.in >>twin.log 2>&1 3>&- &
    TWIN_PID=$!
    for ((end = SECONDS + LIMIT_S; SECONDS < end; )); do
        [ -e usart2 ] && break
        kill -0 "$TWIN_PID" || { cat twin.log; return 1; }
        sleep 0.05
    done
    export ARAREXT_PORT=$PWD/usart2
    # A link is there before the board is up; what is sent to it then is lost, as on a desk.
    [[ " $* " != *" --button "* ]] || wait_for "stays:" twin.log
}

# twin COMMAND: a line on the twin's standard input.
twin()
{
    echo "$*" >twin.in
}

# Where something is to be caught in the middle: a board that takes the time that it takes.
real_time()
{
    twin speed real
    wait_for "speed real" twin.log
}

stop_board()
{
    if [ -n "$TWIN_PID" ]; then
        # A test may have ended while it was stopped. CONT comes first: one that arrives while the leak
        # sanitizer stops the world at the end takes that stop away, and it waits for ever.
        kill -CONT "$TWIN_PID" 2>/dev/null || true
        kill "$TWIN_PID" 2>/dev/null || true
        wait "$TWIN_PID" 2>/dev/null || true
    fi
    TWIN_PID=
}

# The tool without a terminal, output in $output, stderr in it too.
ararext()
{
    run "$ARAREXT" "$@" </dev/null
}

# at_terminal ARGUMENT...: see terminal.py.
at_terminal()
{
    run python3 "$HERE/terminal.py" "$@"
}

# wait_for TEXT FILE
wait_for()
{
    local end
    for ((end = SECONDS + LIMIT_S; SECONDS < end; )); do
        grep -qF -- "$1" "$2" 2>/dev/null && return 0
        sleep 0.05
    done
    echo "'$1' did not appear in $2:"
    cat "$2"
    return 1
}

# wait_catching PID: until it catches SIGTERM. From then on no moment may be a wrong one for a signal.
wait_catching()
{
    local end caught
    for ((end = SECONDS + LIMIT_S; SECONDS < end; )); do
        caught=$(sed -n 's/^SigCgt:[[:space:]]*/0x/p' "/proc/$1/status") || return 1
        (((caught & 0x4000) == 0)) || return 0
        sleep 0.01
    done
    echo "process $1 does not catch SIGTERM"
    return 1
}

expect_status()
{
    if [ "$status" -ne "$1" ]; then
        echo "exit status $status, expected $1; output:"
        echo "$output"
        return 1
    fi
}

# expect TEXT: it is in the output.
expect()
{
    if [[ "$output" != *"$1"* ]]; then
        echo "'$1' is not in the output:"
        echo "$output"
        return 1
    fi
}

# expect_exactly TEXT: it is the output.
expect_exactly()
{
    if [ "$output" != "$1" ]; then
        echo "the output is not '$1':"
        echo "$output"
        return 1
    fi
}

expect_not()
{
    if [[ "$output" == *"$1"* ]]; then
        echo "'$1' is in the output:"
        echo "$output"
        return 1
    fi
}

# json EXPRESSION: stdout of the last `json_of` as the Python value d.
json_of()
{
    status=0
    "$ARAREXT" --json "$@" >out.json 2>err.txt </dev/null || status=$?
    output=$(cat out.json err.txt)
    python3 -m json.tool <out.json >/dev/null || { echo "not JSON:"; cat out.json; return 1; }
}
json()
{
    python3 -c 'import json, sys; d = json.load(open("out.json")); r = eval(sys.argv[1]); print(r); sys.exit(0 if r else 1)' "$1"
}

# json_until EXPRESSION ARGUMENT...: asks until it is true.
json_until()
{
    local expression=$1 end
    shift
    for ((end = SECONDS + LIMIT_S; SECONDS < end; )); do
        json_of "$@"
        [ "$status" -ne 0 ] || ! json "$expression" || return 0
        sleep 0.1
    done
    echo "'$expression' never became true; the last answer:"
    cat out.json
    return 1
}

# big_image FILE SIZE SEED: an application with a plausible vector table and SIZE bytes.
big_image()
{
    python3 - "$ARAREXT_APPS/hello.bin" "$@" <<'END'
import random, sys
hello = open(sys.argv[1], "rb").read()
size, seed = int(sys.argv[3]), int(sys.argv[4])
rest = random.Random(seed).randbytes(size - len(hello))
open(sys.argv[2], "wb").write(hello + rest)
END
}
