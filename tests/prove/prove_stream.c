/* SPDX-License-Identifier: MIT */
/* The stream receiver: streams of any kind and size, any bytes in a ring that wraps, any times. */
#include "geometry.h"
#include "prove_chip.h"
#include "stream.h"

enum { RING = 4096, FLASH_END = 0x08100000 };

static uint8_t ring[RING];
static struct unpack_memory memory;
static uint8_t dictionary[UNPACK_DICTIONARY];

static enum reason stage(void *ctx, uint32_t offset, const uint8_t *data, uint32_t len,
                         uint32_t *detail)
{
    (void)ctx;
    (void)offset;
    touch(data, len);
    return any_end(detail);
}

/* What command_stream_begin lets through. */
static bool describe(struct stream_spec *spec)
{
    uint32_t room;
    unsigned kind;

    spec->addr = geometry_sector_addr(2u + any_below(10));
    room = FLASH_END - spec->addr;
    spec->flags = any_byte();
    spec->id = any_word();
    spec->size = 1u + any_below(room);
    kind = spec->flags & STREAM_KIND_BITS;
    spec->content = kind == STREAM_PLAIN    ? spec->size
                    : kind == STREAM_PACKED ? 1u + any_below(room)
                                            : 0;
    return kind <= STREAM_PACKAGE && ((spec->flags & STREAM_FLAG_HOLD) == 0 || spec->content >= 4);
}

static void feed(struct stream *s)
{
    uint8_t out[STREAM_STATUS_SIZE];
    uint32_t now = any_word();
    uint32_t from = any_below(RING);
    uint32_t len = any_below(RING + 1u);
    uint32_t first = RING - from < len ? RING - from : len;
    struct stream_input in = {{ring + from, ring}, {first, len - first}};
    size_t took;

    any_bytes(ring, RING);
    took = stream_take(s, &in, now);
    /*@ assert takes_no_more: took <= len; */
    if (any_bool()) {
        stream_lost(s, now);
    }
    (void)stream_status(s, now, out);
}

int main(void)
{
    static struct stream s;
    struct flash_hw flash = {1024};
    struct stream_hw hw = {&flash, &memory, dictionary, stage, NULL};

    stream_init(&s, &hw);
    while (any_bool()) {
        struct stream_spec spec;
        if (!describe(&spec)) {
            continue;
        }
        (void)stream_resumes(&s, &spec);
        (void)stream_begin(&s, &spec);
        while (any_bool() && s.state != STREAM_CLOSED && s.state != STREAM_IDLE) {
            feed(&s);
        }
        if (any_bool()) {
            stream_forget(&s);
        }
    }
    return 0;
}
