/* SPDX-License-Identifier: MIT */
/*
 * Streaming, the sender: opens a stream, and judges how it ended (PROTOCOL.md, "Streaming"). What
 * lies between is stream_talk.c's. A board that is silent for longer than it goes on by itself is
 * looked for at 115200, and the stream goes on where it stopped.
 */
#include <string.h>

#include "bytes.h"
#include "stream_sender.h"

enum {
    BREAKS_MAX = 4, /* streams in a row that got nowhere */
    WINDOW_MIN = 4096,
    WINDOW_MAX = 131072,
    NO_SLOT = 0xFF,
};

static void sender_init(struct sender *c, struct ararext_session *s, struct stream_job *job)
{
    *c = (struct sender){.s = s, .job = job, .state = STREAM_OPEN};
    c->window = WINDOW_MIN;
    c->payload = c->payload_max = STREAM_PAYLOAD_MAX;
}

/* Stream mode may be on: ends it, if so. */
static int leave(struct ararext_session *s, struct stream_job *job)
{
    struct sender c;
    sender_init(&c, s, job);
    c.state = STREAM_COMPLETE;
    int rc = stream_converse(&c);
    s->needs_silence = true;
    return rc == ARAREXT_ERR_TIMEOUT ? ARAREXT_OK : rc;
}

/* A name for the bytes: whoever sends the same ones may go on where they stopped. 0, which names
 * nothing, only where it is the digest. */
static uint32_t name_bytes(const struct stream_job *job)
{
    if ((job->flags & STREAM_FLAG_HOLD) != 0) {
        return job->wanted; /* the board compares it with what flash holds */
    }
    uint32_t id = ararext_crc(0xFFFFFFFFu, job->data, job->size);
    return id != 0 ? id : 1;
}

static uint32_t within(uint32_t value, uint32_t low, uint32_t high)
{
    return value < low ? low : value > high ? high : value;
}

static int begin_once(struct sender *c)
{
    const struct stream_job *job = c->job;
    uint8_t payload[STREAM_BEGIN_LENGTH], data[STREAM_BEGUN_SIZE];
    payload[STREAM_BEGIN_FLAGS] = job->flags;
    payload[STREAM_BEGIN_SECTOR] = job->sector;
    store_le32(payload + STREAM_BEGIN_SIZE, job->size);
    store_le32(payload + STREAM_BEGIN_ID, name_bytes(job));
    store_le32(payload + STREAM_BEGIN_CONTENT, job->content);
    struct call call = {.command = COMMAND_STREAM_BEGIN,
                        .payload = payload,
                        .payload_len = sizeof payload,
                        .data = data,
                        .data_min = sizeof data,
                        .data_max = sizeof data,
                        .once = true, /* what follows it is no command */
                        .extension = true};
    int rc = session_call(c->s, &call);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    c->window = within(load_le32(data + STREAM_BEGUN_WINDOW), WINDOW_MIN, WINDOW_MAX);
    c->payload_max = within(load_le16(data + STREAM_BEGUN_FRAME), 32, STREAM_PAYLOAD_MAX);
    c->takes_blocks = (data[STREAM_BEGUN_TAKES] & STREAM_BEGUN_BLOCKS) != 0;
    c->sent = c->acked = within(load_le32(data + STREAM_BEGUN_RESUME), 0, job->size);
    if (data[STREAM_BEGUN_SLOT] != NO_SLOT) { /* one that is resumed has none */
        c->job->slot = data[STREAM_BEGUN_SLOT];
    }
    c->job->begun = true;
    return ARAREXT_OK;
}

/* The port is gone; or the board went back to 115200, since nobody spoke for too long; or just that
 * answer was lost, and the stream has begun. */
static int begin_anew(struct sender *c, int why, bool last)
{
    c->s->counters.resends++;
    if (why == ARAREXT_ERR_IO || last) {
        return session_find_again(c->s, why);
    }
    return leave(c->s, c->job);
}

static int begin(struct sender *c)
{
    for (unsigned i = 0;; i++) {
        int rc = begin_once(c);
        bool unheard = rc == ARAREXT_ERR_TIMEOUT || rc == ARAREXT_ERR_GARBLED;
        bool last = i >= c->s->options.retries;
        if ((!unheard && rc != ARAREXT_ERR_IO) || (last && !(unheard && c->s->raised))) {
            return rc;
        }
        rc = begin_anew(c, rc, last);
        if (rc != ARAREXT_OK) {
            return rc;
        }
        i = last ? 0 : i; /* once: nothing is raised now */
    }
}

