#!/usr/bin/env bats
# Ctrl-C and signals: the board answers afterwards, and the tool says what is in flash.

load helper

setup()
{
    common_setup
    start_board --button
    big_image app.bin 100000 1
}

teardown()
{
    stop_board
}

@test "Ctrl-C while writing" {
    at_terminal --when "writing" --send '\x03' -- "$ARAREXT" flash app.bin
    expect_status 130
    expect "interrupted"
    expect "the application will not start"
    ararext info
    expect_status 0
    ararext flash app.bin
    expect_status 0
    expect "Flashed and verified"
}

@test "a half image does not start" {
    ararext flash "$ARAREXT_APPS/hello.elf"
    expect_status 0
    at_terminal --when "writing" --send '\x03' -- "$ARAREXT" flash app.bin
    expect_status 130
    twin button 0
    twin reset
    wait_for "stays: nothing" twin.log
    ararext info
    expect_status 0
    expect "nothing to boot"
}

@test "SIGTERM while writing" {
    "$ARAREXT" flash app.bin --verbose </dev/null >out 2>err 3>&- &
    local tool=$!
    wait_for "> FE 57" err
    kill -TERM "$tool"
    status=0
    wait "$tool" || status=$?
    output=$(grep -v '^ *[0-9.]* [<>]' err)
    expect_status 143
    expect "interrupted (0 sectors erased and "
    ararext info
    expect_status 0
}

@test "Ctrl-C while erasing" {
    at_terminal --when "erasing" --send '\x03' -- "$ARAREXT" erase --all --yes
    expect_status 130
    expect "sectors were erased"
    ararext info
    expect_status 0
}

@test "Ctrl-C twice gives up at once, and the board still comes back" {
    at_terminal --when "writing" --send '\x03\x03' -- "$ARAREXT" flash app.bin
    expect_status 130
    ararext info
    expect_status 0
}

@test "Ctrl-C at a question does nothing dangerous" {
    ararext flash "$ARAREXT_APPS/hello.elf"
    at_terminal --when "Type 'erase'" --send '\x03' -- "$ARAREXT" erase --all
    expect_status 130
    ararext verify "$ARAREXT_APPS/hello.elf"
    expect_status 0
}
