#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Debian's stm32flash, as it is, against the release binary: PROTOCOL.md, "The third dialect". A
# pseudo-terminal carries no parity, so all of it is 8N1; tests/system/test_rom.c has 8E1.

load helper

setup()
{
    command -v stm32flash >/dev/null || skip "there is no stm32flash here (scripts/setup test)"
    common_setup
    start_board --button
}

teardown()
{
    stop_board
}

# stm ARGUMENT...: stm32flash on the board. It waits half a second for an answer, which on a busy
# machine is not always enough: then it begins again, when the board has given up what was begun.
stm()
{
    local end
    for ((end = SECONDS + LIMIT_S; SECONDS < end; )); do
        run stm32flash -b 115200 -m 8n1 "$@" "$ARAREXT_PORT"
        [[ "$output" == *"Failed to init device"* || "$output" == *"Failed to read ACK byte"* ]] || return 0
        sleep 1.5
    done
}

# wait_for_count TEXT N: the twin's log has it that often.
wait_for_count()
{
    local end
    for ((end = SECONDS + LIMIT_S; SECONDS < end; )); do
        [ "$(grep -cF -- "$1" twin.log)" -lt "$2" ] || return 0
        sleep 0.05
    done
    cat twin.log
    return 1
}

# crc_of FILE: as the chip's unit has it, over words.
crc_of()
{
    python3 - "$1" <<'END'
import struct, sys
crc = 0xFFFFFFFF
for word, in struct.iter_unpack("<I", open(sys.argv[1], "rb").read()):
    crc ^= word
    for _ in range(32):
        crc = (crc << 1 ^ (0x04C11DB7 if crc >> 31 else 0)) & 0xFFFFFFFF
print(f"0x{crc:08x}")
END
}

@test "stm32flash: who is there, again and again" {
    for _ in 1 2 3; do
        stm
        expect_status 0
        expect "Version      : 0x31"
        expect "Device ID    : 0x0413 (STM32F40xxx/41xxx)"
    done
}

@test "stm32flash: until the next reset nothing else is understood" {
    stm
    expect_status 0
    ararext info
    expect_status 5
    expect "another program has used ST's protocol on this board since its last reset: reset it"
    twin reset
    wait_for_count "stays:" 2
    ararext info
    expect_status 0
}

@test "stm32flash: write, verify, go" {
    twin button 0
    stm -S 0x08008000 -w "$ARAREXT_APPS/hello.bin" -v -g 0x08008000
    expect_status 0
    expect "(100.00%) Done."
    expect "Starting execution at address 0x08008000... done."
    ararext monitor --until hello --for 20
    expect_status 0
    expect "hello"
}

@test "stm32flash: Intel HEX, and read back" {
    stm -S 0x08008000 -w "$ARAREXT_APPS/hello.hex" -v
    expect_status 0
    stm -S "0x08008000:$(stat -c %s "$ARAREXT_APPS/hello.bin")" -r back.bin
    expect_status 0
    cmp back.bin "$ARAREXT_APPS/hello.bin"
    stm -S 0x08000000:1024 -r loader.bin
    expect_status 0
    cmp -n 1024 loader.bin "${ARAREXT_FIRMWARE%.elf}.bin"
}

@test "stm32flash: 200 KiB, its checksum, and erase of some of it" {
    big_image big.bin 204800 1
    stm -S 0x08008000 -w big.bin -v
    expect_status 0
    expect "(100.00%) Done."
    stm -S 0x08008000:204800 -C
    expect_status 0
    expect "CRC(0x08008000-0x0803a000) = $(crc_of big.bin)"
    stm -S 0x0800C000:16384 -o # sector 3
    expect_status 0
    stm -S 0x08008000:204800 -r back.bin
    expect_status 0
    python3 - <<'END'
want = bytearray(open("big.bin", "rb").read())
want[0x4000:0x8000] = b"\xff" * 0x4000
assert open("back.bin", "rb").read() == want
END
}

@test "stm32flash: mass erase takes the application and leaves the loader" {
    stm -S 0x08008000 -w "$ARAREXT_APPS/hello.bin"
    expect_status 0
    stm -o
    expect_status 0
    stm -S 0x08008000:256 -r back.bin
    expect_status 0
    [ "$(tr -d '\377' <back.bin | wc -c)" -eq 0 ]
}

@test "stm32flash: write protection" {
    ararext protect --sectors 2
    expect_status 0
    twin reset
    wait_for_count "stays:" 2
    stm -S 0x08008000 -w "$ARAREXT_APPS/hello.bin"
    [ "$status" -ne 0 ]
    expect "Failed to erase memory"
    stm -u
    expect_status 0
    wait_for_count "stays:" 3
    stm -S 0x08008000 -w "$ARAREXT_APPS/hello.bin" -v
    expect_status 0
}

@test "stm32flash: what would touch the loader is refused, and the loader is still there" {
    stm -w "$ARAREXT_APPS/hello.bin"
    [ "$status" -ne 0 ]
    expect "Failed to erase memory"
    stm -e 0 -w "$ARAREXT_APPS/hello.bin"
    [ "$status" -ne 0 ]
    stm -S 0x08000000:16384 -o
    [ "$status" -ne 0 ]
    stm -k
    [ "$status" -ne 0 ]
    size=$(stat -c %s "${ARAREXT_FIRMWARE%.elf}.bin")
    stm -S "0x08000000:$size" -r loader.bin
    expect_status 0
    cmp loader.bin "${ARAREXT_FIRMWARE%.elf}.bin"
    twin reset
    wait_for_count "stays:" 2
    ararext info
    expect_status 0
}
