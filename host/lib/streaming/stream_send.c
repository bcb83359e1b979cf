/* SPDX-License-Identifier: MIT */
/*
 * Streaming, the sender (PROTOCOL.md, "Streaming"): keeps the line and the board's ring full, hears
 * what the board has taken, and goes back to the first byte that is missing. The size of a frame
 * follows what the line does: large where nothing is lost, small where much is.
 *
 * One thread over the transport's read and write. It never hands over more than the line sends in a
 * moment, so that a write does not block and little has to be waited for when it goes back. Every
 * wait ends: a board that is silent for longer than it goes on by itself is looked for at 115200.
 */
#include "stream_host.h"

#include <string.h>

#include "bytes.h"
#include "command_stream.h"

enum {
    AHEAD_CLEAN_US = 20000, /* of what was handed over, this much may wait for the line ... */
    AHEAD_BAD_US = 4000,    /* ... and where it will often be in vain */
    AHEAD_LATE_US = 500000, /* ... and at most where this program comes back late */
    LATE_US = 3000,         /* what the scheduler may take anyway */
    TURN_US = 20000,        /* a guess: until the board has told of a gap */
    POLL_CLEAN_MS = 250,    /* without a word: ask */
    POLL_BAD_MS = 60,
    CLOSE_MS = 300,       /* without an answer: close again ... */
    CLOSE_BUSY_MS = 2500, /* ... and when the board may erase just now */
    CLOSE_TRIES = 3,
    STOP_MS = 5000,   /* whoever wants an end does not wait for a dead line */
    LOST_MS = 12000,  /* the board has closed by itself, and is at 115200 */
    STUCK_MS = 60000, /* open, and it answers, and does not get on */
    IDLE_MS = 100,    /* longest wait between two looks at options.stop */
    BREAKS_MAX = 4,   /* streams in a row that got nowhere */
    WINDOW_MIN = 4096,
    WINDOW_MAX = 131072,
    OVERHEAD = STREAM_HEAD_SIZE + STREAM_CRC_SIZE,
    ROUND_MASK = 15,
    POLL_ROUND_SHIFT = 28, /* a poll's number: its round, and what had been sent */
    RECENT = 32768,        /* bytes over which losses are counted */
    NO_SLOT = 0xFF,
};
#define POLL_OFFSET_MASK 0x0FFFFFFFu

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
    unsigned closes;
    uint32_t reason_detail, written;
    uint8_t round, state, reason;
    bool eager;       /* closes behind the last byte, without waiting for a word */
    bool tail_polled; /* all was sent, and asked about, in this round */
    bool interrupted, stuck;
    uint8_t in[STREAM_STATUS_SIZE], word[STREAM_STATUS_SIZE]; /* the board's last one */
    size_t in_len, word_len;
    uint8_t frame[STREAM_FRAME_MAX];
};

static uint64_t now_ms(const struct sender *c)
{
    return c->s->transport.now_ms(c->s->transport.ctx);
}

static unsigned patience(const struct sender *c, unsigned ms)
{
    return c->s->transport.may_lag ? ms * (unsigned)LAG_FACTOR : ms;
}

static void trace(const struct sender *c, bool sent, const uint8_t *data, size_t len)
{
    if (c->s->options.trace != NULL) {
        c->s->options.trace(c->s->options.ctx, sent, data, len);
    }
}

/* ---- to the board ---- */

static int put(struct sender *c, const uint8_t *frame, size_t len)
{
    uint64_t now_us = now_ms(c) * 1000u;
    uint64_t line_us = (uint64_t)len * 10000000u / c->s->baud;
    uint64_t start = c->line_free_us > now_us ? c->line_free_us : now_us;
    unsigned timeout = (unsigned)((start - now_us + line_us) / 1000u) + 2000u;
    c->line_free_us = start + line_us;
    c->bytes += (double)len;
    c->s->counters.frames++;
    c->s->counters.bytes_sent += len;
    trace(c, true, frame, len);
    int rc = c->s->transport.write(c->s->transport.ctx, frame, len, timeout);
    c->s->silent_since_ms = now_ms(c);
    /* A far end that stands still for a while is not gone: what it does not get goes again. */
    return rc == ARAREXT_ERR_TIMEOUT ? ARAREXT_OK : rc;
}

