/* SPDX-License-Identifier: MIT */
/* The far end that streams. */
#include "stream_line.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image.h"

enum { USART_COMMAND = 2, HEAD = 12 };
#define STEP      US(100)
#define AHEAD     MS(3)
#define POLL_AGE  MS(250)
#define QUIET_AGE MS(125)

uint32_t stream_line_crc(uint32_t crc, const uint8_t *data, size_t words)
{
    for (size_t i = 0; i < words; i++) {
        crc ^= wire_get32(data + 4 * i);
        for (int bit = 0; bit < 32; bit++) {
            crc = (crc >> 31) != 0 ? (crc << 1) ^ 0x04C11DB7u : crc << 1;
        }
    }
    return crc;
}

struct stream_line *stream_line_open(struct board *b, unsigned latency_ms)
{
    struct stream_line *l = calloc(1, sizeof *l);
    assert_non_null(l);
    l->b = b;
    l->baud = BOARD_BAUD;
    l->latency_ns = MS(latency_ms);
    l->harm.seed = 1;
    return l;
}

void stream_line_set_rate(struct stream_line *l, uint32_t baud)
{
    l->baud = baud;
    twin_line_set(l->b->twin, USART_COMMAND, &(struct twin_line){.baud = baud});
}

/* ---- bytes ---- */

static void push_in(struct stream_line *l, uint64_t now)
{
    for (size_t i = 0; i < l->b->rx_len; i++) {
        if (l->cut ||
            (l->lose_up_ppm != 0 && random_below(&l->harm.seed, 1000000) < l->lose_up_ppm)) {
            l->lost_up++;
            continue;
        }
        assert_true(l->in_count < BOARD_RX_MAX);
        size_t at = (l->in_first + l->in_count++) % BOARD_RX_MAX;
        l->in[at].at_ns = now + l->latency_ns;
        l->in[at].byte = l->b->rx[i];
    }
    l->b->rx_len = 0;
}

static void put_on_line(struct stream_line *l, const uint8_t *bytes, size_t len)
{
    if (l->cut) {
        l->cut_frames++;
    } else {
        stream_harm_send(&l->harm, l->b->twin, USART_COMMAND, bytes, len);
    }
}

void stream_line_run(struct stream_line *l, uint64_t ns)
{
    uint64_t end = twin_now_ns(l->b->twin) + ns;
    uint64_t now;
    while ((now = twin_now_ns(l->b->twin)) < end) {
        while (l->out_count != 0 && l->out[l->out_first].at_ns <= now) {
            put_on_line(l, l->out[l->out_first].bytes, l->out[l->out_first].len);
            l->out_first = (l->out_first + 1) % STREAM_QUEUE;
            l->out_count--;
        }
        (void)board_run(l->b, end - now < STEP ? end - now : STEP);
        push_in(l, twin_now_ns(l->b->twin));
    }
}

void stream_line_send(struct stream_line *l, const uint8_t *bytes, size_t len)
{
    uint64_t at = twin_now_ns(l->b->twin) + l->latency_ns;
    assert_true(l->out_count < STREAM_QUEUE && len <= STREAM_FRAME);
    unsigned i = (l->out_first + l->out_count++) % STREAM_QUEUE;
    l->out[i].at_ns = at;
    l->out[i].len = len;
    memcpy(l->out[i].bytes, bytes, len);
    l->free_ns = (l->free_ns > at ? l->free_ns : at) + len * 10 * MS(1000) / l->baud;
}

static bool take_byte(struct stream_line *l, uint8_t *byte)
{
    if (l->in_count == 0 || l->in[l->in_first].at_ns > twin_now_ns(l->b->twin)) {
        return false;
    }
    *byte = l->in[l->in_first].byte;
    l->in_first = (l->in_first + 1) % BOARD_RX_MAX;
    l->in_count--;
    return true;
}

size_t stream_line_receive(struct stream_line *l, uint8_t *out, size_t want, uint64_t ns)
{
    uint64_t end = twin_now_ns(l->b->twin) + ns;
    size_t got = 0;
    while (got < want) {
        if (take_byte(l, out + got)) {
            got++;
        } else if (twin_now_ns(l->b->twin) >= end) {
            break;
        } else {
            stream_line_run(l, STEP);
        }
    }
    return got;
}

/* ---- commands ---- */

