/* SPDX-License-Identifier: MIT */
/*
 * What the application area of an open board holds: whether something there would be started, and
 * how far it reaches, found by asking for CRCs of what would be blank. Whoever flashes erases whole
 * sectors, so an application ends where a sector's end is erased; what stands in sectors behind
 * that is of an older, longer one, or this one has a gap. Reads only.
 */
#include <string.h>

#include "bytes.h"
#include "crc.h"
#include "format.h"
#include "image.h"
#include "memory_map.h"
#include "session.h"

/* Whether [addr, addr + len) is erased, by its CRC. */
static int is_blank(struct ararext_session *s, uint32_t addr, uint32_t len, bool *blank)
{
    uint8_t erased[256];
    uint32_t wanted = CRC_START, crc = 0;
    memset(erased, 0xFF, sizeof erased);
    int rc = ararext_get_crc(s, addr, len, &crc);
    for (uint32_t at = 0; at < len; at += sizeof erased) {
        wanted = ararext_crc(wanted, erased, len - at < sizeof erased ? len - at : sizeof erased);
    }
    *blank = rc == ARAREXT_OK && crc == wanted;
    return rc;
}

/* Where the area ends: at the first slot that ever held a package. */
static int find_limit(struct ararext_session *s, const struct ararext_info *info, uint32_t *limit)
{
    uint32_t half = info->flash_kib * 1024u / 2u, base = MAP_FLASH_BASE + half;
    *limit = info->app_end;
    for (unsigned i = 0; i < 2; i++) {
        uint8_t word[WORD_SIZE];
        uint32_t slot = base + i * (half / 2u);
        int rc = session_read_twice(s, slot, word, sizeof word);
        if (rc != ARAREXT_OK || load_le32(word) == PACKAGE_MAGIC) {
            *limit = slot < *limit ? slot : *limit;
            return rc;
        }
    }
    return ARAREXT_OK;
}

/* The sector with the last byte that is not erased; -1 if all are. */
static int find_last_sector(struct ararext_session *s, const struct ararext_info *info,
                            uint32_t limit, int *last)
{
    int rc = ARAREXT_OK;
    bool blank = true;
    *last = ararext_find_sector(info, limit - 1);
    while (rc == ARAREXT_OK && *last >= 0 && info->sectors[*last].addr >= info->app_base) {
        rc = is_blank(s, info->sectors[*last].addr, info->sectors[*last].size, &blank);
        if (!blank) {
            return rc;
        }
        --*last;
    }
    *last = -1;
    return rc;
}

/* First address in the sector behind which all is erased, to a word. */
static int find_end(struct ararext_session *s, const struct ararext_sector *sector, uint32_t *end)
{
    uint32_t low = sector->addr, high = sector->addr + sector->size; /* low is not, high is */
    bool all = false;
    int rc = is_blank(s, low, sector->size, &all);
    high = all ? low : high;
    while (rc == ARAREXT_OK && high - low > WORD_SIZE) {
        uint32_t middle = low + (high - low) / 2u / WORD_SIZE * WORD_SIZE;
        bool blank = false;
        rc = is_blank(s, middle, sector->addr + sector->size - middle, &blank);
        if (blank) {
            high = middle;
        } else {
            low = middle;
        }
    }
    *end = high;
    return rc;
}

/* The first sector from the area's begin on whose last word is erased; -1 if all are full. */
static int find_open_sector(struct ararext_session *s, const struct ararext_info *info,
                            uint32_t limit, int *open)
{
    int i = ararext_find_sector(info, info->app_base);
    *open = -1;
    for (; i >= 0 && (size_t)i < info->sector_count && info->sectors[i].addr < limit; i++) {
        uint8_t word[WORD_SIZE];
        const struct ararext_sector *sector = &info->sectors[i];
        int rc = session_read_twice(s, sector->addr + sector->size - WORD_SIZE, word, sizeof word);
        if (rc != ARAREXT_OK) {
            return rc;
        }
        if (load_le32(word) == UINT32_MAX) {
            *open = i;
            return ARAREXT_OK;
        }
    }
    return ARAREXT_OK;
}

/* Bytes of the first piece, and what stands behind it. */
static int measure(struct ararext_session *s, const struct ararext_info *info, uint32_t limit,
                   struct ararext_application *out)
{
    uint32_t end = limit, further = 0;
    int open = -1, last = -1;
    int rc = find_last_sector(s, info, limit, &last);
    if (rc != ARAREXT_OK || last < 0) {
        return rc;
    }
    rc = find_end(s, &info->sectors[last], &further);
    if (rc == ARAREXT_OK) {
        rc = find_open_sector(s, info, limit, &open);
    }
    if (rc == ARAREXT_OK && open >= 0) {
        rc = find_end(s, &info->sectors[open], &end);
    }
    out->bytes = end - info->app_base;
    out->further = further > end ? further : 0;
    return rc;
}

int ararext_find_application(struct ararext_session *s, const struct ararext_info *info,
                             struct ararext_application *out)
{
    uint8_t words[2 * WORD_SIZE];
    uint32_t limit = 0;
    *out = (struct ararext_application){0};
    if (!session_has(s, ARAREXT_FEATURE_MEM_CRC)) {
        return ARAREXT_ERR_UNSUPPORTED;
    }
    int rc = session_read_twice(s, info->app_base, words, sizeof words);
    if (rc == ARAREXT_OK) {
        rc = find_limit(s, info, &limit);
    }
    if (rc == ARAREXT_OK) {
        rc = measure(s, info, limit, out);
    }
    if (rc == ARAREXT_OK && out->bytes != 0) {
        rc = ararext_get_crc(s, info->app_base, out->bytes, &out->crc);
    }
    out->plausible = image_vectors_plausible(load_le32(words), load_le32(words + WORD_SIZE),
                                             MAP_FLASH_BASE + info->flash_kib * 1024u);
    return rc;
}
