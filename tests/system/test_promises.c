/* SPDX-License-Identifier: MIT */
/*
 * The promises of DESIGN.md over the release binary: flipped and forged records, a reset pin that
 * is pulled often, a package that nobody has started yet. The survey of all bits is tests/survey.
 */
#include "system.h"

#include "package_builder.h"

/* Retyped from PROTOCOL.md and FORMAT.md. */
enum {
    BEGIN = 0x65,
    WRITE_PIECE = 0x66,
    FINISH = 0x67,
    CONFIRM_NOW = 0x68,
    PIECE = 248,
    BOOT = 0,
    INSTALL_AND_STAY = 2,
    NO_TRIAL = 0x4C,
    STAY_HOST = 4,
    STAY_CRASHES = 7,
    TRAILER_A = 0x080BF800,
    MARKER = 0x20015000,
    NOTE = 0x4000289C,        /* RTC_BKP19R */
    RESET_FLAGS = 0x40023874, /* RCC_CSR */
};
#define NO_MARKER 0xEEEEEEEEu

static const uint8_t no_trial[4] = {0, 4, 30, 0};
static const uint8_t one_trial[4] = {1, 4, 30, 0};

static bool ask(struct board *b, unsigned command, const uint8_t *payload, size_t n)
{
    bool good;

    board_request(b, command, payload, n);
    assert_true(board_wait(b, 1, MS(15000)));
    (void)board_run(b, MS(20));
    good = b->rx[0] == 0xA5;
    b->rx_len = 0;
    return good;
}

static void stage(struct board *b, const uint8_t *content, size_t len, const uint8_t *policy)
{
    struct package_recipe recipe = {.content = content, .content_len = len, .policy = policy};
    uint8_t *package = package_build(&recipe, &len);
    uint8_t payload[255];

    wire_put32(payload, (uint32_t)len);
    assert_true(ask(b, BEGIN, payload, 4));
    for (size_t at = 0; at < len; at += PIECE) {
        size_t n = len - at < PIECE ? len - at : PIECE;
        assert_true(ask(b, WRITE_PIECE, payload,
                        wire_write_payload(payload, (uint32_t)at, package + at, n)));
    }
    assert_true(ask(b, FINISH, NULL, 0));
    free(package);
}

static void clear_marker(struct board *b)
{
    const uint8_t none[4] = {0xEE, 0xEE, 0xEE, 0xEE};
    board_poke(b, MARKER, none, sizeof none);
}

static uint32_t wait_marker(struct board *b)
{
    for (unsigned i = 0; i < 60 && board_peek32(b, MARKER) == NO_MARKER; i++) {
        (void)board_run(b, MS(100));
    }
    return board_peek32(b, MARKER);
}

static void reset_by_host(struct board *b, uint8_t how)
{
    clear_marker(b);
    board_press_button(b, false);
    board_ok(b, RESET, &how, 1, NULL, 0);
}

static void reset_by_pin(struct board *b)
{
    clear_marker(b);
    board_reset(b);
}

static void stop_by_button(struct board *b)
{
    board_press_button(b, true);
    board_reset(b);
    board_press_button(b, false);
}

static unsigned stay_reason(struct board *b)
{
    uint8_t info[255] = {0};
    (void)board_query_any(b, GET_INFO, NULL, 0, info);
    return info[53];
}

/* Keeps the note and the reset flags, says that it runs, and stays. */
static size_t make_marker(uint8_t image[PROBE_MAX], uint32_t marker)
{
    const struct probe_op ops[] = {
        {PROBE_READ, NOTE, 0}, {PROBE_READ, RESET_FLAGS, 0}, {PROBE_WRITE, MARKER, marker}};
    return probe_make(image, APP_BASE, ops, 3);
}

static struct board *runs_package(uint8_t image[PROBE_MAX], const uint8_t *policy)
{
    struct board_options o = {.button = true};
    struct board *b = board_open(&o);

    stage(b, image, make_marker(image, 1), policy);
    reset_by_host(b, BOOT);
    assert_int_equal(wait_marker(b), 1);
    return b;
}

/* Flags of the reset before stay set until somebody clears them: a pin that is pulled after a reset
 * by software is no crash. */
static void test_promise_pin(void **state)
{
    (void)state;
    uint8_t image[PROBE_MAX];
    struct board *b = runs_package(image, no_trial);
    for (unsigned i = 0; i < 12; i++) {
        reset_by_pin(b);
        assert_int_equal(wait_marker(b), 1);
        assert_int_equal(probe_value(b, 0), 0xA7000104); /* none of them, normal, the pin */
        if (i == 5) {                                    /* the bootloader's own reset in between */
            stop_by_button(b);
            reset_by_host(b, BOOT);
            assert_int_equal(wait_marker(b), 1);
            assert_int_equal(probe_value(b, 0), 0xA7000114);
            assert_int_equal(probe_value(b, 1) >> 24, 0);
        }
    }
    board_close(b);
}

