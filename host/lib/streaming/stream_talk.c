/* SPDX-License-Identifier: MIT */
/*
 * Streaming, the conversation (PROTOCOL.md, "Streaming"): keeps the line and the board's ring full,
 * hears what the board has taken, and sends again what is missing. The size of a frame follows what
 * the line does: large where nothing is lost, small where something is; where much is, blocks.
 *
 * One thread over the transport's read and write. It never hands over more than the line sends in a
 * moment, so that a write does not block and little has to be waited for when it goes back. Every
 * wait ends.
 */
#include <string.h>

#include "bytes.h"
#include "stream_sender.h"

enum {
    AHEAD_CLEAN_US = 20000, /* of what was handed over, this much may wait for the line ... */
    AHEAD_BAD_US = 4000,    /* ... and where it will often be in vain */
    AHEAD_LATE_US = 500000, /* ... and at most where this program comes back late */
    LATE_US = 3000,         /* what the scheduler may take anyway */
    TURN_US = 20000,        /* a guess: until the board has told of a gap */
    POLL_CLEAN_MS = 250,    /* without a word: ask */
    POLL_BAD_MS = 60,
    SILENT_MS = 30,       /* the board erases; otherwise it tells of blocks every 5 ms */
    CLOSE_MS = 300,       /* without an answer: close again ... */
    CLOSE_BUSY_MS = 2500, /* ... and when the board may erase just now */
    STOP_MS = 5000,       /* whoever wants an end does not wait for a dead line */
    LOST_MS = 12000,      /* the board has closed by itself, and is at 115200 */
    STUCK_MS = 60000,     /* open, and it answers, and does not get on */
    IDLE_MS = 100,        /* longest wait between two looks at options.stop */
    OVERHEAD = STREAM_HEAD_SIZE + STREAM_CRC_SIZE,
    ROUND_MASK = 15,
    POLL_ROUND_SHIFT = 28, /* a poll's number: its round, and what had been sent */
    RECENT = 32768,        /* bytes over which losses are counted */
};
#define POLL_OFFSET_MASK 0x0FFFFFFFu
/* More than one piece was lost of late: not a single disturbance. */
#define MANY_LOSSES 1.5
/* Blocks go on until frames would be better by this. */
#define BACK_GAIN 1.1

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

