#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# 'ararext board': the boards that are known, and bootloaders for them.

load helper

setup()
{
    common_setup
    export ARAREXT_PORT=$PWD/none
    make_bootloaders
}

teardown()
{
    stop_board
}

# boot.bin, .hex, .srec, .elf: what is enough of a bootloader for a board block, the original's board in it.
make_bootloaders()
{
    python3 - <<'END'
import struct
block = bytes.fromhex("41425244013800006F726967696E616C0000000000000000020203031A00040500FF00"
                      "0100127A000800500100C20100000000006E8F91C6")
assert len(block) == 56, len(block)
head = struct.pack("<II", 0x20004000, 0x08000151).ljust(0x80, b"\0")
boot = head + block.ljust(64, b"\xff") + bytes(range(256)) * 4
open("boot.bin", "wb").write(boot)

def record(kind, address, data):
    body = bytes([len(data)]) + struct.pack(">H", address & 0xFFFF) + bytes([kind]) + data
    return ":" + (body + bytes([-sum(body) & 0xFF])).hex().upper() + "\n"

def srecord(address, data):
    body = bytes([len(data) + 5]) + struct.pack(">I", address) + data
    return "S3" + (body + bytes([~sum(body) & 0xFF])).hex().upper() + "\n"

hex_file = "; a comment stays\n" + record(4, 0, b"\x08\x00")
srec = "S0030000FC\n"
for at in range(0, len(boot), 20):  # a block over the edges of records
    hex_file += record(0, at, boot[at:at + 20])
    srec += srecord(0x08000000 + at, boot[at:at + 20])
open("boot.hex", "w").write(hex_file + record(1, 0, b""))
open("boot.srec", "w").write(srec + "S70508000000F2\n")
elf = struct.pack("<4sBBB9xHHIIIIIHHHHHH", b"\x7fELF", 1, 1, 1, 2, 40, 1, 0x08000150, 52, 0, 0,
                  52, 32, 1, 0, 0, 0)
elf += struct.pack("<IIIIIIII", 1, 84, 0x08000000, 0x08000000, len(boot), len(boot), 5, 4)
open("boot.elf", "wb").write(elf + boot)
END
}

@test "the boards that are known, each with its source" {
    ararext board list
    expect_status 0
    for board in original stm32f4discovery black-f407ve black-f407ze diymore-f407vg olimex-e407 olimex-h407 \
        olimex-p407 weact-f405 netduino-plus2 btt-skr-2; do
        expect "$board"
        ararext board show "$board"
        expect_status 0
        expect "  source  "
        ararext board list
    done
    json_of board list
    json "len(d['boards']) >= 11 and all(b['source'] and b['core_hz'] == 84000000 for b in d['boards'])"
}

@test "a bootloader for another board, in each format: the block and nothing else changes" {
    for kind in bin hex srec elf; do
        ararext board make black-f407ve --from boot.$kind -o out.$kind --window 250 --name mine
        expect_status 0
        ararext board show out.$kind
        expect_status 0
        expect "name           mine"
        expect "commands       usart1:pa9/pa10"
        expect "led            pa6:low"
        expect "window         250"
        ararext board make original --from out.$kind -o back.$kind
        expect_status 0
        cmp back.$kind boot.$kind
    done
    [ "$(cmp -l boot.bin out.bin | awk '$1 <= 128 || $1 > 184' | wc -l)" -eq 0 ]
    grep -q "; a comment stays" out.hex
}

@test "options change what a bootloader is for already" {
    ararext board make --from boot.bin -o a.bin --commands usart6:pc6/pg9 --log none --button pc13:low:pullup \
        --led none --driver-enable pa1:low --crystal bypass:25M --baud 57600
    expect_status 0
    json_of board show a.bin
    json "d['commands'] == 'usart6:pc6/pg9' and d['log'] == 'none' and d['button'] == 'pc13:low:pullup'"
    json "d['led'] == 'none' and d['driver-enable'] == 'pa1:low' and d['crystal'] == 'bypass:25M'"
    json "d['baud'] == '57600' and d['pll_m'] == 25 and d['pll_n'] == 336 and d['name'] == 'original'"
}

