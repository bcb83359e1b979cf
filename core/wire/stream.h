/* SPDX-License-Identifier: MIT */
/*
 * Streaming: the board's side. The line fills a ring by DMA while this programs what came before;
 * nobody waits for the other (PROTOCOL.md, "Streaming"). No I/O: the caller shows what lies in the
 * ring, hands in the clock and sends the status. Not one byte goes to flash that did not come in a
 * frame with its CRCs right, at its own offset, and checked in a copy: what the ring holds may be
 * overwritten at any time. Blocks behind one that is missing stay in the ring until that has come.
 *
 *   IDLE --stream_begin--> OPEN --all taken--> COMPLETE
 *   OPEN --flash, decoder, staging fails--> FAILED
 *   OPEN, COMPLETE, FAILED --close; 10 s without a good frame--> CLOSED
 *   CLOSED, and it was OPEN --stream_begin with the same spec--> OPEN, where it stopped
 *
 * The caller's loop while state is OPEN, COMPLETE or FAILED:
 *   look into the ring; stream_take; drop from the ring what it took; if the last status has left,
 *   stream_status and send that. Then, if state is CLOSED, wait until the status has left, and
 *   listen to commands again (stream.timed_out: at 115200).
 *
 * Times are microseconds of a free-running 32-bit counter; it may wrap.
 */
#ifndef ARAREXT_STREAM_H
#define ARAREXT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flash_hw.h"
#include "stream_frame.h"
#include "unpack.h"

#define STREAM_SILENCE_US (100u * 1000u)        /* inside a frame: it is given up */
#define STREAM_GAP_US     (20u * 1000u)         /* between two statuses about one gap */
#define STREAM_STATUS_US  (5u * 1000u)          /* between two statuses about progress */
#define STREAM_LOST_US    (10u * 1000u * 1000u) /* without a good frame: closed */

/* What a stream is, bits 1:0 of its flags. */
enum stream_kind {
    STREAM_PLAIN = 0,   /* bytes for flash at addr */
    STREAM_PACKED = 1,  /* a package's LZMA2 payload, its content for flash at addr */
    STREAM_PACKAGE = 2, /* a package for the free slot */
};
#define STREAM_KIND_BITS  3u
#define STREAM_FLAG_THUMB 4u /* PACKED: with the ARM-Thumb filter */
/* Not PACKAGE: the content's first word stays erased until all else is in flash and the CRC of that
 * (the first word as FFFFFFFF) is the id; else VERIFY. So what a transfer leaves never looks
 * bootable before it is whole and right. Content has at least a word. */
#define STREAM_FLAG_HOLD 8u

struct stream_spec {
    uint32_t addr;    /* not for PACKAGE */
    uint32_t size;    /* of the stream, at least 1 */
    uint32_t id;      /* the sender's name for these bytes; 0: never resumed */
    uint32_t content; /* PACKED: bytes that come out; PLAIN: size again; PACKAGE: 0 */
    uint8_t flags;
};

/* Takes len bytes of a package at offset, in order; len is a multiple of 4 but for the last piece.
 * As update_stage_write. */
typedef enum reason stream_stage_fn(void *ctx, uint32_t offset, const uint8_t *data, uint32_t len,
                                    uint32_t *detail);

/* What it works with; owned by the caller, not changed. */
struct stream_hw {
    const struct flash_hw *flash;
    struct unpack_memory *memory; /* for PACKED; untouched by others while a stream may go on */
    uint8_t *dictionary;          /* the same; UNPACK_DICTIONARY bytes */
    stream_stage_fn *stage;       /* for PACKAGE */
    void *stage_ctx;
};

/* Unread bytes of the ring: two pieces where it wraps. len[1] is 0 if len[0] is. Not kept, and
 * changed by who takes it. */
struct stream_input {
    const uint8_t *bytes[2];
    size_t len[2];
};

/* Owned by the caller; state, reason, detail, next and timed_out may be read. */
struct stream {
    const struct stream_hw *hw;
    enum reason reason;
    enum stream_state state;
    enum stream_state told; /* the state that the other side knows */
    uint8_t gap_round;      /* the round of gap_us */
    bool gap_noted;         /* there was one since the last byte taken */
    bool gap_due;           /* to be told */
    bool answer_due;        /* to number */
    bool waiting;           /* for the rest of a frame: nothing else is to be done */
    bool blocks;            /* are understood */
    bool worked;            /* time has passed unseen since the last call */
    bool resumable;
    bool timed_out;     /* closed because nothing good came */
    uint32_t next;      /* offset of the next byte wanted */
    uint32_t written;   /* bytes of content in flash, or staged */
    uint32_t erased;    /* bytes of content that there is erased room for */
    uint32_t held;      /* the first word, with STREAM_FLAG_HOLD */
    uint32_t number;    /* of the poll or close to be answered */
    uint32_t detail;    /* of reason; COMPLETE, but for a PACKAGE: CRC of the content in flash */
    uint32_t told_us;   /* when a status was made last ... */
    uint32_t told_next; /* ... and what it said */
    uint32_t told_written;
    uint32_t good_us;    /* when a good frame was taken last */
    uint32_t quiet_us;   /* since when the ring holds as much as now ... */
    size_t quiet_len;    /* ... that much */
    size_t walked;       /* bytes of the ring that hold blocks to be taken later */
    uint32_t kept;       /* of these, bit i: the one i behind the block at next */
    uint32_t gap_us;     /* when a status was asked for last, about the gap of gap_round */
    uint32_t lent_len;   /* content that flash has begun with, behind written; not told yet */
    const uint8_t *lent; /* ... where it is */
    struct stream_spec spec;
    struct unpack unpack;
    /* A frame on its way: words 0 and 1 of the head, payload, CRC. */
    _Alignas(8) uint8_t frame[STREAM_HEAD_BARE + STREAM_PAYLOAD_MAX + STREAM_CRC_SIZE];
};

/* Nothing open, nothing to resume. hw stays the caller's. */
void stream_init(struct stream *s, const struct stream_hw *hw);
/* Whether stream_begin would resume. */
bool stream_resumes(const struct stream *s, const struct stream_spec *spec);
/* Opens a stream whose spec has been checked, or resumes it; returns the offset to begin at. For a
 * PACKAGE that is not resumed, staging has begun. */
uint32_t stream_begin(struct stream *s, const struct stream_spec *spec);
/* Something else changed flash or the unpacker's memory: nothing is resumed. */
void stream_forget(struct stream *s);

/* Takes what comes first in the ring, one frame at most or bytes that are none, and returns how
 * many bytes that was: they may be dropped. 0: it needs more bytes, or erased a sector. Takes as
 * long as programming a frame (8 ms), or erasing a sector (2 s), or, PACKED, what a frame unpacks
 * to. Not to be called while IDLE or CLOSED. */
size_t stream_take(struct stream *s, struct stream_input *in, uint32_t now_us);
/* The ring overflowed and was emptied: something is missing. */
void stream_lost(struct stream *s, uint32_t now_us);
/* Whether there is something to tell; if so, it is in out and counts as told. Call it only when it
 * can be sent. */
bool stream_status(struct stream *s, uint32_t now_us, uint8_t out[STREAM_STATUS_SIZE]);

#endif
