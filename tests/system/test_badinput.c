/* SPDX-License-Identifier: MIT */
/*
 * Bad input of every kind: each gets 7F once, a reason, leaves memory alone, and the next good
 * frame works. board_expect_bad_frame does the first two and, with its GET_LAST_ERROR, the last.
 */
#include "system.h"

static const uint8_t nack = 0x7F;

enum { QUIET_MIN = 19, QUIET_MAX = 26, SILENCE_MIN = 999, SILENCE_MAX = 1030 };

/* A board whose dialect is decided. */
static struct board *open_decided(void **state)
{
    struct board *b = open_variant(state);
    board_note_failures(b);
    return b;
}

static void test_badinput_unknown_commands(void **state)
{
    struct board *b = open_decided(state);
    struct snapshot *s = snapshot_take(b);
    for (unsigned c = 0; c < 256; c++) {
        bool known = (c >= 0x51 && c <= 0x5C) || (c >= 0x60 && c <= 0x6E);
        unsigned plain = c & 0x7F;
        bool checked = b->dialect == WIRE_NATIVE && c >= 0x80 &&
                       ((plain >= 0x51 && plain <= 0x5C) || (plain >= 0x60 && plain <= 0x6E));
        if (!known && !checked) {
            board_refused(b, c, NULL, 0, WIRE_UNKNOWN, 0);
        }
    }
    snapshot_assert_same(b, s);
    board_close(b);
}

/* Payload lengths that a command takes; MEM_WRITE's depend on its third field. */
static bool length_fits(unsigned command, size_t n)
{
    switch (command) {
    case GO_TO_ADDR:
        return n == 4;
    case FLASH_ERASE:
        return n == 2;
    case EN_RW_PROTECT:
        return n == 2 || n == 3 || n == 6 || n == 7;
    case MEM_READ:
        return n == 5;
    case OTP_READ:
        return n == 0 || n == 3;
    case DIS_R_W_PROTECT:
        return n == 0 || n == 1;
    case RESET:
        return n == 1;
    case MEM_CRC:
        return n == 8;
    case MEM_WRITE:
        return n == 5; /* n = 0 is an argument, not a length */
    default:
        return n == 0;
    }
}

/* A payload that would do harm if its length were not checked. */
static void harmful_payload(unsigned command, uint8_t payload[255], size_t n)
{
    memset(payload, 0, 255);
    wire_put32(payload, APP_BASE);
    payload[4] = (uint8_t)(n - 5 + 1); /* MEM_WRITE: one more than there are */
    if (command == FLASH_ERASE) {
        payload[0] = 2;
        payload[1] = 1;
    } else if (command == EN_RW_PROTECT) {
        payload[0] = 0x04;
        payload[1] = 1;
    }
}

static void test_badinput_payload_lengths(void **state)
{
    static const unsigned sizes[] = {0,  1,  2,  3,  4,  5,   6,   7,   8,   9,
                                     10, 12, 16, 31, 64, 128, 200, 249, 250, 254};
    uint8_t noise[1024];
    uint64_t seed = 3;
    struct board *b = open_decided(state);
    random_fill(&seed, noise, sizeof noise);
    board_poke(b, APP_BASE, noise, sizeof noise);
    struct snapshot *s = snapshot_take(b);
    for (unsigned c = 0x51; c <= 0x63; c = c == 0x5C ? 0x60 : c + 1) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            uint8_t payload[255];
            size_t n = sizes[i];
            if (length_fits(c, n) || (b->dialect == WIRE_COURSE && n > 250)) {
                continue;
            }
            harmful_payload(c, payload, n);
            board_refused(b, c, payload, n, WIRE_PAYLOAD, (uint32_t)n);
        }
    }
    snapshot_assert_same(b, s);
    board_close(b);
}

/* MEM_WRITE with every wrong n for its payload. */
static void test_badinput_write_n(void **state)
{
    struct board *b = open_decided(state);
    struct snapshot *s = snapshot_take(b);
    for (unsigned n = 1; n < 256; n += n < 16 ? 1 : 17) {
        uint8_t payload[13] = {0};
        wire_put32(payload, APP_BASE);
        payload[4] = (uint8_t)n;
        if (n != 8) {
            board_refused(b, MEM_WRITE, payload, sizeof payload, WIRE_PAYLOAD, sizeof payload);
        }
    }
    snapshot_assert_same(b, s);
    board_close(b);
}

