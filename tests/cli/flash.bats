#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Getting an application into flash: formats, what is erased, verification, and every refusal.

load helper

setup()
{
    common_setup
}

teardown()
{
    [ -z "${SECOND_PID:-}" ] || kill "$SECOND_PID" 2>/dev/null || true
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
    [ "$(grep -cE '> .. (59|D9)' <<<"$output")" -ge 118 ]
}

@test "without verification nothing is read back" {
    start_board --button
    ararext flash "$ARAREXT_APPS/hello.elf" --no-verify --verbose
    expect_status 0
    expect "not verified"
    [ "$(grep -cE '> .. (59|D9)' <<<"$output")" -eq 0 ]
}

@test "every byte read back" {
    start_board --button
    ararext flash "$ARAREXT_APPS/hello.elf" --verify=read --verbose
    expect_status 0
    [ "$(grep -cE '> 06 (59|D9)' <<<"$output")" -ge 3 ]
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
    expect "the file is empty"
    echo "some text" >notes.txt
    ararext flash notes.txt
    expect_status 8
    expect "this is a text file, and no firmware"
    ararext flash "$ARAREXT"
    expect_status 8
    expect "64-bit"
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
    expect "too large by "
    ararext flash "$ARAREXT_APPS/hello.elf" --address 0x08008000
    expect_status 2
    expect "--address is for binary files"
    head -c 1000 /dev/urandom >noise.bin
    printf '\0\0\0\0' | dd of=noise.bin bs=1 conv=notrunc 2>/dev/null
    ararext flash noise.bin
    expect_status 9
    expect "does not begin with a vector table"
    ararext read 0x08008000 4
    expect "FF FF FF FF"
}

@test "forced content goes in, and stays without effect on the next start" {
    start_board --button
    head -c 1000 /dev/urandom >noise.bin
    printf '\0\0\0\0' | dd of=noise.bin bs=1 conv=notrunc 2>/dev/null
    ararext flash noise.bin --force
    expect_status 0
    expect "forced: no application for this board"
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
    ararext flash app.bin --erase-always --no-stream
    expect_status 0
    expect "erased 32768 bytes in"
    expect "wrote "
    expect "verified 20000 bytes in"
    expect_not "[#"
    # A stream erases, writes and verifies in one go.
    ararext flash app.bin --erase-always
    expect_status 0
    expect "wrote 20000 bytes in"
    expect "Flashed and verified: 2 sectors erased, 20000 bytes written in"
    expect_not "[#"
    ararext read 0x08000000 20000 -o out.bin
    expect "read 20000 bytes in"
}

@test "the rate goes up by itself, as far as it is let" {
    start_board --button
    big_image app.bin 40000 1
    json_of flash app.bin
    [ "$status" -eq 0 ]
    json 'd["baud"] == 2000000 and d["ok"]'
    json_of flash app.bin --erase-always --baud auto
    json 'd["baud"] == 2000000 and d["sectors_erased"] == 3'
    for rate in 1000000 921600 460800 230400 115200; do
        json_of flash app.bin --erase-always --baud "$rate"
        [ "$status" -eq 0 ]
        json "d['baud'] == $rate"
    done
    json_of flash app.bin --erase-always --baud 500000
    json 'd["baud"] == 460800'
    ararext verify app.bin --verify=read # and the board is found at 115200 at once
    expect_status 0
}

@test "compressed where that saves time" {
    start_board --button
    python3 -c 'import sys; h = open(sys.argv[1], "rb").read(); open("app.bin", "wb").write(h + b"0123456789abcdef" * 6000)' \
        "$ARAREXT_APPS/hello.bin"
    json_of flash app.bin --baud 115200
    json 'd["compressed"] and d["stream_bytes"] * 4 < d["bytes_written"]'
    ararext verify app.bin --verify=read
    expect_status 0
    json_of flash app.bin --baud 115200 --erase-always --no-compress
    json 'not d["compressed"] and d["stream_bytes"] == d["bytes_written"]'
    big_image noise.bin 60000 1
    json_of flash noise.bin --baud 115200
    json 'not d["compressed"]'
    ararext verify noise.bin --verify=read
    expect_status 0
}

# second_board: at second/usart2.
second_board()
{
    mkdir second
    mkfifo second/in
    "$ARAREXT_TWIN" --firmware "$ARAREXT_FIRMWARE" --speed max --usart2 "$PWD/second/usart2" --button \
        --usart3 "$PWD/second/usart3" --seed 2 --show-log <>second/in >>second/log 2>&1 3>&- &
    SECOND_PID=$!
    wait_for "stays:" second/log
}

