#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Single commands: erase, read, write, go, reset, protection, OTP, the list of commands, raw access.

load helper

setup()
{
    common_setup
    start_board --button
}

teardown()
{
    stop_board
}

@test "a closed stderr or stdout gets into no file and onto no line" {
    ararext read 0x08008000 4K -o good.bin
    expect_status 0
    status=0
    "$ARAREXT" read 0x08008000 4K -o bad.bin 2>&- || status=$?
    [ "$status" -eq 0 ]
    cmp good.bin bad.bin
    status=0
    "$ARAREXT" info >&- 2>err.txt || status=$?
    [ "$status" -ne 0 ]
    grep -q "cannot write to stdout" err.txt
    ararext info
    expect_status 0
}

@test "info, as text and as JSON" {
    ararext info
    expect_status 0
    expect "bootloader        $ARAREXT_VERSION, protocol 1.0"
    expect "in bootloader by  button"
    expect "read protection   level 0"
    json_of info
    [ "$status" -eq 0 ]
    json "d['bootloader_version'] == '$ARAREXT_VERSION' and d['protocol'] == '1.0'"
    json 'd["device_id"] == 0x413 and d["flash_kib"] == 1024 and len(d["sectors"]) == 12'
    json 'd["sectors"][1]["bootloader"] and not d["sectors"][2]["bootloader"]'
    json 'sum(s["size"] for s in d["sectors"]) == 1024 * 1024'
    json 'd["application_base"] == "0x08008000" and d["rdp_level"] == 0 and d["nwrp"] == 0xFFF'
    ararext --no-extensions info
    expect_status 0
    expect "known from the twelve commands alone"
    json_of --no-extensions info
    json 'd["extended"] is False and d["flash_kib"] == 1024 and len(d["sectors"]) == 12'
}

@test "commands, as text and as JSON" {
    ararext commands
    expect_status 0
    expect "51  GET_VER"
    expect "5C  DIS_R_W_PROTECT"
    json_of commands
    json '[c["code"] for c in d["commands"]][:12] == list(range(0x51, 0x5D))'
    json 'all(c["name"] != "unknown" for c in d["commands"])'
}

@test "read as a dump, into a file, to stdout, as JSON" {
    ararext read 0x1FFF7A22 2
    expect_status 0
    [ "${output:0:15}" = "1FFF7A22  00 04" ]
    ararext read 0x08000000 1000 -o dump.bin
    expect_status 0
    [ "$(stat -c %s dump.bin)" -eq 1000 ]
    cmp -n 1000 dump.bin "${ARAREXT_FIRMWARE%.elf}.bin"
    "$ARAREXT" --quiet read 0x08000000 1000 -o - >dump2.bin
    cmp dump.bin dump2.bin
    json_of read 0x1FFF7A22 2
    json 'd["data"] == "00 04" and d["address"] == "0x1FFF7A22" and d["length"] == 2'
}

@test "read where nothing is" {
    ararext read 0x40023800 4
    expect_status 6
    expect "reason 20: address 0x40023800 or the range behind it is not accessible"
    ararext read 0x0 4
    expect_status 6
    ararext read 0x080FFFFE 4
    expect_status 6
    ararext read 0xFFFFFFFE 4
    expect_status 6
}

@test "read into a file that cannot be: nothing is asked of the board" {
    ararext --verbose read 0x08000000 10 -o /nonexistent/file
    expect_status 8
    expect "/nonexistent/file: No such file or directory"
    expect_not "> "
    ararext read 0x08000000 10 -o -x
    expect_status 0
    expect "Wrote 10 bytes from 0x08000000 to -x"
    [ "$(stat -c %s ./-x)" -eq 10 ]
    ararext read 0x08000000 4 -o ./-x
    [ "$(stat -c %s ./-x)" -eq 4 ]
    # A read that fails leaves what was there, and nothing where nothing was.
    ararext read 0x40000000 10 -o ./-x
    expect_status 6
    [ "$(stat -c %s ./-x)" -eq 4 ]
    ararext read 0x40000000 10 -o new
    expect_status 6
    [ ! -e new ]
}