static void test_badinput_crc(void **state)
{
    static const uint8_t masks[] = {0x01, 0x80, 0xFF};
    static const uint8_t data[4] = {1, 2, 3, 4};
    uint8_t payload[255];
    uint8_t good[WIRE_FRAME_MAX];
    struct board *b = open_decided(state);
    struct snapshot *s = snapshot_take(b);
    size_t n = wire_write_payload(payload, APP_BASE, data, sizeof data);
    size_t len = wire_request(good, b->dialect, MEM_WRITE, payload, n);
    for (size_t at = 0; at < len; at++) {
        for (size_t m = 0; m < sizeof masks; m++) {
            uint8_t bad[WIRE_FRAME_MAX];
            memcpy(bad, good, len);
            bad[at] ^= masks[m];
            board_send(b, bad, len);
            struct board_error e = board_expect_bad_frame(b, MS(QUIET_MIN), MS(SILENCE_MAX));
            if (at > 0) {
                assert_int_equal(e.reason, WIRE_BAD_CRC);
                assert_int_equal(e.detail, wire_crc(bad, len - 4));
            }
        }
    }
    snapshot_assert_same(b, s);
    board_close(b);
}

static void test_badinput_length_zero(void **state)
{
    static const uint8_t zeros[64];
    static const size_t sizes[] = {1, 2, 5, 64};
    struct board *b = open_decided(state);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        board_send(b, zeros, sizes[i]);
        struct board_error e = board_expect_bad_frame(b, MS(QUIET_MIN), MS(QUIET_MAX));
        assert_int_equal(e.reason, WIRE_BAD_LENGTH);
        assert_int_equal(e.detail, 0);
    }
    board_close(b);
}

static void test_badinput_course_length_too_short(void **state)
{
    struct board *b = open_variant(state);
    b->dialect = WIRE_COURSE;
    board_note_failures(b);
    for (uint8_t length = 1; length < 5; length++) {
        uint8_t frame[8] = {length, 0x51, 0, 0, 0, 0, 0, 0};
        wire_put32(frame + 2, wire_crc(frame, 2));
        board_send(b, frame, 6);
        struct board_error e = board_expect_bad_frame(b, MS(QUIET_MIN), MS(QUIET_MAX));
        assert_int_equal(e.reason, WIRE_BAD_LENGTH);
        assert_int_equal(e.detail, length);
    }
    board_close(b);
}

/* More bytes than Length says: the CRC cannot fit, and what is too much is thrown away with it. */
static void test_badinput_over_long(void **state)
{
    static const size_t extra[] = {1, 2, 10, 300};
    uint8_t frame[WIRE_FRAME_MAX + 300];
    uint8_t payload[5];
    struct board *b = open_decided(state);
    for (size_t i = 0; i < sizeof extra / sizeof extra[0]; i++) {
        size_t len = wire_request(frame, b->dialect, MEM_READ, addr_n(payload, APP_BASE, 4), 5);
        memset(frame + len - 4, 0x33, extra[i] + 4);
        board_send(b, frame, len + extra[i]);
        struct board_error e = board_expect_bad_frame(b, MS(QUIET_MIN), MS(QUIET_MAX));
        assert_int_equal(e.reason, WIRE_BAD_CRC);
    }
    board_close(b);
}

/* A good frame with one byte too many: the frame is answered, the byte is a frame that is cut off.
 */
static void test_badinput_trailing_byte(void **state)
{
    uint8_t answer[WIRE_ANSWER_MAX];
    static const uint8_t version = 0x10;
    static const uint8_t trailing = 0x20;
    struct board *b = open_decided(state);
    size_t len = wire_success(answer, b->dialect, GET_VER, &version, 1);
    board_request(b, GET_VER, NULL, 0);
    board_send(b, &trailing, 1);
    (void)board_expect(b, answer, len, MS(20));
    struct board_error e = board_expect_bad_frame(b, 0, MS(SILENCE_MAX));
    assert_int_equal(e.reason, WIRE_CUT_OFF);
    assert_int_equal(e.detail, 1);
    board_close(b);
}