static int put_control(struct sender *c, uint8_t kind, uint32_t number)
{
    uint8_t frame[STREAM_HEAD_SIZE];
    stream_make_control(frame, kind, number);
    return put(c, frame, sizeof frame);
}

static int put_poll(struct sender *c)
{
    c->polled_ms = now_ms(c);
    return put_control(c, STREAM_POLL, (uint32_t)c->round << POLL_ROUND_SHIFT | c->sent);
}

static int put_close(struct sender *c)
{
    c->closed_ms = now_ms(c);
    c->closes++;
    return put_control(c, STREAM_CLOSE, c->closes);
}

static uint32_t next_len(const struct sender *c)
{
    uint32_t left = c->job->size - c->sent;
    return left < c->payload ? left : c->payload;
}

/* Whether the next frame fits what the board has room for; heads and padding counted. */
static bool has_credit(const struct sender *c)
{
    uint32_t under_way = c->sent + next_len(c) - c->acked;
    uint32_t least = c->sent != c->acked && c->smallest < c->payload ? c->smallest : c->payload;
    uint32_t frames = under_way / least + 2u;
    return under_way + frames * (OVERHEAD + 3u) <= c->window;
}

static uint64_t ahead_us(const struct sender *c)
{
    uint64_t late = 2 * c->late_us < AHEAD_LATE_US ? 2 * c->late_us : AHEAD_LATE_US;
    return c->losses > 0.5 ? AHEAD_BAD_US : late > AHEAD_CLEAN_US ? late : AHEAD_CLEAN_US;
}

/* A program that is not let run in time leaves the line idle: it then hands over more at once. */
static void note_lateness(struct sender *c)
{
    uint64_t now_us = now_ms(c) * 1000u;
    if (c->due_us != 0 && now_us > c->due_us + LATE_US && now_us - c->due_us > c->late_us) {
        c->late_us = now_us - c->due_us;
    }
    c->due_us = 0;
}

/* What the board has left the line: where that is faster than our clock says, the board is right.
 */
static void note_arrival(struct sender *c, uint32_t next)
{
    uint64_t now_us = now_ms(c) * 1000u;
    uint64_t frames = (c->sent - next) / (c->smallest != 0 ? c->smallest : 1u) + 2u;
    uint64_t bytes = c->sent - next + frames * (OVERHEAD + 3u);
    uint64_t free_us = now_us + bytes * 10000000u / c->s->baud;
    if (now_us >= c->stale_us && free_us < c->line_free_us) {
        c->line_free_us = free_us;
    }
}

static int put_data(struct sender *c)
{
    uint32_t len = next_len(c);
    c->smallest = c->sent != c->acked && c->smallest < c->payload ? c->smallest : c->payload;
    size_t size = stream_make_data(c->frame, c->round, c->sent, c->job->data + c->sent, len);
    c->sent += len;
    return put(c, c->frame, size);
}

/* The payload that costs the line least for each byte that arrives: heads against repeats. A frame
 * of n bytes is lost with about x = n * rate; then it goes again, and what was under way with it.
 */
static void choose_payload(struct sender *c)
{
    static const uint16_t sizes[] = {32,  48,  64,  96,   128,  192, 256,
                                     384, 512, 768, 1024, 1536, 2048};
    double rate = c->losses / (c->bytes > 1.0 ? c->bytes : 1.0);
    double waste = (double)c->s->baud / 10e6 * (double)(ahead_us(c) + TURN_US);
    double best = 0.0;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0] && sizes[i] <= c->payload_max; i++) {
        double whole = sizes[i] + (double)OVERHEAD;
        double x = rate * whole;
        double cost = (whole + (x + x * x / 2.0) * (whole + waste)) / sizes[i];
        if (i == 0 || cost < best) {
            best = cost;
            c->payload = sizes[i];
        }
    }
}

