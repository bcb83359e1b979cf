#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Finding and opening the port: by name, by itself, and all that can be wrong with it.

load helper

setup()
{
    common_setup
}

teardown()
{
    stop_board
}

@test "the port by option, by environment, and found" {
    start_board --button
    ararext info
    expect_status 0
    expect "Board on $PWD/usart2"
    unset ARAREXT_PORT
    ararext info --port usart2
    expect_status 0
    ararext --port=usart2 info
    expect_status 0
    stop_board
    TWIN_LINK="$XDG_RUNTIME_DIR/ararext-usart2"
    mkfifo in
    "$ARAREXT_TWIN" --firmware "$ARAREXT_FIRMWARE" --speed max --button <>in >twin.log 2>&1 3>&- &
    TWIN_PID=$!
    for ((end = SECONDS + LIMIT_S; SECONDS < end; )); do [ -e "$TWIN_LINK" ] && break; sleep 0.05; done
    ararext ports
    expect_status 0
    expect "$TWIN_LINK"
    ararext info
    expect_status 0
    expect "Board on $TWIN_LINK"
    ararext reset --bootloader
    ararext monitor --for 1
    expect_status 0
}

@test "ports as JSON" {
    json_of ports
    [ "$status" -eq 0 ]
    json 'd["ok"] and isinstance(d["ports"], list)'
}

@test "no such port, no serial port, a link to nowhere" {
    ararext info --port "$PWD/nothing"
    expect_status 3
    expect "$PWD/nothing: No such file or directory"
    ln -s /nonexistent dangling
    ararext info --port dangling
    expect_status 3
    touch file
    ararext info --port file
    expect_status 3
    expect "file: not a serial port"
    ararext info --port .
    expect_status 3
}

@test "no board anywhere" {
    ararext info
    expect_status 3
    expect "no board found"
    expect "ararext-twin --firmware FILE --button"
}

@test "the port is busy" {
    start_board --button
    exec 9<>usart2
    flock --nonblock 9
    ararext info
    expect_status 4
    expect "bash (pid "
    expect "has the port open; close the other program"
    ararext monitor --for 1
    expect_status 4
    exec 9>&-
    ararext info
    expect_status 0
}

@test "another program reads along: it is named" {
    start_board --button
    cat usart2 >/dev/null &
    local reader=$!
    until [ "$(readlink "/proc/$reader/fd/0" 2>/dev/null)" != "" ] && ls -l "/proc/$reader/fd" | grep -q pts; do
        sleep 0.05
    done
    ararext info
    local first=$status text=$output
    kill "$reader"
    wait "$reader" || true
    # It may have been too slow to take anything; if something was missing, it is named.
    if [ "$first" -ne 0 ]; then
        output=$text
        expect "cat (pid $reader) has the port open, too"
    fi
    ararext info
    expect_status 0
}

@test "a lock file of a program that lives" {
    start_board --button
    local name lock
    name=$(basename "$(readlink usart2)")
    lock=/var/lock/LCK..$name
    [ -w /var/lock ] || skip "/var/lock cannot be written here"
    printf '%10d\n' "$$" >"$lock"
    ararext info
    rm -f "$lock"
    expect_status 4
    expect "(pid $$), by its lock file $lock"
    sleep 0 & # a number that nobody has any more
    local gone=$!
    wait "$gone"
    printf '%10d\n' "$gone" >"$lock"
    ararext info
    rm -f "$lock"
    expect_status 0
}

@test "the tool keeps its port to itself" {
    start_board --app "$ARAREXT_APPS/hello.elf"
    "$ARAREXT" monitor </dev/null >out 2>&1 3>&- &
    local other=$!
    wait_for hello out
    run flock --nonblock usart2 true
    expect_status 1
    ararext info
    expect_status 4
    kill "$other"
    wait "$other" || true
    run flock --nonblock usart2 true
    expect_status 0
}

@test "no permission" {
    start_board --button
    chmod 000 "$(readlink usart2)"
    local as=()
    if [ "$(id -u)" -eq 0 ]; then
        chmod 755 "$BATS_TEST_TMPDIR" "$BATS_RUN_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_SUITE_TMPDIR"
        command -v setpriv >/dev/null || skip "no setpriv"
        as=(setpriv --reuid 65534 --regid 65534 --clear-groups)
        cp "$ARAREXT" ./tool
        "${as[@]}" test -x ./tool || skip "the test folder is closed to others"
    else
        cp "$ARAREXT" ./tool
    fi
    run "${as[@]}" ./tool info --port usart2
    expect_status 4
    expect "permission denied"
    expect "udev"
    run "${as[@]}" ./tool monitor --for 1 --port usart2
    expect_status 4
    expect "udev"
}