static void cut_everywhere(struct board *b, unsigned command, const uint8_t *payload, size_t n)
{
    uint8_t frame[WIRE_FRAME_MAX];
    size_t len = wire_request(frame, b->dialect, command, payload, n);
    for (size_t cut = 1; cut < len; cut++) {
        board_send(b, frame, cut);
        struct board_error e = board_expect_bad_frame(b, MS(SILENCE_MIN), MS(SILENCE_MAX));
        assert_int_equal(e.reason, WIRE_CUT_OFF);
        assert_int_equal(e.detail, cut);
    }
}

static void test_badinput_cut_off(void **state)
{
    static const uint8_t sector_2[2] = {2, 1};
    static const uint8_t data[3] = {1, 2, 3};
    uint8_t payload[255];
    struct board *b = open_decided(state);
    struct snapshot *s = snapshot_take(b);
    cut_everywhere(b, GET_VER, NULL, 0);
    cut_everywhere(b, FLASH_ERASE, sector_2, 2);
    cut_everywhere(b, MEM_WRITE, payload, wire_write_payload(payload, APP_BASE, data, 3));
    snapshot_assert_same(b, s);
    board_close(b);
}

/* The largest frames, cut before the last byte. */
static void test_badinput_cut_off_largest(void **state)
{
    uint8_t data[249] = {0};
    uint8_t payload[255];
    uint8_t frame[WIRE_FRAME_MAX];
    struct board *b = open_decided(state);
    size_t most = b->dialect == WIRE_COURSE ? 245 : 249;
    struct snapshot *s = snapshot_take(b);
    size_t n = wire_write_payload(payload, APP_BASE, data, most);
    size_t len = wire_request(frame, b->dialect, MEM_WRITE, payload, n);
    board_send(b, frame, len - 1);
    struct board_error e = board_expect_bad_frame(b, MS(SILENCE_MIN), MS(SILENCE_MAX));
    assert_int_equal(e.reason, WIRE_CUT_OFF);
    assert_int_equal(e.detail, len - 1);
    snapshot_assert_same(b, s);
    board_close(b);
}

/* A host may write byte by byte: less than 1000 ms of silence does not end a frame. */
static void test_badinput_slow_frames_are_good(void **state)
{
    static const uint64_t gaps_ms[] = {1, 25, 100, 900, 980};
    uint8_t frame[WIRE_FRAME_MAX];
    uint8_t answer[WIRE_ANSWER_MAX];
    static const uint8_t version = 0x10;
    struct board *b = open_decided(state);
    size_t answer_len = wire_success(answer, b->dialect, GET_VER, &version, 1);
    size_t len = wire_request(frame, b->dialect, GET_VER, NULL, 0);
    for (size_t i = 0; i < sizeof gaps_ms / sizeof gaps_ms[0]; i++) {
        board_send_slowly(b, frame, len, MS(gaps_ms[i]));
        (void)board_expect(b, answer, answer_len, MS(20));
    }
    board_close(b);
}

/* Bytes that never stop: after 2000 ms the board says 7F all the same, and is ready afterwards. */
static void test_badinput_endless_noise(void **state)
{
    static uint8_t zeros[26000]; /* 2.26 s */
    struct board *b = open_decided(state);
    board_send(b, zeros, sizeof zeros);
    assert_true(board_wait(b, 1, MS(2100)));
    assert_true(twin_line_unsent(b->twin, 2) > 0);
    board_flush(b);
    (void)board_run(b, MS(100));
    assert_int_equal(b->rx_len, 2); /* the rest of the noise is a second bad frame */
    assert_int_equal(b->rx[0], 0x7F);
    assert_int_equal(b->rx[1], 0x7F);
    b->rx_len = 0;
    assert_int_equal(board_last_error(b).reason, WIRE_BAD_LENGTH);
    board_close(b);
}

/* Random bytes, then quiet: one 7F or, where they look like the start of a long frame, one later.
 */
static void test_badinput_random_bytes(void **state)
{
    uint64_t seed = board_seed(21);
    struct board *b = open_decided(state);
    struct snapshot *s = snapshot_take(b);
    for (int i = 0; i < 60; i++) {
        uint8_t noise[400];
        size_t len = 1 + random_below(&seed, sizeof noise);
        random_fill(&seed, noise, len);
        board_send(b, noise, len);
        struct board_error e = board_expect_bad_frame(b, MS(QUIET_MIN), MS(SILENCE_MAX));
        assert_in_range(e.reason, WIRE_BAD_CRC, WIRE_CUT_OFF);
    }
    snapshot_assert_same(b, s);
    board_close(b);
}

