/* SPDX-License-Identifier: MIT */
/*
 * From a package to the application area, and the trial run of that which writes nothing. Content
 * comes out of the unpacker or the payload in pieces of whole words, except at its end.
 */
#include "compare.h"
#include "geometry.h"
#include "image.h"
#include "bytes.h"
#include "memory_map.h"
#include "sha256.h"
#include "update_state.h"

#define PIECE 256u

/* Where content goes: flash, or a digest. */
struct update_sink {
    const struct update_board *u;
    const struct package *p;
    uint32_t *detail;
    uint32_t done;
    const uint8_t *data; /* flash has begun with these, but is not asked for them yet */
    size_t len;
    bool vectors_fit;
    struct sha256 sha;
};

static enum reason update_sink_hash(void *ctx, const uint8_t *data, size_t len)
{
    struct update_sink *s = ctx;

    if (s->done == 0) {
        s->vectors_fit = len >= 2u * WORD_SIZE &&
                         package_vectors_fit(s->p, load_le32(data), load_le32(data + WORD_SIZE));
    }
    s->done += (uint32_t)len;
    sha256_add(&s->sha, data, len);
    return REASON_NONE;
}

/* Brings to an end what flash has begun with, and begins with data. */
static enum reason update_sink_flash(void *ctx, const uint8_t *data, size_t len)
{
    struct update_sink *s = ctx;
    const struct flash_hw *flash = s->u->flash;
    enum reason reason =
        flash_hw_program(flash, MAP_APP_BASE + s->done, s->data, s->len, s->detail);

    if (reason != REASON_NONE) {
        len = 0;
    }
    s->done += (uint32_t)s->len;
    s->data = data;
    s->len = len;
    flash_hw_begin(flash, MAP_APP_BASE + s->done, data, len);
    return reason;
}

/* The whole content into a sink. At the end the sink gets nothing: no data is lent any more. */
static enum reason update_stream(struct update_sink *s, unpack_sink_fn *sink)
{
    const struct flash_hw *flash = s->u->flash;
    uint32_t addr = s->p->addr + PACKAGE_HEADER_SIZE;
    uint32_t left = s->p->payload_size;
    bool packed = s->p->flags != 0;
    struct unpack unpack = {.sink = sink, .ctx = s};
    enum reason reason = REASON_NONE;
    enum reason settled;
    _Alignas(8) uint8_t pieces[2][PIECE]; /* a sink may look at the last one until the next */

    if (packed) {
        if (s->u->memory == NULL) {
            return REASON_PACKAGE_CONTENT;
        }
        unpack_init(&unpack, s->u->memory, s->u->dictionary, s->p->content_size,
                    (s->p->flags & PACKAGE_FLAG_ARM_THUMB) != 0);
    }
    while (left != 0 && reason == REASON_NONE) {
        uint32_t n = left < PIECE ? left : PIECE;
        uint8_t *piece = pieces[left / PIECE % 2u];

        flash_hw_read(flash, addr, piece, n);
        reason = packed ? unpack_add(&unpack, piece, n) : sink(s, piece, n);
        flash_hw_alive(flash);
        addr += n;
        left -= n;
    }
    if (packed && reason == REASON_NONE) {
        reason = unpack_end(&unpack);
    }
    settled = sink(s, NULL, 0);
    return reason == REASON_NONE ? settled : reason;
}

enum reason update_check_content(const struct update_board *u, const struct package *p,
                                 uint32_t *detail)
{
    struct update_sink s = {.u = u, .p = p, .detail = detail};
    uint8_t digest[2][DIGEST_SIZE];
    enum reason reason;

    if (p->flags == 0) {
        return REASON_NONE;
    }
    sha256_init(&s.sha);
    reason = update_stream(&s, update_sink_hash);
    if (reason != REASON_NONE) {
        return reason;
    }
    sha256_end(&s.sha, digest[0]);
    flash_hw_read(u->flash, p->addr + p->content_digest_at, digest[1], DIGEST_SIZE);
    return s.vectors_fit && compare_differences(digest[0], digest[1], DIGEST_SIZE) == 0
               ? REASON_NONE
               : REASON_PACKAGE_CONTENT;
}

static enum reason update_erase_area(const struct update_board *u, const struct package *p,
                                     uint32_t *detail)
{
    enum reason reason = REASON_NONE;
    uint32_t end = MAP_APP_BASE + p->content_size;

    for (unsigned i = MAP_BOOT_SECTORS; geometry_sector_addr(i) < end && reason == REASON_NONE;
         i++) {
        reason = flash_hw_erase(u->flash, i, detail);
    }
    return reason;
}

enum reason update_install(const struct update_board *u, const struct package *p, uint8_t slot,
                           struct package_check *matched, uint32_t *detail)
{
    struct update_sink s = {.u = u, .p = p, .detail = detail};
    enum reason reason = update_erase_area(u, p, detail); /* U4 */

    if (reason == REASON_NONE) {
        reason = update_stream(&s, update_sink_flash);
    }
    if (reason != REASON_NONE) {
        return reason;
    }
    update_clear_check(matched);
    package_match_area(u->flash, p, matched);
    if (!update_good(matched)) {
        *detail = matched->detail;
        return REASON_VERIFY;
    }
    (void)slot_claim(u->flash, slot, detail); /* U3 */
    return REASON_NONE;
}
