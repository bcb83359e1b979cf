/* SPDX-License-Identifier: MIT */
/*
 * ST's ROM protocol: blocks in, bytes of the answer out. What its commands do is what those of the
 * other dialects do, by the same functions: it must never reach memory, flash or option bytes past
 * them. Readout Unprotect is refused: it would erase the chip, this program included.
 */
#include "bytes.h"
#include "command.h"
#include "crc.h"
#include "geometry.h"
#include "memory_map.h"

#define CRC_POLYNOMIAL 0x04C11DB7u /* the only one that the chip's unit has */
#define WORDS_MAX      (MAP_FLASH_SIZE_MAX / WORD_SIZE)

enum { ADDRESS, LENGTH, POLYNOMIAL, START }; /* rom.words of Checksum; the others have an address */

/* ---- blocks ---- */

static enum reason command_rom_begin(struct loader *l, uint8_t code)
{
    const struct rom_form *form = rom_form_find(code);

    l->rom.code = code;
    l->rom.count = 0;
    if (form == NULL) {
        return REASON_UNKNOWN_COMMAND;
    }
    l->rom.blocks = form->blocks;
    return code == ROM_READ_UNPROTECT ? REASON_WOULD_ERASE_CHIP : REASON_NONE;
}

enum reason command_rom_take(struct loader *l, const uint8_t *block)
{
    enum reason reason = REASON_NONE;

    if (l->block == ROM_BLOCK_COMMAND) {
        reason = command_rom_begin(l, block[0]);
    } else if (l->block == ROM_BLOCK_WORD) {
        l->rom.words[l->rom.count++] = rom_load32(block);
    }
    l->block = l->rom.blocks & ROM_BLOCK_MASK;
    l->rom.blocks >>= ROM_BLOCK_BITS;
    if (l->rom.count == 1u && l->block != ROM_BLOCK_COMMAND) { /* refused before more is sent */
        return l->rom.code == ROM_WRITE ? command_check_write(l, l->rom.words[ADDRESS], 1)
                                        : command_check_read(l, l->rom.words[ADDRESS], 1);
    }
    return reason;
}

/* ---- what they do ---- */

static unsigned command_rom_number(const uint8_t **at, bool wide)
{
    unsigned number = *(*at)++;

    return wide ? number << 8 | *(*at)++ : number;
}

/* The sectors that a block names, as a bitmap of sectors that are the application's. */
static enum reason command_rom_sectors(struct loader *l, const uint8_t *block, unsigned *bitmap)
{
    bool wide = l->rom.code == ROM_ERASE_EXTENDED;
    unsigned total = geometry_sector_count(l->info.flash_kib);
    unsigned last = command_rom_number(&block, wide);

    *bitmap = (1u << total) - (1u << MAP_BOOT_SECTORS);
    if (last >= ROM_WIDE_BANK || (!wide && last == ROM_ALL)) {
        return REASON_NONE;
    }
    if (last >= ROM_WIDE_SELF) {
        return command_refuse(l, REASON_ARGUMENT, last);
    }
    *bitmap = 0;
    do {
        unsigned sector = command_rom_number(&block, wide);

        if (sector >= total) {
            return command_refuse(l, REASON_NO_SECTOR, sector);
        }
        *bitmap |= 1u << sector;
    } while (last-- != 0);
    return command_check_bitmap(l, *bitmap);
}

static enum reason command_rom_erase(struct loader *l, const uint8_t *block)
{
    unsigned bitmap = 0;
    enum reason reason = command_check_open(l);

    if (reason == REASON_NONE) {
        reason = command_rom_sectors(l, block, &bitmap);
    }
    return reason == REASON_NONE ? command_erase_sectors(l, bitmap) : reason;
}

/* The option bytes by the commands of the other dialects. The note has the board reset afterwards.
 */
static enum reason command_rom_protect(struct loader *l, const uint8_t *block)
{
    uint8_t payload[7] = {0, 0, PROTECT_READ};
    struct frame_request request = {payload, sizeof payload, l->rom.code};
    enum reason reason = REASON_NONE;
    unsigned bitmap = 0;