@test "a board of one's own from a file" {
    printf '# mine\nname = mine\ncommands = usart3:pd8/pd9\ncrystal = 16M\n' >mine.board
    ararext board show mine.board
    expect_status 0
    ararext board make mine.board --from boot.hex -o mine.hex
    expect_status 0
    ararext board show mine.hex
    expect "commands       usart3:pd8/pd9"
    expect "button         none"
    printf 'name = mine\ncommands = usart3:pd8\ncrystal = 16M\n' >mine.board
    ararext board make mine.board --from boot.hex -o not.hex
    expect_status 8
    expect "mine.board, line 2: commands 'usart3:pd8': expected USART, TX and RX, like usart1:pa9/pa10"
    [ ! -e not.hex ]
}

# fault SENTENCE OPTION...: nothing is written, and that is what is said.
fault()
{
    local sentence=$1
    shift
    ararext board make original --from boot.bin -o not.bin "$@"
    expect_status 2
    expect_exactly "ararext: $sentence"
    [ ! -e not.bin ]
}

@test "one sentence for each fault" {
    fault "PA9 cannot be TX of USART2, which can be PA2 or PD5 (PA9 is TX of USART1)" --commands usart2:pa9/pa3
    fault "PA2 is TX of USART2 and the LED: a pin has one function, choose another for one" --led pa2:high
    fault "PH0 is the LED and the crystal's input: a pin has one function, choose another for one" --led ph0:low
    fault "of 30 MHz the PLL cannot make the 84 MHz of the core: any crystal from 4 to 26 MHz will do; without one, say none (the chip's own oscillator)" --crystal 30M
    fault "4800 baud: the bootloader starts with 9600 to 2000000" --baud 4800
    fault "--led 'pa5': expected pin and level when on, like pd12:high, or none" --led pa5
    ararext board make original --from boot.bin -o a.bin --led pa13:high
    expect_status 0
    expect "Note: the LED is PA13, SWDIO of the debugger"
}

@test "a damaged block" {
    for at in 8 24 55; do
        cp boot.bin bad.bin
        printf '\x5a' | dd of=bad.bin bs=1 seek=$((128 + at)) conv=notrunc status=none
        ! cmp -s boot.bin bad.bin
        ararext board show bad.bin
        expect_status 8
        expect "bad.bin: the board block is damaged: its CRC is "
        ararext board make --from bad.bin -o not.bin
        expect_status 8
        [ ! -e not.bin ]
        ararext board make original --from bad.bin -o good.bin
        expect_status 0
        cmp good.bin boot.bin
    done
}

@test "what is no bootloader, no board, no name for it" {
    ararext board make original --from "$ARAREXT_APPS/hello.bin" -o not.bin
    expect_status 8
    expect "there is no board block at 0x08000080"
    ararext board make nosuch --from boot.bin -o not.bin
    expect_status 2
    expect "there is no board 'nosuch'"
    ararext board make original --from boot.bin -o not.hex
    expect_status 2
    expect "boot.bin is bin, and so is what is made of it: the name not.hex would say otherwise"
    ararext board make original --from boot.bin
    expect_status 2
    expect "-o FILE is missing"
    ararext board make -o not.bin
    expect_status 2
    expect "name a board, or a bootloader with --from FILE"
    ararext board list --led pa5:high
    expect_status 2
    expect "they are for 'board make'"
    ararext board frobnicate
    expect_status 2
    [ ! -e not.bin ]
}

@test "to standard output" {
    "$ARAREXT" board make black-f407ve --from boot.bin -o - >out.bin
    ararext board show out.bin
    expect "name           black-f407ve"
}

@test "the pictures and docs/boards.md are what the boards' files say" {
    run "$BATS_TEST_DIRNAME/../../scripts/wiring" check
    expect_status 0
}