static void forget_old_losses(struct sender *c)
{
    if (c->bytes > RECENT) {
        c->bytes /= 2.0;
        c->losses /= 2.0;
        choose_payload(c);
    }
}

static bool closing(const struct sender *c)
{
    return c->interrupted || c->stuck || c->closes > 0 || c->state == STREAM_COMPLETE ||
           c->state == STREAM_FAILED;
}

static int speak_of_data(struct sender *c)
{
    int rc = ARAREXT_OK;
    note_lateness(c);
    while (rc == ARAREXT_OK && c->sent < c->job->size && has_credit(c) &&
           c->line_free_us < now_ms(c) * 1000u + ahead_us(c)) {
        forget_old_losses(c);
        rc = put_data(c);
    }
    if (rc == ARAREXT_OK && c->sent == c->job->size && c->eager) {
        return put_close(c);
    }
    bool tail = c->sent == c->job->size && c->losses > 0.0 && !c->tail_polled;
    uint64_t since = c->heard_ms > c->polled_ms ? c->heard_ms : c->polled_ms;
    unsigned interval = c->losses > 0.0 ? POLL_BAD_MS : POLL_CLEAN_MS;
    if (rc == ARAREXT_OK && (tail || now_ms(c) - since >= interval)) {
        c->tail_polled = c->tail_polled || tail;
        rc = put_poll(c);
    }
    return rc;
}

/* ---- from the board ---- */

static void go_back(struct sender *c, uint32_t next)
{
    c->job->resent += c->sent - next;
    c->s->counters.resends++;
    c->losses += 1.0;
    c->stale_us = c->line_free_us;
    c->round = (c->round + 1u) & ROUND_MASK;
    c->sent = next;
    c->tail_polled = c->eager = false;
    choose_payload(c);
}

/* next is the board's word; anything else may be known wrongly, since answers have no CRC. */
static void hear(struct sender *c)
{
    uint8_t flags = c->in[STREAM_STATUS_FLAGS];
    uint32_t next = load_le32(c->in + STREAM_STATUS_NEXT);
    uint32_t number = load_le32(c->in + STREAM_STATUS_NUMBER);
    if (next > c->job->size) {
        return;
    }
    uint32_t written = load_le32(c->in + STREAM_STATUS_WRITTEN);
    c->heard_ms = now_ms(c);
    c->moved_ms = next > c->acked || written > c->written ? c->heard_ms : c->moved_ms;
    c->word_len = sizeof c->word;
    memcpy(c->word, c->in, sizeof c->word);
    c->state = c->in[STREAM_STATUS_STATE];
    c->acked = next;
    c->sent = c->sent < next ? next : c->sent;
    note_arrival(c, next);
    c->written = written;
    if (c->state == STREAM_FAILED) {
        c->reason_detail = number;
    } else if (c->state == STREAM_COMPLETE) {
        c->job->has_digest = (c->job->flags & STREAM_KIND_BITS) != STREAM_PACKAGE;
        c->job->digest = number;
    }
    if (c->in[STREAM_STATUS_REASON] != REASON_NONE) {
        c->reason = c->in[STREAM_STATUS_REASON];
    }
    bool gap = (flags & STREAM_FLAG_GAP) != 0 && flags >> STREAM_ROUND_SHIFT == c->round;
    bool lost = (flags & STREAM_FLAG_ANSWER) != 0 && number >> POLL_ROUND_SHIFT == c->round &&
                next < (number & POLL_OFFSET_MASK);
    if (c->state == STREAM_OPEN && !closing(c) && next < c->sent && (gap || lost)) {
        go_back(c, next);
    }
    if (c->job->progress != NULL) {
        c->job->progress(c->job->ctx, c->written);
    }
}

