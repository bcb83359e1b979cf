/* SPDX-License-Identifier: MIT */
/*
 * ST's ROM protocol: blocks in, bytes of the answer out. What its commands do is what those of the
 * other dialects do, by the same functions: it must never reach memory, flash or option bytes past
 * them. Readout Unprotect is refused: it would erase the chip, this program included.
 */
#include "bytes.h"
#include "command.h"
#include "geometry.h"
#include "memory_map.h"

/* ---- blocks ---- */

static enum reason command_rom_begin(struct loader *l, uint8_t code)
{
    const struct rom_form *form = rom_form_find(code);

    l->rom.code = code;
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
        l->rom.addr = rom_load32(block);
    }
    l->block = l->rom.blocks & ROM_BLOCK_MASK;
    l->rom.blocks >>= ROM_BLOCK_BITS;
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
    unsigned set = 0;

    if (last >= ROM_WIDE_BANK || (!wide && last == ROM_ALL)) {
        *bitmap = (1u << total) - (1u << MAP_BOOT_SECTORS);
        return REASON_NONE;
    }
    if (last >= ROM_WIDE_SELF) {
        return command_refuse(l, REASON_ARGUMENT, last);
    }
    do {
        unsigned sector = command_rom_number(&block, wide);

        if (sector >= total) {
            return command_refuse(l, REASON_NO_SECTOR, sector);
        }
        set |= 1u << sector;
    } while (last-- != 0);
    *bitmap = set;
    return command_check_bitmap(l, set);
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
        return command_read(l, l->rom.addr, block[0] + 1u, data);
    case ROM_WRITE:
        return command_write(l, l->rom.addr, block + 1, block[0] + 1u);
    case ROM_GO:
        return command_go_to(l, l->rom.addr);
    case ROM_ERASE:
    case ROM_ERASE_EXTENDED:
        return command_rom_erase(l, block);
    case ROM_WRITE_PROTECT:
    case ROM_WRITE_UNPROTECT:
    case ROM_READ_PROTECT:
        return command_rom_protect(l, block);
    default:
        return REASON_NONE;
    }
}
