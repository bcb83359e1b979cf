/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of the receiver: dialects, silence, draining, every kind of bad input, and noise. Bad
 * input always ends in one 7F, a reason, no change, and a loader that answers the next good frame.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "command_form.h"
#include "crc.h"
#include "model.h"

#define US_PER_BYTE 87u /* 115200 baud */

static const uint8_t get_ver_native[] = {0x01, 0x51, 0x64, 0x6A, 0x5F, 0x5C};
static const uint8_t get_ver_course[] = {0x05, 0x51, 0xE7, 0xE9, 0xAB, 0x7C};
static const uint8_t ver_native[] = {0xA5, 0x51, 0x01, 0x10};
static const uint8_t ver_course[] = {0xA5, 0x01, 0x10};

static void expect_sent(struct model *m, const uint8_t *expect, size_t len)
{
    assert_int_equal(m->sent_len, len);
    assert_memory_equal(m->sent, expect, len);
    m->sent_len = 0;
}

static void expect_alive(struct model *m)
{
    if (m->receiver.dialect == DIALECT_COURSE) {
        model_feed(m, get_ver_course, sizeof get_ver_course, US_PER_BYTE);
        expect_sent(m, ver_course, sizeof ver_course);
    } else {
        model_feed(m, get_ver_native, sizeof get_ver_native, US_PER_BYTE);
        expect_sent(m, ver_native, sizeof ver_native);
    }
}

/* 7F comes, once, within ms. */
static void expect_nack(struct model *m, uint32_t ms)
{
    static const uint8_t nack[] = {0x7F};

    model_wait_ms(m, ms);
    expect_sent(m, nack, sizeof nack);
    model_wait_ms(m, 3000);
    assert_int_equal(m->sent_len, 0);
}

static void test_frame_protocol_examples(void **state)
{
    static const uint8_t erase[] = {0x03, 0x56, 0x02, 0x01, 0x4E, 0xA5, 0x0B, 0xA2};
    static const uint8_t read[] = {0x06, 0x59, 0x00, 0x80, 0x00, 0x08,
                                   0x10, 0xFE, 0x02, 0x38, 0x42};
    static const uint8_t erased[] = {0xA5, 0x56, 0x00};
    uint8_t bytes[19] = {0xA5, 0x59, 0x10};
    struct model *m = model_create(1024);

    (void)state;
    model_feed(m, get_ver_native, sizeof get_ver_native, US_PER_BYTE);
    expect_sent(m, ver_native, sizeof ver_native);
    model_feed(m, erase, sizeof erase, US_PER_BYTE);
    expect_sent(m, erased, sizeof erased);
    assert_int_equal(m->erases, 1);
    for (unsigned i = 0; i < 16; i++) {
        bytes[3 + i] = m->flash[0x8000 + i] = (uint8_t)(i * 17);
    }
    model_feed(m, read, sizeof read, US_PER_BYTE);
    expect_sent(m, bytes, sizeof bytes);
    free(m);
}

static void test_frame_course_example(void **state)
{
    struct model *m = model_create(1024);

    (void)state;
    model_feed(m, get_ver_course, sizeof get_ver_course, US_PER_BYTE);
    expect_sent(m, ver_course, sizeof ver_course);
    free(m);
}

/* Both dialects hold until reset: a frame of the other one is a frame with a wrong CRC. */
static void test_frame_dialect_stays(void **state)
{
    struct model *m = model_create(1024);

    (void)state;
    expect_alive(m);
    model_feed(m, get_ver_course, sizeof get_ver_course, US_PER_BYTE);
    expect_nack(m, 1001);
    model_expect_failure(m, REASON_CUT_OFF, 0, 6);
    expect_alive(m);
    free(m);

    m = model_create(1024);
    m->receiver.dialect = DIALECT_COURSE;
    expect_alive(m);
    model_feed(m, get_ver_native, sizeof get_ver_native, US_PER_BYTE);
    expect_nack(m, 21);
    model_expect_failure(m, REASON_LENGTH, 0, 1);
    expect_alive(m);
    free(m);
}

/* A frame that is refused decides, too; in the course reading only if there is such a command with
 * a payload of that length. */
