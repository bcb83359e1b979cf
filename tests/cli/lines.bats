#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Entry without hands: modem lines that reset the board and press its button. The twin's port has no such lines; lines_shim
# gives it some (lines_shim.c).

load helper

setup()
{
    common_setup
    export SHIM_CONSOLE=$PWD/twin.in SHIM_LOG=$PWD/lines.log
    touch lines.log
}

teardown()
{
    stop_board
}

# with_lines ARGUMENT...: the tool at a port that has modem lines.
with_lines()
{
    LD_PRELOAD=$ARAREXT_LINES_SHIM ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 \
        run "$ARAREXT" "$@" </dev/null
}

# A board that runs an application which talks all the time and answers nobody.
start_talking()
{
    start_board --app "$ARAREXT_APPS/hello.elf"
    ararext monitor --until "hello from the application" --for 60
    expect_status 0
}

runs_again()
{
    ararext monitor --until "hello from the application" --for 60
    expect_status 0
}

@test "each command brings a running board into the bootloader, and starts the application again" {
    start_talking
    ararext info
    expect_status 5
    [ ! -s lines.log ]
    with_lines info --wiring reset=rts,button=dtr
    expect_status 0
    expect "No bootloader answers: resetting the board by its modem lines."
    expect "in bootloader by  button"
    expect "The application is started again."
    [ "$(tail -n 1 lines.log)" = "rts 0 dtr 0" ]
    runs_again
}

@test "flash, and the new application runs" {
    start_talking
    with_lines flash "$ARAREXT_APPS/hello.bin" --run --wiring direct
    expect_status 0
    expect "Started the application at 0x08008000, by a reset."
    runs_again
}

@test "reset and go need no bootloader" {
    start_talking
    for command in reset go; do
        before=$(wc -l <lines.log)
        with_lines $command --wiring direct
        expect_status 0
        [ "$(wc -l <lines.log)" -eq $((before + 3)) ]
        runs_again
    done
    with_lines reset --bootloader --wiring direct
    expect_status 0
    ararext info
    expect_status 0
    # And from there back.
    with_lines reset --wiring direct
    expect_status 0
    runs_again
}

@test "a button that is high when pressed, two transistors, and lines that opening asserts" {
    start_talking
    SHIM_WIRING=high with_lines info --wiring direct-high
    expect_status 0
    expect "in bootloader by  button"
    runs_again
    SHIM_WIRING=crossed with_lines info --wiring esp
    expect_status 0
    expect "in bootloader by  button"
    runs_again
    SHIM_OPEN=1 with_lines info --wiring 'reset=rts,button=dtr'
    expect_status 0
    runs_again
}

@test "lines are touched only when asked for" {
    start_board --button
    with_lines info
    expect_status 0
    with_lines flash "$ARAREXT_APPS/hello.elf" --run
    expect_status 0
    with_lines monitor --for 1
    expect_status 0
    [ ! -s lines.log ]
    with_lines monitor --for 1 --wiring rts
    [ "$(cat lines.log)" = "rts 0 dtr 0" ]
}

@test "a wiring that leads nowhere, and a port without lines" {
    start_talking
    SHIM_CONSOLE=/dev/null with_lines info --wiring direct
    expect_status 5
    expect "the board was reset by its modem lines, and no bootloader answered"
    ararext info --wiring direct
    expect_status 7
    expect "this port has no modem lines, so --wiring means nothing there"
}

@test "what is no wiring" {
    for row in "cts:expected something like" "reset=cts:expected something like" "button=dtr:a line for reset is needed" \
        "reset=rts,button=rts:need a line each" "reset=rts,crossed:crossed lines are a reset and a button" \
        "reset=rts,:expected something like" "reset=rts,reset=dtr:expected something like"; do
        ARAREXT_PORT=none ararext info --wiring "${row%%:*}"
        expect_status 2
        expect "${row#*:}"
    done
}

@test "wiring and port from environment and file, and what config says of them" {
    start_talking
    mkdir -p config/ararext
    export XDG_CONFIG_HOME=$PWD/config
    printf '# mine\nport = %s\nwiring = direct\n' "$ARAREXT_PORT" >config/ararext/config
    unset ARAREXT_PORT
    with_lines info
    expect_status 0
    expect "in bootloader by  button"
    json_of config
    json "d['settings']['wiring'] == {'value': 'direct', 'from': d['file']} and d['settings']['baud']['value'] is None"
    # The environment comes before the file, an option before both; none is none.
    export ARAREXT_WIRING='reset=dtr'
    json_of config
    json "d['settings']['wiring'] == {'value': 'reset=dtr', 'from': 'ARAREXT_WIRING'}"
    json_of config --wiring none
    json "d['settings']['wiring'] == {'value': 'none', 'from': 'the command line'}"
    rm -f lines.log
    with_lines monitor --for 1 --wiring none
    [ ! -e lines.log ]
}