@test "write from the command line, from a file, from stdin" {
    ararext write 0x20004001 --hex "01 02:03,04"
    expect_status 0
    ararext read 0x20004000 8
    expect "01 02 03 04"
    head -c 700 /dev/urandom >some.bin
    ararext write 0x10000000 some.bin
    expect_status 0
    ararext read 0x10000000 700 -o back.bin
    cmp some.bin back.bin
    run "$ARAREXT" write 0x20005000 - <some.bin
    expect_status 0
    ararext read 0x20005000 700 -o back.bin
    cmp some.bin back.bin
    json_of write 0x20005000 --hex 00
    json 'd["ok"] and d["length"] == 1'
}

@test "write where it is not allowed" {
    ararext write 0x08000000 --hex 00
    expect_status 6
    expect "belongs to the bootloader"
    ararext write 0x20000000 --hex 00
    expect_status 6
    ararext write 0x1FFF7800 --hex 00
    expect_status 6
    ararext write 0x2001FFC0 --hex 00
    expect_status 6
    ararext write 0x08008000 --hex "11 22"
    expect_status 0
    ararext write 0x08008000 --hex "11 33"
    expect_status 6
    expect "reason 24: flash at 0x08008001 is not erased; run 'ararext erase'"
    ararext write 0x20004000 nothing.bin
    expect_status 8
}

@test "write of a file where applications begin looks at its vectors" {
    python3 "$HERE/files.py"
    ararext write 0x08008000 large.bin
    expect_status 9
    expect "linked for 0x08000000"
    expect "the board was not changed"
    run "$ARAREXT" write 0x08008000 - <large.bin
    expect_status 9
    ararext read 0x08008000 4
    expect "FF FF FF FF"
    ararext write 0x08008000 tiny.bin
    expect_status 0
    ararext erase --all --yes
    ararext write 0x08008004 large.bin
    expect_status 0
    ararext erase --all --yes
    ararext write 0x08008000 large.bin --force
    expect_status 0
    expect "forced: "
}

@test "erase one sector, several, none of the bootloader's" {
    ararext write 0x08008000 --hex 00
    ararext write 0x0800C000 --hex 00
    ararext erase --sector 2..3
    expect_status 0
    expect "Erased 2 sectors"
    ararext read 0x08008000 1
    expect "FF"
    ararext read 0x0800C000 1
    expect "FF"
    ararext erase --sector 1
    expect_status 6
    expect "erase of sector 1: the board answered 7F, reason 21: sector 1 belongs to the bootloader"
    ararext erase --sector 12
    expect_status 6
    expect "there is no sector 12"
    json_of erase --sector 2
    json 'd["erased"] == [2]'
}

@test "go: the application, nothing, the bootloader" {
    ararext go
    expect_status 6
    expect "there is nothing at 0x08008000 that could run; run 'ararext flash'"
    ararext go 0x08000000
    expect_status 6
    ararext go 0x40000000
    expect_status 6
    ararext flash "$ARAREXT_APPS/hello.elf"
    twin button 0
    ararext go
    expect_status 0
    ararext monitor --until hello --for 20
    expect_status 0
}

@test "reset, into the application and into the bootloader" {
    ararext flash "$ARAREXT_APPS/hello.elf"
    twin button 0
    ararext reset --bootloader
    expect_status 0
    wait_for "stays: host" twin.log
    ararext info
    expect_status 0
    expect "in bootloader by  request of the host"
    json_of reset
    json 'd["to"] == "boot"'
    ararext monitor --until hello --for 20
    expect_status 0
    ararext reset
    expect_status 5
}

@test "write protection on, seen, refused, off" {
    ararext protect --sectors 2-3,11
    expect_status 0
    expect "Write-protected sectors: 2 3 11"
    ararext info
    expect " 3  0x0800C000   16 KiB  write-protected"
    ararext erase --sector 3
    expect_status 6
    expect "run 'ararext unprotect' first"
    ararext protect --sectors 5
    expect "Write-protected sectors: 2 3 5 11"
    ararext protect --sectors 0
    expect_status 6
    expect "sector 0 belongs to the bootloader"
    ararext protect --sectors 12
    expect_status 6
    expect "there is no sector 12"
    json_of unprotect
    json 'd["ok"] and d["nwrp"] == 0xFFF'
    ararext erase --sector 3
    expect_status 0
    ararext unprotect
    expect_status 0
}

