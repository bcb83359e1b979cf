/* SPDX-License-Identifier: MIT */
/* The commands of ST's ROM protocol, and how long their blocks are. */
#include "rom.h"

#include <stddef.h>

#define BLOCKS(a, b) (uint8_t)(ROM_BLOCK_##a | (unsigned)ROM_BLOCK_##b << ROM_BLOCK_BITS)
#define BLOCK(a)     ROM_BLOCK_##a
#define XOR_NUMBER   0xFFu

/* The last one is refused and not told to hosts. */
const struct rom_form rom_forms[ROM_FORMS] = {
    {ROM_GET, 0},
    {ROM_GET_VERSION, 0},
    {ROM_GET_ID, 0},
    {ROM_READ, BLOCKS(WORD, COUNT)},
    {ROM_GO, BLOCK(WORD)},
    {ROM_WRITE, BLOCKS(WORD, BYTES)},
    {ROM_ERASE, BLOCK(CODES)},
    {ROM_ERASE_EXTENDED, BLOCK(WIDE)},
    {ROM_WRITE_PROTECT, BLOCK(CODES)},
    {ROM_WRITE_UNPROTECT, 0},
    {ROM_READ_PROTECT, 0},
    {ROM_READ_UNPROTECT, 0},
};

const struct rom_form *rom_form_find(uint8_t code)
{
    for (unsigned i = 0; i < ROM_FORMS; i++) {
        if (rom_forms[i].code == code) {
            return &rom_forms[i];
        }
    }
    return NULL;
}

unsigned rom_block_size(enum rom_block block, const uint8_t *bytes, unsigned count)
{
    switch (block) {
    case ROM_BLOCK_WORD:
        return 5u;
    case ROM_BLOCK_BYTES:
        return bytes[0] + 3u;
    case ROM_BLOCK_CODES:
        return bytes[0] == ROM_ALL ? 2u : bytes[0] + 3u;
    case ROM_BLOCK_WIDE:
        return count < 2u || rom_load16(bytes) >= ROM_WIDE_SELF ? 3u : rom_load16(bytes) * 2u + 5u;
    case ROM_BLOCK_COMMAND:
    case ROM_BLOCK_COUNT:
    default:
        return 2u;
    }
}

bool rom_block_good(const uint8_t *bytes, unsigned count)
{
    uint8_t sum = count == 2u ? XOR_NUMBER : 0;

    for (unsigned i = 0; i < count; i++) {
        sum ^= bytes[i];
    }
    return sum == 0;
}
