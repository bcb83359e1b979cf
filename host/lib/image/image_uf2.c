/* SPDX-License-Identifier: MIT */
/*
 * UF2 (Microsoft's USB flashing format): blocks of 512 bytes, each with its address. Blocks for
 * another family of chips, and those that go to no flash, are left out; a block that is missing
 * counts as cut off.
 */
#include "image_file.h"

#include "bytes.h"

#define MAGIC_FIRST  0x0A324655u
#define MAGIC_SECOND 0x9E5D5157u
#define MAGIC_END    0x0AB16F30u
enum { BLOCK_SIZE = 512, DATA_AT = 32, DATA_MAX = 476, NOT_FLASH = 0x1, HAS_FAMILY = 0x2000 };

static int bad(const struct source *src, size_t number, const char *what)
{
    message_set(src->why, "%s, block %zu: %s", src->name, number, what);
    return ARAREXT_ERR_FORMAT;
}

/* STM32F4; STM32F407; STM32F407VG. */
static const uint32_t FAMILIES[] = {0x57755A57u, 0x6D0922FAu, 0x8FB060FEu};

static bool is_ours(uint32_t family)
{
    for (size_t i = 0; i < sizeof FAMILIES / sizeof FAMILIES[0]; i++) {
        if (family == FAMILIES[i]) {
            return true;
        }
    }
    return false;
}

/* What the walk over the blocks finds. */
struct walk {
    uint32_t ours, total; /* blocks for this chip, and how many there should be */
    uint32_t family;      /* of blocks that are left out */
};

static int take_block(struct ararext_image *image, const struct source *src, size_t number,
                      struct walk *w)
{
    const uint8_t *b = src->data + number * BLOCK_SIZE;
    uint32_t flags = load_le32(b + 8), len = load_le32(b + 16);
    if (load_le32(b) != MAGIC_FIRST || load_le32(b + 4) != MAGIC_SECOND ||
        load_le32(b + BLOCK_SIZE - 4) != MAGIC_END) {
        return bad(src, number, "no UF2 block");
    }
    if ((flags & HAS_FAMILY) != 0 && !is_ours(load_le32(b + 28))) {
        w->family = load_le32(b + 28);
        return ARAREXT_OK;
    }
    w->ours++;
    w->total = load_le32(b + 24);
    if ((flags & NOT_FLASH) != 0) {
        return ARAREXT_OK;
    }
    if (len > DATA_MAX) {
        return bad(src, number, "more data than a block holds");
    }
    int rc = image_add(image, load_le32(b + 12), b + DATA_AT, len, 0);
    return rc == ARAREXT_ERR_FORMAT
               ? bad(src, number, "data runs over the end of the address space")
               : rc;
}

int image_parse_uf2(struct ararext_image *image, const struct source *src)
{
    struct walk w = {0};
    int rc = ARAREXT_OK;
    for (size_t i = 0; rc == ARAREXT_OK && i < src->len / BLOCK_SIZE; i++) {
        rc = take_block(image, src, i, &w);
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    if (w.ours == 0 && w.family != 0) {
        message_set(src->why,
                    "%s: this UF2 is for another chip (family 0x%08X) than an STM32F4 (0x%08X)",
                    src->name, (unsigned)w.family, (unsigned)FAMILIES[0]);
        return ARAREXT_ERR_FORMAT;
    }
    if (src->len % BLOCK_SIZE != 0 || w.ours != w.total) {
        message_set(src->why, "%s: the UF2 has %u of %u blocks (cut off?)", src->name,
                    (unsigned)w.ours, (unsigned)w.total);
        return ARAREXT_ERR_FORMAT;
    }
    return ARAREXT_OK;
}
