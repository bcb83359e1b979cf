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

@test "at a terminal: keys go through, Ctrl-] ends, the terminal is put back" {
    at_terminal --when "hello" --send 'b\x1d' -- \
        bash -c 'before=$(stty -g); "$ARAREXT" monitor; s=$?; [ "$(stty -g)" = "$before" ] && echo same; exit $s'
    expect_status 0
    expect "Ctrl-] ends"
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

@test "the board goes away" {
    "$ARAREXT" monitor </dev/null >out 2>&1 3>&- &
    local tool=$!
    wait_for hello out
    stop_board
    status=0
    wait "$tool" || status=$?
    expect_status 4
}