static void take_byte(struct sender *c, uint8_t byte)
{
    c->in[c->in_len++] = byte;
    if (c->in_len == sizeof c->in && stream_status_good(c->in)) {
        c->in_len = 0;
        hear(c);
        return;
    }
    while (c->in_len > 0 && (c->in_len == sizeof c->in || c->in[0] != STREAM_STATUS_START)) {
        c->in_len--;
        memmove(c->in, c->in + 1, c->in_len);
    }
}

/* Until there is something to say. */
static unsigned wait_ms(struct sender *c)
{
    uint64_t now_us = now_ms(c) * 1000u;
    uint64_t room_us = c->line_free_us > ahead_us(c) ? c->line_free_us - ahead_us(c) : 0;
    bool has_data = !closing(c) && c->sent < c->job->size && has_credit(c);
    unsigned wait = c->losses > 0.0 ? POLL_BAD_MS / 2 : IDLE_MS;
    if (has_data && room_us < now_us + wait * 1000u) {
        wait = room_us > now_us ? (unsigned)((room_us - now_us) / 1000u) + 1u : 1u;
        c->due_us = now_us + wait * 1000u;
    }
    return wait;
}

static int listen(struct sender *c)
{
    uint8_t data[256];
    size_t got = 0;
    int rc = c->s->transport.read(c->s->transport.ctx, data, sizeof data, wait_ms(c), &got);
    if (got > 0) {
        trace(c, false, data, got);
        c->s->counters.bytes_received += got;
    }
    for (size_t i = 0; i < got; i++) {
        take_byte(c, data[i]);
    }
    return rc;
}

/* ---- one stream from its opening to its end ---- */

static bool stopped(const struct ararext_session *s)
{
    return s->options.stop != NULL && s->options.stop(s->options.ctx);
}

/* All is written, or nothing more will be. */
static bool is_idle(const struct sender *c)
{
    return c->state == STREAM_COMPLETE || c->state == STREAM_FAILED;
}

static int speak(struct sender *c)
{
    if (!c->interrupted && stopped(c->s)) {
        c->interrupted = true;
    }
    c->stuck = c->stuck || now_ms(c) - c->moved_ms >= patience(c, STUCK_MS);
    if (!closing(c)) {
        return speak_of_data(c);
    }
    /* What stands behind a close that was heard is half a command: no word too many. */
    uint64_t since = c->closed_ms > c->heard_ms ? c->closed_ms : c->heard_ms;
    bool soon = is_idle(c) || c->closes > 1;
    unsigned interval = patience(c, soon ? CLOSE_MS : CLOSE_BUSY_MS);
    return c->closes == 0 || now_ms(c) - since >= interval ? put_close(c) : ARAREXT_OK;
}

/* How long the board may be silent: while it erases a sector it cannot answer. */
static unsigned silence_limit(const struct sender *c)
{
    unsigned limit = c->interrupted ? STOP_MS : LOST_MS;
    return patience(c, is_idle(c) ? (unsigned)(CLOSE_TRIES * CLOSE_MS) : limit);
}

/* Until the board says that it has closed. TIMEOUT when it says nothing any more. */
static int converse(struct sender *c)
{
    c->heard_ms = c->moved_ms = c->polled_ms = now_ms(c);
    while (c->state != STREAM_CLOSED) {
        int rc = speak(c);
        if (rc == ARAREXT_OK) {
            rc = listen(c);
        }
        if (rc != ARAREXT_OK) {
            return rc;
        }
        if (now_ms(c) - c->heard_ms >= silence_limit(c)) {
            return ARAREXT_ERR_TIMEOUT;
        }
    }
    /* What the line holds of further closes would be taken for half a command. */
    c->s->needs_silence = c->closes > 1;
    return ARAREXT_OK;
}

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
    int rc = converse(&c);
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
    for (unsigned i = 0; i < CLOSE_TRIES; i++) {
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
    if (rc == ARAREXT_ERR_TIMEOUT && is_idle(c)) {
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
        rc = converse(&c);
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
