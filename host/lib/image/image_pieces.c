/* SPDX-License-Identifier: MIT */
/*
 * An image while it is built and what it is then: pieces in any order become segments, ascending
 * and without overlaps.
 */
#include <stdlib.h>
#include <string.h>

#include "image_file.h"

/* ---- pieces ---- */

static int reserve_bytes(struct ararext_image *image, size_t len)
{
    size_t need = image->size + len;
    if (need > image->bytes_room) {
        size_t room = image->bytes_room * 2 > need ? image->bytes_room * 2 : need;
        uint8_t *bigger = realloc(image->bytes, room);
        if (bigger == NULL) {
            return ARAREXT_ERR_MEMORY;
        }
        image->bytes = bigger;
        image->bytes_room = room;
    }
    return ARAREXT_OK;
}

static int reserve_piece(struct ararext_image *image)
{
    if (image->count == image->room) {
        size_t room = image->room == 0 ? 8 : image->room * 2;
        struct piece *bigger = realloc(image->pieces, room * sizeof *bigger);
        if (bigger == NULL) {
            return ARAREXT_ERR_MEMORY;
        }
        image->pieces = bigger;
        image->room = room;
    }
    return ARAREXT_OK;
}

int image_add(struct ararext_image *image, uint32_t addr, const uint8_t *data, size_t len,
              unsigned line)
{
    if (len == 0) {
        return ARAREXT_OK;
    }
    if (len > FILE_SIZE_MAX - image->size || (uint64_t)addr + len > UINT64_C(0x100000000)) {
        return ARAREXT_ERR_FORMAT;
    }
    if (reserve_bytes(image, len) != ARAREXT_OK || reserve_piece(image) != ARAREXT_OK) {
        return ARAREXT_ERR_MEMORY;
    }
    image->pieces[image->count++] = (struct piece){addr, (uint32_t)len, image->size, line};
    memcpy(image->bytes + image->size, data, len);
    image->size += len;
    return ARAREXT_OK;
}

/* ---- segments ---- */

/* By address; where two begin at the same one, as they came. */
static int compare_pieces(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    int by_addr = (x->addr > y->addr) - (x->addr < y->addr);
    return by_addr != 0 ? by_addr : (x->at > y->at) - (x->at < y->at);
}

/* The sentence about piece i, which differs at addr from what came before. */
static int overlap(const struct ararext_image *image, size_t i, uint32_t addr,
                   const struct source *src)
{
    unsigned line = image->pieces[i].line, other = line;
    for (size_t j = 0; j < i; j++) {
        const struct piece *p = &image->pieces[j];
        other = addr - p->addr < p->len ? p->line : other;
    }
    if (line == 0) {
        message_set(src->why, "%s: two parts overlap at 0x%08X, and differ there", src->name,
                    (unsigned)addr);
    } else {
        message_set(src->why, "%s: lines %u and %u have different bytes for 0x%08X", src->name,
                    line < other ? line : other, line < other ? other : line, (unsigned)addr);
    }
    return ARAREXT_ERR_FORMAT;
}

/* Appends what is new of piece i to the segments, whose bytes go to out, *used so far. */
static int settle_piece(struct ararext_image *image, size_t i, const struct source *src,
                        uint8_t *out, size_t *used)
{
    const struct piece *p = &image->pieces[i];
    const uint8_t *data = image->bytes + p->at;
    struct ararext_segment *last =
        image->segment_count > 0 ? &image->segments[image->segment_count - 1] : NULL;
    uint64_t end = last != NULL ? (uint64_t)last->addr + last->len : 0;
    uint32_t known = last == NULL || p->addr >= end ? 0 : (uint32_t)(end - p->addr);
    known = known < p->len ? known : p->len;
    for (uint32_t n = 0; last != NULL && n < known; n++) {
        if (data[n] != last->data[p->addr - last->addr + n]) {
            return overlap(image, i, p->addr + n, src);
        }
    }
    uint32_t fresh = p->len - known;
    memcpy(out + *used, data + known, fresh);
    if (last != NULL && p->addr <= end) {
        last->len += fresh;
    } else {
        image->segments[image->segment_count++] =
            (struct ararext_segment){.addr = p->addr, .len = fresh, .data = out + *used};
    }
    *used += fresh;
    return ARAREXT_OK;
}