static void test_frame_unknown_command_decides(void **state)
{
    static const uint8_t nack[] = {0x7F};
    struct model *m = model_create(1024);
    uint8_t frame[FRAME_SIZE_MAX];

    (void)state;
    model_expect(m, DIALECT_NATIVE, 0x50, NULL, 0, nack, sizeof nack);
    assert_int_equal(m->receiver.dialect, DIALECT_NATIVE);
    model_expect_failure(m, REASON_UNKNOWN_COMMAND, 0x50, 0);
    free(m);

    m = model_create(1024);
    model_feed(m, frame, model_frame(frame, DIALECT_COURSE, 0x50, NULL, 0), US_PER_BYTE);
    expect_nack(m, 1001); /* it waits for the rest of a native frame */
    model_expect_failure(m, REASON_CUT_OFF, 0, 6);
    assert_int_equal(m->receiver.dialect, DIALECT_UNDECIDED);
    model_feed(m, get_ver_course, sizeof get_ver_course, US_PER_BYTE);
    expect_sent(m, ver_course, sizeof ver_course);
    model_expect(m, DIALECT_COURSE, 0x50, NULL, 0, nack, sizeof nack); /* decided: at once */
    free(m);
}

/* A native frame may have the CRC of its own beginning in it, here as the length of a range. */
static void test_frame_native_that_reads_as_course(void **state)
{
    static const uint8_t range[] = {0x00, 0x25, 0x00, 0x08, 0x83, 0x16, 0x06, 0x00};
    static const uint8_t begin[] = {0x09, 0x63, 0x00, 0x25, 0x00, 0x08};
    struct model *m = model_create(1024);
    uint8_t expect[7] = {0xA5, 0x63, 4};

    (void)state;
    assert_int_equal(crc_update(CRC_START, begin, sizeof begin), load_le32(range + 4));
    store_le32(expect + 3, crc_update(CRC_START, model_memory(m, 0x08002500, 398979), 398979));
    model_expect(m, DIALECT_NATIVE, 0x63, range, sizeof range, expect, sizeof expect);
    assert_int_equal(m->receiver.dialect, DIALECT_NATIVE);
    m->sent_len = 0;
    expect_alive(m);
    free(m);
}

/* No command has a payload that is another one's, or its own, with four bytes more, but for one;
 * and there the four bytes are a key word that no such frame has as its CRC. */
static void test_frame_readings_exclude_each_other(void **state)
{
    static const uint32_t keys[] = {PROTECT_READ_KEY, PROTECT_BOOT_KEY};
    unsigned both = 0;

    (void)state;
    for (unsigned i = 0; i < COMMAND_COUNT; i++) {
        for (unsigned n = 4; n < 16; n++) {
            uint8_t payload[16] = {0, 0, 0, 0, (uint8_t)(n - 5)};
            bool same = command_form_fits(&command_forms[i], payload, n) &&
                        command_form_fits(&command_forms[i], payload, n - 4);
            both += same;
            assert_true(!same || command_forms[i].code == COMMAND_EN_RW_PROTECT);
        }
    }
    assert_int_equal(both, 2);
    for (unsigned bits = 0; bits < 0x10000u * 2; bits++) {
        uint8_t mode = bits >> 16 ? PROTECT_BOOT : PROTECT_READ;
        const uint8_t narrow[] = {7, COMMAND_EN_RW_PROTECT, (uint8_t)bits, mode};
        const uint8_t wide[] = {8, COMMAND_EN_RW_PROTECT, (uint8_t)bits, (uint8_t)(bits >> 8),
                                mode};

        for (unsigned k = 0; k < 2; k++) {
            assert_int_not_equal(crc_update(CRC_START, narrow, sizeof narrow), keys[k]);
            assert_int_not_equal(crc_update(CRC_START, wide, sizeof wide), keys[k]);
        }
    }
}

static void test_frame_longest(void **state)
{
    static const enum protocol_dialect dialects[] = {DIALECT_NATIVE, DIALECT_COURSE};
    uint8_t payload[254] = {0x00, 0x80, 0x00, 0x08};
    uint8_t frame[FRAME_SIZE_MAX];

    (void)state;
    for (size_t d = 0; d < 2; d++) {
        uint8_t n = dialects[d] == DIALECT_NATIVE ? MEM_WRITE_MAX : MEM_WRITE_MAX_COURSE;
        struct model *m = model_create(1024);
        size_t len;

        payload[4] = n;
        memset(payload + 5, 0x5A, n);
        len = model_frame(frame, dialects[d], COMMAND_MEM_WRITE, payload, 5u + n);
        assert_int_equal(frame[0], FRAME_LENGTH_MAX);
        model_feed(m, frame, len, US_PER_BYTE);
        assert_int_equal(m->programs, 1);
        assert_int_equal(m->flash[0x8000 + n - 1], 0x5A);
        assert_int_equal(m->flash[0x8000 + n], 0xFF);
        m->sent_len = 0;
        expect_alive(m);
        free(m);
    }
}