@test "several boards at once: a line for each, one verdict" {
    start_board --button
    second_board
    big_image app.bin 60000 1
    ararext flash app.bin --port usart2 --port second/usart2
    expect_status 0
    [ "$(grep -cE '^usart2 +done, [0-9.]+ s$' <<<"$output")" -eq 1 ]
    [ "$(grep -cE '^second/usart2 +done, [0-9.]+ s$' <<<"$output")" -eq 1 ]
    expect "All 2 boards done."
    for port in usart2 second/usart2; do
        ararext verify app.bin --port "$port" --verify=read
        expect_status 0
    done
    at_terminal -- "$ARAREXT" flash app.bin --erase-always --port usart2 --port second/usart2
    expect_status 0
    expect "writing "
    json_of flash app.bin -p usart2 -p second/usart2
    [ "$status" -eq 0 ]
    json '[b["port"] for b in d["boards"]] == ["usart2", "second/usart2"] and d["ok"]'
    json 'all(b["ok"] and b["sectors_erased"] == 0 for b in d["boards"])'

    # One that fails: the other one is flashed all the same, and the verdict is one.
    big_image other.bin 60000 2
    ararext protect --sectors 4 --port second/usart2
    expect_status 0
    json_of flash other.bin -p usart2 -p second/usart2
    [ "$status" -eq 6 ]
    json '[b["ok"] for b in d["boards"]] == [True, False] and not d["ok"] and d["exit_status"] == 6'
    json 'd["boards"][1]["error"]["name"] == "protected"'
    ararext verify other.bin --port usart2
    expect_status 0
    ararext flash other.bin -p usart2 -p second/usart2 -p nobody
    expect_status 6
    expect "second/usart2: sector 4 is write-protected"
    expect "nobody: No such file or directory"
    expect "2 of 3 boards failed"
}

@test "several ports where one has to do" {
    for words in "flash $ARAREXT_APPS/hello.elf --dry-run -p a -p b" "info -p a -p b" "update x -p a -p b"; do
        ararext $words
        expect_status 2
        expect "one --port at a time"
    done
    ararext flash "$ARAREXT_APPS/hello.elf" -p a -p a
    expect_status 2
    expect "port a is named twice"
}

# What a line of $output shows: the text between two returns, without the escapes that draw.
longest_line()
{
    tr '\r' '\n' <<<"$output" | sed -E 's/\x1b\[[0-9]*[KA]//g' | awk '{ if (length > n) n = length } END { print n + 0 }'
}

@test "a terminal that knows no escapes gets none" {
    start_board --button
    second_board
    big_image app.bin 20000 1
    for term in dumb ""; do
        for ports in "" "--port usart2 --port second/usart2"; do
            TERM=$term at_terminal -- "$ARAREXT" flash app.bin --erase-always $ports
            expect_status 0
            expect_not $'\e'
        done
        NO_COLOR='' TERM=$term at_terminal -- "$ARAREXT" flash nobody
        expect_status 8
        expect_not $'\e'
    done
    NO_COLOR='' at_terminal -- "$ARAREXT" flash nobody
    expect $'\e[31m'
    for columns in 40 20; do
        at_terminal -- bash -c "stty cols $columns; exec \"\$ARAREXT\" flash app.bin --erase-always --quiet -p usart2 -p second/usart2"
        expect_status 0
        at_terminal -- bash -c "stty cols $columns; exec \"\$ARAREXT\" flash app.bin --erase-always -p usart2 -p second/usart2 2>&1 >/dev/null"
        expect_status 0
        [ "$(longest_line)" -lt "$columns" ]
    done
}

@test "progress fits the terminal, however narrow" {
    start_board --button
    big_image app.bin 20000 1
    for columns in 200 80 68 60 40 30 24 10 2; do
        at_terminal -- bash -c "stty cols $columns; exec \"\$ARAREXT\" flash app.bin --erase-always --quiet"
        expect_status 0
        expect_not "writing"
        at_terminal -- bash -c "stty cols $columns; exec \"\$ARAREXT\" flash app.bin --erase-always 2>&1 >/dev/null"
        expect_status 0
        [ "$columns" -lt 10 ] || expect "writing"
        longest=$(longest_line)
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

@test "info measures the application alone, and tells of an older one's tail" {
    start_board --button
    big_image old.bin 60000 1
    ararext flash old.bin
    json_of info
    json 'd["application_bytes"] == 60000 and "application_further" not in d'
    ararext flash "$ARAREXT_APPS/hello.bin" --erase-always
    expect_status 0
    size=$(stat -c %s "$ARAREXT_APPS/hello.bin")
    ararext info
    expect "application       $(((size + 3) / 4 * 4)) bytes, CRC"
    expect "bytes up to 0x08016A5F behind erased flash: of an older, longer one"
    # Full sectors are gone through to where one has room; erased ones end it.
    big_image full.bin 40000 2
    ararext flash full.bin
    json_of info
    json 'd["application_bytes"] == 40000 and "application_further" not in d'
    ararext erase --sector 2 --yes
    ararext info
    expect "none that could start; 0 bytes"
    ararext erase --all --yes
    ararext info
    expect "none: the area is erased"
}
