#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
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
    at_terminal --when "writing      [#" --send '\x03' -- "$ARAREXT" flash app.bin
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
    at_terminal --when "writing      [#" --send '\x03' -- "$ARAREXT" flash app.bin
    expect_status 130
    twin button 0
    twin reset
    wait_for "stays: nothing" twin.log
    ararext info
    expect_status 0
    expect "nothing to boot"
}

# broken_off SIGNAL FRAME FLASH_ARGUMENT...: SIGNAL comes when such a frame was sent.
broken_off()
{
    local signal=$1 frame=$2
    shift 2
    "$ARAREXT" flash "$@" --verbose </dev/null >out 2>err 3>&- &
    local tool=$!
    wait_for "$frame" err
    kill "-$signal" "$tool"
    status=0
    wait "$tool" || status=$?
    output=$(grep -v '^ *[0-9.]* [<>]' err || true)
}

@test "killed while streaming: the next one ends the stream, and goes on" {
    real_time
    broken_off KILL "> C5 01" app.bin
    expect_status 137
    twin speed max
    ararext info
    expect_status 0
    expect "in the middle of a transfer that had broken off: ended"
    ararext info
    expect_status 0
    expect_not "broken off"
    ararext flash app.bin
    expect_status 0
}

@test "a board that stands still is no port that went away" {
    real_time
    "$ARAREXT" flash app.bin --no-compress --baud 115200 --verbose </dev/null >out 2>err 3>&- &
    local tool=$! i
    wait_for "> C5 01" err
    kill -STOP "$TWIN_PID"
    # Longer than a write may take; the time is what is tested.
    sleep 8
    kill -CONT "$TWIN_PID"
    status=0
    wait "$tool" || status=$?
    output=$(grep -v '^ *[0-9.]* [<>]' err || true)
    expect_status 0
    expect_not "went away"
}

@test "SIGTERM while writing" {
    broken_off TERM "> FE D7" app.bin --no-stream
    expect_status 143
    expect "interrupted (0 sectors erased and "
    ararext info
    expect_status 0
}

@test "SIGTERM while streaming: what it says is in flash is there" {
    real_time
    broken_off TERM "> C5 01" app.bin --baud 115200
    expect_status 143
    [[ "$output" =~ "interrupted ("([0-9]+)" sector"s?" erased and "([0-9]+)" of 100000 bytes written" ]]
    erased=${BASH_REMATCH[1]} written=${BASH_REMATCH[2]}
    expect "the application will not start"
    [ "$written" -lt 100000 ]
    # Sectors 2 and 3 have 16 KiB, sector 4 has 64 KiB; the first one is erased at once, and the one behind that
    # which is written may be erased already.
    needed=$((1 + (written > 16384) + (written > 32768)))
    [ "$erased" -ge "$needed" ]
    [ "$erased" -le $((needed < 3 ? needed + 1 : 3)) ]
    ararext info
    expect_status 0
    if [ "$written" -gt 4 ]; then
        ararext read 0x08008000 "$written" -o held.bin
        expect_status 0
        cmp -i 4 -n $((written - 4)) held.bin app.bin
        [ "$(head -c 4 held.bin | od -An -tx1)" = " ff ff ff ff" ]
    fi
    ararext flash app.bin
    expect_status 0
    expect "Flashed and verified"
}

@test "data beside the application: that one is not concerned" {
    ararext flash "$ARAREXT_APPS/hello.elf"
    expect_status 0
    real_time
    for how in "> C5 01" "> FE D7"; do
        local stream=()
        [ "$how" = "> C5 01" ] || stream=(--no-stream)
        broken_off TERM "$how" app.bin --address 0x08020000 --force "${stream[@]}"
        expect_status 143
        expect "where an application starts, flash is as it was"
        ararext verify "$ARAREXT_APPS/hello.elf"
        expect_status 0
    done
}

@test "Ctrl-C while erasing" {
    real_time
    at_terminal --when "erasing" --send '\x03' -- "$ARAREXT" erase --all --yes
    expect_status 130
    expect "sectors were erased"
    ararext info
    expect_status 0
}

@test "one signal that comes twice is one signal" {
    real_time
    local tries start took
    # A second one is told from the first by half a second. Where this machine did not get the three out in a good
    # deal less, nothing was tried: once more.
    for ((tries = 0; tries < 20; tries++)); do
        rm -f err
        "$ARAREXT" erase --sector 2-10 --verbose </dev/null >out 2>err 3>&- &
        local tool=$!
        wait_for "> 03 D6 02" err
        kill -STOP "$TWIN_PID"
        start=$(date +%s%N)
        kill -TERM "$tool"
        kill -TERM "$tool"
        sleep 0.1
        kill -TERM "$tool"
        took=$((($(date +%s%N) - start) / 1000000))
        kill -CONT "$TWIN_PID"
        status=0
        wait "$tool" || status=$?
        [ "$took" -ge 250 ] || break
    done
    [ "$took" -lt 250 ] || skip "this machine is too busy: three signals take $took ms"
    output=$(cat err)
    expect_status 143
    expect "sectors were erased, the others are as they were"
    expect_not "stopped at once"
    ararext info
    expect_status 0
}

@test "a second signal gives up at once, and the board still comes back" {
    real_time
    "$ARAREXT" erase --sector 2-10 --verbose </dev/null >out 2>err 3>&- &
    local tool=$!
    wait_for "> 03 D6 02" err
    kill -STOP "$TWIN_PID"
    kill -TERM "$tool"
    sleep 0.8
    kill -0 "$tool" # it waits for the frame's end
    for ((end = SECONDS + LIMIT_S; SECONDS < end; )); do
        kill -TERM "$tool" 2>/dev/null || break # where the first came late, this one was too early
        sleep 0.8
    done
    status=0
    wait "$tool" || status=$?
    kill -CONT "$TWIN_PID"
    output=$(cat err)
    expect_status 143
    expect "stopped at once"
    ararext info
    expect_status 0
}

@test "a signal while the input is read" {
    mkfifo in
    exec 9<>in
    for words in "write 0x20004000 -" "flash in --format bin" "verify nobody" "read 0x08008000 16 -o nobody"; do
        [ "$words" != "verify nobody" ] || mkfifo nobody # open itself would wait there
        "$ARAREXT" $words <in >out 2>err 3>&- 9>&- &
        local tool=$!
        wait_catching "$tool"
        kill -TERM "$tool"
        status=0
        wait "$tool" || status=$?
        output=$(cat err)
        expect_status 143
        expect "stopped by a signal"
    done
    exec 9>&-
}

@test "a signal while a silent board is waited for" {
    kill -STOP "$TWIN_PID"
    "$ARAREXT" info --verbose </dev/null >out 2>err 3>&- &
    local tool=$!
    for ((end = SECONDS + LIMIT_S; SECONDS < end; )); do
        [ "$(grep -cF "> 01 51" err)" -eq 3 ] && break
        sleep 0.05
    done
    kill -TERM "$tool" # in the last attempt
    status=0
    wait "$tool" || status=$?
    kill -CONT "$TWIN_PID"
    [ "$(grep -cF "> 01 51" err)" -eq 3 ]
    expect_status 143
}

@test "Ctrl-C at a question does nothing dangerous" {
    ararext flash "$ARAREXT_APPS/hello.elf"
    at_terminal --when "Type 'erase'" --send '\x03' -- "$ARAREXT" erase --all
    expect_status 130
    ararext verify "$ARAREXT_APPS/hello.elf"
    expect_status 0
}