/* Frames keep to multiples of a block, so that blocks may follow. */
static uint32_t next_len(const struct sender *c)
{
    uint32_t left = c->job->size - c->sent, over = c->sent % STREAM_BLOCK;
    uint32_t len = over != 0 ? STREAM_BLOCK - over : c->payload;
    return left < len ? left : len;
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

static double loss_rate(const struct sender *c)
{
    return c->losses / (c->bytes > 1.0 ? c->bytes : 1.0);
}

/* The payload that costs the line least for each byte that arrives: heads against repeats. A frame
 * of n bytes is lost with about x = n * rate; then it goes again, and what was under way with it.
 * Returns that cost. */
static double choose_payload(struct sender *c)
{
    static const uint16_t sizes[] = {32, 64, 96, 128, 192, 256, 384, 512, 768, 1024, 1536, 2048};
    double rate = loss_rate(c);
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
    return best;
}

/* The same for blocks: of these only what was lost goes again. */
static double block_cost(const struct sender *c)
{
    double x = loss_rate(c) * STREAM_BLOCK_SIZE;
    return (1.0 + x + x * x / 2.0) * STREAM_BLOCK_SIZE / STREAM_BLOCK;
}

static void forget_old_losses(struct sender *c)
{
    if (c->bytes > RECENT) {
        c->bytes /= 2.0;
        c->losses /= 2.0;
        double frames = choose_payload(c);
        c->blocks.ends = c->blocks.on && frames * BACK_GAIN < block_cost(c);
    }
}

static bool closing(const struct sender *c)
{
    return c->interrupted || c->stuck || c->closes > 0 || c->state == STREAM_COMPLETE ||
           c->state == STREAM_FAILED;
}

static bool line_has_room(const struct sender *c)
{
    return c->line_free_us < now_ms(c) * 1000u + ahead_us(c);
}

/* ---- blocks ---- */

static void begin_blocks(struct sender *c)
{
    stream_blocks_begin(&c->blocks, c->acked, c->job->size, c->window);
    c->sent = c->acked;
}

/* All that was sent has arrived: frames from here on. */
static void end_blocks(struct sender *c)
{
    c->blocks.on = c->blocks.ends = false;
    c->round = (c->round + 1u) & ROUND_MASK;
}

static int put_block(struct sender *c, uint32_t offset)
{
    uint32_t left = c->job->size - offset;
    size_t size = stream_make_block(c->frame, offset, c->job->data + offset,
                                    left < STREAM_BLOCK ? left : STREAM_BLOCK);
    if (stream_blocks_note_sent(&c->blocks, offset)) {
        c->losses += 1.0;
        c->job->resent += STREAM_BLOCK;
        c->s->counters.resends++;
    }
    c->sent = c->blocks.sent;
    return put(c, c->frame, size);
}

/* What the board takes for the beginning of a block must not wait for more than this. */
static int put_blocks_poll(struct sender *c)
{
    uint8_t frame[STREAM_HEAD_SIZE + STREAM_BLOCK_SIZE] = {0};
    c->polled_ms = now_ms(c);
    stream_make_control(frame, STREAM_BLOCKS, stream_blocks_note_poll(&c->blocks));
    return put(c, frame, sizeof frame);
}

static int speak_of_blocks(struct sender *c)
{
    uint32_t offset = 0;
    int rc = c->blocks.polls == 0 ? put_blocks_poll(c) : ARAREXT_OK;
    c->blocks.silent = now_ms(c) - c->heard_ms >= SILENT_MS;
    while (rc == ARAREXT_OK && line_has_room(c) && stream_blocks_choose(&c->blocks, &offset)) {
        forget_old_losses(c);
        rc = put_block(c, offset);
    }
    uint64_t since = c->heard_ms > c->polled_ms && c->blocks.heard ? c->heard_ms : c->polled_ms;
    bool ask = line_has_room(c) && stream_blocks_is_idle(&c->blocks) &&
               !stream_blocks_is_asked(&c->blocks);
    if (rc == ARAREXT_OK && (ask || now_ms(c) - since >= POLL_BAD_MS)) {
        rc = put_blocks_poll(c);
    }
    return rc;
}

/* ---- frames ---- */

static int speak_of_frames(struct sender *c)
{
    int rc = ARAREXT_OK;
    while (rc == ARAREXT_OK && c->sent < c->job->size && has_credit(c) && line_has_room(c)) {
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

static int speak_of_data(struct sender *c)
{
    note_lateness(c);
    if (c->blocks.on && c->blocks.ends && c->acked == c->sent) {
        end_blocks(c);
    }
    return c->blocks.on ? speak_of_blocks(c) : speak_of_frames(c);
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
    double frames = choose_payload(c);
    if (c->takes_blocks && c->losses > MANY_LOSSES && block_cost(c) < frames) {
        begin_blocks(c);
    }
}

/* Bytes of content in flash. A status that tells of blocks has no room for them: what was taken of
 * the stream stands in for it. */
static uint32_t told_written(const struct sender *c, uint32_t next)
{
    uint32_t content = c->job->content != 0 ? c->job->content : c->job->size;
    if ((c->in[STREAM_STATUS_FLAGS] & STREAM_FLAG_KEPT) == 0) {
        return load_le32(c->in + STREAM_STATUS_WRITTEN);
    }
    return (uint32_t)((uint64_t)content * next / c->job->size);
}

/* What the status says of what is missing. */
static void hear_of_losses(struct sender *c, uint32_t next, uint32_t number)
{
    uint8_t flags = c->in[STREAM_STATUS_FLAGS];
    bool answer = (flags & STREAM_FLAG_ANSWER) != 0;
    if (c->blocks.on) {
        bool tells = (flags & STREAM_FLAG_KEPT) != 0;
        uint32_t kept = tells ? load_le32(c->in + STREAM_STATUS_WRITTEN) : 0;
        c->blocks.heard = c->blocks.heard || tells;
        stream_blocks_hear(&c->blocks, next, kept, answer ? number : 0);
        c->sent = c->blocks.sent;
        return;
    }
    c->sent = c->sent < next ? next : c->sent;
    note_arrival(c, next);
    bool gap = (flags & STREAM_FLAG_GAP) != 0 && flags >> STREAM_ROUND_SHIFT == c->round;
    bool lost =
        answer && number >> POLL_ROUND_SHIFT == c->round && next < (number & POLL_OFFSET_MASK);
    if (c->state == STREAM_OPEN && !closing(c) && next < c->sent && (gap || lost)) {
        go_back(c, next);
    }
}

/* next is the board's word; anything else may be known wrongly, since answers have no CRC. */
static void hear(struct sender *c)
{
    uint32_t next = load_le32(c->in + STREAM_STATUS_NEXT);
    uint32_t number = load_le32(c->in + STREAM_STATUS_NUMBER);
    if (next > c->job->size) {
        return;
    }
    uint32_t written = told_written(c, next);
    c->heard_ms = now_ms(c);
    c->moved_ms = next > c->acked || written > c->written ? c->heard_ms : c->moved_ms;
    c->word_len = sizeof c->word;
    memcpy(c->word, c->in, sizeof c->word);
    c->state = c->in[STREAM_STATUS_STATE];
    c->acked = next;
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
    hear_of_losses(c, next, number);
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
    uint32_t offset;
    bool has_data = !closing(c) && (c->blocks.on ? stream_blocks_choose(&c->blocks, &offset)
                                                 : c->sent < c->job->size && has_credit(c));
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

/* ---- until it is closed ---- */

static bool stopped(const struct ararext_session *s)
{
    return s->options.stop != NULL && s->options.stop(s->options.ctx);
}

bool stream_is_idle(const struct sender *c)
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
    bool soon = stream_is_idle(c) || c->closes > 1;
    unsigned interval = patience(c, soon ? CLOSE_MS : CLOSE_BUSY_MS);
    return c->closes == 0 || now_ms(c) - since >= interval ? put_close(c) : ARAREXT_OK;
}

/* How long the board may be silent: while it erases a sector it cannot answer. */
static unsigned silence_limit(const struct sender *c)
{
    unsigned limit = c->interrupted ? STOP_MS : LOST_MS;
    return patience(c, stream_is_idle(c) ? (unsigned)(STREAM_CLOSE_TRIES * CLOSE_MS) : limit);
}

int stream_converse(struct sender *c)
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