bool stream_line_ask(struct stream_line *l, unsigned command, const uint8_t *payload, size_t n,
                     uint8_t data[255])
{
    uint8_t request[WIRE_FRAME_MAX];
    uint8_t head[3] = {0};
    size_t head_len = l->b->dialect == WIRE_NATIVE ? 3 : 2;
    size_t len = wire_request(request, l->b->dialect, command, payload, n);
    stream_line_send(l, request, len);
    assert_int_equal(stream_line_receive(l, head, 1, MS(15000)), 1);
    if (head[0] == 0x7F) {
        return false;
    }
    assert_int_equal(head[0], 0xA5);
    assert_int_equal(stream_line_receive(l, head + 1, head_len - 1, MS(50)), head_len - 1);
    if (head_len == 3) {
        assert_int_equal(head[1], command);
    }
    len = head[head_len - 1];
    assert_int_equal(stream_line_receive(l, data, len, MS(400)), len);
    return true;
}

void stream_line_change_rate(struct stream_line *l, uint32_t baud)
{
    uint8_t rate[4];
    uint8_t data[255] = {0};
    wire_put32(rate, baud);
    assert_true(stream_line_ask(l, SET_BAUD, rate, sizeof rate, data));
    stream_line_run(l, 2 * MS(1000) / l->baud); /* the answer's stop bit leaves */
    stream_line_set_rate(l, baud);
}

void stream_line_begin_payload(uint8_t p[14], const struct stream_job *job)
{
    p[0] = job->flags;
    p[1] = job->sector;
    wire_put32(p + 2, job->size);
    wire_put32(p + 6, job->id);
    wire_put32(p + 10, job->content);
}

bool stream_line_begin(struct stream_line *l, const struct stream_job *job)
{
    uint8_t p[14];
    uint8_t data[255] = {0};
    stream_line_begin_payload(p, job);
    if (!stream_line_ask(l, STREAM_BEGIN, p, sizeof p, data)) {
        return false;
    }
    l->window = wire_get32(data);
    l->resume = wire_get32(data + 4);
    l->frame_max = wire_get16(data + 8);
    l->slot = data[10];
    assert_int_equal(data[11], 1); /* blocks */
    l->data = job->data;
    l->size = l->stop_at = job->size;
    l->sent = l->acked = l->resume;
    l->payload = l->frame_max;
    l->least = l->frame_max;
    l->round = 0;
    l->state = STATE_OPEN;
    l->status_len = 0;
    l->polled = 0;
    l->heard_ns = l->polled_ns = twin_now_ns(l->b->twin);
    assert_true(l->resume <= job->size && l->frame_max <= STREAM_PAYLOAD);
    return true;
}

/* ---- the stream ---- */

static void put_head(uint8_t *out, unsigned kind_round, uint32_t len, uint32_t number)
{
    out[0] = 0xC5;
    out[1] = (uint8_t)kind_round;
    wire_put16(out + 2, len);
    wire_put32(out + 4, number);
    wire_put32(out + 8, stream_line_crc(0xFFFFFFFFu, out, 2));
}

void stream_line_control(struct stream_line *l, unsigned kind, uint32_t number)
{
    uint8_t head[HEAD];
    put_head(head, kind, 0, number);
    stream_line_send(l, head, sizeof head);
}

size_t stream_line_frame(const struct stream_line *l, uint8_t out[STREAM_FRAME], uint32_t offset,
                         uint32_t len)
{
    uint32_t padded = (len + 3u) & ~3u;
    assert_true(len > 0 && len <= STREAM_PAYLOAD);
    put_head(out, KIND_DATA | (unsigned)l->round << 4, len, offset);
    memset(out + HEAD + padded - 4, 0, 4);
    memcpy(out + HEAD, l->data + offset, len);
    uint32_t crc = stream_line_crc(0xFFFFFFFFu, out, 2);
    wire_put32(out + HEAD + padded, stream_line_crc(crc, out + HEAD, padded / 4));
    return HEAD + padded + 4;
}

static void send_data(struct stream_line *l, uint32_t len)
{
    static uint8_t frame[STREAM_FRAME];
    size_t size = stream_line_frame(l, frame, l->sent, len);
    stream_line_send(l, frame, size);
    l->sent += len;
}

static void go_back(struct stream_line *l)
{
    l->gone_back++;
    l->round = (l->round + 1u) & 15u;
    l->sent = l->next;
    l->payload = l->payload / 2 > l->least ? l->payload / 2 : l->least;
}