# Sets nWRP in a state file (layout: twin/bus/state.c), as a programmer would on a desk: the bits of OLD,
# which only the option bytes hold there, become NEW. The upper half of the word is its complement.
patch_nwrp()
{
    python3 - "$@" <<'END'
import struct, sys, zlib
path, old, new = sys.argv[1], int(sys.argv[2], 16), int(sys.argv[3], 16)
data = bytearray(open(path, "rb").read())
places = [i for i in range(0, len(data) - 8, 4)
          if (w := struct.unpack_from("<I", data, i)[0]) & 0xFFF == old and w >> 16 == ~w & 0xFFFF]
assert len(places) == 1, places
low = struct.unpack_from("<H", data, places[0])[0] & 0xF000 | new
struct.pack_into("<HH", data, places[0], low, ~low & 0xFFFF)
struct.pack_into("<I", data, len(data) - 4, zlib.crc32(data[:-4]))
open(path, "wb").write(data)
END
}

@test "unprotect leaves the bootloader's own sectors protected, and says so" {
    stop_board
    start_board --button --state board
    ararext protect --sectors 2,3,5,7
    expect_status 0
    stop_board
    patch_nwrp board F53 FF0
    start_board --button --state board
    ararext info
    expect " 0  0x08000000   16 KiB  bootloader  write-protected"
    expect " 3  0x0800C000   16 KiB  write-protected"
    ararext unprotect
    expect_status 0
    expect "the bootloader's stay so: 0 1"
    ararext info
    expect " 0  0x08000000   16 KiB  bootloader  write-protected"
    expect_not " 3  0x0800C000   16 KiB  write-protected"
    json_of unprotect
    json 'd["ok"] and d["nwrp"] == 0xFFC'
}

@test "OTP" {
    ararext otp
    expect_status 0
    expect "block  0  open    blank"
    [ "${#lines[@]}" -eq 16 ]
    json_of otp read
    json 'len(d["blocks"]) == 16 and not any(b["locked"] for b in d["blocks"])'
    json 'all(b["blank"] and len(b["data"].split()) == 32 for b in d["blocks"])'
}

@test "raw: every one of the twelve commands, by name and by code" {
    ararext raw GET_VER
    expect_exactly "10"
    ararext raw 51
    expect_exactly "10"
    ararext raw GET_HELP
    expect "51 52 53 54 55 56 57 58 59 5A 5B 5C"
    ararext raw get_cid
    expect_exactly "13 04"
    ararext raw GET_RDP_STATUS
    expect_exactly "AA"
    ararext raw FLASH_ERASE 02 01
    expect_status 0
    ararext raw MEM_WRITE "00 80 00 08 04 DE AD BE EF"
    expect_status 0
    ararext raw MEM_READ 00800008 04
    expect_exactly "DE AD BE EF"
    ararext raw EN_RW_PROTECT 04 01
    expect_status 0
    ararext raw READ_SECTOR_P_STATUS
    expect_exactly "FB 0F"
    ararext raw DIS_R_W_PROTECT
    expect_status 0
    ararext raw OTP_READ 00 02 10
    expect_exactly "FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF FF"
    ararext raw GO_TO_ADDR 00 C0 00 08
    expect_status 6
    json_of raw GET_CID
    json 'd["data"] == "13 04"'
}

@test "raw: the same in the other dialect" {
    ararext raw --course GET_VER
    expect_exactly "10"
    ararext raw --course GET_CID
    expect_exactly "13 04"
    ararext raw --course FLASH_ERASE 02 01
    expect_exactly "00  success"
    ararext raw --course FLASH_ERASE 00 01
    expect_status 6
    json_of raw --course MEM_WRITE 0080000802AABB
    json 'd["data"] == "00"'
    ararext raw --course MEM_READ 00 80 00 08 02
    expect_exactly "AA BB"
    ararext raw --course GO_TO_ADDR 00 C0 00 08
    expect_status 6
    ararext raw --course OTP_READ 00 00 04
    expect_exactly "FF FF FF FF"
}

@test "raw: what the board refuses" {
    ararext raw 77
    expect_status 6
    expect "command 77: the board answered 7F"
    ararext raw GET_LAST_ERROR
    expect_status 0
    [ "${output:0:5}" = "10 77" ]
    ararext raw GET_VER 00
    expect_status 6
    payload=$(printf '00%.0s' $(seq 255))
    ararext raw MEM_WRITE "$payload"
    expect_status 2
}

@test "verbose shows every byte on the wire" {
    ararext --verbose raw GET_VER
    expect "> 01 51 64 6A 5F 5C"
    expect "< "
}