typedef void defect(struct twin *t, unsigned usart, uint8_t byte);

static void send_break(struct twin *t, unsigned usart, uint8_t byte)
{
    (void)byte;
    twin_line_send_break(t, usart);
}

/* One damaged character at position `at` of a good frame (0xFFFF: alone, between frames). */
static void damage(struct board *b, defect *fn, size_t at)
{
    uint8_t frame[WIRE_FRAME_MAX];
    static const uint8_t data[4] = {9, 8, 7, 6};
    uint8_t payload[255];
    size_t n = wire_write_payload(payload, APP_BASE, data, sizeof data);
    size_t len = wire_request(frame, b->dialect, MEM_WRITE, payload, n);
    if (at >= len) {
        fn(b->twin, 2, 0x5A);
    } else {
        board_send(b, frame, at);
        fn(b->twin, 2, frame[at]);
        board_send(b, frame + at + 1, len - at - 1);
    }
    board_flush(b);
}

static void check_line_error(void **state, defect *fn, uint32_t flag)
{
    static const size_t places[] = {0xFFFF, 0, 1, 6, 14};
    struct board *b = open_decided(state);
    struct snapshot *s = snapshot_take(b);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        damage(b, fn, places[i]);
        struct board_error e = board_expect_bad_frame(b, 0, MS(QUIET_MAX));
        assert_int_equal(e.reason, WIRE_LINE_ERROR);
        assert_true((e.detail & flag) != 0);
    }
    snapshot_assert_same(b, s);
    board_close(b);
}

static void test_badinput_framing_error(void **state)
{
    check_line_error(state, twin_line_send_framing_error, 1u << 1);
}

static void test_badinput_noise_flag(void **state)
{
    check_line_error(state, twin_line_send_noise, 1u << 2);
}

static void test_badinput_break(void **state)
{
    check_line_error(state, send_break, 1u << 1);
}

/* A host with the wrong baud rate, then with the right one. */
static void test_badinput_wrong_baud(void **state)
{
    static const uint32_t bauds[] = {9600, 57600, 230400};
    struct board *b = open_decided(state);
    struct snapshot *s = snapshot_take(b);
    for (size_t i = 0; i < sizeof bauds / sizeof bauds[0]; i++) {
        struct twin_line line = {.baud = bauds[i]};
        twin_line_set(b->twin, 2, &line);
        board_request(b, GET_VER, NULL, 0);
        board_flush(b);
        (void)board_run(b, MS(SILENCE_MAX + 100));
        b->rx_len = 0; /* the 7F as the far end misreads it, if it hears it at all */
        line.baud = BOARD_BAUD;
        twin_line_set(b->twin, 2, &line);
        assert_int_equal(board_last_error(b).count, b->failures + 1);
        board_note_failures(b);
    }
    snapshot_assert_same(b, s);
    board_close(b);
}

/* The count stops at 65535 and never wraps; here: it counts one by one over many. */
static void test_badinput_counts(void **state)
{
    struct board *b = open_decided(state);
    for (int i = 0; i < 300; i++) {
        board_request(b, 0x00, NULL, 0);
        (void)board_expect(b, &nack, 1, MS(20));
    }
    assert_int_equal(board_last_error(b).count, 300);
    board_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_badinput_unknown_commands),
        BOTH(test_badinput_payload_lengths),
        BOTH(test_badinput_write_n),
        BOTH(test_badinput_crc),
        BOTH(test_badinput_length_zero),
        ONCE(test_badinput_course_length_too_short),
        BOTH(test_badinput_over_long),
        BOTH(test_badinput_trailing_byte),
        BOTH(test_badinput_cut_off),
        BOTH(test_badinput_cut_off_largest),
        BOTH(test_badinput_slow_frames_are_good),
        BOTH(test_badinput_endless_noise),
        BOTH(test_badinput_random_bytes),
        BOTH(test_badinput_framing_error),
        BOTH(test_badinput_noise_flag),
        BOTH(test_badinput_break),
        ONCE(test_badinput_wrong_baud),
        ONCE(test_badinput_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