static void hear(struct stream_line *l)
{
    const uint8_t *s = l->status;
    bool behind;
    l->statuses++;
    l->heard_ns = twin_now_ns(l->b->twin);
    l->state = s[1];
    l->reason = s[2];
    l->flags = s[3];
    l->next = wire_get32(s + 4);
    l->written = wire_get32(s + 8);
    l->number = wire_get32(s + 12);
    assert_true(l->next >= l->acked && l->next <= l->size);
    l->acked = l->next;
    l->sent = l->sent < l->next ? l->next : l->sent; /* frames of an earlier round came late */
    behind = (l->flags & 2) != 0 && l->number == l->polled && l->next < l->poll_sent;
    if (l->state == STATE_OPEN && (((l->flags & 1) != 0 && l->flags >> 4 == l->round) || behind)) {
        go_back(l);
    }
    if ((l->flags & 2) != 0) {
        l->polled = 0;
    }
}

/* Takes bytes until there is a whole status. Only a line that loses bytes has others than those. */
static bool take_status(struct stream_line *l)
{
    while (l->status_len < STATUS_SIZE && take_byte(l, &l->status[l->status_len])) {
        l->status_len++;
        while (l->status_len > 0 &&
               (l->status[0] != 0x5C || (l->status_len == STATUS_SIZE &&
                                         stream_line_crc(0xFFFFFFFFu, l->status, 5) != 0))) {
            assert_true(l->lose_up_ppm != 0 || l->lost_up != 0);
            memmove(l->status, l->status + 1, --l->status_len);
        }
    }
    return l->status_len == STATUS_SIZE;
}

static void listen(struct stream_line *l)
{
    while (take_status(l)) {
        l->status_len = 0;
        hear(l);
    }
}

bool stream_line_hear(struct stream_line *l, uint64_t ns)
{
    uint64_t end = twin_now_ns(l->b->twin) + ns;
    while (!take_status(l)) {
        if (twin_now_ns(l->b->twin) >= end) {
            return false;
        }
        stream_line_run(l, STEP);
    }
    l->status_len = 0;
    hear(l);
    return true;
}

/* Whether one more frame of len bytes may go under way. */
static bool fits(const struct stream_line *l, uint32_t len)
{
    uint32_t bytes = l->sent + len - l->acked;
    uint32_t frames = bytes / l->payload + 2u;
    return l->careless || bytes + frames * 19u <= l->window;
}

static void send_some(struct stream_line *l)
{
    uint64_t now = twin_now_ns(l->b->twin);
    while (l->sent < l->stop_at && l->free_ns < now + l->latency_ns + AHEAD) {
        uint32_t left = l->stop_at - l->sent;
        uint32_t len = left < l->payload ? left : l->payload;
        if (!fits(l, len)) {
            break;
        }
        send_data(l, len);
        l->polled_ns = now;
    }
    if (now - l->polled_ns >= POLL_AGE && now - l->heard_ns >= QUIET_AGE) {
        l->polled_ns = now;
        l->polled = (uint32_t)(now / 1000) | 1u;
        l->poll_sent = l->sent;
        stream_line_control(l, KIND_POLL, l->polled);
    }
}

void stream_line_transfer(struct stream_line *l, uint32_t limit_s)
{
    uint64_t end = twin_now_ns(l->b->twin) + limit_s * MS(1000);
    while (l->state == STATE_OPEN && twin_is_powered(l->b->twin) &&
           (l->stop_at == l->size || l->acked < l->stop_at)) {
        if (twin_now_ns(l->b->twin) >= end) {
            fail_msg("the stream stands at %u of %u after %u s", (unsigned)l->acked,
                     (unsigned)l->size, (unsigned)limit_s);
        }
        send_some(l);
        stream_line_run(l, STEP);
        listen(l);
    }
}

static void control_until(struct stream_line *l, unsigned kind, unsigned state)
{
    uint32_t number = 0xC0FFEE00u + kind;
    stream_line_control(l, kind, number);
    uint64_t end = twin_now_ns(l->b->twin) + MS(5000);
    do {
        assert_true(twin_now_ns(l->b->twin) < end);
        stream_line_run(l, STEP);
        listen(l);
    } while ((l->flags & 2) == 0 || (state != 0 && l->state != state));
}

void stream_line_close(struct stream_line *l)
{
    control_until(l, KIND_CLOSE, STATE_CLOSED);
    assert_int_equal(l->number, 0xC0FFEE00u + KIND_CLOSE);
}

void stream_line_poll(struct stream_line *l)
{
    l->flags = 0;
    control_until(l, KIND_POLL, 0);
}
