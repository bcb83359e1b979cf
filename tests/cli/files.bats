#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Files in and out: what is taken from where, what is said of files of other kinds, and what stays of
# a file when a new one cannot be written.

load helper

setup()
{
    common_setup
    python3 "$HERE/files.py"
    APP=$ARAREXT_APPS/hello.elf
}

teardown()
{
    stop_board
}

@test "an application linked for 0x08000000 is refused with one sentence by every command" {
    start_board --button
    for file in small.bin large.bin; do
        for words in "flash $file" "verify $file" "image $file" "pack $file --unsigned --version 1.0.0 -o p"; do
            # shellcheck disable=SC2086
            ararext $words
            expect_status 9
            expect "no application for this board: it is linked for 0x08000000"
            expect "link the application for 0x08008000"
        done
    done
    [ ! -e p ]
    ararext read 0x08008000 4
    expect "FF FF FF FF"
}

@test "files of other kinds get a sentence each" {
    tar cf some.tar tiny.bin
    gzip -k tiny.bin
    xz -k tiny.bin
    ar rc some.a tiny.bin
    echo "<html>" >page.html
    for row in "some.tar:a tar archive" "tiny.bin.gz:a gzip archive" "tiny.bin.xz:an xz archive" \
        "some.a:an ar archive" "page.html:a page in HTML"; do
        ararext flash "${row%%:*}"
        expect_status 8
        expect "this is ${row#*:}"
        ararext update "${row%%:*}"
        expect_status 8
        expect "this is ${row#*:}"
    done
    ararext pack tiny.bin --unsigned --version 1.0.0 -o tiny.pkg
    ararext flash tiny.pkg
    expect_status 8
    expect "a package for 'ararext update'"
    for file in "$APP" "$ARAREXT_APPS/hello.hex" "$ARAREXT_APPS/hello.srec" tiny.uf2; do
        ararext update "$file"
        expect_status 8
        expect "no package: make one of it with 'ararext pack' first"
    done
}

@test "image: a firmware, too" {
    ararext image "$APP"
    expect_status 0
    expect "ELF"
    expect "an application for 'ararext flash'"
    json_of image tiny.uf2
    json 'd["format"] == "UF2" and d["segments"][0]["address"] == "0x08008000"'
}

@test "every format is flashed, and holds the same" {
    start_board --button
    for file in tiny.bin tiny.uf2 tiny.dfu; do
        ararext flash "$file" --erase-always
        expect_status 0
        ararext verify tiny.bin
        expect_status 0
    done
}

@test "standard input is a file" {
    start_board --button
    run bash -c '"$ARAREXT" flash - <tiny.bin'
    expect_status 0
    expect "standard input: binary"
    run bash -c '"$ARAREXT" verify - <tiny.uf2'
    expect_status 0
    run bash -c '"$ARAREXT" pack - --unsigned --version 1.0.0 -o - <tiny.bin | "$ARAREXT" image -'
    expect_status 0
    expect "version           1.0.0"
    run bash -c '"$ARAREXT" pack - --unsigned --no-confirm --version 1.0.0 -o - <"$1" | "$ARAREXT" update -' - "$APP"
    expect_status 0
    run bash -c '"$ARAREXT" flash - </dev/null'
    expect_status 8
    expect "standard input: the file is empty"
}

@test "a file with a bootloader in it: the rest is taken when asked to" {
    start_board --button
    for file in merged.bin merged.hex; do
        ararext flash "$file"
        expect_status 9
        expect "with --skip-bootloader"
        ararext flash "$file" --skip-bootloader --erase-always
        expect_status 0
        ararext verify "$file" --skip-bootloader
        expect_status 0
        ararext pack "$file" --skip-bootloader --unsigned --version 1.0.0 -o p
        expect_status 0
        python3 "$HERE/package_check.py" p tiny.bin >check.json
        ararext image "$file"
        expect_status 9
        ararext image "$file" --skip-bootloader
        expect_status 0
        expect "an application for 'ararext flash'"
    done
    # Of a binary the address may be named.
    ararext pack merged.bin --address 0x08000000 --skip-bootloader --unsigned --version 1.0.0 -o q
    expect_status 0
    cmp p q
    ararext pack tiny.bin --address 0x08008000 --unsigned --version 1.0.0 -o q
    expect_status 0
    cmp p q
    ararext pack tiny.bin --address 0x0800C000 --unsigned --version 1.0.0 -o q
    expect_status 9
    ararext image merged.bin --address 0x08000000 --skip-bootloader
    expect_status 0
    ararext image merged.hex --address 0x08000000
    expect_status 2
    ararext image merged.hex --format bin
    expect_status 9
    ararext verify tiny.bin
    expect_status 0
}

@test "what is written takes the place of what was there, through a link, with its mode" {
    mkdir else
    echo old >else/real.pkg
    chmod 640 else/real.pkg
    ln -s else/real.pkg link.pkg
    ararext pack tiny.bin --unsigned --version 1.0.0 -o link.pkg
    expect_status 0
    [ -L link.pkg ]
    [ "$(stat -c %a else/real.pkg)" = 640 ]
    ararext image else/real.pkg
    expect_status 0
    ln -s else/new.pkg dangling.pkg
    ararext pack tiny.bin --unsigned --version 1.0.0 -o dangling.pkg
    expect_status 0
    [ -L dangling.pkg ]
    cmp else/new.pkg else/real.pkg
    ln -s loop loop
    ararext pack tiny.bin --unsigned --version 1.0.0 -o loop
    expect_status 8
    [ "$(ls else)" = $'new.pkg\nreal.pkg' ]
    run bash -c '"$ARAREXT" pack tiny.bin --unsigned --version 1.0.0 -o /dev/full'
    expect_status 8
    expect "/dev/full: cannot be written: No space left on device"
    run bash -c '"$ARAREXT" pack tiny.bin --unsigned --version 1.0.0 -o /dev/stdout | cmp - else/real.pkg'
    expect_status 0
}

@test "a full disk loses nothing" {
    unshare -rm true 2>/dev/null || skip "no file system may be mounted here"
    start_board --button
    mkdir small
    # shellcheck disable=SC2016
    run unshare -rm bash -c '
        mount -t tmpfs -o size=64k none small || exit 99
        head -c 8000 "$ARAREXT_APPS/hello.elf" >small/p
        cp small/p before
        ln -s small/p link
        dd if=/dev/zero of=small/fill bs=4096 2>/dev/null
        "$ARAREXT" read 0x08000000 16K -o link && exit 98
        "$ARAREXT" read 0x08000000 16K -o small/new && exit 97
        cmp small/p before || exit 96
        [ "$(ls small)" = "fill
p" ] || exit 95
        rm small/fill
        "$ARAREXT" read 0x08000000 16K -o link || exit 94
        [ -L link ] && [ "$(stat -c %s small/p)" -eq 16384 ]'
    [ "$status" -ne 99 ] || skip "no file system may be mounted here"
    expect_status 0
    expect "link: cannot be written: No space left on device"
}
