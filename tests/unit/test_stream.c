/*
 * Streaming, over a line in simulated time (stream_sim.h): as fast as line and flash allow, and
 * whatever is lost, altered, doubled or cut, flash never gets a byte that does not belong there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <lzma.h>

#include "crc.h"
#include "bytes.h"
#include "format.h"
#include "seeded.h"
#include "stream_sim.h"

#define KIB        1024u
#define SECOND     1000000000ull
#define BASE       0x08008000u /* sector 2 */
#define CONTENT    (200u * KIB)
#define PACKED_MAX (2u * CONTENT)

static uint8_t content[CONTENT];
static uint8_t packed[PACKED_MAX];

static struct stream_spec plain(uint32_t size, uint32_t id)
{
    seeded_fill(content, size);
    return (struct stream_spec){.addr = BASE, .size = size, .id = id, .content = size};
}

/* Like code: what repeats, and calls for the filter. */
static struct stream_spec pack(uint32_t size, bool thumb)
{
    lzma_options_lzma options;
    assert_false(lzma_lzma_preset(&options, 6));
    options.dict_size = 65536;
    const lzma_filter filters[] = {
        {thumb ? LZMA_FILTER_ARMTHUMB : LZMA_FILTER_LZMA2, thumb ? NULL : &options},
        {thumb ? LZMA_FILTER_LZMA2 : LZMA_VLI_UNKNOWN, &options},
        {LZMA_VLI_UNKNOWN, NULL},
    };
    for (uint32_t i = 0; i < size; i++) {
        content[i] = i < 64 || seeded_below(5) == 0 ? (uint8_t)seeded_next() : content[i - 60];
        content[i] = i % 60 == 3 ? 0xF0 : i % 60 == 5 ? 0xF8 : content[i];
    }
    size_t len = PAYLOAD_LZMA2_HEAD;
    packed[0] = 8;
    packed[1] = (2 * 5 + 0) * 9 + 3;
    assert_int_equal(lzma_raw_buffer_encode(filters, NULL, content, size, packed, &len, PACKED_MAX),
                     LZMA_OK);
    return (struct stream_spec){.addr = BASE,
                                .size = (uint32_t)len,
                                .id = 9,
                                .content = size,
                                .flags =
                                    (uint8_t)(STREAM_PACKED | (thumb ? STREAM_FLAG_THUMB : 0))};
}

static void expect_complete(const struct sim *s)
{
    assert_int_equal(s->sender.state, STREAM_COMPLETE);
    assert_int_equal(s->stream.written,
                     s->stream.spec.content != 0 ? s->content_len : s->staged_len);
    sim_expect_content(s);
}

/* ---- speed ---- */

static void test_stream_speed(void **state)
{
    static const uint32_t bauds[] = {115200, 460800, 921600, 2000000};
    static const uint32_t latencies[] = {0, 1000, 16000};
    /* 16K, 16K, 64K and a part of 128K; 16 us a word */
    const double flash_s = 0.25 + 0.25 + 0.55 + 1.0 + CONTENT / 4 * 16e-6;
    struct stream_spec spec = plain(CONTENT, 0);
    (void)state;

    for (size_t i = 0; i < 12; i++) {
        struct sim *s = sim_create(bauds[i / 3], latencies[i % 3]);
        double line_s = CONTENT * 10.0 / bauds[i / 3];
        double bound = line_s > flash_s ? line_s : flash_s;
        sim_send(s, &spec, content, content);
        assert_int_equal(sim_begin(s, &spec), 0);
        sim_run(s, 60);
        expect_complete(s);
        assert_int_equal(s->programmed, CONTENT / 4);
        assert_int_equal(s->sender.gone_back, 0);
        double took = (double)s->sender.done_ns / SECOND;
        printf("%7u baud, %2u ms: %.3f s, %.3f of the bound, %u statuses\n", bauds[i / 3],
               latencies[i % 3] / 1000, took, took / bound, s->sender.statuses);
        assert_true(took <= 1.05 * bound);
        sim_free(s);
    }
}

/* ---- a bad line ---- */

static void test_stream_one_percent(void **state)
{
    struct stream_spec spec = plain(40 * KIB + 3, 0);
    (void)state;

    for (uint32_t i = 0; i < 3; i++) {
        struct sim *s = sim_create(115200, i * 1000);
        s->sender.adapt = true;
        s->faults.lose_ppm = i == 0 ? 10000 : i == 1 ? 0 : 5000;
        s->faults.alter_ppm = 10000 - s->faults.lose_ppm;
        sim_send(s, &spec, content, content);
        sim_begin(s, &spec);
        sim_run(s, 3000);
        expect_complete(s);
        assert_true(s->faults.lost + s->faults.altered > 400);
        assert_true(s->sender.gone_back > 10);
        printf("%u bytes lost, %u altered: %.1f s, gone back %u times\n", s->faults.lost,
               s->faults.altered, (double)s->sender.done_ns / SECOND, s->sender.gone_back);
        sim_free(s);
    }
}

