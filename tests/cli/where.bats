#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Which board: by its unique ID, by its adapter, behind a serial server.

load helper

setup()
{
    common_setup
    BRIDGE_PID=
}

teardown()
{
    [ -z "$BRIDGE_PID" ] || kill "$BRIDGE_PID" 2>/dev/null || true
    stop_board
}

@test "the board with that unique ID" {
    start_board --button
    json_of info
    uid=$(python3 -c 'import json; print(json.load(open("out.json"))["unique_id"])')
    ararext info --uid "$uid"
    expect_status 0
    ararext info --uid "${uid,,}"
    expect_status 0
    ararext info --uid 00112233445566778899AABB
    expect_status 3
    expect "has the unique ID ${uid// /}, not 00112233445566778899AABB"
    # Wherever it is: the port is found by asking.
    ln -s "$(readlink usart2)" "$XDG_RUNTIME_DIR/ararext-usart2"
    unset ARAREXT_PORT
    ararext info --uid "$uid"
    expect_status 0
    expect "Board on $XDG_RUNTIME_DIR/ararext-usart2"
    ararext info --uid 00112233445566778899AABB
    expect_status 3
    expect "another board"
    ararext ports --ask
    expect_status 0
    expect "board with unique ID ${uid// /}"
    json_of ports --ask
    json "d['ports'][-1]['board'] and d['ports'][-1]['unique_id'] == '${uid// /}'"
    stop_board
}

@test "an adapter that is not plugged in, and what is no such name" {
    ararext info --port usb:1a86:7523:none
    expect_status 3
    expect "usb:1a86:7523:none: no such adapter is plugged in"
    ararext info --port usb:1a86
    expect_status 2
    expect "expected usb:VID:PID or usb:VID:PID:SERIAL"
    ararext info --port tcp://localhost
    expect_status 2
    expect "expected tcp://HOST:PORT"
    ararext info --port tcp://127.0.0.1:1
    expect_status 3
    expect "Connection refused"
}

@test "a board behind a serial server: the rate stays" {
    start_board --button
    python3 "$HERE/tcp_bridge.py" "$ARAREXT_PORT" tcp.port 3>&- &
    BRIDGE_PID=$!
    local end
    for ((end = SECONDS + LIMIT_S; SECONDS < end; )); do
        [ -e tcp.port ] && break
        sleep 0.05
    done
    server="tcp://127.0.0.1:$(cat tcp.port)"
    ararext info --port "$server"
    expect_status 0
    expect "Board on $server"
    json_of flash "$ARAREXT_APPS/hello.elf" --port "$server"
    [ "$status" -eq 0 ]
    json "d['baud'] == 115200"
    ararext verify "$ARAREXT_APPS/hello.elf" --port "$server"
    expect_status 0
    ararext ports --port "$server"
    expect "$server"
    ararext info --port "$server" --wiring direct
    expect_status 7
    expect "this port has no modem lines"
    twin button 0
    ararext go --port "$server"
    expect_status 0
    ararext monitor --port "$server" --until "hello from the application" --for 60
    expect_status 0
}
