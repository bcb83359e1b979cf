/* SPDX-License-Identifier: MIT */
/* Line, board and sender for the tests of streaming. */
#include "stream_sim.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "crc.h"
#include "geometry.h"
#include "memory_map.h"
#include "seeded.h"

#define US          1000u
#define MS          (1000u * US)
#define SECOND      (1000ull * MS)
#define STEP_NS     (50u * US)
#define AHEAD_NS    (2u * MS) /* what the sender's driver holds */
#define POLL_NS     (250u * MS)
#define CLOSE_NS    (200u * MS)
#define PAYLOAD_MIN 32u
#define WORD_NS     (16u * US)

uint32_t sim_now_us(const struct sim *s)
{
    return (uint32_t)(s->now_ns / US) - 3000000u;
}

static bool happens(uint32_t ppm)
{
    return seeded_below(1000000u) < ppm;
}

/* ---- the line ---- */

static void wire_put(struct sim *s, struct sim_wire *w, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = bytes[i];
        w->free_ns = (w->free_ns > s->now_ns ? w->free_ns : s->now_ns) + 10u * SECOND / s->baud;
        if (w->free_ns >= s->faults.cut_from_ns && w->free_ns < s->faults.cut_to_ns) {
            s->faults.cut++;
            continue;
        }
        if (happens(s->faults.lose_ppm)) {
            s->faults.lost++;
            continue;
        }
        if (happens(s->faults.alter_ppm)) {
            byte ^= (uint8_t)(1u + seeded_below(255));
            s->faults.altered++;
        }
        assert_true(w->in - w->out < SIM_WIRE_SIZE);
        w->bytes[w->in % SIM_WIRE_SIZE].byte = byte;
        w->bytes[w->in % SIM_WIRE_SIZE].at_ns = w->free_ns + s->latency_us * US;
        w->in++;
    }
}

static bool wire_get(struct sim *s, struct sim_wire *w, uint8_t *byte)
{
    if (w->in == w->out || w->bytes[w->out % SIM_WIRE_SIZE].at_ns > s->now_ns) {
        return false;
    }
    *byte = w->bytes[w->out++ % SIM_WIRE_SIZE].byte;
    return true;
}

/* ---- the sender ---- */

static void put_frame(struct sim *s, const uint8_t *frame, size_t len)
{
    struct sim_sender *h = &s->sender;
    if (seeded_below(100) < s->faults.drop_pct) {
        s->faults.dropped++;
        return;
    }
    if (h->held_len == 0 && seeded_below(100) < s->faults.swap_pct) {
        memcpy(h->held, frame, len);
        h->held_len = len;
        return;
    }
    wire_put(s, &s->down, frame, len);
    if (seeded_below(100) < s->faults.double_pct) {
        s->faults.doubled++;
        wire_put(s, &s->down, frame, len);
    }
    if (h->held_len > 0) {
        s->faults.swapped++;
        wire_put(s, &s->down, h->held, h->held_len);
        h->held_len = 0;
    }
}

static void go_back(struct sim_sender *h, uint32_t next)
{
    h->gone_back++;
    h->round = (h->round + 1u) & 15u;
    h->sent = next;
    if (h->adapt) {
        h->payload = h->payload / 2 > PAYLOAD_MIN ? h->payload / 2 : PAYLOAD_MIN;
        h->flight_limit = 6u * (h->payload + 16u);
    }
}

/* What the board is to say that flash holds, in whole words; of a word that it held back, before it
 * wrote it. */
static uint32_t sim_digest(const struct sim *s)
{
    size_t words = (s->content_len + 3) / 4;
    uint8_t *bytes = malloc(words * 4);
    assert_non_null(bytes);
    memset(bytes, 0xFF, words * 4);
    size_t held = (s->stream.spec.flags & STREAM_FLAG_HOLD) != 0 ? 4 : 0;
    memcpy(bytes + held, s->content + held, s->content_len - held);
    uint32_t crc = stream_crc(CRC_START, bytes, words);
    free(bytes);
    return crc;
}