int image_settle(struct ararext_image *image, const struct source *src)
{
    if (image->count == 0) {
        message_set(src->why, "%s: there is nothing to load in it", src->name);
        return ARAREXT_ERR_FORMAT;
    }
    uint8_t *out = malloc(image->size);
    image->segments = calloc(image->count, sizeof image->segments[0]);
    if (out == NULL || image->segments == NULL) {
        free(out);
        return ARAREXT_ERR_MEMORY;
    }
    qsort(image->pieces, image->count, sizeof image->pieces[0], compare_pieces);
    size_t used = 0;
    int rc = ARAREXT_OK;
    for (size_t i = 0; rc == ARAREXT_OK && i < image->count; i++) {
        rc = settle_piece(image, i, src, out, &used);
    }
    free(image->bytes);
    free(image->pieces);
    image->bytes = out;
    image->size = used;
    image->pieces = NULL;
    image->count = image->room = 0;
    return rc;
}

/* What of a segment lies in [from, end). */
static struct ararext_segment part_of(const struct ararext_segment *s, uint64_t from, uint64_t end)
{
    uint64_t begin = s->addr > from ? s->addr : from;
    uint64_t stop = (uint64_t)s->addr + s->len < end ? (uint64_t)s->addr + s->len : end;
    struct ararext_segment part = {0};
    if (begin < stop) {
        part.addr = (uint32_t)begin;
        part.len = (uint32_t)(stop - begin);
        part.data = s->data + (begin - s->addr);
    }
    return part;
}

int image_cut(struct ararext_image *image, uint32_t from, uint32_t end)
{
    struct ararext_segment *left = calloc(image->segment_count + 1, sizeof left[0]);
    size_t count = 0;
    if (left == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct ararext_segment parts[2] = {
            part_of(&image->segments[i], 0, from),
            part_of(&image->segments[i], end, UINT64_C(0x100000000)),
        };
        for (size_t j = 0; j < 2; j++) {
            if (parts[j].len > 0) {
                left[count++] = parts[j];
            }
        }
    }
    free(image->segments);
    image->segments = left;
    image->segment_count = count;
    return ARAREXT_OK;
}

/* ---- looking at it ---- */

bool image_has(const struct ararext_image *image, uint32_t addr, uint32_t len)
{
    for (size_t i = 0; i < image->segment_count; i++) {
        const struct ararext_segment *s = &image->segments[i];
        if (addr - s->addr < s->len && s->len - (addr - s->addr) >= len) {
            return true;
        }
    }
    return false;
}

void ararext_image_free(struct ararext_image *image)
{
    if (image != NULL) {
        free(image->pieces);
        free(image->bytes);
        free(image->segments);
        free(image);
    }
}

size_t ararext_image_segment_count(const struct ararext_image *image)
{
    return image->segment_count;
}

struct ararext_segment ararext_image_segment(const struct ararext_image *image, size_t i)
{
    return image->segments[i];
}

enum ararext_format ararext_image_format(const struct ararext_image *image)
{
    return image->format;
}

uint32_t ararext_image_size(const struct ararext_image *image)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < image->segment_count; i++) {
        sum += image->segments[i].len;
    }
    return sum;
}

void ararext_image_get(const struct ararext_image *image, uint32_t addr, uint8_t *data, size_t len)
{
    memset(data, 0xFF, len);
    for (size_t i = 0; i < image->segment_count; i++) {
        struct ararext_segment s = part_of(&image->segments[i], addr, (uint64_t)addr + len);
        if (s.len > 0) {
            memcpy(data + (s.addr - addr), s.data, s.len);
        }
    }
}