# start_other_board PRESET FIRMWARE [ARGUMENT...]: a board of that kind at $ARAREXT_PORT.
start_other_board()
{
    local end preset=$1 firmware=$2
    shift 2
    rm -f twin.in port.*
    mkfifo twin.in
    "$ARAREXT_TWIN" --board "$preset" --firmware "$firmware" --speed max --usart1 "$PWD/port.1" --usart2 "$PWD/port.2" \
        --usart3 "$PWD/port.3" --usart6 "$PWD/port.6" --show-log "$@" <>twin.in >>twin.log 2>&1 3>&- &
    TWIN_PID=$!
    for ((end = SECONDS + LIMIT_S; SECONDS < end; )); do
        [ -e port.1 ] && [ -e port.6 ] && break
        kill -0 "$TWIN_PID" || { cat twin.log; return 1; }
        sleep 0.05
    done
}

@test "one release binary for each board that is known, in the twin as that board" {
    firmware=${ARAREXT_FIRMWARE%.elf}
    ararext board make original --from "$firmware.bin" -o same.bin
    expect_status 0
    cmp same.bin "$firmware.bin"
    for board in $("$ARAREXT" board list | cut -d' ' -f1); do
        ararext board make "$board" --from "$firmware.bin" -o "$board.bin"
        expect_status 0
        usart=$("$ARAREXT" board show "$board" | sed -nE 's/^  commands +usart([1-6]).*/\1/p')
        : >twin.log
        start_other_board "$board" "$board.bin" # nothing to boot: the bootloader stays
        export ARAREXT_PORT=$PWD/port.$usart
        [ -e "$ARAREXT_PORT" ]
        ararext info --wait
        expect_status 0
        expect "  board             $(sed -n 's/^name = //p' "$BATS_TEST_DIRNAME/../../boards/$board.board")"
        expect "84 MHz, from the crystal"
        ararext board show
        expect_status 0
        expect "usart$usart:"
        stop_board
    done
}

@test "make, flash, run and monitor as docs/boards.md has them" {
    ararext board make black-f407ve --from "${ARAREXT_FIRMWARE%.elf}.bin" -o b.bin
    expect_status 0
    : >twin.log
    start_other_board black-f407ve b.bin --button
    export ARAREXT_PORT=$PWD/port.1
    ararext info --wait
    expect_status 0
    expect "in bootloader by  button"
    ararext flash "$ARAREXT_APPS/hello.elf"
    expect_status 0
    twin button 0
    ararext run "$ARAREXT_APPS/hello.elf" --until "hello from the application" --for 60
    expect_status 0
    ararext monitor --until "hello from the application" --for 60
    expect_status 0
}

@test "a board with a block that does not check runs as the original's, and says so" {
    firmware=${ARAREXT_FIRMWARE%.elf}
    ararext board make black-f407ve --from "$firmware.bin" -o b.bin
    expect_status 0
    printf '\x7f' | dd of=b.bin bs=1 seek=$((128 + 25)) conv=notrunc status=none
    ararext board show b.bin
    expect_status 8
    : >twin.log
    start_other_board original b.bin --button
    export ARAREXT_PORT=$PWD/port.2
    ararext info --wait
    expect_status 0
    expect "  board             original: the built-in one, the board block does not check"
    ararext board show
    expect_status 0
    expect "its block does not check, the built-in board holds"
}

@test "a board whose start is faster than 115200" {
    firmware=${ARAREXT_FIRMWARE%.elf}
    ararext board make original --from "$firmware.bin" -o fast.bin --baud 460800
    expect_status 0
    : >twin.log
    start_other_board original fast.bin --button
    export ARAREXT_PORT=$PWD/port.2
    ararext info --baud 460800 --wait
    expect_status 0
    json_of flash "$ARAREXT_APPS/hello.elf" --baud 460800
    [ "$status" -eq 0 ]
    json "d['baud'] == 460800"
    # The rate of the start again, for the next program.
    ararext info --baud 460800
    expect_status 0
}
