/* SPDX-License-Identifier: MIT */
/*
 * What has to be done to get an image into flash: which sectors hold it already, which are blank
 * where it goes, which have to be erased. Reads only.
 *
 * One rule beyond the obvious: when anything changes, the sector with the image's first word is not
 * kept, so that flash.c can make sure that a half image never looks bootable.
 */
#include <stdlib.h>
#include <string.h>

#include "flash_compare.h"
#include "image_part.h"
#include "protocol.h"
#include "reserved.h"
#include "stream_host.h"

enum { NWRP_BITS = 12 }; /* sectors that nWRP speaks of */

/* ---- comparing by MEM_CRC ---- */

/* Whether all words from the image's first to its last in the sector are erased. */
static int sector_is_blank(struct ararext_session *s, const struct ararext_image *image,
                           const struct ararext_sector *sector, bool *blank)
{
    uint32_t first = UINT32_MAX, end = 0;
    for (size_t i = 0; i < ararext_image_segment_count(image); i++) {
        struct range r = image_clip(image, i, sector->addr, sector->addr + sector->size);
        if (r.len > 0) {
            first = first < (r.addr & ~3u) ? first : (r.addr & ~3u);
            end = (r.addr + r.len + 3u) & ~3u;
        }
    }
    uint8_t *erased = malloc(sector->size);
    if (erased == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    memset(erased, 0xFF, sector->size);
    struct range r = {.addr = first, .len = end - first, .data = erased};
    int rc = flash_range_holds(s, &r, blank);
    free(erased);
    return rc;
}

static int choose_action(struct ararext_session *s, const struct ararext_image *image,
                         const struct ararext_sector *sector, enum ararext_action *out)
{
    bool yes = false;
    int rc = flash_sector_holds(s, image, sector, &yes);
    if (rc == ARAREXT_OK && yes) {
        *out = ARAREXT_KEEP;
        return rc;
    }
    if (rc == ARAREXT_OK) {
        rc = sector_is_blank(s, image, sector, &yes);
    }
    *out = yes ? ARAREXT_PROGRAM : ARAREXT_ERASE;
    return rc;
}

/* ---- the plan ---- */

static void report(const struct ararext_flash_options *o, uint32_t done, uint32_t total)
{
    if (o != NULL && o->progress != NULL) {
        o->progress(o->ctx, ARAREXT_PHASE_COMPARE, done, total);
    }
}

/* Lists the sectors that the image touches. */
static int list_sectors(const struct ararext_info *info, const struct ararext_image *image,
                        struct ararext_plan *out)
{
    *out = (struct ararext_plan){0};
    uint32_t placed = 0;
    for (size_t i = 0; i < info->sector_count; i++) {
        const struct ararext_sector *sector = &info->sectors[i];
        uint32_t bytes = 0;
        for (size_t j = 0; j < ararext_image_segment_count(image); j++) {
            bytes += image_clip(image, j, sector->addr, sector->addr + sector->size).len;
        }
        if (bytes > 0) {
            out->sectors[out->count].sector = (uint8_t)i;
            out->sectors[out->count].action = ARAREXT_ERASE;
            out->sectors[out->count++].image_bytes = bytes;
            placed += bytes;
        }
    }
    return placed == ararext_image_size(image) ? ARAREXT_OK : ARAREXT_ERR_ARGUMENT;
}

static uint32_t count_chunks(const struct ararext_image *image, uint32_t from, uint32_t limit)
{
    uint32_t sum = 0;
    struct chunk chunk;
    for (uint32_t at = from; chunk_next(image, at, limit, &chunk);
         at = chunk.addr + (uint32_t)chunk.len) {
        sum += (uint32_t)chunk.len;
    }
    return sum;
}

/* Counts as flash.c sends: the image's first word by itself. */
static void count_bytes(const struct ararext_info *info, const struct ararext_image *image,
                        struct ararext_plan *plan)
{
    uint32_t word = image_first_word(image);
    for (size_t i = 0; i < plan->count; i++) {
        const struct ararext_sector *sector = &info->sectors[plan->sectors[i].sector];
        uint32_t from = sector->addr, end = sector->addr + sector->size;
        if (plan->sectors[i].action == ARAREXT_ERASE) {
            plan->erase_bytes += sector->size;
        }
        if (plan->sectors[i].action == ARAREXT_KEEP || plan->stream) {
            continue;
        }
        if (i == 0) {
            plan->write_bytes += count_chunks(image, word, word + FIRST_WORD_SIZE);
            from = word + FIRST_WORD_SIZE;
        }
        plan->write_bytes += count_chunks(image, from, end);
    }
    if (plan->stream) {
        plan->write_bytes = stream_count_bytes(info, image, plan);
    }
}

/* Found now, it costs nothing; found by the board, sectors before it are erased already. */
static int check_protection(struct ararext_session *s, const struct ararext_info *info,
                            const struct ararext_plan *plan)
{
    for (size_t i = 0; i < plan->count; i++) {
        unsigned sector = plan->sectors[i].sector;
        if (plan->sectors[i].action != ARAREXT_KEEP && sector < NWRP_BITS &&
            (info->nwrp >> sector & 1) == 0) {
            s->failure = (struct ararext_failure){.code = ARAREXT_ERR_PROTECTED,
                                                  .has_reason = true,
                                                  .reason = REASON_WRITE_PROTECTED,
                                                  .detail = sector};
            return ARAREXT_ERR_PROTECTED;
        }
    }
    return ARAREXT_OK;
}

static int compare(struct ararext_session *s, const struct ararext_image *image,
                   const struct ararext_flash_options *options, struct ararext_plan *out)
{
    uint32_t total = ararext_image_size(image), done = 0;
    for (size_t i = 0; i < out->count; i++) {
        report(options, done, total);
        int rc = choose_action(s, image, &s->info.sectors[out->sectors[i].sector],
                               &out->sectors[i].action);
        if (rc != ARAREXT_OK) {
            return rc;
        }
        done += out->sectors[i].image_bytes;
    }
    report(options, done, total);
    return ARAREXT_OK;
}

static bool has_changes(const struct ararext_plan *plan)
{
    bool changes = false;
    for (size_t i = 0; i < plan->count; i++) {
        changes = changes || plan->sectors[i].action != ARAREXT_KEEP;
    }
    return changes;
}

int ararext_flash_plan(struct ararext_session *s, const struct ararext_info *info,
                       const struct ararext_image *image,
                       const struct ararext_flash_options *options, struct ararext_plan *out)
{
    if (!NOTHING_RESERVED_IF_ANY(options)) {
        return ARAREXT_ERR_ARGUMENT;
    }
    s->info = *info;
    s->has_info = true;
    int rc = list_sectors(info, image, out);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    out->stream =
        session_has(s, ARAREXT_FEATURE_STREAM) && (options == NULL || !options->no_stream);
    if (session_has(s, ARAREXT_FEATURE_MEM_CRC) && (options == NULL || !options->erase_always)) {
        rc = out->stream ? stream_compare(s, image, out) : compare(s, image, options, out);
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    /* The image's first word is in the first sector of the list. */
    if (has_changes(out) && out->sectors[0].action == ARAREXT_KEEP) {
        out->sectors[0].action = ARAREXT_ERASE;
    }
    count_bytes(info, image, out);
    return check_protection(s, info, out);
}
