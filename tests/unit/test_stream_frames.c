/* SPDX-License-Identifier: MIT */
/*
 * Frames of streaming, byte by byte: what the engine takes, tells and refuses, and anything at all
 * as input. (test_stream.c has whole streams.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "crc.h"
#include "seeded.h"
#include "stream_sim.h"

#define KIB  1024u
#define BASE 0x08008000u /* sector 2 */

static uint8_t content[200u * KIB];

static struct stream_spec plain(uint32_t size, uint32_t id)
{
    seeded_fill(content, size);
    return (struct stream_spec){.addr = BASE, .size = size, .id = id, .content = size};
}

/* The example of PROTOCOL.md. */
static void test_stream_example(void **state)
{
    static const uint8_t expect[] = {0xC5, 0x01, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x3E, 0xEA,
                                     0x17, 0x29, 0x61, 0x62, 0x63, 0x64, 0xD1, 0x98, 0xAB, 0x97};
    uint8_t frame[STREAM_FRAME_MAX];
    (void)state;

    assert_int_equal(stream_make_data(frame, 0, 0, (const uint8_t *)"abcd", 4), sizeof expect);
    assert_memory_equal(frame, expect, sizeof expect);
}

/* Bytes in memory of exactly their size. Freed by the caller. */
static uint8_t *copy_of(const uint8_t *bytes, size_t len)
{
    uint8_t *copy = malloc(len > 0 ? len : 1);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, bytes, len);
    return copy;
}

/* Feeds bytes, cut anywhere; returns what was taken. */
static size_t feed(struct sim *s, const uint8_t *bytes, size_t len, size_t cut)
{
    size_t taken = 0;
    for (unsigned idle = 0; idle < 3 && taken < len;) {
        size_t first = cut > taken ? cut - taken : len - taken;
        uint8_t *a = copy_of(bytes + taken, first);
        uint8_t *b = copy_of(bytes + taken + first, len - taken - first);
        struct stream_input in = {{a, b}, {first, len - taken - first}};
        size_t n = stream_take(&s->stream, &in, sim_now_us(s));
        assert_true(n <= len - taken);
        taken += n;
        idle = n == 0 ? idle + 1 : 0;
        free(a);
        free(b);
    }
    return taken;
}

static void pass_ms(struct sim *s, uint32_t ms)
{
    s->now_ns += ms * 1000000ull;
}

static struct sim *open_plain(const struct stream_spec *spec)
{
    struct sim *s = sim_create(115200, 0);
    sim_send(s, spec, content, content);
    s->sender.mute = true;
    sim_begin(s, spec);
    feed(s, (const uint8_t *)"x", 1, 1); /* erases the first sector */
    return s;
}

/* Frames with every CRC right and a length that cannot be. */
static void test_stream_length_refused(void **state)
{
    struct stream_spec spec = plain(100, 1);
    static const uint8_t lens[] = {104, 101, 99, 2, 1};
    uint8_t frame[STREAM_FRAME_MAX];
    (void)state;

    for (size_t i = 0; i < sizeof lens; i++) {
        struct sim *s = open_plain(&spec);
        size_t len = stream_make_data(frame, 0, 0, content, lens[i]);
        assert_int_equal(feed(s, frame, len, len), len);
        assert_int_equal(s->stream.state, STREAM_FAILED);
        assert_int_equal(s->stream.reason, REASON_PAYLOAD_LENGTH);
        assert_int_equal(s->stream.detail, lens[i]);
        assert_false(stream_resumes(&s->stream, &spec));
        assert_int_equal(s->programmed, 0);
        sim_free(s);
    }
}

/* Wherever the ring wraps, the frame is the same. */
static void test_stream_wraps(void **state)
{
    struct stream_spec spec = plain(40, 0);
    uint8_t frame[STREAM_FRAME_MAX];
    size_t len = stream_make_data(frame, 0, 0, content, 40);
    (void)state;

    for (size_t cut = 1; cut <= len; cut++) {
        struct sim *s = open_plain(&spec);
        assert_int_equal(feed(s, frame, len, cut), len);
        assert_int_equal(s->stream.state, STREAM_COMPLETE);
        sim_expect_content(s);
        sim_free(s);
    }
}

