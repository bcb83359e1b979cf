/* SPDX-License-Identifier: MIT */
/*
 * Inside streaming: which blocks are under way (PROTOCOL.md, "Blocks"). The line keeps its order: a
 * block is lost when the board has seen something that was sent after it. No I/O.
 */
#ifndef ARAREXT_STREAM_BLOCKS_H
#define ARAREXT_STREAM_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "stream_frame.h"

enum {
    /* So many may lie between the first and the last one: what the board tells of, and a few that
     * are on their way. */
    STREAM_BLOCKS_NEAR = STREAM_KEPT_BITS + 8,
    STREAM_BLOCKS_FLIGHT = 384, /* ... and while it tells nothing, since it erases */
    STREAM_BLOCKS_POLLS = 16,   /* so many polls back are remembered */
};

struct stream_blocks {
    bool on;
    bool ends;            /* nothing new is sent: frames come next */
    bool heard;           /* the board has told of blocks */
    bool silent;          /* it has said nothing for a while */
    uint32_t size;        /* of the stream */
    uint32_t acked, sent; /* offsets: the board has all before it; nothing from here on was sent */
    uint32_t near, far;   /* bytes of blocks that may lie between these; the latter when silent */
    uint32_t kept;        /* by the board, bit i: the one i behind acked */
    uint32_t order, seen; /* sendings so far; the latest one that the board has looked at */
    uint32_t polls;       /* so far */
    uint32_t polled_at[STREAM_BLOCKS_POLLS];
    uint32_t sent_at[STREAM_BLOCKS_FLIGHT]; /* the order of a block's last sending */
};

/* Blocks from offset at on; window: bytes that may be under way. */
void stream_blocks_begin(struct stream_blocks *b, uint32_t at, uint32_t size, uint32_t window);
/* The block to be sent now: the first one that is lost, or the next new one. False: none. */
bool stream_blocks_choose(const struct stream_blocks *b, uint32_t *offset);
/* It was sent; returns whether that was a repeat. */
bool stream_blocks_note_sent(struct stream_blocks *b, uint32_t offset);
/* A poll is sent; returns its number, never 0. */
uint32_t stream_blocks_note_poll(struct stream_blocks *b);
/* A status; answered: the number of the poll that it answers, or 0. */
void stream_blocks_hear(struct stream_blocks *b, uint32_t next, uint32_t kept, uint32_t answered);
/* Nothing is to be sent until the board says more. */
bool stream_blocks_is_idle(const struct stream_blocks *b);
/* A poll is behind all that was sent. */
bool stream_blocks_is_asked(const struct stream_blocks *b);

#endif
