#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Links the bootloader so that what runs only when it stays is packed, and runs from SRAM.

Usage: link_packed.py COMPILER ARGUMENT...        (the command that links the whole program; CMake puts this in front)

The same link three times; what differs are two files that link/bootloader.ld.in includes:
  1. All in flash. The relocations of what LTO made say what each section needs: the flash half is what the vector
     table and the services need, without what lies behind ENTRY; the rest, the serving half, is what ENTRY needs.
  2. The serving half at its place in SRAM: its bytes, which are packed with LZMA2 and the filter for ARM-Thumb.
  3. With the packed bytes at the end of flash. The serving half must have come out the same.
The first two are kept in NAME.parts/ beside the program. DESIGN.md, "Two halves".
"""
import collections
import glob
import lzma
import os
import shutil
import struct
import subprocess
import sys

ENTRY = "main_serve"
ROOTS = (".vectors", ".services")
SHT_PROGBITS, SHT_SYMTAB, SHT_NOBITS, SHT_REL, SHF_ALLOC = 1, 2, 8, 9, 2
CRC_POLYNOMIAL = 0x04C11DB7
DICTIONARY, DICTIONARY_BYTE = 65536, 8  # UNPACK_DICTIONARY of core/package/unpack.h, and how a payload's head says it
LC, LP = 0, 1  # good for Thumb code, and what boot/serving.c has memory for: SERVING_PROBS
# Tried: what makes a difference for some KiB.
TRIED = [{"pb": pb, "nice_len": nice, "mf": finder} for pb in (0, 1, 2) for nice in range(8, 65)
         for finder in (lzma.MF_BT2, lzma.MF_BT3, lzma.MF_BT4)]


def fail(text):
    sys.exit(f"link_packed: {text}")


class Objects:
    """Sections of a relocatable ELF file, and which needs which."""

    def __init__(self, path):
        with open(path, "rb") as file:
            self.bytes = file.read()
        if self.bytes[:6] != b"\x7fELF\x01\x01":
            fail(f"{path} is no ELF file of 32 bits, little-endian")
        offset, = struct.unpack_from("<I", self.bytes, 32)
        entry, count, names = struct.unpack_from("<HHH", self.bytes, 46)
        self.headers = [struct.unpack_from("<10I", self.bytes, offset + entry * i) for i in range(count)]
        self.names = [self.text(self.headers[names], h[0]) for h in self.headers]
        self.symbols = {}  # name -> section
        self.needs = collections.defaultdict(set)
        for header in self.headers:
            if header[1] == SHT_SYMTAB:
                self.table = [struct.unpack_from("<IIIBBH", self.bytes, header[4] + 16 * i)
                              for i in range(header[5] // 16)]
                self.strings = self.headers[header[6]]
                self.symbols = {self.text(self.strings, s[0]): s[5] for s in self.table}
        for header in self.headers:
            if header[1] == SHT_REL:
                for i in range(header[5] // 8):
                    _, info = struct.unpack_from("<II", self.bytes, header[4] + 8 * i)
                    self.needs[header[7]].add(self.table[info >> 8][5])

    def symbols_in(self, section):
        """(name, address, size) of what lies in a section."""
        index = self.names.index(section)
        return {(self.text(self.strings, s[0]), s[1], s[2]) for s in self.table if s[5] == index}

    def text(self, strings, offset):
        start = strings[4] + offset
        return self.bytes[start:self.bytes.index(b"\0", start)].decode()

    def reached(self, sections, without=None):
        found, left = set(), list(sections)
        while left:
            section = left.pop()
            if section not in found and section != without:
                found.add(section)
                left += self.needs[section]
        return found

    def serving(self):
        """Names of the sections that only ENTRY needs: code and constants. By name, so that modules stay together: that
        packs best."""
        if ENTRY not in self.symbols:
            fail(f"{ENTRY} is not a function of its own")
        entry = self.symbols[ENTRY]
        kept = self.reached([self.names.index(r) for r in ROOTS], entry)
        behind = self.reached([entry]) - kept
        return sorted(name for i, name in enumerate(self.names)
                      if i in behind and self.headers[i][1] == SHT_PROGBITS and self.headers[i][2] & SHF_ALLOC)


def link(command, output, parts, serving, packed):
    """Runs the command with another output, and these texts in the files that the linker script includes."""
    folder = os.path.join(parts, os.path.basename(output) + ".ld")
    os.makedirs(folder)
    for name, text in (("serving.ld", serving), ("packed.ld", packed)):
        with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
            file.write(text)
    result = subprocess.run(command + ["-o", output, f"-Wl,-L{folder}"], check=False)
    if result.returncode != 0:
        sys.exit(result.returncode)


def serving_section(names):
    inputs = "".join(f"        *({name})\n" for name in names)
    return (f"    .serving :\n    {{\n        link_serving_start = .;\n        *(.serving_vectors)\n{inputs}"
            "        . = ALIGN(4);\n        link_serving_end = .;\n    } > SERVING\n")


def section(compiler, elf, name):
    """The bytes of a section."""
    tool = compiler.rsplit("gcc", 1)[0] + "objcopy"
    output = elf + name
    subprocess.run([tool, "-O", "binary", "-j", name, elf, output], check=True)
    with open(output, "rb") as file:
        return file.read()


def crc_words(data):
    """crc_words of core/base/crc.h."""
    crc = 0xFFFFFFFF
    for word, in struct.iter_unpack("<I", data):
        crc ^= word
        for _ in range(32):
            crc = (crc << 1 ^ (CRC_POLYNOMIAL if crc & 0x80000000 else 0)) & 0xFFFFFFFF
    return crc


def pack(data):
    """What firmware/boot/serving.c reads: CRC, number of words, payload as in a package."""
    best = min((lzma.compress(data, format=lzma.FORMAT_RAW, filters=[
        {"id": lzma.FILTER_ARMTHUMB},
        {"id": lzma.FILTER_LZMA2, "dict_size": DICTIONARY, "lc": LC, "lp": LP, "mode": lzma.MODE_NORMAL,
         "depth": 1000, **tried}]) for tried in TRIED), key=len)
    head = struct.pack("<IIBB", crc_words(data), len(data) // 4, DICTIONARY_BYTE, 0)
    return head + best


def check_same(second, output):
    """The third link has the serving half where the second had it, each function at its address."""
    tables = [Objects(elf).symbols_in(".serving") for elf in (second, output)]
    if tables[0] != tables[1]:
        fail(f"{output} and {second} differ in {', '.join(sorted({s[0] for s in tables[0] ^ tables[1]}))}")


def without_bytes(elf, name):
    """Makes a section one like .bss: it has addresses and symbols, but who loads the file gets nothing for it."""
    objects = Objects(elf)
    index = objects.names.index(name)
    address = objects.headers[index][3]
    data = bytearray(objects.bytes)
    offset, = struct.unpack_from("<I", data, 32)
    entry, = struct.unpack_from("<H", data, 46)
    struct.pack_into("<I", data, offset + entry * index + 4, SHT_NOBITS)
    offset, = struct.unpack_from("<I", data, 28)
    entry, count = struct.unpack_from("<HH", data, 42)
    for at in range(offset, offset + entry * count, entry):
        if struct.unpack_from("<I", data, at + 8) == (address,):
            struct.pack_into("<I", data, at + 16, 0)  # size in the file
    with open(elf, "wb") as file:
        file.write(data)


def main():
    command = sys.argv[1:]
    at = command.index("-o")
    output = command[at + 1]
    command = command[:at] + command[at + 2:]
    parts = os.path.splitext(output)[0] + ".parts"
    shutil.rmtree(parts, ignore_errors=True)
    os.makedirs(parts)
    first, second = os.path.join(parts, "flash.elf"), os.path.join(parts, "halves.elf")
    link([c for c in command if not c.startswith("-Wl,-Map=")] + ["-save-temps"], first, parts, "", "")
    objects = glob.glob(first + ".ltrans*.ltrans.o")
    if len(objects) != 1:
        fail(f"LTO left {len(objects)} objects beside {first}, not one")
    names = Objects(objects[0]).serving()
    link([c for c in command if not c.startswith("-Wl,-Map=")], second, parts, serving_section(names), "")
    code = section(command[0], second, ".serving")
    packed = pack(code)
    lines = "".join(f"        BYTE({byte:#04x})\n" for byte in packed)
    link(command, output, parts, serving_section(names), lines)
    check_same(second, output)
    without_bytes(output, ".serving")
    print(f"serving half: {len(code)} bytes, packed {len(packed)}")


main()