    store_le32(payload + 3, PROTECT_READ_KEY);
    if (l->rom.code == ROM_WRITE_PROTECT) {
        reason = command_rom_sectors(l, block, &bitmap);
        store_le16(payload, (uint16_t)bitmap);
        payload[2] = PROTECT_WRITE;
        request.payload_len = 3;
    }
    if (reason == REASON_NONE && l->rom.code == ROM_WRITE_UNPROTECT) {
        payload[0] = UNPROTECT_WRITE;
        request.payload_len = 1;
        reason = command_unprotect(l, &request);
    } else if (reason == REASON_NONE) {
        reason = command_protect(l, &request);
    }
    if (reason == REASON_NONE) {
        l->after = AFTER_RESET_STAY;
    }
    return reason;
}

static enum reason command_rom_go(struct loader *l)
{
    uint8_t payload[4];
    const struct frame_request request = {payload, sizeof payload, ROM_GO};

    store_le32(payload, l->rom.words[ADDRESS]);
    return command_go(l, &request);
}

/* Behind the acknowledgement: the CRC and its check. */
static enum reason command_rom_checksum(struct loader *l, uint8_t *out)
{
    const uint32_t *words = l->rom.words;
    enum reason reason;
    uint32_t crc;

    if (words[POLYNOMIAL] != CRC_POLYNOMIAL || words[START] != CRC_START ||
        words[ADDRESS] % WORD_SIZE != 0 || words[LENGTH] > WORDS_MAX) {
        return command_refuse(l, REASON_ARGUMENT, 0);
    }
    reason = command_check_read(l, words[ADDRESS], words[LENGTH] * WORD_SIZE);
    if (reason != REASON_NONE) {
        return reason;
    }
    if (!command_may_show(l, words[ADDRESS])) {
        return REASON_PROVISIONED;
    }
    crc = memory_hw_crc_words(l->update->flash, words[ADDRESS], words[LENGTH]);
    store_le32(out, __builtin_bswap32(crc));
    out[WORD_SIZE] = out[0] ^ out[1] ^ out[2] ^ out[3];
    return REASON_NONE;
}

/* ---- what they say ---- */

/* Get, Get Version, Get ID, up to the acknowledgement behind. Returns how many bytes. */
static size_t command_rom_tell(const struct loader *l, uint8_t *out)
{
    switch (l->rom.code) {
    case ROM_GET:
        out[0] = ROM_LISTED;
        out[1] = ROM_VERSION;
        for (unsigned i = 0; i < ROM_LISTED; i++) {
            out[2 + i] = rom_forms[i].code;
        }
        return 2 + ROM_LISTED;
    case ROM_GET_VERSION:
        out[0] = ROM_VERSION;
        out[1] = out[2] = 0;
        return 3;
    case ROM_GET_ID:
        out[0] = 1;
        out[1] = (uint8_t)(l->info.idcode >> 8 & 0xFu);
        out[2] = (uint8_t)l->info.idcode;
        return 3;
    default:
        return 0;
    }
}

enum reason command_rom_run(struct loader *l, const uint8_t *block, size_t *len)
{
    uint8_t *data = l->answer + 1;

    *len = command_rom_tell(l, l->answer);
    l->answer[*len] = ROM_ACK;
    (*len)++;
    switch (l->rom.code) {
    case ROM_READ:
        *len += block[0] + 1u;
        return command_read(l, l->rom.words[ADDRESS], block[0] + 1u, data);
    case ROM_WRITE:
        return command_write(l, l->rom.words[ADDRESS], block + 1, block[0] + 1u);
    case ROM_GO:
        return command_rom_go(l);
    case ROM_ERASE:
    case ROM_ERASE_EXTENDED:
        return command_rom_erase(l, block);
    case ROM_WRITE_PROTECT:
    case ROM_WRITE_UNPROTECT:
    case ROM_READ_PROTECT:
        return command_rom_protect(l, block);
    case ROM_CHECKSUM:
        *len += WORD_SIZE + 1u;
        return command_rom_checksum(l, data);
    default:
        return REASON_NONE;
    }
}
