/* SPDX-License-Identifier: MIT */
/*
 * Which dialect the board speaks: the first frame with a good CRC decides, and only a reset undoes
 * it (PROTOCOL.md, "Two dialects").
 */
#include "system.h"

static const uint8_t native_version[] = {0x01, 0x51, 0x64, 0x6A, 0x5F, 0x5C};
static const uint8_t course_version[] = {0x05, 0x51, 0xE7, 0xE9, 0xAB, 0x7C};
static const uint8_t native_answer[] = {0xA5, 0x51, 0x01, 0x10};
static const uint8_t course_answer[] = {0xA5, 0x01, 0x10};

/* A course frame is too short for a native reader: 6 of 10 bytes, then silence. */
static void test_dialect_native_stays(void **state)
{
    struct board *b = open_variant(state);
    board_send(b, native_version, sizeof native_version);
    (void)board_expect(b, native_answer, sizeof native_answer, MS(20));
    for (int i = 0; i < 2; i++) {
        board_note_failures(b);
        board_send(b, course_version, sizeof course_version);
        struct board_error e = board_expect_bad_frame(b, MS(999), MS(1030));
        assert_int_equal(e.reason, WIRE_CUT_OFF);
        assert_int_equal(e.detail, sizeof course_version);
    }
    board_send(b, native_version, sizeof native_version);
    (void)board_expect(b, native_answer, sizeof native_answer, MS(20));
    board_close(b);
}

/* A native frame without payload has a length that the course dialect cannot have. */
static void test_dialect_course_stays(void **state)
{
    struct board *b = open_variant(state);
    b->dialect = WIRE_COURSE;
    board_send(b, course_version, sizeof course_version);
    (void)board_expect(b, course_answer, sizeof course_answer, MS(20));
    for (int i = 0; i < 2; i++) {
        board_note_failures(b);
        board_send(b, native_version, sizeof native_version);
        struct board_error e = board_expect_bad_frame(b, MS(19), MS(25));
        assert_int_equal(e.reason, WIRE_BAD_LENGTH);
        assert_int_equal(e.detail, 1);
    }
    board_send(b, course_version, sizeof course_version);
    (void)board_expect(b, course_answer, sizeof course_answer, MS(20));
    board_close(b);
}

/* One that is refused decides too, if there is such a command. */
static void test_dialect_refused_command_decides(void **state)
{
    static const uint8_t erase[2] = {0, 1};
    uint8_t info[255];
    struct board *b = open_variant(state);
    board_refused(b, FLASH_ERASE, erase, 2, WIRE_BOOTLOADER, 0);
    (void)board_query_any(b, GET_INFO, NULL, 0, info);
    assert_int_equal(info[5], b->dialect);
    board_close(b);
}

/* While nothing is decided a course frame of a command that there is not, or of a wrong length, may
 * be the beginning of a native one: it is waited for. */
static void test_dialect_unknown_course_command_does_not_decide(void **state)
{
    static const uint8_t unknown[] = {0x50, 0x5D, 0x6F, 0xD1, 0xEF, GO_TO_ADDR};
    struct board *b = open_variant(state);
    for (size_t i = 0; i < sizeof unknown; i++) {
        uint8_t frame[WIRE_FRAME_MAX];
        size_t len = wire_request(frame, WIRE_COURSE, unknown[i], NULL, 0);
        b->dialect = WIRE_NATIVE;
        board_reset(b);
        board_send(b, frame, len);
        board_expect_silence(b, MS(990));
        assert_true(board_wait(b, 1, MS(30)));
        assert_int_equal(b->rx[0], 0x7F);
        b->rx_len = 0;
        board_send(b, native_version, sizeof native_version);
        (void)board_expect(b, native_answer, sizeof native_answer, MS(20));
    }
    board_close(b);
}

/* The length of a range may be the CRC of what is before it in the frame. */
static void test_dialect_native_that_reads_as_course(void **state)
{
    uint8_t payload[8];
    uint8_t flash[398979];
    uint8_t crc[4];
    struct board *b = open_variant(state);
    board_peek(b, 0x08002500, flash, sizeof flash);
    wire_put32(crc, wire_crc(flash, sizeof flash));
    board_ok(b, MEM_CRC, addr_len(payload, 0x08002500, sizeof flash), 8, crc, 4);
    board_send(b, native_version, sizeof native_version);
    (void)board_expect(b, native_answer, sizeof native_answer, MS(20));
    board_close(b);
}

/* A frame whose CRC is wrong decides nothing. */
static void test_dialect_bad_frame_does_not_decide(void **state)
{
    const struct variant *v = *state;
    uint8_t frame[WIRE_FRAME_MAX];
    struct board *b = open_variant(state);
    b->dialect = v->dialect == WIRE_NATIVE ? WIRE_COURSE : WIRE_NATIVE;
    size_t len = wire_request(frame, v->dialect, GET_VER, NULL, 0);
    frame[len - 1] ^= 1;
    board_send(b, frame, len);
    struct board_error e = board_expect_bad_frame(b, MS(19), MS(1030));
    assert_true(e.reason == WIRE_BAD_CRC || e.reason == WIRE_CUT_OFF);
    board_close(b);
}

static void test_dialect_reset_undecides(void **state)
{
    struct board *b = open_variant(state);
    for (int i = 0; i < 3; i++) {
        board_send(b, course_version, sizeof course_version);
        (void)board_expect(b, course_answer, sizeof course_answer, MS(20));
        board_reset(b);
        board_send(b, native_version, sizeof native_version);
        (void)board_expect(b, native_answer, sizeof native_answer, MS(20));
        board_power_cycle(b);
    }
    board_close(b);
}

/* In the course dialect the ACK goes out before a long operation, the status behind it. */
static void test_dialect_course_acknowledges_early(void **state)
{
    static const uint8_t sector_5[2] = {5, 1};
    static const uint8_t answer[] = {0xA5, 0x01, 0x00};
    struct board *b = open_variant(state);
    b->dialect = WIRE_COURSE;
    board_request(b, FLASH_ERASE, sector_5, 2);
    board_flush(b);
    assert_true(board_wait(b, 2, MS(20)));
    assert_false(board_wait(b, 3, MS(500)));
    assert_memory_equal(b->rx, answer, 2);
    assert_true(board_wait(b, 3, MS(4500)));
    assert_memory_equal(b->rx, answer, 3);
    assert_int_equal(twin_sector_erases(b->twin, 5), 1);
    board_close(b);
}

/* In the native dialect nothing is said before it is done. */
static void test_dialect_native_answers_when_done(void **state)
{
    static const uint8_t sector_5[2] = {5, 1};
    static const uint8_t answer[] = {0xA5, 0x56, 0x00};
    struct board *b = open_variant(state);
    board_request(b, FLASH_ERASE, sector_5, 2);
    board_flush(b);
    board_expect_silence(b, MS(500));
    uint64_t after = board_expect(b, answer, sizeof answer, MS(4500));
    assert_true(after > MS(900)); /* DS8626: 1 s typical for 128 KiB at x32 */
    board_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONCE(test_dialect_native_stays),
        ONCE(test_dialect_course_stays),
        BOTH(test_dialect_refused_command_decides),
        ONCE(test_dialect_unknown_course_command_does_not_decide),
        ONCE(test_dialect_native_that_reads_as_course),
        BOTH(test_dialect_bad_frame_does_not_decide),
        ONCE(test_dialect_reset_undecides),
        ONCE(test_dialect_course_acknowledges_early),
        ONCE(test_dialect_native_answers_when_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
