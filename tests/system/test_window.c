/* SPDX-License-Identifier: MIT */
/*
 * The entry window (PROTOCOL.md, "What starts at reset"): how long the bootloader listens before it
 * starts something is in its board block. A good frame keeps it; nothing else does, and what starts
 * then finds the chip as after a reset.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "image.h"
#include "reset_state.h"

enum {
    BLOCK = 0x08000080,
    WINDOW_MS = 200,
    LISTENS_MS = 60, /* by then the board does */
    FLAGS_POWER_ON = 0x0E,
    RESET_CAUSE = 52, /* in GET_INFO */
    STAY_REASON = 53,
    HOST_REQUEST = 4,
};

static const uint8_t version[] = {0x01, 0x51, 0x64, 0x6A, 0x5F, 0x5C};
static const uint8_t version_course[] = {0x05, 0x51, 0xE7, 0xE9, 0xAB, 0x7C};

/* A board with that window and the probe as its application, just switched on. */
static struct board *open_window(unsigned ms)
{
    struct probe_op ops[200];
    uint8_t image[PROBE_MAX];
    size_t len = probe_make(image, APP_BASE, ops, reset_state_script(ops, 200));
    struct board *b =
        board_open(&(struct board_options){.app = image, .app_len = len, .stay_off = true});

    board_set_window(b, ms);
    twin_power_on(b->twin);
    probe_clear(b);
    return b;
}

/* It runs, and the board has not said a word. */
static void assert_started(struct board *b)
{
    assert_true(probe_done(b));
    assert_int_equal(b->rx_len, 0);
    reset_state_check(b, APP_BASE, FLAGS_POWER_ON);
}

static void assert_stays(struct board *b, const uint8_t *request, size_t len, const uint8_t *answer,
                         size_t answer_len)
{
    uint8_t info[255];

    (void)board_run(b, MS(LISTENS_MS));
    board_send(b, request, len);
    (void)board_expect(b, answer, answer_len, MS(40));
    (void)board_run(b, MS(1000)); /* a hello is no part of a frame any more */
    assert_false(probe_done(b));
    (void)board_query_any(b, GET_INFO, NULL, 0, info);
    assert_int_equal(info[STAY_REASON], HOST_REQUEST);
    assert_true(board_log_has(b, "stays: host's request"));
    board_close(b);
}

static void test_window_nobody_comes(void **state)
{
    struct board *b = open_window(WINDOW_MS);

    (void)state;
    (void)board_run(b, MS(WINDOW_MS));
    assert_false(probe_done(b));
    (void)board_run(b, MS(LISTENS_MS));
    assert_started(b);
    assert_int_equal(b->log_len, 0);
    board_close(b);
}

/* None, and a block that does not check: as ever, within a millisecond. */
static void test_window_none(void **state)
{
    struct board *b = open_window(0);
    uint8_t byte;

    (void)state;
    (void)board_run(b, MS(50));
    assert_started(b);
    twin_power_off(b->twin);
    board_set_window(b, WINDOW_MS);
    board_peek(b, BLOCK + 8, &byte, 1);
    byte ^= 1;
    board_poke(b, BLOCK + 8, &byte, 1);
    twin_power_on(b->twin);
    probe_clear(b);
    (void)board_run(b, MS(50));
    assert_true(probe_done(b));
    board_close(b);
}

static void test_window_native(void **state)
{
    static const uint8_t answer[] = {0xA5, 0x51, 0x01, 0x10};

    (void)state;
    assert_stays(open_window(WINDOW_MS), version, sizeof version, answer, sizeof answer);
}

static void test_window_course(void **state)
{
    static const uint8_t answer[] = {0xA5, 0x01, 0x10};
    struct board *b = open_window(WINDOW_MS);

    (void)state;
    b->dialect = WIRE_COURSE;
    assert_stays(b, version_course, sizeof version_course, answer, sizeof answer);
}

/* The hello of ST's protocol; it decides nothing, so GET_INFO is understood. */
static void test_window_hello(void **state)
{
    static const uint8_t hello[] = {0x7F};
    static const uint8_t answer[] = {0x79};

    (void)state;
    assert_stays(open_window(WINDOW_MS), hello, sizeof hello, answer, sizeof answer);
}

/* What is no frame is for the application: not a word, and no longer window. */
static void test_window_noise(void **state)
{
    static const uint8_t noise[] = {0x01, 0x51, 0x64, 0x6A, 0x5F, 0x5D};
    struct board *b = open_window(WINDOW_MS);

    (void)state;
    (void)board_run(b, MS(LISTENS_MS));
    board_send(b, noise, sizeof noise);
    twin_line_send_framing_error(b->twin, 2, 0x55);
    (void)board_run(b, MS(WINDOW_MS + 20));
    assert_started(b);
    assert_true(b->reports[TWIN_REPORT_USART] > 0);
    board_close(b);
}

/* The button is looked at when the window is over. */
static void test_window_button(void **state)
{
    struct board *b = open_window(WINDOW_MS);

    (void)state;
    (void)board_run(b, MS(LISTENS_MS));
    board_press_button(b, true);
    (void)board_run(b, MS(WINDOW_MS + LISTENS_MS));
    assert_false(probe_done(b));
    assert_true(board_log_has(b, "stays: button"));
    board_send(b, version, sizeof version);
    (void)board_expect(b, (const uint8_t[]){0xA5, 0x51, 0x01, 0x10}, 4, MS(20));
    board_close(b);
}

/* Each reset has its own; a request to stay has none. */
static void test_window_after_resets(void **state)
{
    static const uint8_t stay = 1, start = 0;
    struct board *b = open_window(WINDOW_MS);
    uint8_t info[255];

    (void)state;
    (void)board_run(b, MS(LISTENS_MS));
    board_ok(b, RESET, &stay, 1, NULL, 0);
    (void)board_run(b, MS(2 * WINDOW_MS));
    assert_false(probe_done(b));
    (void)board_query_any(b, GET_INFO, NULL, 0, info);
    assert_int_equal(info[RESET_CAUSE] & FLAGS_POWER_ON, 0x04); /* of that reset alone */
    board_ok(b, RESET, &start, 1, NULL, 0);
    (void)board_run(b, MS(WINDOW_MS / 2));
    assert_false(probe_done(b));
    (void)board_run(b, MS(WINDOW_MS + LISTENS_MS));
    assert_true(probe_done(b));
    board_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_window_nobody_comes), cmocka_unit_test(test_window_none),
        cmocka_unit_test(test_window_native),       cmocka_unit_test(test_window_course),
        cmocka_unit_test(test_window_hello),        cmocka_unit_test(test_window_noise),
        cmocka_unit_test(test_window_button),       cmocka_unit_test(test_window_after_resets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