/* Each bit of a frame, wrong: nothing is programmed. */
static void test_stream_every_bit(void **state)
{
    struct stream_spec spec = plain(8, 0);
    uint8_t frame[STREAM_FRAME_MAX];
    size_t len = stream_make_data(frame, 5, 0, content, 8);
    (void)state;

    for (size_t bit = 0; bit < 8 * len; bit++) {
        struct sim *s = open_plain(&spec);
        frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
        feed(s, frame, len, len);
        assert_int_equal(s->stream.state, STREAM_OPEN);
        assert_int_equal(s->programmed, 0);
        frame[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(feed(s, frame, len, len), len);
        assert_int_equal(s->stream.state, STREAM_COMPLETE);
        sim_free(s);
    }
}

/* A good head with another frame's payload and CRC behind it: each is right by itself. */
static void test_stream_head_belongs_to_payload(void **state)
{
    struct stream_spec spec = plain(64, 0);
    uint8_t one[STREAM_FRAME_MAX], two[STREAM_FRAME_MAX];
    size_t len = stream_make_data(one, 0, 0, content, 32);
    struct sim *s = open_plain(&spec);
    (void)state;

    assert_int_equal(stream_make_data(two, 0, 32, content + 32, 32), len);
    memcpy(one + STREAM_HEAD_SIZE, two + STREAM_HEAD_SIZE, len - STREAM_HEAD_SIZE);
    feed(s, one, len, len);
    assert_int_equal(s->stream.next, 0);
    assert_int_equal(s->programmed, 0);
    assert_true(s->stream.gap_due);
    sim_free(s);
}

/* A frame that stays incomplete does not swallow the poll behind it; silence ends the stream. */
static void test_stream_silence(void **state)
{
    struct stream_spec spec = plain(2048, 1);
    uint8_t bytes[STREAM_FRAME_MAX + STREAM_HEAD_SIZE];
    uint8_t status[STREAM_STATUS_SIZE];
    struct sim *s = open_plain(&spec);
    (void)state;

    stream_make_data(bytes, 2, 0, content, 2048);
    stream_make_control(bytes + 100, STREAM_POLL, 0x12345678);
    size_t len = 100 + STREAM_HEAD_SIZE;
    assert_int_equal(feed(s, bytes, len, len), 0);
    pass_ms(s, 99);
    assert_int_equal(feed(s, bytes, len, len), 0);
    assert_false(stream_status(&s->stream, sim_now_us(s), status));
    pass_ms(s, 1);
    assert_int_equal(feed(s, bytes, len, len), len);
    assert_true(stream_status(&s->stream, sim_now_us(s), status));
    assert_true(stream_status_good(status));
    assert_int_equal(status[STREAM_STATUS_FLAGS],
                     STREAM_FLAG_GAP | STREAM_FLAG_ANSWER | 2u << STREAM_ROUND_SHIFT);
    assert_int_equal(load_le32(status + STREAM_STATUS_NUMBER), 0x12345678);
    assert_false(stream_status(&s->stream, sim_now_us(s), status));
    pass_ms(s, 9999);
    struct stream_input none = {{bytes, bytes}, {0, 0}};
    assert_int_equal(stream_take(&s->stream, &none, sim_now_us(s)), 0);
    assert_int_equal(s->stream.state, STREAM_OPEN);
    pass_ms(s, 1);
    assert_int_equal(stream_take(&s->stream, &none, sim_now_us(s)), 0);
    assert_int_equal(s->stream.state, STREAM_CLOSED);
    assert_true(s->stream.timed_out);
    assert_false(stream_status(&s->stream, sim_now_us(s), status));
    sim_free(s);
}

/* A gap is told at once, once in 20 ms, and at once again in a new round. */
static void test_stream_gap_told(void **state)
{
    struct stream_spec spec = plain(4096, 1);
    uint8_t frame[STREAM_FRAME_MAX];
    uint8_t status[STREAM_STATUS_SIZE];
    struct sim *s = open_plain(&spec);
    static const struct {
        uint8_t round;
        uint32_t after_ms;
        bool told;
    } steps[] = {{1, 0, true}, {1, 19, false}, {1, 1, true}, {2, 0, true}, {2, 5, false}};
    (void)state;

    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        size_t len = stream_make_data(frame, steps[i].round, 1024, content + 1024, 1024);
        pass_ms(s, steps[i].after_ms);
        assert_int_equal(feed(s, frame, len, len), len);
        assert_int_equal(stream_status(&s->stream, sim_now_us(s), status), steps[i].told);
        if (steps[i].told) {
            assert_int_equal(status[STREAM_STATUS_FLAGS], STREAM_FLAG_GAP | steps[i].round << 4);
            assert_int_equal(load_le32(status + STREAM_STATUS_NEXT), 0);
        }
    }
    assert_int_equal(s->programmed, 0);
    sim_free(s);
}

/* A gap that is filled before it could be told is none; before an erase the sender hears how far it
 * is, however little time has passed. */
static void test_stream_told_before_erase(void **state)
{
    struct stream_spec spec = plain(16 * KIB + 4, 1);
    uint8_t frame[STREAM_FRAME_MAX];
    uint8_t status[STREAM_STATUS_SIZE];
    struct sim *s = open_plain(&spec);
    size_t len = stream_make_data(frame, 0, 2048, content + 2048, 2048);
    (void)state;

    assert_int_equal(feed(s, frame, len, len), len);
    assert_true(s->stream.gap_due);
    for (uint32_t offset = 0; offset < 16 * KIB; offset += 2048) {
        len = stream_make_data(frame, 0, offset, content + offset, 2048);
        assert_int_equal(feed(s, frame, len, len), len);
        bool told = stream_status(&s->stream, s->stream.told_us + STREAM_STATUS_US - 1, status);
        assert_int_equal(told, offset == 14 * KIB);
    }
    assert_int_equal(status[STREAM_STATUS_FLAGS], 0);
    assert_int_equal(load_le32(status + STREAM_STATUS_NEXT), 16 * KIB);
    assert_int_equal(s->erases, 1);
    sim_free(s);
}

