/* SPDX-License-Identifier: MIT */
/*
 * Blocks (PROTOCOL.md, "Blocks"): what comes behind a gap stays in the ring until the gap is
 * filled, in whatever order the line brings it, and nothing of it gets lost or to a wrong place.
 * (stream_sim.h compares every byte that is programmed.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "seeded.h"
#include "stream_sim.h"

#define KIB      1024u
#define BASE     0x08008000u /* sector 2 */
#define RING_MAX (64u * KIB)
#define CALLS    100000u /* of stream_take, until there is nothing left to do */

static uint8_t content[16u * KIB];

/* What lies in the ring, from its oldest byte on. */
struct ring {
    uint8_t bytes[RING_MAX];
    size_t len, cut; /* where it wraps */
};

static struct sim *open_stream(uint32_t size)
{
    seeded_fill(content, size);
    const struct stream_spec spec = {.addr = BASE, .size = size, .id = 1, .content = size};
    struct sim *s = sim_create(115200, 0);
    sim_send(s, &spec, content, content);
    s->sender.mute = true;
    sim_begin(s, &spec);
    return s;
}

static void put(struct ring *r, const uint8_t *bytes, size_t len)
{
    assert_true(r->len + len <= sizeof r->bytes);
    memcpy(r->bytes + r->len, bytes, len);
    r->len += len;
}

static void put_poll(struct ring *r)
{
    uint8_t frame[STREAM_HEAD_SIZE];
    stream_make_control(frame, STREAM_BLOCKS, 77);
    put(r, frame, sizeof frame);
}

static size_t make_block(uint8_t out[STREAM_BLOCK_SIZE], const struct sim *s, uint32_t number)
{
    uint32_t offset = number * STREAM_BLOCK, left = s->stream.spec.size - offset;
    return stream_make_block(out, offset, content + offset,
                             left < STREAM_BLOCK ? left : STREAM_BLOCK);
}

static void put_block(struct ring *r, const struct sim *s, uint32_t number)
{
    uint8_t frame[STREAM_BLOCK_SIZE];
    put(r, frame, make_block(frame, s, number));
}

static void put_zeros(struct ring *r)
{
    static const uint8_t zeros[STREAM_BLOCK_SIZE];
    put(r, zeros, sizeof zeros);
}

/* Lets the board look until nothing changes any more; what it has taken leaves the ring. */
static void serve(struct sim *s, struct ring *r)
{
    unsigned still = 0;
    for (unsigned i = 0; still < 3 && s->stream.state != STREAM_CLOSED; i++) {
        size_t cut = r->cut < r->len ? r->cut : r->len;
        struct stream_input in = {{r->bytes, r->bytes + cut}, {cut, r->len - cut}};
        size_t walked = s->stream.walked;
        size_t n = stream_take(&s->stream, &in, sim_now_us(s));
        assert_true(n <= r->len && i < CALLS);
        memmove(r->bytes, r->bytes + n, r->len - n);
        r->len -= n;
        r->cut -= n < r->cut ? n : r->cut;
        still = n == 0 && s->stream.walked == walked ? still + 1 : 0;
    }
}

static uint32_t told(struct sim *s, unsigned field)
{
    uint8_t status[STREAM_STATUS_SIZE];
    s->now_ns += 10000000;
    assert_true(stream_status(&s->stream, sim_now_us(s), status));
    assert_true(stream_status_good(status));
    return field == STREAM_STATUS_FLAGS ? status[field] : load_le32(status + field);
}

/* The example of PROTOCOL.md. */
static void test_blocks_example(void **state)
{
    static const uint8_t expect[] = {0xD0, 0x03, 0x61, 0x62, 0x63, 0x64, 0xB5, 0x80, 0x54, 0x19};
    uint8_t frame[STREAM_BLOCK_SIZE];
    (void)state;
    assert_int_equal(stream_make_block(frame, 96, (const uint8_t *)"abcd", 4), sizeof expect);
    assert_memory_equal(frame, expect, sizeof expect);
}

/* To a board that nobody has told of them they are bytes that are no frame. */
static void test_blocks_are_asked_for(void **state)
{
    struct ring r = {.cut = RING_MAX};
    struct sim *s = open_stream(320);
    (void)state;
    put_block(&r, s, 0);
    put_zeros(&r);
    serve(s, &r);
    assert_int_equal(s->stream.next, 0);
    put_poll(&r);
    put_block(&r, s, 0);
    put_zeros(&r);
    serve(s, &r);
    assert_int_equal(s->stream.next, 32);
    assert_int_equal(told(s, STREAM_STATUS_FLAGS), STREAM_FLAG_ANSWER | STREAM_FLAG_KEPT);
    sim_free(s);
}