static void test_stream_frames_in_disorder(void **state)
{
    struct stream_spec spec = plain(100 * KIB, 0);
    struct sim *s = sim_create(921600, 1000);
    (void)state;

    s->faults.drop_pct = s->faults.double_pct = s->faults.swap_pct = 20;
    s->faults.overflows = 2;
    sim_send(s, &spec, content, content);
    sim_begin(s, &spec);
    sim_run(s, 100);
    expect_complete(s);
    assert_true(s->faults.dropped > 0 && s->faults.doubled > 0 && s->faults.swapped > 0);
    assert_int_equal(s->faults.overflowed, 2);
    sim_free(s);
}

/* The cable is out for a moment: nobody need notice. */
static void test_stream_short_cut(void **state)
{
    struct stream_spec spec = plain(60 * KIB, 0);
    struct sim *s = sim_create(115200, 1000);
    (void)state;

    s->faults.cut_from_ns = 2 * SECOND;
    s->faults.cut_to_ns = 5 * SECOND;
    sim_send(s, &spec, content, content);
    sim_begin(s, &spec);
    sim_run(s, 60);
    expect_complete(s);
    assert_true(s->faults.cut > 0 && s->sender.gone_back > 0);
    sim_free(s);
}

/* For so long that the board gives up: taken up again where it stopped, whatever the kind. */
static void cut_and_resume(const struct stream_spec *spec, const uint8_t *stream)
{
    struct sim *s = sim_create(115200, 1000);
    bool package = (spec->flags & STREAM_KIND_BITS) == STREAM_PACKAGE;

    s->faults.cut_from_ns = 1 * SECOND;
    s->faults.cut_to_ns = 16 * SECOND;
    sim_send(s, spec, stream, package ? stream : content);
    assert_int_equal(sim_begin(s, spec), 0);
    sim_run(s, 60);
    assert_true(s->faults.cut > 0);
    assert_true(s->stream.timed_out);
    assert_true(s->now_ns >= 10 * SECOND && s->now_ns < 13 * SECOND);
    s->faults.cut_from_ns = s->faults.cut_to_ns = 0;
    uint32_t resume = sim_begin(s, spec);
    assert_true(resume > 0 && resume < spec->size);
    sim_run(s, 60);
    assert_false(s->stream.timed_out);
    assert_int_equal(s->sender.state, STREAM_COMPLETE);
    if (package) {
        assert_int_equal(s->staged_len, spec->size);
        assert_memory_equal(s->staged, stream, spec->size);
        assert_int_equal(s->erases + s->programmed, 0);
    } else {
        expect_complete(s);
    }
    sim_free(s);
}

static void test_stream_resume(void **state)
{
    struct stream_spec spec = plain(40 * KIB + 1, 7);
    (void)state;

    cut_and_resume(&spec, content);
    spec.flags = STREAM_PACKAGE;
    spec.content = 0;
    cut_and_resume(&spec, content);
    spec = pack(60 * KIB + 2, true);
    cut_and_resume(&spec, packed);
}

/* What is not the same, or not trusted any more, begins anew. */
static void test_stream_resume_only_the_same(void **state)
{
    const struct stream_spec spec = plain(16 * KIB, 7);
    struct sim *s = sim_create(115200, 0);
    (void)state;

    sim_send(s, &spec, content, content);
    sim_begin(s, &spec);
    assert_true(stream_resumes(&s->stream, &spec));
    for (unsigned i = 0; i < 5; i++) {
        struct stream_spec other = spec;
        uint32_t *fields[] = {&other.addr, &other.size, &other.id, &other.content};
        if (i < 4) {
            ++*fields[i];
        } else {
            other.flags = STREAM_PACKAGE;
        }
        assert_false(stream_resumes(&s->stream, &other));
    }
    sim_run(s, 60); /* to its end: the sender saw it complete */
    assert_false(stream_resumes(&s->stream, &spec));
    stream_begin(&s->stream, &spec);
    assert_true(stream_resumes(&s->stream, &spec));
    stream_forget(&s->stream);
    assert_false(stream_resumes(&s->stream, &spec));
    struct stream_spec unnamed = spec;
    unnamed.id = 0;
    stream_begin(&s->stream, &unnamed);
    assert_false(stream_resumes(&s->stream, &unnamed));
    sim_free(s);
}