static void hear(struct sim *s, const uint8_t *status)
{
    struct sim_sender *h = &s->sender;
    uint32_t next = load_le32(status + STREAM_STATUS_NEXT);
    uint8_t flags = status[STREAM_STATUS_FLAGS];

    h->statuses++;
    h->heard_ns = s->now_ns;
    h->written = load_le32(status + STREAM_STATUS_WRITTEN);
    assert_true(next <= h->size);
    if (next > h->acked && h->flight_limit < SIM_WINDOW) {
        h->flight_limit += h->adapt ? 16u : SIM_WINDOW;
    }
    h->acked = next > h->acked ? next : h->acked;
    bool gap = (flags & STREAM_FLAG_GAP) != 0 && flags >> STREAM_ROUND_SHIFT == h->round;
    bool behind = (flags & STREAM_FLAG_ANSWER) != 0 && h->poll_number != 0 &&
                  load_le32(status + STREAM_STATUS_NUMBER) == h->poll_number && next < h->poll_sent;
    if (gap || behind) {
        go_back(h, next);
    }
    if (flags & STREAM_FLAG_ANSWER) {
        h->poll_number = 0;
    }
    if (status[STREAM_STATUS_STATE] != STREAM_OPEN && h->state == STREAM_OPEN) {
        h->done_ns = s->now_ns;
        h->state = status[STREAM_STATUS_STATE];
        h->reason = status[STREAM_STATUS_REASON];
        h->detail = load_le32(status + STREAM_STATUS_NUMBER);
        if (h->state == STREAM_COMPLETE && s->staged_len == 0) {
            assert_int_equal(h->detail, sim_digest(s));
        }
    }
}

static void listen(struct sim *s)
{
    struct sim_sender *h = &s->sender;
    while (wire_get(s, &s->up, &h->in[h->in_len])) {
        h->in_len++;
        if (h->in_len == sizeof h->in && stream_status_good(h->in)) {
            hear(s, h->in);
            h->in_len = 0;
        }
        while (h->in_len > 0 && (h->in_len == sizeof h->in || h->in[0] != STREAM_STATUS_START)) {
            memmove(h->in, h->in + 1, --h->in_len);
        }
    }
}

static void send_control(struct sim *s, uint8_t kind, uint32_t number)
{
    uint8_t head[STREAM_HEAD_SIZE];
    stream_make_control(head, kind, number);
    put_frame(s, head, sizeof head);
}

/* Bytes that the board has not taken, if len more of payload are sent; frames count whole. */
static uint32_t under_way(const struct sim_sender *h, uint32_t len)
{
    uint32_t bytes = h->sent + len - h->acked;
    uint32_t frames = bytes / h->payload + 2u;
    return bytes + frames * (STREAM_HEAD_SIZE + STREAM_CRC_SIZE + 3u);
}

static void speak(struct sim *s)
{
    struct sim_sender *h = &s->sender;
    uint8_t frame[STREAM_FRAME_MAX];

    if (h->state != STREAM_OPEN) {
        if (s->now_ns - h->closed_ns >= CLOSE_NS) {
            h->closed_ns = s->now_ns;
            send_control(s, STREAM_CLOSE, 1);
        }
        return;
    }
    while (h->sent < h->size && s->down.free_ns < s->now_ns + AHEAD_NS) {
        uint32_t len = h->size - h->sent < h->payload ? h->size - h->sent : h->payload;
        if (under_way(h, len) > SIM_WINDOW ||
            (h->sent > h->acked && under_way(h, len) > h->flight_limit)) {
            break;
        }
        put_frame(s, frame, stream_make_data(frame, h->round, h->sent, h->data + h->sent, len));
        h->sent += len;
        h->polled_ns = s->now_ns;
    }
    if (s->now_ns - h->polled_ns >= POLL_NS && s->now_ns - h->heard_ns >= POLL_NS / 2) {
        h->polled_ns = s->now_ns;
        h->poll_number = 1u + seeded_below(1000000);
        h->poll_sent = h->sent;
        send_control(s, STREAM_POLL, h->poll_number);
    }
}

/* ---- the board ---- */

