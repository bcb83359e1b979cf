#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The serial console.

load helper

setup()
{
    common_setup
    start_board --app "$ARAREXT_APPS/hello.elf"
}

teardown()
{
    stop_board
}

@test "until a text comes" {
    ararext monitor --until "hello from the application" --for 20
    expect_status 0
    expect "hello from the application"
}

@test "until a text that does not come" {
    ararext monitor --until "good bye" --for 2
    expect_status 5
    expect "'good bye' did not come within 2 s"
}

@test "for a time" {
    ararext monitor --for 3
    expect_status 0
    expect "hello"
}

@test "as JSON" {
    json_of monitor --until hello --for 20
    [ "$status" -eq 0 ]
    json 'd["seen"] and "hello" in d["text"] and d["bytes"] >= 5'
}

@test "what comes on stdin goes to the board" {
    run bash -c 'printf b | "$ARAREXT" monitor --for 2'
    expect_status 0
    wait_for "stays: application" twin.log
    ararext info
    expect_status 0
    expect "request of the application"
}

@test "at a terminal: keys go through, Ctrl-] and q ends, the terminal is put back" {
    at_terminal --when "hello" --send 'b\x1dq' -- \
        bash -c 'before=$(stty -g); "$ARAREXT" monitor; s=$?; [ "$(stty -g)" = "$before" ] && echo same; exit $s'
    expect_status 0
    expect "Ctrl-] and q ends"
    expect "same"
    wait_for "stays: application" twin.log
}

@test "the reader of the output goes away: the terminal is put back" {
    at_terminal -- bash -c 'before=$(stty -g); "$ARAREXT" monitor 2>err | head -1 >line
        s=${PIPESTATUS[0]}; [ "$(stty -g)" = "$before" ] && echo same; exit $s'
    expect_status 8
    expect "same"
    grep -q "cannot write to stdout" err
}

@test "a signal ends it" {
    "$ARAREXT" monitor </dev/null >out 2>&1 3>&- &
    local tool=$!
    wait_for hello out
    kill -TERM "$tool"
    status=0
    wait "$tool" || status=$?
    expect_status 143
}

@test "the board goes away, and nobody waits for it" {
    "$ARAREXT" monitor --no-reconnect </dev/null >out 2>&1 3>&- &
    local tool=$!
    wait_for hello out
    stop_board
    status=0
    wait "$tool" || status=$?
    expect_status 4
}

@test "the board goes away and comes back: the monitor goes on" {
    "$ARAREXT" monitor </dev/null >out 2>&1 3>&- &
    local tool=$!
    wait_for hello out
    stop_board
    wait_for "went away; waiting for it" out
    : >twin.log
    start_board --app "$ARAREXT_APPS/hello.elf"
    wait_for "is back" out
    local lines
    lines=$(grep -c "hello from" out)
    local end
    for ((end = SECONDS + LIMIT_S; SECONDS < end; )); do
        [ "$(grep -c "hello from" out)" -gt "$lines" ] && break
        sleep 0.2
    done
    [ "$(grep -c "hello from" out)" -gt "$lines" ]
    kill -TERM "$tool"
    status=0
    wait "$tool" || status=$?
    expect_status 143
}

@test "times, hexadecimal, a log" {
    ararext monitor --until "hello from the application" --for 60 --timestamps --log shown.txt
    expect_status 0
    [[ "$output" =~ \[[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}\]\ hello\ from ]]
    grep -qE '^\[..:..:..\.[0-9]{3}\] hello from' shown.txt
    local before
    before=$(wc -c <shown.txt)
    ararext monitor --until "hello from the application" --for 60 --hex --log shown.txt
    expect_status 0
    expect "68 65 6C 6C 6F"
    [ "$(wc -c <shown.txt)" -gt "$before" ]
    grep -qE '^[0-9a-f]{8}  .*68 65 6C' shown.txt
    ararext monitor --for 1 --log /nonexistent/file
    expect_status 8
    ararext monitor --eol dos
    expect_status 2
    expect "--eol 'dos': expected cr, lf or crlf"
}

@test "what Enter sends" {
    # The twin's port as a program sees it: raw bytes at the other end of a pair.
    python3 - "$ARAREXT" <<'END'
import os, pty, subprocess, sys, time
for eol, want in (("crlf", b"a\r\nb\r\n"), ("cr", b"a\rb\r"), ("lf", b"a\nb\n")):
    master, slave = pty.openpty()
    tool = subprocess.Popen([sys.argv[1], "monitor", "--port", os.ttyname(slave), "--for", "3", "--eol", eol],
                            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    tool.stdin.write(b"a\nb\n")
    tool.stdin.flush()
    tool.wait()
    got = os.read(master, 100)
    assert got == want, (eol, got)
END
}

@test "the menu: reset and bootloader by the application, by the modem lines, and by nobody" {
    export SHIM_CONSOLE=$PWD/twin.in SHIM_LOG=$PWD/lines.log ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0
    at_terminal --when hello --send '\x1d?' --when "k break" --send '\x1dr' --when "nobody answered" --send '\x1dk' \
        --when "break" --send '\x1d\x1d' -- "$ARAREXT" monitor
    expect_status 0
    expect "r reset, b bootloader, k break"
    at_terminal --when hello --send '\x1dr' --when "--- reset" --send '\x1db' --when "is in the bootloader" --send '\x1dq' \
        -- env LD_PRELOAD="$ARAREXT_LINES_SHIM" "$ARAREXT" monitor --wiring direct
    expect_status 0
    ararext info
    expect_status 0
    expect "in bootloader by  button"
    at_terminal --when "Ctrl-]" --send '\x1dr' --when "hello" --send '\x1dq' -- "$ARAREXT" monitor
    expect_status 0
}

@test "run: flash, start, show; and again when the file changes" {
    stop_board
    : >twin.log
    start_board --button
    twin button 0
    ararext run "$ARAREXT_APPS/hello.elf" --until "hello from the application" --for 60
    expect_status 0
    expect "Started the application"
    expect "hello from the application"
    twin button 1
    twin reset
    wait_for "stays: button" twin.log
    ararext flash "$ARAREXT_APPS/hello.elf" --monitor --stay
    expect_status 2
    cp "$ARAREXT_APPS/hello.bin" app.bin
    "$ARAREXT" flash app.bin --watch </dev/null >out 2>&1 3>&- &
    local tool=$!
    wait_for "Waiting for app.bin to change" out
    big_image app.bin 20000 7
    local end
    for ((end = SECONDS + LIMIT_S; SECONDS < end; )); do
        [ "$(grep -c "Waiting for app.bin to change" out)" -eq 2 ] && break
        sleep 0.2
    done
    echo rubbish >app.bin
    wait_for "no application for this board" out
    kill -TERM "$tool"
    status=0
    wait "$tool" || status=$?
    expect_status 143
    ararext flash app.bin --watch --json
    expect_status 2
    big_image app.bin 20000 7
    ararext verify app.bin
    expect_status 0
}
