/* SPDX-License-Identifier: MIT */
/*
 * The commands around streaming: SET_BAUD, STREAM_BEGIN, DIGESTS, and the way of a streamed package
 * into its slot. The engine (stream.h) itself knows neither loader nor packages.
 */
#include "command_stream.h"

#include "baud.h"
#include "bytes.h"
#include "command.h"
#include "geometry.h"
#include "memory_hw.h"
#include "memory_map.h"

_Static_assert(4u * DIGESTS_MAX <= ANSWER_DATA_MAX, "one answer");

enum reason command_set_baud(struct loader *l, const struct frame_request *request)
{
    uint32_t rate = load_le32(request->payload);

    if (!baud_possible(l->streaming->usart_hz, rate)) {
        return command_refuse(l, REASON_ARGUMENT, rate);
    }
    l->streaming->rate = rate;
    l->after = AFTER_BAUD;
    return REASON_NONE;
}

/* Whether [first, first + count) are sectors of the part; count is not 0. */
static enum reason command_check_sectors(struct loader *l, unsigned first, unsigned count)
{
    unsigned total = geometry_sector_count(l->info.flash_kib);

    if (count == 0) {
        return command_refuse(l, REASON_ARGUMENT, 0);
    }
    if (first + count > total) {
        return command_refuse(l, REASON_NO_SECTOR, first > total ? first : total);
    }
    return REASON_NONE;
}

enum reason command_digests(struct loader *l, const struct frame_request *request)
{
    unsigned first = request->payload[0];
    unsigned count = request->payload[1];
    enum reason reason;

    if (command_check_open(l) != REASON_NONE) {
        return REASON_PROVISIONED;
    }
    reason = command_check_sectors(l, first, count);
    if (reason != REASON_NONE) {
        return reason;
    }
    for (unsigned i = first; i < first + count; i++) {
        if (!command_is_open(l)) {
            return REASON_PROVISIONED;
        }
        store_le32(command_append(l, WORD_SIZE),
                   memory_hw_crc_words(l->update->flash, geometry_sector_addr(i),
                                       geometry_sector_size(i) / WORD_SIZE));
    }
    return REASON_NONE;
}

/* Content for flash: it fits, and every sector that it will reach may be erased. */
static enum reason command_check_content(struct loader *l, unsigned sector,
                                         const struct stream_spec *spec)
{
    uint32_t end = geometry_flash_end(l->info.flash_kib);
    enum reason reason;

    if (sector < MAP_BOOT_SECTORS) {
        return command_refuse(l, REASON_BOOTLOADER, sector);
    }
    reason = command_check_sectors(l, sector, 1);
    if (reason != REASON_NONE) {
        return reason;
    }
    if (spec->content == 0) {
        return command_refuse(l, REASON_ARGUMENT, 0);
    }
    if (spec->content > end - spec->addr) {
        return command_refuse(l, REASON_ADDRESS, end);
    }
    return command_check_protection(l, (2u << geometry_sector_at(spec->addr + spec->content - 1u)) -
                                           (1u << sector));
}

static unsigned command_stream_kind(uint32_t flags)
{
    return flags & STREAM_KIND_BITS;
}

/* Flags and the fields that depend on them. */
static bool command_is_plausible(const struct stream *s, unsigned sector,
                                 const struct stream_spec *spec)
{
    unsigned kind = command_stream_kind(spec->flags);
    bool packed = kind == STREAM_PACKED;
    unsigned allowed = kind == STREAM_PACKAGE ? 0 : STREAM_FLAG_HOLD;

    allowed |= STREAM_KIND_BITS | (packed ? STREAM_FLAG_THUMB : 0u);
    return (spec->flags & ~allowed) == 0 && kind <= STREAM_PACKAGE && spec->size != 0 &&
           (packed || spec->content == 0) && (!packed || s->hw->memory != NULL) &&
           (kind != STREAM_PACKAGE || sector == 0) &&
           ((spec->flags & STREAM_FLAG_HOLD) == 0 ||
            (packed ? spec->content : spec->size) >= WORD_SIZE);
}

/* Only a package may go to a board that is not surely open. Asked twice, as command_is_open. */
static bool command_may_stream(const struct loader *l, uint32_t flags)
{
    return command_stream_kind(verdict_again(flags)) == STREAM_PACKAGE || command_is_open(l);
}

static enum reason command_prepare_stream(struct loader *l, unsigned sector,
                                          const struct stream_spec *spec, uint8_t *slot)
{
    struct stream *s = l->streaming->stream;
    enum reason reason;

    if (command_stream_kind(spec->flags) == STREAM_PACKAGE) {
        if (stream_resumes(s, spec)) {
            return REASON_NONE;
        }
        stream_forget(s);
        reason = command_begin_stage(l, spec->size);
        *slot = l->stage.slot;
        return reason;
    }
    reason = command_check_content(l, sector, spec);
    return reason == REASON_NONE ? command_begin_direct(l) : reason;
}

enum reason command_stream_begin(struct loader *l, const struct frame_request *request)
{
    const uint8_t *payload = request->payload;
    struct stream *s = l->streaming->stream;
    unsigned sector = payload[STREAM_BEGIN_SECTOR];
    struct stream_spec spec = {
        .flags = payload[STREAM_BEGIN_FLAGS],
        .size = load_le32(payload + STREAM_BEGIN_SIZE),
        .id = load_le32(payload + STREAM_BEGIN_ID),
        .content = load_le32(payload + STREAM_BEGIN_CONTENT),
    };
    uint8_t slot = 0xFF;
    uint8_t *out;
    enum reason reason;

    if (!command_is_plausible(s, sector, &spec)) {
        return command_refuse(l, REASON_ARGUMENT, spec.flags);
    }
    if (!command_may_stream(l, spec.flags)) {
        return REASON_PROVISIONED;
    }
    if (command_stream_kind(spec.flags) == STREAM_PLAIN) {
        spec.content = spec.size;
    }
    spec.addr = geometry_sector_addr(sector);
    reason = command_prepare_stream(l, sector, &spec, &slot);
    if (reason != REASON_NONE) {
        return reason;
    }
    if (!command_may_stream(l, spec.flags)) {
        return REASON_PROVISIONED;
    }
    out = command_append(l, STREAM_BEGUN_SIZE);
    store_le32(out + STREAM_BEGUN_WINDOW, command_stream_kind(spec.flags) == STREAM_PACKED
                                              ? l->streaming->packed_window
                                              : l->streaming->window);
    store_le32(out + STREAM_BEGUN_RESUME, stream_begin(s, &spec));
    store_le16(out + STREAM_BEGUN_FRAME, STREAM_PAYLOAD_MAX);
    out[STREAM_BEGUN_SLOT] = slot;
    out[STREAM_BEGUN_TAKES] = STREAM_BEGUN_BLOCKS;
    l->after = AFTER_STREAM;
    return REASON_NONE;
}

enum reason loader_stage(void *ctx, uint32_t offset, const uint8_t *data, uint32_t len,
                         uint32_t *detail)
{
    struct loader *l = ctx;

    return update_stage_write(l->update, &l->stage, offset, data, len, detail);
}