void sim_pass(struct sim *s, uint64_t ns)
{
    while (ns > 0) {
        uint64_t step = ns < STEP_NS ? ns : STEP_NS;
        ns -= step;
        s->now_ns += step;
        while (wire_get(s, &s->down, &s->ring[s->ring_in % SIM_RING_SIZE])) {
            s->ring_in++;
        }
        listen(s);
        if (!s->sender.mute && s->sender.size != 0) {
            speak(s);
        }
    }
}

static enum reason erase(void *ctx, unsigned sector, uint32_t *detail)
{
    struct sim *s = ctx;
    uint32_t addr = geometry_sector_addr(sector);
    uint32_t size = geometry_sector_size(sector);
    (void)detail;
    assert_in_range(sector, MAP_BOOT_SECTORS, 11);
    assert_false(s->erased[sector]);
    assert_int_equal(s->begun_len, 0);
    memset(s->flash + (addr - MAP_FLASH_BASE), 0xFF, size);
    s->erased[sector] = true;
    s->erases++;
    sim_pass(s, size == 16384 ? 250 * MS : size == 65536 ? 550 * MS : 1 * SECOND);
    return REASON_NONE;
}

static enum reason program(void *ctx, uint32_t addr, const uint8_t *data, size_t len,
                           uint32_t *detail)
{
    struct sim *s = ctx;
    uint32_t at = addr - s->content_addr;
    uint32_t ahead = s->begun_len / 8 * 4; /* half of it is there by now */
    assert_true(addr % 4 == 0 && len % 4 == 0 && len > 0);
    assert_true(s->begun_len == 0 || (addr == s->begun_addr && len == s->begun_len));
    s->begun_len = 0;
    assert_true(addr >= s->content_addr && at < s->content_len);
    if (at == 0 && (s->stream.spec.flags & STREAM_FLAG_HOLD) != 0) {
        assert_int_equal(len, 4);
        assert_int_equal(s->programmed, (s->content_len - 1) / 4);
    }
    for (uint32_t i = 0; i < len; i++) {
        uint8_t *cell = s->flash + (addr - MAP_FLASH_BASE) + i;
        assert_true(s->erased[geometry_sector_at(addr + i)]);
        assert_int_equal(*cell, i < ahead ? data[i] : 0xFF);
        assert_int_equal(data[i], at + i < s->content_len ? s->content[at + i] : 0xFF);
        *cell = data[i];
    }
    if (addr <= s->faults.flash_fails_at && s->faults.flash_fails_at < addr + len) {
        s->faults.flash_failed++;
        *detail = s->faults.flash_fails_at;
        return REASON_VERIFY;
    }
    s->programmed += (unsigned)(len / 4);
    sim_pass(s, (len - ahead) / 4 * WORD_NS);
    return REASON_NONE;
}

static void begin(void *ctx, uint32_t addr, const uint8_t *data, size_t len)
{
    struct sim *s = ctx;
    assert_true(addr % 4 == 0 && len % 4 == 0 && len > 0);
    assert_int_equal(s->begun_len, 0);
    s->begun_addr = addr;
    s->begun_len = (uint32_t)len;
    s->begun++;
    memcpy(s->flash + (addr - MAP_FLASH_BASE), data, len / 8 * 4);
}

static void alive(void *ctx)
{
    (void)ctx;
}

static enum reason stage(void *ctx, uint32_t offset, const uint8_t *data, uint32_t len,
                         uint32_t *detail)
{
    struct sim *s = ctx;
    (void)detail;
    assert_int_equal(offset, s->staged_len);
    assert_true(len <= s->content_len - offset);
    assert_true(len % 4 == 0 || offset + len == s->content_len);
    assert_memory_equal(data, s->content + offset, len);
    memcpy(s->staged + offset, data, len);
    s->staged_len += len;
    sim_pass(s, (len + 3) / 4 * WORD_NS);
    return REASON_NONE;
}

static uint32_t memory_crc(void *ctx, uint32_t addr, size_t words)
{
    struct sim *s = ctx;
    return stream_crc(CRC_START, s->flash + (addr - MAP_FLASH_BASE), words);
}

