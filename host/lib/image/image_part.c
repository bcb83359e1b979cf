/* SPDX-License-Identifier: MIT */
/*
 * Parts of an image as they go to flash: what lies in a range, and pieces for one write each.
 */
#include "image_part.h"

uint32_t image_first_word(const struct ararext_image *image)
{
    return ararext_image_segment(image, 0).addr & ~3u;
}

struct range image_clip(const struct ararext_image *image, size_t i, uint32_t from, uint32_t limit)
{
    struct ararext_segment seg = ararext_image_segment(image, i);
    uint64_t end = (uint64_t)seg.addr + seg.len;
    uint32_t start = seg.addr > from ? seg.addr : from;
    uint64_t stop = end < limit ? end : limit;
    if (start >= stop) {
        return (struct range){0};
    }
    return (struct range){
        .addr = start, .len = (uint32_t)(stop - start), .data = seg.data + (start - seg.addr)};
}

static bool word_is_erased(const uint8_t *p)
{
    return p[0] == 0xFF && p[1] == 0xFF && p[2] == 0xFF && p[3] == 0xFF;
}

/* First word at or after from that the image has a byte of; limit if there is none. */
static uint32_t next_content(const struct ararext_image *image, uint32_t from, uint32_t limit)
{
    for (size_t i = 0; i < ararext_image_segment_count(image); i++) {
        struct range r = image_clip(image, i, from, limit);
        if (r.len > 0) {
            uint32_t word = r.addr & ~3u;
            return word > from ? word : from;
        }
    }
    return limit;
}

bool chunk_next(const struct ararext_image *image, uint32_t from, uint32_t limit, struct chunk *out)
{
    for (;;) {
        from = next_content(image, from, limit);
        if (from >= limit) {
            return false;
        }
        size_t window = limit - from < CHUNK_MAX ? limit - from : CHUNK_MAX;
        ararext_image_get(image, from, out->data, window);
        if (word_is_erased(out->data)) {
            from += 4;
            continue;
        }
        size_t used = 4;
        for (size_t at = 4; at < window && at - used < ERASED_RUN_MIN; at += 4) {
            used = word_is_erased(out->data + at) ? used : at + 4;
        }
        out->addr = from;
        out->len = used;
        return true;
    }
}