/* Heads with their CRC right, of frames that there are not; what would be their ends is there. */
static void test_stream_no_such_frame(void **state)
{
    static const struct {
        uint8_t kind;
        uint16_t len;
    } rows[] = {{STREAM_DATA, 0},      {STREAM_DATA, STREAM_PAYLOAD_MAX + 1},
                {STREAM_DATA, 0xFFFF}, {STREAM_POLL, 4},
                {STREAM_CLOSE, 4},     {0, 0},
                {STREAM_CLOSE + 1, 0}, {15, 4}};
    static uint8_t bytes[0x10000 + STREAM_FRAME_MAX];
    struct stream_spec spec = plain(100 * KIB, 1);
    uint8_t status[STREAM_STATUS_SIZE];
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sim *s = open_plain(&spec);
        memset(bytes, 0, sizeof bytes);
        bytes[0] = STREAM_START;
        bytes[STREAM_HEAD_KIND] = rows[i].kind;
        store_le16(bytes + STREAM_HEAD_LEN, rows[i].len);
        store_le32(bytes + STREAM_HEAD_CRC, stream_crc(CRC_START, bytes, 2));
        assert_int_equal(feed(s, bytes, sizeof bytes, sizeof bytes), sizeof bytes);
        assert_int_equal(s->stream.state, STREAM_OPEN);
        assert_int_equal(s->stream.next, 0);
        assert_false(stream_status(&s->stream, sim_now_us(s), status));
        sim_free(s);
    }
}

/* ---- anything at all ---- */

/* Good frames, damaged ones, pieces of them and noise. sim's program() compares each byte. */
static size_t make_junk(uint8_t *out, size_t room, uint32_t size, uint32_t next)
{
    size_t len = 0;
    while (room - len > STREAM_FRAME_MAX) {
        uint32_t offset = seeded_below(3) == 0 ? next : seeded_below(size) & ~3u;
        uint32_t n = 1 + seeded_below(seeded_below(4) == 0 ? 2048 : 64);
        n = n < size - offset ? stream_padded(n) : size - offset;
        n = n < size - offset ? n : size - offset;
        size_t made = seeded_below(4) == 0
                          ? (stream_make_control(out + len, STREAM_POLL, 1), STREAM_HEAD_SIZE)
                          : stream_make_data(out + len, (uint8_t)seeded_below(16), offset,
                                             content + offset, n);
        if (seeded_below(3) == 0) {
            out[len + seeded_below((uint32_t)made)] ^= (uint8_t)(1u << seeded_below(8));
        }
        made -= seeded_below(4) == 0 ? seeded_below((uint32_t)made) : 0;
        size_t noise = seeded_below(3) == 0 ? seeded_below(40) : 0;
        len += made;
        noise = noise < room - len ? noise : room - len;
        seeded_fill(out + len, noise);
        len += noise;
    }
    return len;
}

static void test_stream_junk(void **state)
{
    static uint8_t junk[20000];
    struct stream_spec spec = plain(100 * KIB + 2, 0);
    unsigned taken = 0;
    (void)state;

    for (unsigned i = 0; i < 60; i++) {
        struct sim *s = open_plain(&spec);
        for (unsigned j = 0; j < 8; j++) {
            size_t len = make_junk(junk, sizeof junk, spec.size, s->stream.next);
            size_t used = feed(s, junk, len, 1 + seeded_below((uint32_t)len));
            assert_true(len - used <= STREAM_FRAME_MAX);
            assert_int_equal(s->stream.state, STREAM_OPEN);
            pass_ms(s, seeded_below(200));
        }
        taken += s->stream.next > 0;
        pass_ms(s, 10000);
        struct stream_input none = {{junk, junk}, {0, 0}};
        for (unsigned j = 0; j < 2; j++) { /* the first may still end some work */
            stream_take(&s->stream, &none, sim_now_us(s));
            pass_ms(s, 10000);
        }
        stream_take(&s->stream, &none, sim_now_us(s));
        assert_int_equal(s->stream.state, STREAM_CLOSED);
        sim_free(s);
    }
    assert_true(taken > 30);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream_example),
        cmocka_unit_test(test_stream_length_refused),
        cmocka_unit_test(test_stream_wraps),
        cmocka_unit_test(test_stream_every_bit),
        cmocka_unit_test(test_stream_head_belongs_to_payload),
        cmocka_unit_test(test_stream_silence),
        cmocka_unit_test(test_stream_gap_told),
        cmocka_unit_test(test_stream_told_before_erase),
        cmocka_unit_test(test_stream_no_such_frame),
        cmocka_unit_test(test_stream_junk),
    };
    seeded_start(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