struct sim *sim_create(uint32_t baud, uint32_t latency_us)
{
    struct sim *s = calloc(1, sizeof *s);
    assert_non_null(s);
    seeded_fill(s->flash, sizeof s->flash);
    s->baud = baud;
    s->latency_us = latency_us;
    s->flash_hw = (struct flash_hw){.ctx = s,
                                    .erase = erase,
                                    .program = program,
                                    .begin = begin,
                                    .alive = alive,
                                    .flash_kib = 1024,
                                    .memory_crc_words = memory_crc};
    s->hw = (struct stream_hw){.flash = &s->flash_hw,
                               .memory = &s->memory,
                               .dictionary = s->dictionary,
                               .stage = stage,
                               .stage_ctx = s};
    stream_init(&s->stream, &s->hw);
    return s;
}

void sim_free(struct sim *s)
{
    free(s->staged);
    free(s);
}

void sim_send(struct sim *s, const struct stream_spec *spec, const uint8_t *stream,
              const uint8_t *content)
{
    s->content = content;
    s->content_addr = spec->addr;
    s->content_len =
        (spec->flags & STREAM_KIND_BITS) == STREAM_PACKAGE ? spec->size : spec->content;
    free(s->staged);
    s->staged = malloc(spec->size);
    assert_non_null(s->staged);
    s->staged_len = 0;
    memset(s->erased, 0, sizeof s->erased);
    s->sender.data = stream;
    s->sender.size = spec->size;
}

uint32_t sim_begin(struct sim *s, const struct stream_spec *spec)
{
    struct sim_sender *h = &s->sender;
    sim_pass(s, 2u * s->latency_us * US); /* command and answer */
    h->round = 0;
    h->state = STREAM_OPEN;
    h->in_len = h->held_len = 0;
    h->payload = STREAM_PAYLOAD_MAX;
    h->flight_limit = SIM_WINDOW;
    h->heard_ns = h->polled_ns = s->now_ns;
    h->closed_ns = 0;
    h->poll_number = 0;
    h->sent = h->acked = stream_begin(&s->stream, spec);
    return h->sent;
}

static void board_step(struct sim *s)
{
    size_t have = s->ring_in - s->ring_out;
    size_t at = s->ring_out % SIM_RING_SIZE;
    if (have > SIM_RING_SIZE || (s->faults.overflows > 0 && have > 4096)) {
        s->faults.overflowed++;
        s->faults.overflows -= s->faults.overflows > 0;
        s->ring_out = s->ring_in;
        stream_lost(&s->stream, sim_now_us(s));
        return;
    }
    size_t first = have < SIM_RING_SIZE - at ? have : SIM_RING_SIZE - at;
    struct stream_input in = {{s->ring + at, s->ring}, {first, have - first}};
    size_t taken = stream_take(&s->stream, &in, sim_now_us(s));
    assert_true(taken <= have);
    s->ring_out += taken;
    uint8_t status[STREAM_STATUS_SIZE];
    if (s->up.free_ns <= s->now_ns && stream_status(&s->stream, sim_now_us(s), status)) {
        wire_put(s, &s->up, status, sizeof status);
    }
    sim_pass(s, taken == 0 ? STEP_NS : 2 * US);
}

void sim_run(struct sim *s, uint32_t limit_s)
{
    uint64_t end = s->now_ns + limit_s * SECOND;
    while (s->stream.state != STREAM_CLOSED) {
        assert_true(s->now_ns < end);
        board_step(s);
    }
    sim_pass(s, 2u * s->latency_us * US + 5 * MS);
    s->down.out = s->down.in; /* closed: the rest is for commands */
    s->ring_out = s->ring_in;
}

void sim_expect_content(const struct sim *s)
{
    uint32_t at = s->content_addr - MAP_FLASH_BASE;
    unsigned first = geometry_sector_at(s->content_addr);
    unsigned last = geometry_sector_at(s->content_addr + s->content_len - 1);
    assert_memory_equal(s->flash + at, s->content, s->content_len);
    for (uint32_t i = s->content_len; i % 4 != 0; i++) {
        assert_int_equal(s->flash[at + i], 0xFF);
    }
    for (unsigned i = 0; i < 12; i++) {
        assert_int_equal(s->erased[i], i >= first && i <= last);
    }
}
