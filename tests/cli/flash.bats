#!/usr/bin/env bats
# Getting an application into flash: formats, what is erased, verification, and every refusal.

load helper

setup()
{
    common_setup
}

teardown()
{
    stop_board
}

@test "ELF, HEX, S-record and binary give the same flash" {
    start_board --button
    for kind in elf hex srec bin; do
        ararext erase --sector 2
        expect_status 0
        ararext flash "$ARAREXT_APPS/hello.$kind"
        expect_status 0
        expect "Flashed and verified"
        for other in elf hex srec bin; do
            ararext verify "$ARAREXT_APPS/hello.$other"
            expect_status 0
            expect "Flash holds this image"
        done
    done
    size=$(stat -c %s "$ARAREXT_APPS/hello.bin")
    ararext read 0x08008000 "$size" -o back.bin
    expect_status 0
    cmp back.bin "$ARAREXT_APPS/hello.bin"
}

@test "flash, start, and the application speaks" {
    start_board --button
    twin button 0
    ararext flash "$ARAREXT_APPS/hello.elf" --run
    expect_status 0
    expect "Started the application at 0x08008000"
    ararext monitor --until "hello from the application" --for 20
    expect_status 0
}

@test "what is there already is not written again" {
    start_board --button
    ararext flash "$ARAREXT_APPS/hello.elf"
    expect_status 0
    json_of flash "$ARAREXT_APPS/hello.elf"
    [ "$status" -eq 0 ]
    json 'd["sectors_erased"] == 0 and d["bytes_written"] == 0 and d["bootable"]'
    json 'd["plan"] == [{"sector": 2, "action": "keep", "image_bytes": d["image_bytes"]}]'
}

@test "only what has to be erased is, and the rest of flash stays" {
    start_board --button
    big_image one.bin 40000 1
    big_image two.bin 40000 1
    printf 'X' | dd of=two.bin bs=1 seek=20000 conv=notrunc 2>/dev/null
    ararext flash one.bin
    expect_status 0
    ararext write 0x08020000 --hex "DE AD BE EF"
    expect_status 0
    json_of flash two.bin
    [ "$status" -eq 0 ]
    json '[s["action"] for s in d["plan"]] == ["erase", "erase", "keep"]'
    json 'd["sectors_erased"] == 2'
    ararext verify two.bin --verify=read
    expect_status 0
    ararext read 0x08020000 4
    expect "DE AD BE EF"
}

@test "a dry run changes nothing" {
    start_board --button
    ararext flash "$ARAREXT_APPS/hello.elf" --dry-run
    expect_status 0
    expect "sector  2:"
    ararext verify "$ARAREXT_APPS/hello.elf"
    expect_status 10
}

@test "with the twelve commands alone" {
    start_board --button --flash-kib 512
    big_image app.bin 30000 3
    ararext --no-extensions --verbose flash app.bin
    expect_status 0
    expect "Flashed and verified: 2 sectors erased"
    [ "$(grep -cE '> .. 6[0-9]' <<<"$output")" -eq 0 ]
    [ "$(grep -cE '> .. 59' <<<"$output")" -ge 118 ]
}

@test "without verification nothing is read back" {
    start_board --button
    ararext flash "$ARAREXT_APPS/hello.elf" --no-verify --verbose
    expect_status 0
    expect "not verified"
    [ "$(grep -cE '> .. 59' <<<"$output")" -eq 0 ]
}

@test "every byte read back" {
    start_board --button
    ararext flash "$ARAREXT_APPS/hello.elf" --verify=read --verbose
    expect_status 0
    [ "$(grep -cE '> 06 59' <<<"$output")" -ge 3 ]
}

@test "verify finds the difference" {
    start_board --button
    ararext flash "$ARAREXT_APPS/hello.bin"
    cp "$ARAREXT_APPS/hello.bin" other.bin
    printf '\x5A' | dd of=other.bin bs=1 seek=300 conv=notrunc 2>/dev/null
    json_of verify other.bin
    [ "$status" -eq 10 ]
    json 'd["differs_at"] == "0x0800812C" and d["error"]["name"] == "verify"'
    ararext verify other.bin
    expect "flash differs at 0x0800812C"
    expect "should hold 5A"
}

@test "a file that is not there, empty, of the wrong kind" {
    start_board --button
    ararext flash nothing.elf
    expect_status 8
    expect "nothing.elf: No such file or directory"
    : >empty.bin
    ararext flash empty.bin
    expect_status 8
    expect "nothing to load"
    echo "some text" >notes.txt
    ararext flash notes.txt
    expect_status 8
    expect "neither ELF nor Intel HEX nor S-record"
    ararext flash "$ARAREXT"
    expect_status 8
    expect "not for a 32-bit little-endian ARM"
}

@test "damaged files" {
    sed '2s/^:..\(.*\)/:FF\1/' "$ARAREXT_APPS/hello.hex" >bad.hex
    ararext flash bad.hex
    expect_status 8
    expect "bad.hex, line 2: "
    sed '3s/.$/X/' "$ARAREXT_APPS/hello.srec" | tr -d '\r' >bad.srec
    ararext flash bad.srec
    expect_status 8
    expect "bad.srec, line 3: "
    head -c 300 "$ARAREXT_APPS/hello.elf" >bad.elf
    ararext flash bad.elf
    expect_status 8
    expect "bad.elf: "
    head -c -1 "$ARAREXT_APPS/hello.elf" >bad.elf
    ararext flash bad.elf
    expect_status 8
    expect "bad.elf: the table of sections lies outside of the file (cut off?)"
}

