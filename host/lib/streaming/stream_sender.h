/* SPDX-License-Identifier: MIT */
/*
 * Inside streaming: one stream while it is open, as the conversation keeps it and as opening and
 * judging look at it.
 */
#ifndef ARAREXT_STREAM_SENDER_H
#define ARAREXT_STREAM_SENDER_H

#include "command_stream.h"
#include "stream_blocks.h"
#include "stream_host.h"

/* How often a close is sent where nobody answers. */
enum { STREAM_CLOSE_TRIES = 3 };

struct sender {
    struct ararext_session *s;
    struct stream_job *job;
    uint32_t window, payload_max;
    uint32_t sent, acked; /* offsets: to be sent next, wanted by the board */
    uint32_t payload;     /* of the next frame */
    uint32_t smallest;    /* of frames under way */
    uint64_t line_free_us;
    uint64_t stale_us; /* until then the line may have bytes of before it went back */
    uint64_t due_us;   /* when there was to be more to say; 0 = when the board has spoken */
    uint64_t late_us;  /* how late this program was for that, at most */
    uint64_t heard_ms, moved_ms, polled_ms, closed_ms;
    double losses, bytes; /* recent ones */
    struct stream_blocks blocks;
    unsigned closes;
    uint32_t reason_detail, written;
    uint8_t round, state, reason;
    bool eager;        /* closes behind the last byte, without waiting for a word */
    bool tail_polled;  /* all was sent, and asked about, in this round */
    bool takes_blocks; /* the board does */
    bool interrupted, stuck;
    uint8_t in[STREAM_STATUS_SIZE], word[STREAM_STATUS_SIZE]; /* the board's last one */
    size_t in_len, word_len;
    uint8_t frame[STREAM_FRAME_MAX];
};

/* Sends and hears until the board says that it has closed. TIMEOUT when it says nothing any more.
 */
ARAREXT_CHECKED int stream_converse(struct sender *c);
/* All is written, or nothing more will be. */
bool stream_is_idle(const struct sender *c);

#endif
