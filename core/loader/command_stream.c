/* SPDX-License-Identifier: MIT */
/* The commands around streaming. */
#include "baud.h"
#include "bytes.h"
#include "geometry.h"
#include "memory_map.h"
#include "options.h"
#include "verdict.h"
#include "command_stream.h"

static enum reason stream_refuse(struct stream_answer *a, enum reason reason, uint32_t detail)
{
    a->detail = detail;
    return reason;
}

static enum reason stream_set_baud(struct stream_service *v, const uint8_t *payload,
                                   struct stream_answer *a)
{
    uint32_t rate = load_le32(payload);

    if (!baud_possible(v->usart_hz, rate)) {
        return stream_refuse(a, REASON_ARGUMENT, rate);
    }
    v->rate = rate;
    return REASON_NONE;
}

/* Whether [first, first + count) are sectors of the part; count is not 0. */
static enum reason stream_check_sectors(uint32_t flash_kib, unsigned first, unsigned count,
                                        struct stream_answer *a)
{
    unsigned total = geometry_sector_count(flash_kib);

    if (count == 0) {
        return stream_refuse(a, REASON_ARGUMENT, 0);
    }
    if (first + count > total) {
        return stream_refuse(a, REASON_NO_SECTOR, first > total ? first : total);
    }
    return REASON_NONE;
}

static enum reason stream_digests(struct stream_service *v, const uint8_t *payload,
                                  struct stream_answer *a)
{
    const struct stream_hw *hw = v->stream->hw;
    unsigned first = payload[0];
    unsigned count = payload[1];
    enum reason reason;

    if (v->provisioned(v->ctx)) {
        return REASON_PROVISIONED;
    }
    reason = stream_check_sectors(flash_hw_kib(hw->flash), first, count, a);
    for (unsigned i = 0; i < count && reason == REASON_NONE; i++) {
        if (v->provisioned(v->ctx)) { /* twice, as command_is_open */
            return REASON_PROVISIONED;
        }
        uint32_t crc = hw->memory_crc(hw->crc_ctx, geometry_sector_addr(first + i),
                                      geometry_sector_size(first + i) / WORD_SIZE);

        store_le32(a->data + a->len, crc);
        a->len = (uint8_t)(a->len + WORD_SIZE);
    }
    return reason;
}

/* Content for flash: it fits, and every sector that it will reach may be erased. */
static enum reason stream_check_range(const struct stream_service *v, unsigned sector,
                                      const struct stream_spec *spec, struct stream_answer *a)
{
    uint32_t kib = flash_hw_kib(v->stream->hw->flash);
    uint32_t end = geometry_flash_end(kib);
    enum reason reason = stream_check_sectors(kib, sector, 1, a);
    unsigned last;

    if (sector < MAP_BOOT_SECTORS) {
        return stream_refuse(a, REASON_BOOTLOADER, sector);
    }
    if (reason != REASON_NONE) {
        return reason;
    }
    if (spec->content == 0) {
        return stream_refuse(a, REASON_ARGUMENT, 0);
    }
    if (spec->content > end - spec->addr) {
        return stream_refuse(a, REASON_ADDRESS, end);
    }
    last = geometry_sector_at(spec->addr + spec->content - 1u);
    for (; sector <= last; sector++) {
        if ((v->options_read(v->ctx) >> (OPTIONS_NWRP_SHIFT + sector) & 1u) == 0) {
            return stream_refuse(a, REASON_WRITE_PROTECTED, sector);
        }
    }
    return REASON_NONE;
}

/* Flags and the fields that depend on them. */
static bool stream_spec_is_plausible(const struct stream_service *v, unsigned sector,
                                     const struct stream_spec *spec)
{
    unsigned kind = spec->flags & STREAM_KIND_BITS;
    bool packed = kind == STREAM_PACKED;
    unsigned allowed = kind == STREAM_PACKAGE ? 0 : STREAM_FLAG_HOLD;

    allowed |= STREAM_KIND_BITS | (packed ? STREAM_FLAG_THUMB : 0u);
    return (spec->flags & ~allowed) == 0 && kind <= STREAM_PACKAGE && spec->size != 0 &&
           (packed || spec->content == 0) && (!packed || v->stream->hw->memory != NULL) &&
           (kind != STREAM_PACKAGE || sector == 0) &&
           ((spec->flags & STREAM_FLAG_HOLD) == 0 ||
            (packed ? spec->content : spec->size) >= WORD_SIZE);
}

static enum reason stream_prepare(struct stream_service *v, unsigned sector,
                                  const struct stream_spec *spec, uint8_t *slot,
                                  struct stream_answer *a)
{
    enum reason reason;

    if ((spec->flags & STREAM_KIND_BITS) == STREAM_PACKAGE) {
        if (stream_resumes(v->stream, spec)) {
            return REASON_NONE;
        }
        stream_forget(v->stream);
        return v->stage_begin(v->ctx, spec->size, slot, &a->detail);
    }
    reason = stream_check_range(v, sector, spec, a);
    return reason == REASON_NONE ? v->retire(v->ctx, &a->detail) : reason;
}

/* Only a package may go to a board that is not surely open. Asked twice, as command_is_open. */
static bool stream_is_allowed(const struct stream_service *v, uint32_t flags)
{
    return (verdict_again(flags) & STREAM_KIND_BITS) == STREAM_PACKAGE || !v->provisioned(v->ctx);
}

static enum reason stream_serve_begin(struct stream_service *v, const uint8_t *payload,
                                      struct stream_answer *a)
{
    unsigned sector = payload[STREAM_BEGIN_SECTOR];
    struct stream_spec spec = {
        .flags = payload[STREAM_BEGIN_FLAGS],
        .size = load_le32(payload + STREAM_BEGIN_SIZE),
        .id = load_le32(payload + STREAM_BEGIN_ID),
        .content = load_le32(payload + STREAM_BEGIN_CONTENT),
    };
    enum reason reason;

    if (!stream_spec_is_plausible(v, sector, &spec)) {
        return stream_refuse(a, REASON_ARGUMENT, spec.flags);
    }
    if (!stream_is_allowed(v, spec.flags)) {
        return REASON_PROVISIONED;
    }
    if ((spec.flags & STREAM_KIND_BITS) == STREAM_PLAIN) {
        spec.content = spec.size;
    }
    spec.addr = geometry_sector_addr(sector);
    a->data[STREAM_BEGUN_SLOT] = 0xFF;
    a->data[STREAM_BEGUN_SLOT + 1] = 0;
    reason = stream_prepare(v, sector, &spec, a->data + STREAM_BEGUN_SLOT, a);
    if (reason != REASON_NONE) {
        return reason;
    }
    if (!stream_is_allowed(v, spec.flags)) {
        return REASON_PROVISIONED;
    }
    store_le32(a->data + STREAM_BEGUN_WINDOW, v->window);
    store_le32(a->data + STREAM_BEGUN_RESUME, stream_begin(v->stream, &spec));
    store_le16(a->data + STREAM_BEGUN_FRAME, STREAM_PAYLOAD_MAX);
    a->len = STREAM_BEGUN_SIZE;
    return REASON_NONE;
}

enum reason stream_serve(struct stream_service *v, const struct frame_request *q,
                         struct stream_answer *answer)
{
    answer->detail = 0;
    answer->len = 0;
    switch (q->command) {
    case COMMAND_SET_BAUD:
        return stream_set_baud(v, q->payload, answer);
    case COMMAND_STREAM_BEGIN:
        return stream_serve_begin(v, q->payload, answer);
    default:
        return stream_digests(v, q->payload, answer);
    }
}