@test "a board that does not answer" {
    start_board --app "$ARAREXT_APPS/hello.elf"
    ararext info
    expect_status 5
    expect "GET_VER (sent 3 times): "
    expect_not "01 51 64"
    expect "PA0"
    ararext info --verbose
    expect_status 5
    expect "GET_VER (01 51 64 6A 5F 5C, sent 3 times): "
}

@test "the wrong baud rate is told as no answer, and does no harm" {
    start_board --button
    ararext info --baud 9600
    expect_status 5
    ararext info
    expect_status 0
}

@test "a baud rate that no table has" {
    start_board --button
    ararext raw GET_VER --baud 123456
    [ "$status" -eq 0 ] || [ "$status" -eq 5 ] || [ "$status" -eq 6 ]
    expect_not "cannot do"
}

@test "the board goes away in the middle" {
    start_board --button
    real_time
    big_image app.bin 100000 1
    "$ARAREXT" flash app.bin --verbose </dev/null >out 2>err 3>&- &
    local tool=$!
    wait_for "> C5 01" err
    kill -KILL "$TWIN_PID"
    wait "$TWIN_PID" || true
    TWIN_PID=
    status=0
    wait "$tool" || status=$?
    output=$(grep -v '^ *[0-9.]* [<>]' err)
    expect_status 4
    expect "the port failed or went away"
    expect "the application will not start"
}

@test "the port comes back, and the transfer goes on" {
    start_board --button --state board.state
    real_time
    big_image app.bin 100000 1
    "$ARAREXT" flash app.bin --verbose </dev/null >out 2>err 3>&- &
    local tool=$!
    wait_for "> C5 01" err
    stop_board
    wait_for "The port went away: plug it in again; waiting for it for up to 30 s" err
    rm twin.log
    start_board --button --state board.state
    status=0
    wait "$tool" || status=$?
    output=$(grep -v '^ *[0-9.]* [<>]' err; cat out)
    expect_status 0
    expect "Flashed and verified"
    ararext verify app.bin --verify=read
    expect_status 0
}

@test "the port comes back with another board: that one is left alone" {
    start_board --button
    real_time
    big_image app.bin 100000 1
    "$ARAREXT" flash app.bin --verbose </dev/null >out 2>err 3>&- &
    local tool=$!
    wait_for "> C5 01" err
    stop_board
    rm twin.log
    start_board --button --seed 2
    status=0
    wait "$tool" || status=$?
    output=$(grep -v '^ *[0-9.]* [<>]' err)
    expect_status 3
    expect "stream: the port came back with another board"
    ararext read 0x08008000 16
    expect "FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF"
}

# far_end PROGRAM: what python does with the file descriptor fd, the other end of the port in $ARAREXT_PORT.
far_end()
{
    python3 - "$1" >far.name 3>&- <<'END' &
import os, pty, sys, tty
fd, slave = pty.openpty()
tty.setraw(slave)
print(os.ttyname(slave), flush=True)
exec(sys.argv[1])
END
    FAR=$!
    wait_for /dev/ far.name
    ARAREXT_PORT=$(cat far.name)
    export ARAREXT_PORT
}

@test "a line that sends everything back is called an echo" {
    far_end 'while True: os.write(fd, os.read(fd, 100))'
    ararext info
    kill "$FAR"
    expect_status 5
    expect "what was sent came back, as an echo"
}

@test "text from the far end is shown as text" {
    far_end 'while os.read(fd, 100): os.write(fd, b"login: \r\n")'
    ararext info
    kill "$FAR"
    expect_status 5
    expect 'what came back is text: "login:'
}

@test "the name of a port: none, one in /dev, one here" {
    start_board --button
    ararext info --port ""
    expect_status 2
    expect "--port: the name is empty"
    ararext info --port usart2
    expect_status 0
    ararext info --port ttyNOT7
    expect_status 3
    expect "/dev/ttyNOT7"
    ararext monitor --for 1 --port ttyNOT7
    expect_status 3
    expect "/dev/ttyNOT7"
}

@test "a board in the other dialect" {
    start_board --button
    ararext raw --course GET_VER
    expect_status 0
    expect_exactly "10"
    ararext info
    expect_status 5
    expect "course dialect"
    ararext raw --course RESET 01
    expect_status 0
    ararext info
    expect_status 0
}
