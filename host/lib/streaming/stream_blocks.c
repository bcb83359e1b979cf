/* SPDX-License-Identifier: MIT */
/* See stream_blocks.h. */
#include "stream_blocks.h"

static uint32_t *sent_at(struct stream_blocks *b, uint32_t offset)
{
    return &b->sent_at[offset / STREAM_BLOCK % STREAM_BLOCKS_FLIGHT];
}

static uint32_t was_sent_at(const struct stream_blocks *b, uint32_t offset)
{
    return b->sent_at[offset / STREAM_BLOCK % STREAM_BLOCKS_FLIGHT];
}

static bool is_kept(const struct stream_blocks *b, uint32_t i)
{
    return (b->kept >> i & 1u) != 0;
}

/* Half of the window: repeats lie in the board's ring, too. */
void stream_blocks_begin(struct stream_blocks *b, uint32_t at, uint32_t size, uint32_t window)
{
    uint32_t fit = window / 2u / STREAM_BLOCK_SIZE;
    *b = (struct stream_blocks){.on = true, .size = size, .acked = at, .sent = at};
    b->near = (fit < STREAM_BLOCKS_NEAR ? fit : STREAM_BLOCKS_NEAR) * STREAM_BLOCK;
    b->far = (fit < STREAM_BLOCKS_FLIGHT ? fit : STREAM_BLOCKS_FLIGHT) * STREAM_BLOCK;
}

bool stream_blocks_choose(const struct stream_blocks *b, uint32_t *offset)
{
    for (uint32_t i = 0; i < STREAM_KEPT_BITS; i++) {
        *offset = b->acked + i * STREAM_BLOCK;
        if (*offset >= b->sent) {
            break;
        }
        if (!is_kept(b, i) && was_sent_at(b, *offset) < b->seen) {
            return true;
        }
    }
    *offset = b->sent;
    return !b->ends && b->sent < b->size && b->sent - b->acked < (b->silent ? b->far : b->near);
}

bool stream_blocks_note_sent(struct stream_blocks *b, uint32_t offset)
{
    bool again = offset < b->sent;
    *sent_at(b, offset) = ++b->order;
    if (!again) {
        b->sent = b->size - offset < STREAM_BLOCK ? b->size : offset + STREAM_BLOCK;
    }
    return again;
}

uint32_t stream_blocks_note_poll(struct stream_blocks *b)
{
    b->polls++;
    b->polled_at[b->polls % STREAM_BLOCKS_POLLS] = ++b->order;
    return b->polls;
}

static void note_seen(struct stream_blocks *b, uint32_t order)
{
    b->seen = order > b->seen ? order : b->seen;
}

void stream_blocks_hear(struct stream_blocks *b, uint32_t next, uint32_t kept, uint32_t answered)
{
    for (uint32_t at = b->acked; at < next && at < b->sent; at += STREAM_BLOCK) {
        note_seen(b, was_sent_at(b, at));
    }
    b->acked = next;
    b->sent = b->sent < next ? next : b->sent; /* frames of before, that came late */
    b->kept = kept;
    for (uint32_t i = 0; i < STREAM_KEPT_BITS && next + i * STREAM_BLOCK < b->sent; i++) {
        if (is_kept(b, i)) {
            note_seen(b, was_sent_at(b, next + i * STREAM_BLOCK));
        }
    }
    if (answered <= b->polls && b->polls - answered < STREAM_BLOCKS_POLLS) {
        note_seen(b, b->polled_at[answered % STREAM_BLOCKS_POLLS]);
    }
}

bool stream_blocks_is_idle(const struct stream_blocks *b)
{
    uint32_t offset;
    return b->acked < b->size && !stream_blocks_choose(b, &offset);
}

bool stream_blocks_is_asked(const struct stream_blocks *b)
{
    return b->polled_at[b->polls % STREAM_BLOCKS_POLLS] == b->order;
}
