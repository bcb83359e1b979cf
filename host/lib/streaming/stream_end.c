/* SPDX-License-Identifier: MIT */
/*
 * Ends a stream that somebody else left open: a host that was killed, a cable that was pulled. The
 * board is in stream mode then, perhaps at a raised rate, and understands no command until it has
 * been silent for ten seconds. What is sent here costs a board nothing that is in no stream, and
 * not at that rate: after it, silence.
 */
#include <string.h>

#include "command_stream.h"
#include "stream_host.h"

enum {
    ANSWER_MS = 100, /* the answer to a close, and adapters that collect bytes */
    ANSWER_LAG_MS = 200,
    CLOSES = 5, /* a board that erases answers late */
    AGAIN_MS = 1000,
    AGAIN_LAG_MS = 3000,
};

/* Reads until a status has come, or, with closed, one that says so; or the time is over. */
static int hear_status(struct ararext_session *s, unsigned wait_ms, bool closed, uint8_t *state)
{
    uint8_t in[STREAM_STATUS_SIZE];
    size_t len = 0;
    uint64_t start = s->transport.now_ms(s->transport.ctx);
    for (uint64_t at = start; at - start < wait_ms; at = s->transport.now_ms(s->transport.ctx)) {
        size_t got = 0;
        int rc = s->transport.read(s->transport.ctx, in + len, sizeof in - len,
                                   wait_ms - (unsigned)(at - start), &got);
        if (rc != ARAREXT_OK) {
            return rc;
        }
        len += got;
        if (len == sizeof in && stream_status_good(in)) {
            *state = in[STREAM_STATUS_STATE];
            if (!closed || *state == STREAM_CLOSED) {
                return ARAREXT_OK;
            }
        }
        while (len > 0 && (len == sizeof in || in[0] != STREAM_STATUS_START)) {
            memmove(in, in + 1, --len);
        }
    }
    return ARAREXT_OK;
}

/* One close at the present rate. *state: of the status that came; 0 if none did. */
static int close_once(struct ararext_session *s, unsigned wait_ms, bool closed, uint8_t *state)
{
    uint8_t frame[STREAM_HEAD_SIZE];
    *state = 0;
    stream_make_control(frame, STREAM_CLOSE, 1);
    int rc = s->transport.write(s->transport.ctx, frame, sizeof frame, AGAIN_MS);
    s->silent_since_ms = s->transport.now_ms(s->transport.ctx);
    s->needs_silence = true;
    return rc == ARAREXT_OK ? hear_status(s, wait_ms, closed, state) : rc;
}

/* A status came: until it says closed. */
static int close_for_good(struct ararext_session *s, uint8_t state, bool *ended)
{
    const unsigned wait = s->transport.may_lag ? AGAIN_LAG_MS : AGAIN_MS;
    int rc = ARAREXT_OK;
    for (unsigned i = 0; rc == ARAREXT_OK && state != STREAM_CLOSED && i < CLOSES; i++) {
        rc = session_stopped(s) ? ARAREXT_ERR_INTERRUPTED : close_once(s, wait, true, &state);
    }
    *ended = rc == ARAREXT_OK && state == STREAM_CLOSED;
    return rc;
}

/* A status that came so late that it was taken for an answer. *state: of the last one. */
static bool came_late(const struct ararext_failure *f, uint8_t *state)
{
    bool found = false;
    for (size_t at = 0; at + STREAM_STATUS_SIZE <= f->got_len; at++) {
        if (f->got[at] == STREAM_STATUS_START && stream_status_good(f->got + at)) {
            *state = f->got[at + STREAM_STATUS_STATE];
            found = true;
        }
    }
    return found;
}

int stream_end_open(struct ararext_session *s, bool *ended)
{
    const uint32_t before = s->baud;
    const unsigned wait = s->transport.may_lag ? ANSWER_LAG_MS : ANSWER_MS;
    uint8_t state = 0;
    *ended = false;
    if (came_late(&s->failure, &state)) {
        s->needs_silence = true;
        return close_for_good(s, state, ended);
    }
    int rc = close_once(s, wait, false, &state);
    for (size_t i = 0; rc == ARAREXT_OK && state == 0 && i < STREAM_RATE_COUNT; i++) {
        rc = session_stopped(s) ? ARAREXT_ERR_INTERRUPTED : session_set_line(s, STREAM_RATES[i]);
        if (rc == ARAREXT_OK) {
            rc = close_once(s, wait, false, &state);
        } else if (rc == ARAREXT_ERR_ARGUMENT) {
            rc = ARAREXT_OK; /* the adapter cannot do that: nobody can have left it so */
        }
    }
    if (rc == ARAREXT_OK && state != 0) {
        rc = close_for_good(s, state, ended);
    }
    if (*ended && s->baud != before) {
        rc = stream_set_rate(s, before);
    } else if (s->baud != before) {
        int back = session_set_line(s, before);
        rc = rc == ARAREXT_OK ? back : rc;
    }
    s->needs_silence = true;
    return rc;
}
