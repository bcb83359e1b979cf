#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What cannot be undone asks first.

load helper

setup()
{
    common_setup
    start_board --button
    "$ARAREXT" --quiet flash "$ARAREXT_APPS/hello.elf"
}

teardown()
{
    stop_board
}

@test "erase --all without a terminal and without --yes does nothing" {
    ararext erase --all
    expect_status 11
    expect "erases everything behind the bootloader, 0x08008000-0x080FFFFF"
    expect "nothing was done"
    ararext verify "$ARAREXT_APPS/hello.elf"
    expect_status 0
    json_of erase --all
    [ "$status" -eq 11 ]
    json 'd["error"]["name"] == "declined"'
}

@test "all sectors by their numbers are asked for too" {
    for list in 2-11 2,3,4,5-11; do
        ararext erase --sector "$list"
        expect_status 11
        expect "erases everything behind the bootloader, 0x08008000-0x080FFFFF"
        expect "nothing was done"
    done
    ararext verify "$ARAREXT_APPS/hello.elf"
    expect_status 0
    ararext erase --sector 3-11
    expect_status 0
    ararext erase --sector 2-11 --yes
    expect_status 0
    expect "Erased 10 sectors"
}

@test "erase --all at a terminal: the wrong word, then the right one" {
    at_terminal --when "Type 'erase' to go on" --send 'yes\n' -- "$ARAREXT" erase --all
    expect_status 11
    ararext verify "$ARAREXT_APPS/hello.elf"
    expect_status 0
    at_terminal --when "Type 'erase' to go on" --send 'erase\n' -- "$ARAREXT" erase --all
    expect_status 0
    ararext verify "$ARAREXT_APPS/hello.elf"
    expect_status 10
}

@test "read protection: says what it means, and needs a yes" {
    ararext protect --read-protection
    expect_status 11
    expect "ERASES THE WHOLE CHIP"
    ararext info
    expect "level 0"
    at_terminal --when "Type 'protect'" --send 'no\n' -- "$ARAREXT" protect --read-protection
    expect_status 11
    ararext info
    expect "level 0"
}

@test "read protection, confirmed: level 1, and the way back is refused" {
    ararext protect --read-protection --sectors 3 --yes
    expect_status 0
    expect "read-protected at level 1"
    ararext info
    expect_status 0
    expect "level 1"
    json_of protect --sectors 4
    json 'd["rdp_level"] == 1 and d["nwrp"] == 0xFE7'
    ararext unprotect
    expect_status 6
    expect "would erase the whole chip"
    expect "ararext unprotect --keep-read-protection"
    ararext unprotect --keep-read-protection
    expect_status 0
    ararext info
    expect "level 1"
    expect_not "write-protected"
    ararext verify "$ARAREXT_APPS/hello.elf"
    expect_status 0
}