/* A host that writes byte by byte is not too slow as long as no gap reaches a second. */
static void test_frame_slow_host(void **state)
{
    struct model *m = model_create(1024);

    (void)state;
    model_feed(m, get_ver_native, sizeof get_ver_native, 999000);
    expect_sent(m, ver_native, sizeof ver_native);
    assert_int_equal(m->loader.failure.count, 0);
    free(m);
}

static void test_frame_time_wraps(void **state)
{
    struct model *m = model_create(1024);

    (void)state;
    m->now_us = 0xFFFFFFFFu - 300000u;
    model_feed(m, get_ver_native, 3, US_PER_BYTE);
    model_wait_ms(m, 900);
    assert_int_equal(m->sent_len, 0);
    model_feed(m, get_ver_native + 3, 3, US_PER_BYTE);
    expect_sent(m, ver_native, sizeof ver_native);
    model_feed(m, get_ver_native, 3, US_PER_BYTE);
    expect_nack(m, 1001);
    free(m);
}

static void test_frame_cut_off(void **state)
{
    struct model *m = model_create(1024);

    (void)state;
    for (size_t len = 1; len < sizeof get_ver_native; len++) {
        model_feed(m, get_ver_native, len, US_PER_BYTE);
        model_wait_ms(m, 999);
        assert_int_equal(m->sent_len, 0);
        expect_nack(m, 1);
        model_expect_failure(m, REASON_CUT_OFF, 0, (uint32_t)len);
        assert_int_equal(m->loader.failure.count, len);
        expect_alive(m);
    }
    assert_int_equal(model_changes(m), 0);
    free(m);
}

/* A wrong CRC is told when the line has been quiet for 20 ms, and not before. */
static void test_frame_wrong_crc(void **state)
{
    uint8_t frame[sizeof get_ver_native];
    struct model *m = model_create(1024);

    (void)state;
    for (size_t i = 1; i < sizeof frame; i++) { /* byte 0 is Length: another story */
        memcpy(frame, get_ver_native, sizeof frame);
        frame[i] ^= 0x10;
        model_feed(m, frame, sizeof frame, US_PER_BYTE);
        model_wait_ms(m, 15);
        assert_int_equal(m->sent_len, 0);
        model_feed(m, get_ver_native, sizeof get_ver_native, US_PER_BYTE); /* swallowed */
        model_wait_ms(m, 19);
        assert_int_equal(m->sent_len, 0);
        expect_nack(m, 1);
        assert_int_equal(m->loader.failure.reason, REASON_CRC);
        expect_alive(m);
    }
    model_expect_failure(m, REASON_CRC, 0, 0x5C5F6A64);
    assert_int_equal(model_changes(m), 0);
    free(m);
}

/* Before and after the dialect is known, the reason's detail is the CRC of the right reading. */
static void test_frame_wrong_crc_detail(void **state)
{
    static const uint8_t bad[] = {0x05, 0x51, 0, 0, 0, 0, 0, 0, 0, 0};
    struct model *m = model_create(1024);
    uint8_t good[FRAME_SIZE_MAX];

    (void)state;
    model_feed(m, bad, sizeof bad, US_PER_BYTE);
    expect_nack(m, 20);
    assert_int_equal(m->receiver.dialect, DIALECT_UNDECIDED);
    model_frame(good, DIALECT_NATIVE, 0x51, bad + 2, 4);
    model_expect_failure(m, REASON_CRC, 0,
                         (uint32_t)good[6] | (uint32_t)good[7] << 8 | (uint32_t)good[8] << 16 |
                             (uint32_t)good[9] << 24);
    m->receiver.dialect = DIALECT_COURSE;
    model_feed(m, bad, 6, US_PER_BYTE);
    expect_nack(m, 20);
    model_expect_failure(m, REASON_CRC, 0, 0x7CABE9E7);
    free(m);
}

static void test_frame_length_zero(void **state)
{
    static const uint8_t zeros[40] = {0};
    struct model *m = model_create(1024);

    (void)state;
    model_feed(m, zeros, sizeof zeros, US_PER_BYTE);
    expect_nack(m, 20);
    model_expect_failure(m, REASON_LENGTH, 0, 0);
    assert_int_equal(m->loader.failure.count, 1);
    expect_alive(m);
    free(m);
}

static void test_frame_length_below_course(void **state)
{
    (void)state;
    for (uint8_t length = 1; length < FRAME_COURSE_MIN; length++) {
        struct model *m = model_create(1024);

        m->receiver.dialect = DIALECT_COURSE;
        model_feed(m, &length, 1, US_PER_BYTE);
        expect_nack(m, 20);
        model_expect_failure(m, REASON_LENGTH, 0, length);
        expect_alive(m);
        free(m);
    }
}

