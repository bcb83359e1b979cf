/* SPDX-License-Identifier: MIT */
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

#include "bytes.h"
#include "crc.h"
#include "format.h"
#include "memory_map.h"
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
    /* 16K, 16K, 64K and a part of 128K; 16 us a word of 4 bytes */
    const double flash_s = 0.25 + 0.25 + 0.55 + 1.0 + CONTENT * 4e-6;
    struct stream_spec spec = plain(CONTENT, 0);
    (void)state;

    for (size_t i = 0; i < 12; i++) {
        uint32_t baud = bauds[i / 3];
        struct sim *s = sim_create(baud, latencies[i % 3]);
        double line_s = CONTENT * 10.0 / baud;
        double bound = line_s > flash_s ? line_s : flash_s;
        sim_send(s, &spec, content, content);
        assert_int_equal(sim_begin(s, &spec), 0);
        sim_run(s, 60);
        expect_complete(s);
        assert_int_equal(s->programmed, CONTENT / 4);
        assert_int_equal(s->sender.gone_back, 0);
        double took = (double)s->sender.done_ns / SECOND;
        printf("%7u baud, %2u ms: %.3f s, %.3f of the bound, %u statuses\n", baud,
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
        assert_true(i >= 4 || s->begun > 100); /* ahead, while more is unpacked */
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

/* The digest that is the id of a stream whose first word is held back. */
static uint32_t held_digest(uint32_t size)
{
    uint8_t bytes[CONTENT];
    memcpy(bytes, content, size);
    memset(bytes, 0xFF, 4);
    memset(bytes + size, 0xFF, (4 - size % 4) % 4);
    return stream_crc(CRC_START, bytes, (size + 3) / 4);
}

static void test_stream_held(void **state)
{
    static const uint32_t sizes[] = {4, 8, 2049, 40 * KIB};
    (void)state;

    for (size_t i = 0; i < 3 * sizeof sizes / sizeof sizes[0]; i++) {
        uint32_t size = sizes[i / 3];
        bool packing = i % 3 == 2;
        struct stream_spec spec = packing ? pack(size, true) : plain(size, 0);
        struct sim *s = sim_create(921600, 1000);
        spec.flags |= STREAM_FLAG_HOLD;
        spec.id = held_digest(size) ^ (i % 3 == 1);
        sim_send(s, &spec, packing ? packed : content, content);
        assert_int_equal(sim_begin(s, &spec), 0);
        sim_run(s, 20);
        if (i % 3 == 1) {
            assert_int_equal(s->sender.state, STREAM_FAILED);
            assert_int_equal(s->sender.reason, REASON_VERIFY);
            assert_int_equal(s->sender.detail, BASE);
            assert_int_equal(load_le32(s->flash + (BASE - MAP_FLASH_BASE)), 0xFFFFFFFF);
            assert_int_equal(s->programmed, (size - 1) / 4);
        } else {
            expect_complete(s);
        }
        sim_free(s);
    }
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
        cmocka_unit_test(test_stream_held),
        cmocka_unit_test(test_stream_sizes),
        cmocka_unit_test(test_stream_flash_fails),
    };
    seeded_start(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