/* ---- kinds ---- */

static void test_stream_packed(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        struct stream_spec spec = pack(i < 4 ? CONTENT - i : i, i % 2 != 0);
        struct sim *s = sim_create(921600, 1000);
        sim_send(s, &spec, packed, content);
        sim_begin(s, &spec);
        sim_run(s, 60);
        expect_complete(s);
        sim_free(s);
    }
}

static void test_stream_packed_broken(void **state)
{
    struct stream_spec spec = pack(100 * KIB, false);
    (void)state;

    for (unsigned i = 0; i < 3; i++) {
        struct stream_spec bad = spec;
        struct sim *s = sim_create(921600, 0);
        bad.size -= i == 0;    /* cut short: no end marker */
        bad.content -= i == 1; /* more comes out */
        packed[0] = i == 2 ? 40 : packed[0];
        sim_send(s, &bad, packed, content);
        sim_begin(s, &bad);
        sim_run(s, 60);
        assert_int_equal(s->sender.state, STREAM_FAILED);
        assert_int_equal(s->sender.reason,
                         i == 2 ? REASON_PACKAGE_DICTIONARY : REASON_PACKAGE_CONTENT);
        assert_false(stream_resumes(&s->stream, &bad));
        sim_free(s);
    }
}

static void test_stream_package(void **state)
{
    struct stream_spec spec = plain(100 * KIB + 2, 0);
    struct sim *s = sim_create(921600, 1000);
    (void)state;

    spec.flags = STREAM_PACKAGE;
    spec.content = 0;
    s->faults.drop_pct = 20;
    sim_send(s, &spec, content, content);
    sim_begin(s, &spec);
    sim_run(s, 60);
    assert_int_equal(s->sender.state, STREAM_COMPLETE);
    assert_int_equal(s->staged_len, spec.size);
    assert_true(s->faults.dropped > 0);
    sim_free(s);
}

static void test_stream_sizes(void **state)
{
    static const uint32_t sizes[] = {1, 2, 3, 4, 5, 2047, 2048, 2049, 16383, 16384, 16385, 32769};
    (void)state;

    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct stream_spec spec = plain(sizes[i], 0);
        struct sim *s = sim_create(921600, 0);
        sim_send(s, &spec, content, content);
        sim_begin(s, &spec);
        sim_run(s, 60);
        expect_complete(s);
        sim_free(s);
    }
}

/* ---- failures ---- */

static void test_stream_flash_fails(void **state)
{
    struct stream_spec spec = plain(100 * KIB, 3);
    struct sim *s = sim_create(921600, 1000);
    (void)state;

    s->faults.flash_fails_at = BASE + 50 * KIB + 8;
    sim_send(s, &spec, content, content);
    sim_begin(s, &spec);
    sim_run(s, 60);
    assert_int_equal(s->faults.flash_failed, 1);
    assert_int_equal(s->sender.state, STREAM_FAILED);
    assert_int_equal(s->sender.reason, REASON_VERIFY);
    assert_int_equal(s->sender.detail, s->faults.flash_fails_at);
    assert_int_equal(s->programmed, 50 * KIB / 4);
    assert_false(stream_resumes(&s->stream, &spec));
    sim_free(s);
}

/* Feeds bytes in memory of exactly their size, cut anywhere; returns what was taken. */
static size_t feed(struct sim *s, const uint8_t *bytes, size_t len, size_t cut)
{
    size_t taken = 0;
    for (unsigned idle = 0; idle < 3 && taken < len;) {
        size_t first = cut > taken ? cut - taken : len - taken;
        uint8_t *a = malloc(first);
        uint8_t *b = malloc(len - taken - first + 1);
        assert_true(a != NULL && b != NULL);
        memcpy(a, bytes + taken, first);
        memcpy(b, bytes + taken + first, len - taken - first);
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
        cmocka_unit_test(test_stream_speed),
        cmocka_unit_test(test_stream_one_percent),
        cmocka_unit_test(test_stream_frames_in_disorder),
        cmocka_unit_test(test_stream_short_cut),
        cmocka_unit_test(test_stream_resume),
        cmocka_unit_test(test_stream_resume_only_the_same),
        cmocka_unit_test(test_stream_packed),
        cmocka_unit_test(test_stream_packed_broken),
        cmocka_unit_test(test_stream_package),
        cmocka_unit_test(test_stream_sizes),
        cmocka_unit_test(test_stream_flash_fails),
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