static void check_crashes(unsigned window_ms)
{
    static const uint8_t code[] = {
        0x01, 0x48, 0x02, 0x49, 0x08, 0x60, 0xFE, 0xE7, /* AIRCR = SYSRESETREQ; b . */
        0x04, 0x00, 0xFA, 0x05, 0x0C, 0xED, 0x00, 0xE0,
    };
    uint8_t image[1024];
    struct board_options o = {.button = true};
    struct board *b = board_open(&o);
    unsigned before;

    image_make(image, sizeof image, APP_BASE, 3);
    memcpy(image + IMAGE_ENTRY, code, sizeof code);
    stage(b, image, sizeof image, no_trial);
    board_set_window(b, window_ms);
    before = b->resets;
    reset_by_host(b, BOOT);
    (void)board_run(b, MS(5000));
    assert_int_equal(stay_reason(b), STAY_CRASHES);
    assert_int_equal(b->resets - before, 1 + 4); /* the host's, and four crashes */
    board_close(b);
}

/* One that resets itself is stopped at its policy's limit, and the count begins again: with an
 * entry window before each start, too. */
static void test_promise_crashes(void **state)
{
    (void)state;
    check_crashes(0);
    check_crashes(100);
}

/* One MEM_WRITE that makes half a flag, whose other half can never be. */
static void test_promise_half_flag(void **state)
{
    (void)state;
    static const uint8_t half[8] = {0x96, 0xA5, 0x3C, 0x4B, 0, 0, 0, 0};
    uint8_t app[PROBE_MAX], image[PROBE_MAX];
    size_t len = make_marker(app, 7);
    struct board_options o = {.button = true, .app = app, .app_len = len};
    struct board *b = board_open(&o);

    for (uint32_t at = 0x08; at <= 0x30; at += 8) {
        board_write(b, TRAILER_A + at, half, sizeof half);
    }
    board_assert_flash(b, TRAILER_A + 8, half, sizeof half);
    reset_by_host(b, BOOT);
    assert_int_equal(wait_marker(b), 7);
    stop_by_button(b);
    stage(b, image, make_marker(image, 1), no_trial);
    reset_by_host(b, BOOT);
    assert_int_equal(wait_marker(b), 1);
    board_close(b);
}

/* Bits all over the trailer of the only package, one at a time. */
static void test_promise_flips(void **state)
{
    (void)state;
    uint8_t image[PROBE_MAX];
    struct board *b = runs_package(image, no_trial);
    uint8_t trailer[0x800], byte;

    board_peek(b, TRAILER_A, trailer, sizeof trailer);
    for (uint32_t bit = 3; bit < 0x40 * 8; bit += 17) {
        byte = trailer[bit / 8] ^ (uint8_t)(1u << bit % 8);
        board_poke(b, TRAILER_A + bit / 8, &byte, 1);
        reset_by_pin(b);
        assert_int_equal(wait_marker(b), 1);
        board_poke(b, TRAILER_A, trailer, sizeof trailer);
    }
    memset(trailer, 0x5B, sizeof trailer); /* and all of it: its records are lost */
    board_poke(b, TRAILER_A, trailer, sizeof trailer);
    memset(trailer, 0xFF, 16);
    board_poke(b, APP_BASE, trailer, 16);
    reset_by_pin(b);
    assert_int_equal(wait_marker(b), 1);
    board_assert_flash(b, APP_BASE, image, make_marker(image, 1));
    board_close(b);
}

/* Nobody confirms for good what has never run. */
static void test_promise_confirm(void **state)
{
    (void)state;
    uint8_t image[PROBE_MAX];
    struct board_options o = {.button = true};
    struct board *b = board_open(&o);

    stage(b, image, make_marker(image, 1), one_trial);
    assert_false(ask(b, CONFIRM_NOW, NULL, 0));
    assert_int_equal(board_last_error(b).reason, NO_TRIAL);
    reset_by_host(b, INSTALL_AND_STAY);
    (void)board_run(b, MS(3000));
    assert_int_equal(stay_reason(b), STAY_HOST);
    board_assert_flash(b, APP_BASE, image, 64);
    assert_false(ask(b, CONFIRM_NOW, NULL, 0));
    assert_int_equal(board_last_error(b).reason, NO_TRIAL);
    reset_by_host(b, BOOT);
    assert_int_equal(wait_marker(b), 1);
    stop_by_button(b);
    assert_true(ask(b, CONFIRM_NOW, NULL, 0));
    reset_by_host(b, BOOT);
    assert_int_equal(wait_marker(b), 1);
    board_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONCE(test_promise_pin),   ONCE(test_promise_crashes), ONCE(test_promise_half_flag),
        ONCE(test_promise_flips), ONCE(test_promise_confirm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