@test "the key to sign with from the file" {
    mkdir -p config/ararext
    export XDG_CONFIG_HOME=$PWD/config
    ararext pack "$ARAREXT_APPS/hello.elf" --version 1.0.0 -o a.pkg
    expect_status 2
    expect "give one of --key FILE"
    ararext keygen key.pem --public key.pub
    printf 'key = %s\n' "$PWD/key.pem" >config/ararext/config
    ararext pack "$ARAREXT_APPS/hello.elf" --version 1.0.0 -o a.pkg
    expect_status 0
    ararext image a.pkg --key key.pub
    expect_status 0
    ararext pack "$ARAREXT_APPS/hello.elf" --version 1.0.0 -o b.pkg --unsigned
    expect_status 0
}

@test "a file of settings with a mistake" {
    mkdir -p config/ararext
    export XDG_CONFIG_HOME=$PWD/config
    printf 'prot = x\n' >config/ararext/config
    ararext info
    expect_status 8
    expect "config/ararext/config, line 1: there is no setting 'prot'; did you mean 'port'?"
    printf '\nbaud\n' >config/ararext/config
    ararext ports
    expect_status 8
    expect "config, line 2: expected 'key = value'"
    printf 'baud = 57600\nbaud = 9600\n' >config/ararext/config
    ararext ports
    expect "config, line 2: baud is set twice"
    printf 'baud = fast\n' >config/ararext/config
    ararext ports
    expect "baud rate 'fast'"
    ararext --help
    expect_status 0
    : >config/ararext/config
    ararext ports
    expect_status 0
    printf 'baud = 57600\n' >config/ararext/config
    json_of config
    json "d['settings']['baud']['value'] == '57600'"
}

@test "--wait for a port that is not there yet, and for a board that is reset" {
    ararext info --port "$PWD/later" --wait=1
    expect_status 3
    expect "Waiting up to 1 s for $PWD/later to be plugged in"
    start_talking
    ararext info --wait=1
    expect_status 5
    "$ARAREXT" info --wait=120 </dev/null >waited.txt 2>&1 3>&- &
    local pid=$!
    wait_for "Waiting up to 120 s for the board on $ARAREXT_PORT" waited.txt
    twin button 1
    twin reset
    wait "$pid"
    grep -q "in bootloader by  button" waited.txt
    "$ARAREXT" info --port "$PWD/later" --wait=120 </dev/null >waited.txt 2>&1 3>&- &
    pid=$!
    wait_for "Waiting up to 120 s for $PWD/later to be plugged in" waited.txt
    ln -s "$(readlink usart2)" later
    wait "$pid"
}

@test "without a button line: the entry window catches the reset" {
    ararext board make original --from "${ARAREXT_FIRMWARE%.elf}.bin" --window 400 -o window.bin
    expect_status 0
    ARAREXT_FIRMWARE=$PWD/window.bin
    start_talking
    with_lines info --wiring rts
    expect_status 0
    expect "listens for 400 ms after a reset"
    expect "The application is started again."
    runs_again
    # And with nothing wired at all: whoever resets it is waited for.
    "$ARAREXT" flash "$ARAREXT_APPS/hello.bin" --run --wait=120 </dev/null >waited.txt 2>&1 3>&- &
    local pid=$!
    wait_for "Waiting up to 120 s for the board on $ARAREXT_PORT" waited.txt
    twin reset
    wait "$pid"
    runs_again
}

@test "an update on a board with an entry window: nobody asks while it is open" {
    ararext board make original --from "${ARAREXT_FIRMWARE%.elf}.bin" --window 900 -o window.bin
    expect_status 0
    ARAREXT_FIRMWARE=$PWD/window.bin
    start_board --button
    twin button 0
    ararext pack "$ARAREXT_APPS/hello.elf" --version 1.0.0 --unsigned --no-confirm -o hello.pkg
    expect_status 0
    ararext update hello.pkg
    expect_status 0
    expect_not "stays in the bootloader"
    runs_again
}