@test "an image for the wrong place is refused before the board is touched" {
    start_board --button
    ararext flash "$ARAREXT_FIRMWARE"
    expect_status 9
    expect "touches the bootloader's sectors"
    ararext flash "$ARAREXT_APPS/hello.bin" --address 0x20004000
    expect_status 9
    expect "is SRAM"
    ararext flash "$ARAREXT_APPS/hello.bin" --address 0x0800C000
    expect_status 9
    expect "nothing at 0x08008000"
    ararext flash "$ARAREXT_APPS/hello.bin" --address 0x080FFFF0
    expect_status 9
    expect "not inside the application area"
    ararext flash "$ARAREXT_APPS/hello.elf" --address 0x08008000
    expect_status 2
    expect "--address is for binary files"
    head -c 1000 /dev/urandom >noise.bin
    printf '\0\0\0\0' | dd of=noise.bin bs=1 conv=notrunc 2>/dev/null
    ararext flash noise.bin
    expect_status 9
    expect "does not start with a vector table"
    ararext read 0x08008000 4
    expect "FF FF FF FF"
}

@test "forced content goes in, and stays without effect on the next start" {
    start_board --button
    head -c 1000 /dev/urandom >noise.bin
    printf '\0\0\0\0' | dd of=noise.bin bs=1 conv=notrunc 2>/dev/null
    ararext flash noise.bin --force
    expect_status 0
    expect "the bootloader will not start it"
    ararext flash "$ARAREXT_FIRMWARE" --force
    expect_status 9
}

@test "a part of 512 KiB ends where it ends" {
    start_board --button --flash-kib 512
    ararext info
    expect "flash             512 KiB, application 0x08008000-0x0807FFFF"
    ararext flash "$ARAREXT_APPS/hello.bin" --address 0x08080000 --force
    expect_status 9
}

@test "a write-protected sector is found before anything is erased" {
    start_board --button
    ararext flash "$ARAREXT_APPS/hello.elf"
    expect_status 0
    ararext protect --sectors 4
    expect_status 0
    big_image app.bin 60000 1
    for how in "" --dry-run --no-extensions; do
        ararext flash app.bin $how
        expect_status 6
        expect "sector 4 is write-protected (flash was not changed); run 'ararext unprotect' first"
        ararext verify "$ARAREXT_APPS/hello.elf"
        expect_status 0
    done
    json_of flash app.bin
    json 'd["error"]["name"] == "protected" and d["error"]["detail"] == 4 and len(d["plan"]) == 3'
    ararext unprotect
    expect_status 0
    ararext flash app.bin
    expect_status 0
}

@test "quiet says nothing, JSON says one document" {
    start_board --button
    ararext --quiet flash "$ARAREXT_APPS/hello.elf"
    expect_status 0
    expect_exactly ""
    json_of flash "$ARAREXT_APPS/hello.elf" --erase-always
    json 'd["ok"] and d["sectors_erased"] == 1 and d["format"] == "ELF"'
    [ ! -s err.txt ]
}

@test "progress is a bar at a terminal and lines elsewhere" {
    start_board --button
    big_image app.bin 20000 1
    at_terminal -- "$ARAREXT" flash app.bin
    expect_status 0
    expect "writing      [####"
    expect "KiB/s"
    expect "left"
    ararext flash app.bin --erase-always
    expect_status 0
    expect "erased 32768 bytes in"
    expect "wrote "
    expect "verified 20000 bytes in"
    expect_not "[#"
    ararext read 0x08000000 20000 -o out.bin
    expect "read 20000 bytes in"
}

@test "progress fits the terminal, however narrow" {
    start_board --button
    big_image app.bin 20000 1
    for columns in 200 80 68 60 40 30; do
        at_terminal -- bash -c "stty cols $columns; exec \"\$ARAREXT\" flash app.bin --erase-always --quiet"
        expect_status 0
        expect_not "writing"
        at_terminal -- bash -c "stty cols $columns; exec \"\$ARAREXT\" flash app.bin --erase-always 2>&1 >/dev/null"
        expect_status 0
        expect "writing "
        # What a line shows: the text between two returns, without the escape that clears the rest.
        longest=$(tr '\r' '\n' <<<"$output" | sed 's/\x1b\[K//' | awk '{ if (length > n) n = length } END { print n }')
        [ "$longest" -lt "$columns" ] || { echo "$longest of $columns columns"; return 1; }
        [ "$columns" -lt 50 ] || expect "[###"
    done
}

@test "output that cannot be written is a failure" {
    [ -w /dev/full ] || skip "no /dev/full"
    start_board --button
    for words in "flash $ARAREXT_APPS/hello.elf" info "read 0x08000000 64"; do
        run bash -c '"$ARAREXT" $1 2>&1 >/dev/full' - "$words"
        expect_status 8
        expect "cannot write to stdout"
    done
    ararext verify "$ARAREXT_APPS/hello.elf"
    expect_status 0
}
