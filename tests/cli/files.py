# SPDX-License-Identifier: MIT
"""Inputs for files.bats: a tiny application in every wrapping, and what people give instead of it."""
import struct
import zlib


def application(base, size=124, code=0x40):
    """Vectors, a handler that loops for ever, and a program that does."""
    table = [0x20020000] + [base + code + 1 if i not in (7, 8, 9, 10, 13) else 0 for i in range(1, 16)]
    table[1] = base + 0x44 + 1
    data = bytearray(struct.pack("<16I", *table))
    data += bytes(code - len(data)) + struct.pack("<HHHH", 0xE7FE, 0xBF00, 0xE7FE, 0xBF00)
    return bytes(data + bytes(i & 0xFF for i in range(size - len(data))))


def record(kind, addr, data=b""):
    raw = struct.pack(">BHB", len(data), addr, kind) + data
    return ":%s%02X\n" % (raw.hex().upper(), -sum(raw) & 0xFF)


def hex_file(parts):
    lines = []
    for addr, data in parts:
        lines.append(record(4, 0, struct.pack(">H", addr >> 16)))
        lines += [record(0, addr + i & 0xFFFF, data[i:i + 16]) for i in range(0, len(data), 16)]
    return "".join(lines) + record(1, 0)


def uf2(addr, data):
    blocks = [data[i:i + 256] for i in range(0, len(data), 256)]
    return b"".join(
        struct.pack("<8I", 0x0A324655, 0x9E5D5157, 0x2000, addr + 256 * i, len(b), i, len(blocks), 0x57755A57)
        + b.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30) for i, b in enumerate(blocks))


def dfuse(addr, data):
    element = struct.pack("<II", addr, len(data)) + data
    target = b"Target" + struct.pack("<BI255sII", 0, 1, b"app", len(element), 1) + element
    file = b"DfuSe" + struct.pack("<BIB", 1, 11 + len(target), 1) + target
    file += struct.pack("<HHHH3sB", 0, 0xDF11, 0x0483, 0x011A, b"UFD", 16)
    return file + struct.pack("<I", zlib.crc32(file) ^ 0xFFFFFFFF)


def write(name, data):
    with open(name, "wb") as f:
        f.write(data)


app, boot = application(0x08008000), application(0x08000000)
write("tiny.bin", app)
write("tiny.uf2", uf2(0x08008000, app))
write("tiny.dfu", dfuse(0x08008000, app))
write("small.bin", boot)
# Its reset handler happens to lie inside what would be the image.
large = bytearray(boot + bytes(40960))
struct.pack_into("<I", large, 4, 0x0800A000 + 0x45)
write("large.bin", bytes(large))
write("merged.bin", boot.ljust(0x8000, b"\xFF") + app)
write("merged.hex", hex_file([(0x08000000, boot), (0x08008000, app)]).encode())
