#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A disk that is full: a real file system, small, in a name space of its own. What a file held stays.

load helper

setup()
{
    common_setup
    mkdir full
    unshare -rm mount -t tmpfs -o size=64k none full 2>/dev/null ||
        skip "no mount here: neither root nor user name spaces"
}

teardown()
{
    stop_board
}

# on_full_disk FILE COMMAND...: FILE in the folder full/ holds "old" and the disk has 64 KiB. Prints the
# command's output, what FILE then holds, and what else is there.
on_full_disk()
{
    run unshare -rm bash -c 'mount -t tmpfs -o size=64k none full || exit 99
        [ -z "$1" ] || printf old >"full/$1"
        "${@:2}" </dev/null
        status=$?
        echo "held: $(head -c 100 "full/$1" 2>/dev/null | tr -d "\0")"
        echo "there: $(ls -A full)"
        exit $status' - "$@"
}

@test "what is read does not fit: the file of before stays, and nothing else" {
    start_board --button
    on_full_disk out.bin "$ARAREXT" read 0x08008000 200K -o full/out.bin
    expect_status 8
    expect "No space left on device"
    expect "held: old"
    expect "there: out.bin"
    on_full_disk out.bin "$ARAREXT" read 0x08008000 16K -o full/out.bin
    expect_status 0
    expect_not "held: old"
}

@test "a package that does not fit" {
    "$ARAREXT" --quiet keygen key.pem >/dev/null </dev/null
    big_image app.bin 100000 1
    on_full_disk app.pkg "$ARAREXT" pack app.bin --version 1.0.0 --key key.pem -o full/app.pkg
    expect_status 8
    expect "No space left on device"
    expect "held: old"
    expect "there: app.pkg"
}