/* The board's last word, as far as there was one, tells what came back. */
static int fail(struct sender *c, int code)
{
    struct ararext_failure *f = &c->s->failure;
    *f = (struct ararext_failure){
        .code = code, .reason_command = COMMAND_STREAM_BEGIN, .got_len = c->word_len};
    memcpy(f->got, c->word, c->word_len);
    if (code == ARAREXT_ERR_REFUSED) {
        f->has_reason = true;
        f->reason = c->reason;
        f->detail = c->reason_detail;
        f->attempts = 1;
    }
    return code;
}

/* Its last word was not heard: it closes by itself, at the latest. */
static int make_sure_it_closed(struct sender *c)
{
    for (unsigned i = 0; i < STREAM_CLOSE_TRIES; i++) {
        if (session_board_listens(c->s)) {
            return ARAREXT_OK;
        }
        int rc = leave(c->s, c->job);
        if (rc != ARAREXT_OK) {
            return rc;
        }
    }
    return session_find_again(c->s, ARAREXT_ERR_TIMEOUT);
}

/* What is known at the end of one stream. OK with *again: it goes on. */
static int judge(struct sender *c, int rc, bool *again)
{
    bool complete =
        c->state == STREAM_COMPLETE || (c->state == STREAM_CLOSED && c->acked == c->job->size);
    *again = false;
    if (rc != ARAREXT_OK && rc != ARAREXT_ERR_TIMEOUT && rc != ARAREXT_ERR_IO) {
        return rc;
    }
    if (rc == ARAREXT_ERR_TIMEOUT && stream_is_idle(c)) {
        c->s->needs_silence = true;
        rc = make_sure_it_closed(c);
    } else if (rc != ARAREXT_OK && !c->interrupted && !c->stuck) {
        rc = session_find_again(c->s, rc);
    }
    if (c->reason != REASON_NONE) {
        return fail(c, ARAREXT_ERR_REFUSED);
    }
    if (complete) {
        return rc;
    }
    if (c->interrupted || c->stuck) {
        return fail(c, c->interrupted ? ARAREXT_ERR_INTERRUPTED : ARAREXT_ERR_GARBLED);
    }
    *again = rc == ARAREXT_OK;
    return rc;
}

/* All had been sent, and the board's last word was lost: flash may hold it already. A stream that
 * was closed when complete cannot be resumed, it would begin anew. */
static int look_into_flash(struct ararext_session *s, struct stream_job *job)
{
    uint32_t crc = 0;
    int rc = ararext_get_crc(s, job->addr, job->len, &crc);
    job->has_digest = rc == ARAREXT_OK && crc == job->crc;
    job->digest = job->wanted;
    return rc;
}

int stream_send(struct ararext_session *s, struct stream_job *job)
{
    bool package = (job->flags & STREAM_KIND_BITS) == STREAM_PACKAGE;
    struct sender c;
    uint32_t best = 0;
    unsigned breaks = 0;
    for (bool again = true, first = true; again; first = false) {
        sender_init(&c, s, job);
        c.eager = first && !package;
        int rc = begin(&c);
        if (rc != ARAREXT_OK) {
            return rc;
        }
        rc = stream_converse(&c);
        job->all_sent = job->all_sent || c.sent == job->size;
        rc = judge(&c, rc, &again);
        if (rc != ARAREXT_OK) {
            return rc;
        }
        if (again && c.sent == job->size && c.closes > 0 && !package) {
            rc = look_into_flash(s, job);
            again = !job->has_digest;
        }
        if (rc != ARAREXT_OK) {
            return rc;
        }
        /* Further than ever before: a board that resets at the same place each time is not erased
         * for ever. */
        breaks = c.acked > best ? 0 : breaks + 1;
        best = c.acked > best ? c.acked : best;
        if (again && breaks >= BREAKS_MAX) {
            return fail(&c, ARAREXT_ERR_GARBLED);
        }
    }
    return ARAREXT_OK;
}
