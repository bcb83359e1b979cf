#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Judges a package by FORMAT.md alone, without any code of the project: structure, digest, and what
the payload unpacks to. Prints what it found as JSON; writes the 32 bytes that are signed, the
signature (DER) and the public key (DER) where it is told to. Exits with 1 when something is wrong.

Usage: package_check.py PACKAGE CONTENT [DIGEST SIGNATURE KEY]
"""
import hashlib
import json
import lzma
import struct
import sys


def area(data, at, magic):
    """TLVs of an area at that offset, and the offset behind it."""
    got, size = struct.unpack_from("<HH", data, at)
    assert got == magic, f"area of 0x{got:04X} at {at}"
    end, tlvs = at + size, {}
    at += 4
    while at < end:
        kind, length = struct.unpack_from("<HH", data, at)
        assert kind not in tlvs, f"TLV 0x{kind:02X} twice"
        tlvs[kind] = data[at + 4 : at + 4 + length]
        assert len(tlvs[kind]) == length
        at += 4 + length
    assert at == end
    return tlvs, end


def unpack(payload, thumb, size):
    bits = payload[0]
    dictionary = (2 | bits & 1) << (bits // 2 + 11)
    assert dictionary <= 65536
    assert payload[1] < 225
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": dictionary}]
    if thumb:
        filters.insert(0, {"id": lzma.FILTER_ARMTHUMB})
    decoder = lzma.LZMADecompressor(format=lzma.FORMAT_RAW, filters=filters)
    content = decoder.decompress(payload[2:])
    # The filter may keep the last bytes until it sees an end.
    assert len(content) == size and not decoder.unused_data
    return content


def main():
    data = open(sys.argv[1], "rb").read()
    want = open(sys.argv[2], "rb").read()
    magic, load, head, protected, length, flags, major, minor, revision, build, pad = (
        struct.unpack_from("<IIHHIIBBHII", data)
    )
    assert (magic, load, head, pad) == (0x96F3B83D, 0, 32, 0)
    assert flags in (0, 0x400, 0xC00)
    payload, at, inside = data[32 : 32 + length], 32 + length, {}
    if protected:
        inside, end = area(data, at, 0x6908)
        assert end - at == protected
        at = end
    outside, end = area(data, at, 0x6907)
    assert end == len(data), "bytes behind the end"
    digest = hashlib.sha256(data[:at]).digest()
    assert outside[0x10] == digest, "digest"
    content = payload
    if flags:
        content = unpack(payload, flags == 0xC00, struct.unpack("<I", inside[0x70])[0])
        assert hashlib.sha256(content).digest() == inside[0xA0], "content digest"
    else:
        assert 0x70 not in inside
    assert content == want, "content"
    if len(sys.argv) > 3:
        for path, value in zip(sys.argv[3:6], (digest, outside[0x22], outside[0x02])):
            open(path, "wb").write(value)
    print(json.dumps({
        "version": [major, minor, revision, build],
        "flags": flags,
        "protected": {f"{k:02x}": v.hex() for k, v in inside.items()},
        "other": {f"{k:02x}": v.hex() for k, v in outside.items()},
    }))


main()