/* Wherever the ring wraps: those behind a gap are told of, and taken once it is filled. */
static void test_blocks_wait_for_a_gap(void **state)
{
    (void)state;
    for (size_t cut = 1; cut < 260; cut++) {
        struct ring r = {.cut = cut};
        struct sim *s = open_stream(6 * 32 + 10);
        put_poll(&r);
        put_block(&r, s, 0);
        put_block(&r, s, 2);
        put_block(&r, s, 5);
        put_block(&r, s, 6); /* the last one, shorter */
        put_zeros(&r);
        serve(s, &r);
        assert_int_equal(s->stream.next, 32);
        assert_int_equal(told(s, STREAM_STATUS_WRITTEN), 1u << 1 | 1u << 4 | 1u << 5);
        put_block(&r, s, 1);
        put_zeros(&r);
        serve(s, &r);
        assert_int_equal(s->stream.next, 96);
        put_block(&r, s, 4);
        put_block(&r, s, 3);
        put_zeros(&r);
        serve(s, &r);
        assert_int_equal(s->stream.state, STREAM_COMPLETE);
        assert_int_equal(r.len, 0);
        sim_expect_content(s);
        sim_free(s);
    }
}

/* Each bit of a block, wrong: nothing is programmed, and what comes next is taken. */
static void test_blocks_every_bit(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 8 * STREAM_BLOCK_SIZE; bit++) {
        struct ring r = {.cut = RING_MAX};
        struct sim *s = open_stream(320);
        put_poll(&r);
        put_block(&r, s, 0);
        r.bytes[STREAM_HEAD_SIZE + bit / 8] ^= (uint8_t)(1u << bit % 8);
        put_block(&r, s, 1);
        put_zeros(&r);
        serve(s, &r);
        assert_int_equal(s->stream.next, 0);
        assert_int_equal(s->programmed, 0);
        put_block(&r, s, 0);
        put_zeros(&r);
        serve(s, &r);
        assert_int_equal(s->stream.next, 64);
        sim_free(s);
    }
}

/* A ring that ran over is empty: nothing is told of that is not there. */
static void test_blocks_lost_ring(void **state)
{
    struct ring r = {.cut = RING_MAX};
    struct sim *s = open_stream(320);
    (void)state;
    put_poll(&r);
    put_block(&r, s, 1);
    put_zeros(&r);
    serve(s, &r);
    assert_int_equal(told(s, STREAM_STATUS_WRITTEN), 2);
    stream_lost(&s->stream, sim_now_us(s));
    r.len = 0;
    put_block(&r, s, 0);
    put_zeros(&r);
    serve(s, &r);
    assert_int_equal(s->stream.next, 32);
    assert_int_equal(told(s, STREAM_STATUS_WRITTEN), 0);
    sim_free(s);
}

/* What is kept must not be taken for commands once the stream is closed. */
static void test_blocks_leave_with_close(void **state)
{
    uint8_t frame[STREAM_HEAD_SIZE];
    struct ring r = {.cut = RING_MAX};
    struct sim *s = open_stream(320);
    (void)state;
    put_poll(&r);
    put_block(&r, s, 3);
    stream_make_control(frame, STREAM_CLOSE, 1);
    put(&r, frame, sizeof frame);
    serve(s, &r);
    assert_int_equal(s->stream.state, STREAM_CLOSED);
    assert_int_equal(r.len, 0);
    sim_free(s);
}

/* Any order within what is told of, damaged ones and noise in between. */
static void test_blocks_any_order(void **state)
{
    enum { ROUNDS = 60, BLOCKS = 300, SWAPS = 24 };
    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct ring r = {.cut = seeded_below(RING_MAX)};
        struct sim *s = open_stream(BLOCKS * STREAM_BLOCK);
        uint8_t frame[STREAM_BLOCK_SIZE];
        uint32_t order[BLOCKS];
        put_poll(&r);
        for (uint32_t n = 0; n < BLOCKS; n++) {
            order[n] = n;
        }
        for (uint32_t n = 0; n + SWAPS < BLOCKS; n++) {
            uint32_t other = n + seeded_below(SWAPS), held = order[n];
            bool far = order[other] > n + STREAM_KEPT_BITS - 2 || held > other + SWAPS;
            order[n] = far ? held : order[other];
            order[other] = far ? order[other] : held;
        }
        for (uint32_t n = 0; n < BLOCKS; n++) {
            if (seeded_below(3) == 0) {
                size_t len = make_block(frame, s, order[n]);
                frame[seeded_below((uint32_t)len)] ^= 0x10;
                put(&r, frame, len - seeded_below(3));
            }
            put_block(&r, s, order[n]);
            if (seeded_below(4) == 0) {
                serve(s, &r);
            }
        }
        put_zeros(&r);
        serve(s, &r);
        assert_int_equal(s->stream.state, STREAM_COMPLETE);
        sim_expect_content(s);
        sim_free(s);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_example),
        cmocka_unit_test(test_blocks_are_asked_for),
        cmocka_unit_test(test_blocks_wait_for_a_gap),
        cmocka_unit_test(test_blocks_every_bit),
        cmocka_unit_test(test_blocks_lost_ring),
        cmocka_unit_test(test_blocks_leave_with_close),
        cmocka_unit_test(test_blocks_any_order),
    };
    seeded_start(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