/* More bytes than Length says: the frame is answered, the rest is noise and NACKed once. */
static void test_frame_over_long(void **state)
{
    uint8_t frame[sizeof get_ver_native + 3];
    struct model *m = model_create(1024);

    (void)state;
    memcpy(frame, get_ver_native, sizeof get_ver_native);
    memset(frame + sizeof get_ver_native, 0x33, 3);
    model_feed(m, frame, sizeof frame, US_PER_BYTE);
    expect_sent(m, ver_native, sizeof ver_native);
    expect_nack(m, 1000);
    model_expect_failure(m, REASON_CUT_OFF, 0, 3);
    expect_alive(m);
    free(m);
}

static void test_frame_line_error(void **state)
{
    static const enum reason reasons[] = {REASON_LINE, REASON_OVERFLOW};
    struct model *m = model_create(1024);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        model_feed(m, get_ver_native, 4, US_PER_BYTE);
        frame_fail(&m->receiver, reasons[i], 0xC2, m->now_us);
        model_feed(m, get_ver_native + 4, 2, US_PER_BYTE);
        frame_fail(&m->receiver, REASON_CRC, 0, m->now_us); /* the first reason stays */
        model_wait_ms(m, 19);
        assert_int_equal(m->sent_len, 0);
        expect_nack(m, 1);
        model_expect_failure(m, reasons[i], 0, 0xC2);
        expect_alive(m);
    }
    assert_int_equal(m->loader.failure.count, 2);
    free(m);
}

/* Noise that never stops is answered after two seconds all the same. */
static void test_frame_endless_noise(void **state)
{
    static const uint8_t zero = 0;
    static const uint8_t nack[] = {0x7F};
    struct model *m = model_create(1024);

    (void)state;
    for (unsigned i = 0; i < 1990; i++) {
        model_feed(m, &zero, 1, 1000);
    }
    assert_int_equal(m->sent_len, 0);
    for (unsigned i = 0; i < 20; i++) {
        model_feed(m, &zero, 1, 1000);
    }
    expect_sent(m, nack, sizeof nack);
    expect_nack(m, 20);
    expect_alive(m);
    free(m);
}

static void test_frame_missing_counts_down(void **state)
{
    struct model *m = model_create(1024);

    (void)state;
    assert_int_equal(frame_missing(&m->receiver), 0);
    for (size_t i = 0; i + 1 < sizeof get_ver_native; i++) {
        frame_take(&m->receiver, get_ver_native + i, 1, 0);
        assert_int_equal(frame_missing(&m->receiver), 5 - i);
    }
    free(m);
}

/* Random bytes in random bursts: nothing changes, and the loader answers afterwards. */
static void test_frame_random_noise(void **state)
{
    struct model *m = model_create(1024);
    const char *given = getenv("ARAREXT_SEED");
    unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 0) : 20260101u;

    (void)state;
    print_message("seed %u (set ARAREXT_SEED to choose it)\n", seed);
    srand(seed);
    for (unsigned round = 0; round < 2000; round++) {
        uint8_t noise[64];
        size_t len = 1 + (size_t)rand() % sizeof noise;

        for (size_t i = 0; i < len; i++) {
            noise[i] = (uint8_t)(rand() >> 7);
        }
        model_feed(m, noise, len, US_PER_BYTE);
        model_wait_ms(m, 2100);
        assert_int_equal(m->receiver.state, FRAME_COLLECTING);
        assert_int_equal(m->receiver.count, 0);
        assert_int_not_equal(m->sent_len, 0);
        m->sent_len = 0;
        expect_alive(m);
    }
    assert_int_equal(model_changes(m), 0);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_frame_protocol_examples),
        cmocka_unit_test(test_frame_course_example),
        cmocka_unit_test(test_frame_dialect_stays),
        cmocka_unit_test(test_frame_unknown_command_decides),
        cmocka_unit_test(test_frame_native_that_reads_as_course),
        cmocka_unit_test(test_frame_readings_exclude_each_other),
        cmocka_unit_test(test_frame_longest),
        cmocka_unit_test(test_frame_slow_host),
        cmocka_unit_test(test_frame_time_wraps),
        cmocka_unit_test(test_frame_cut_off),
        cmocka_unit_test(test_frame_wrong_crc),
        cmocka_unit_test(test_frame_wrong_crc_detail),
        cmocka_unit_test(test_frame_length_zero),
        cmocka_unit_test(test_frame_length_below_course),
        cmocka_unit_test(test_frame_over_long),
        cmocka_unit_test(test_frame_line_error),
        cmocka_unit_test(test_frame_endless_noise),
        cmocka_unit_test(test_frame_missing_counts_down),
        cmocka_unit_test(test_frame_random_noise),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
