/* SPDX-License-Identifier: MIT */
/*
 * The receiver: bytes and time in, whole frames or reasons to refuse them out. It finds out the
 * dialect (PROTOCOL.md, "Two dialects" and "The third dialect") and keeps to the rules of silence
 * and draining. It moves no bytes itself and never looks into a frame beyond Length and CRC.
 *
 *   COLLECTING --good CRC--> READY --frame_poll: request--> COLLECTING
 *   COLLECTING --bad CRC, bad Length, frame_fail--> DRAINING
 *   COLLECTING --silence inside a frame--> frame_poll: reject --> COLLECTING
 *   DRAINING --line quiet, or too long not quiet--> frame_poll: reject --> COLLECTING
 *
 * A byte of ST's ROM protocol that says hello is told by frame_poll, too. It decides nothing: until
 * a command of that protocol comes, frames of the other dialects are understood as well.
 *
 * Times are microseconds from any free-running 32-bit counter; only differences count, so it may
 * wrap. It is to be polled more often than it wraps.
 */
#ifndef ARAREXT_FRAME_H
#define ARAREXT_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "protocol.h"
#include "rom.h"

enum frame_state {
    FRAME_COLLECTING = 0,
    FRAME_READY,
    FRAME_DRAINING,
};

enum frame_event {
    FRAME_NOTHING = 0,
    FRAME_REQUEST, /* a whole frame with a good CRC */
    FRAME_REJECT,  /* refused, and the line is clear: reason and detail say why */
    FRAME_HELLO,   /* a host of ST's ROM protocol wants to be acknowledged */
};

/* Owned by the caller; set up with frame_init. dialect, reason and detail may be read. */
struct frame_receiver {
    uint32_t last_us;  /* when the last byte came */
    uint32_t drain_us; /* when draining began */
    uint32_t detail;
    uint16_t count; /* bytes of the frame so far */
    enum frame_state state;
    enum protocol_dialect dialect;
    enum reason reason;
    enum rom_block block; /* that comes next, in DIALECT_ROM; set by the caller */
    bool greeted;         /* a hello was told: a command of ST's protocol may follow */
    uint8_t bytes[FRAME_SIZE_MAX];
};

/* What a frame holds; in DIALECT_ROM payload is the whole block, and the rest says nothing. payload
 * points into the receiver and is valid until the next frame_take. */
struct frame_request {
    const uint8_t *payload;
    uint8_t payload_len;
    uint8_t command;
};

void frame_init(struct frame_receiver *r);

/* Takes bytes that arrived by now_us and returns how many: fewer than len only when a frame is
 * complete, which frame_poll then tells. */
size_t frame_take(struct frame_receiver *r, const uint8_t *bytes, size_t len, uint32_t now_us);

/* The line had an error or the ring overflowed: what is there and what follows is thrown away until
 * the line is quiet. Also to be called for each further error while draining. */
void frame_fail(struct frame_receiver *r, enum reason reason, uint32_t detail, uint32_t now_us);

/* What has come of a frame is dropped without a word: the line is another one from now on. */
void frame_forget(struct frame_receiver *r);

/* What has happened; *request is filled in for FRAME_REQUEST. */
enum frame_event frame_poll(struct frame_receiver *r, uint32_t now_us,
                            struct frame_request *request);

/* How many more bytes the next decision of the receiver needs; 0 between frames. */
unsigned frame_missing(const struct frame_receiver *r);

#endif
