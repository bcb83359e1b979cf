/* SPDX-License-Identifier: MIT */
/*
 * Changing some bytes of an image in the file that it is in, so that everything else in the file
 * (symbols, comments, the order of records) stays. The file has been read by the parsers before: it
 * is a good one. Each walk is made twice: once to see that all bytes are there, once to change
 * them.
 */
#include <string.h>

#include "ararext_board.h"
#include "bytes.h"
#include "image_file.h"
#include "reserved.h"

/* A walk over a file. */
struct patcher {
    uint8_t *file;
    size_t len;
    const struct ararext_patch *patch;
    bool change;
    size_t found; /* bytes of the patch that were met */
};

/* The part of the patch that lies in [addr, addr + len): its first address, and how long it is. */
static size_t overlap(const struct patcher *p, uint32_t addr, size_t len, uint32_t *first)
{
    uint64_t from = addr > p->patch->addr ? addr : p->patch->addr;
    uint64_t end = (uint64_t)p->patch->addr + p->patch->len;
    end = end < (uint64_t)addr + len ? end : (uint64_t)addr + len;
    *first = (uint32_t)from;
    return end > from ? (size_t)(end - from) : 0;
}

/* ---- bytes as they are ---- */

static void patch_bytes(struct patcher *p, uint32_t addr, size_t offset, size_t len)
{
    uint32_t first = 0;
    size_t n = overlap(p, addr, len, &first);
    if (p->change && n > 0) {
        memcpy(p->file + offset + (first - addr), p->patch->bytes + (first - p->patch->addr), n);
    }
    p->found += n;
}

static void walk_elf(struct patcher *p)
{
    enum { HEADER = 52, ENTRY = 32, LOAD = 1 };
    uint32_t table = load_le32(p->file + 28), size = load_le16(p->file + 42);
    uint32_t count = load_le16(p->file + 44);
    for (uint32_t i = 0; i < count; i++) {
        size_t at = table + (size_t)i * size;
        if (at + ENTRY > p->len) {
            return;
        }
        const uint8_t *entry = p->file + at;
        uint32_t offset = load_le32(entry + 4), len = load_le32(entry + 16);
        if (load_le32(entry) == LOAD && offset <= p->len && len <= p->len - offset) {
            patch_bytes(p, load_le32(entry + 12), offset, len);
        }
    }
}

/* ---- lines of hex digits ---- */

static const char DIGITS[] = "0123456789ABCDEF";

static unsigned byte_at(const uint8_t *text)
{
    unsigned value = 0;
    for (size_t i = 0; i < 2; i++) {
        uint8_t c = text[i];
        value = value << 4 | (c <= '9' ? c - (unsigned)'0' : (c | 0x20u) - (unsigned)'a' + 10u);
    }
    return value & 0xFFu;
}

static void put_byte(uint8_t *text, unsigned value)
{
    text[0] = (uint8_t)DIGITS[value >> 4 & 15];
    text[1] = (uint8_t)DIGITS[value & 15];
}

/* A record whose bytes (hex pairs at text) have data_len bytes of data for addr from the byte
 * data_at on. The last byte is the checksum: what it is made of stays the same sum, so it changes
 * by as much as the data does. */
static void patch_record(struct patcher *p, uint8_t *text, size_t data_at, size_t data_len,
                         uint32_t addr)
{
    uint32_t first = 0;
    size_t n = overlap(p, addr, data_len, &first);
    uint8_t *sum = text + 2 * (data_at + data_len);
    for (size_t i = 0; p->change && i < n; i++) {
        uint8_t *pair = text + 2 * (data_at + (first - addr) + i);
        unsigned before = byte_at(pair), after = p->patch->bytes[first - p->patch->addr + i];
        put_byte(pair, after);
        put_byte(sum, byte_at(sum) + before - after);
    }
    p->found += n;
}

/* A line's record: its characters in the file. */
static uint8_t *text_of(const struct patcher *p, const struct lines *l)
{
    return p->file + ((const uint8_t *)l->text - p->file);
}

static void walk_hex(struct patcher *p, struct lines *l)
{
    enum { DATA, END, SEGMENT, LINEAR = 4, HEAD = 4 };
    uint32_t base = 0;
    while (lines_next(l)) {
        if (l->len < 11) {
            continue;
        }
        uint8_t *text = text_of(p, l) + 1; /* behind the colon */
        unsigned type = byte_at(text + 6);
        uint32_t value = byte_at(text + 8) << 8;
        if (type == DATA) {
            patch_record(p, text, HEAD, byte_at(text),
                         base + (byte_at(text + 2) << 8 | byte_at(text + 4)));
        } else if ((type == SEGMENT || type == LINEAR) && l->len >= 13) {
            value |= byte_at(text + 10);
            base = type == SEGMENT ? value << 4 : value << 16;
        }
    }
}

static void walk_srec(struct patcher *p, struct lines *l)
{
    while (lines_next(l)) {
        if (l->len < 10) {
            continue;
        }
        uint8_t *text = text_of(p, l);
        unsigned type = text[1] - (unsigned)'0', width = type + 1, count = byte_at(text + 2);
        if (type < 1 || type > 3) {
            continue;
        }
        uint32_t addr = 0;
        for (unsigned i = 0; i < width; i++) {
            addr = addr << 8 | byte_at(text + 4 + 2 * (size_t)i);
        }
        patch_record(p, text + 2, 1 + width, count - width - 1, addr);
    }
}

static void walk(struct patcher *p)
{
    const struct source src = {.data = p->file, .len = p->len, .name = ""};
    struct lines l = {.src = &src};
    p->found = 0;
    switch (p->patch->format) {
    case ARAREXT_FORMAT_ELF:
        walk_elf(p);
        break;
    case ARAREXT_FORMAT_HEX:
        walk_hex(p, &l);
        break;
    case ARAREXT_FORMAT_SREC:
        walk_srec(p, &l);
        break;
    case ARAREXT_FORMAT_BIN:
        patch_bytes(p, p->patch->base, 0, p->len);
        break;
    case ARAREXT_FORMAT_AUTO:
    case ARAREXT_FORMAT_UF2:
    case ARAREXT_FORMAT_DFUSE:
    default:
        break;
    }
}

int ararext_file_patch(uint8_t *file, size_t file_len, const struct ararext_patch *patch,
                       struct ararext_message *why)
{
    struct ararext_image *image = NULL;
    struct patcher p = {.file = file, .len = file_len, .patch = patch};
    const struct ararext_segment whole = {.len = (uint32_t)file_len, .data = file};
    const struct ararext_load load = {.format = patch->format, .bin_addr = patch->base};
    int rc = !NOTHING_RESERVED(patch, why)
                 ? ARAREXT_ERR_ARGUMENT
                 : ararext_image_parse(&image, &whole, "the file", &load, why);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    ararext_image_free(image);
    walk(&p);
    if (p.found != patch->len) {
        message_set(why,
                    "the file has not all of the bytes from 0x%08X to 0x%08X once, or is of a "
                    "kind that cannot be changed in place (ELF, HEX, SREC and BIN can)",
                    (unsigned)patch->addr, (unsigned)(patch->addr + patch->len - 1));
        return ARAREXT_ERR_FORMAT;
    }
    p.change = true;
    walk(&p);
    return ARAREXT_OK;
}
