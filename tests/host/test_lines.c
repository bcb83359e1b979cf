/* SPDX-License-Identifier: MIT */
/*
 * Which port a name means, and what is done to modem lines: in which order, and that nothing is
 * asked while the board is held in reset.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ararext_wiring.h"

/* ---- names ---- */

static void test_usb_names(void **state)
{
    static const struct ararext_port ports[] = {
        {.path = "/dev/ttyS0", .usb_vid = -1, .usb_pid = -1},
        {.path = "/dev/ttyUSB0", .usb_vid = 0x1A86, .usb_pid = 0x7523},
        {.path = "/dev/ttyUSB1", .usb_vid = 0x0403, .usb_pid = 0x6001, .usb_serial = "A1"},
        {.path = "/dev/ttyUSB2", .usb_vid = 0x0403, .usb_pid = 0x6001, .usb_serial = "A:2"},
    };
    static const struct {
        const char *name;
        int rc;
        size_t found;
    } rows[] = {
        {"usb:1a86:7523", ARAREXT_OK, 1},
        {"usb:1A86:7523:", ARAREXT_OK, 1},
        {"usb:403:6001:A1", ARAREXT_OK, 2},
        {"usb:0403:6001:A:2", ARAREXT_OK, 3},
        {"usb:0403:6001", ARAREXT_ERR_MANY, 2},
        {"usb:0403:6001:A", ARAREXT_ERR_NO_PORT, 9},
        {"usb:1a86:7523:X", ARAREXT_ERR_NO_PORT, 9},
        {"usb:1a86", ARAREXT_ERR_ARGUMENT, 9},
        {"usb::7523", ARAREXT_ERR_ARGUMENT, 9},
        {"usb:1a86:7523x", ARAREXT_ERR_ARGUMENT, 9},
        {"usb:11a86:7523", ARAREXT_ERR_ARGUMENT, 9},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ararext_message why = {""};
        size_t found = 9;
        int rc = ararext_find_usb_port(ports, sizeof ports / sizeof ports[0], rows[i].name, &found,
                                       &why);
        if (rc != rows[i].rc || found != rows[i].found) {
            fail_msg("%s: %d, port %zu", rows[i].name, rc, found);
        }
        assert_true(rc == ARAREXT_OK || strstr(why.text, rows[i].name) != NULL);
    }
}

/* ---- lines ---- */

static void test_wirings(void **state)
{
    const struct ararext_wiring_pattern *p = NULL;
    struct ararext_wiring w;
    (void)state;
    for (size_t i = 0; (p = ararext_wiring_pattern(i)) != NULL; i++) {
        struct ararext_wiring words;
        assert_int_equal(ararext_wiring_parse(&w, p->name, NULL), ARAREXT_OK);
        assert_int_equal(ararext_wiring_parse(&words, p->words, NULL), ARAREXT_OK);
        assert_memory_equal(&w, &words, sizeof w);
    }
    assert_int_equal(ararext_wiring_parse(&w, "RESET=!DTR,button=!rts", NULL), ARAREXT_OK);
    assert_true(w.reset == ARAREXT_LINE_DTR && w.reset_inverted);
    assert_true(w.button == ARAREXT_LINE_RTS && w.button_inverted && !w.crossed);
}

/* A board that answers GET_VER once it has been reset with the button pressed, or, without a button
 * line, for window_ms after a reset. Its clock goes on with each wait. */
struct wired_board {
    struct ararext_transport transport;
    uint64_t now_ms, reset_at_ms;
    unsigned lines, window_ms, held_writes;
    bool has_button, listens, in_reset;
    bool talks;      /* an application that sends all the time */
    char trace[256]; /* "r" reset, "b" button, "-" neither, "rb" both; a comma after each */
    size_t answer;   /* bytes of it that are still to come */
};

static int set_lines(void *ctx, unsigned mask, unsigned value)
{
    struct wired_board *b = ctx;
    b->lines = (b->lines & ~mask) | value;
    bool reset = (b->lines & ARAREXT_LINE_RTS) != 0, button = (b->lines & ARAREXT_LINE_DTR) != 0;
    size_t used = strlen(b->trace);
    snprintf(b->trace + used, sizeof b->trace - used, "%s%s%s,", reset ? "r" : "",
             button ? "b" : "", !reset && !button ? "-" : "");
    if (b->in_reset && !reset) {
        b->reset_at_ms = b->now_ms;
        b->listens = b->has_button && button;
    }
    b->in_reset = reset;
    return ARAREXT_OK;
}

static int put(void *ctx, const uint8_t *data, size_t len, unsigned timeout_ms)
{
    struct wired_board *b = ctx;
    (void)timeout_ms;
    b->held_writes += b->in_reset;
    bool window = !b->in_reset && b->now_ms - b->reset_at_ms >= 20 &&
                  b->now_ms - b->reset_at_ms < b->window_ms;
    b->listens = b->listens || window;
    if (b->listens && !b->in_reset && len == 6 && data[1] == 0x51) {
        b->answer = 4;
    }
    return ARAREXT_OK;
}

static int get(void *ctx, uint8_t *data, size_t size, unsigned timeout_ms, size_t *got)
{
    static const uint8_t answer[4] = {0xA5, 0x51, 0x01, 0x10};
    struct wired_board *b = ctx;
    *got = 0;
    if (b->answer > 0 && size > 0) {
        data[0] = answer[4 - b->answer--]; /* byte by byte: an answer may come in pieces */
        *got = 1;
    } else if (b->talks && !b->listens && size > 0) {
        data[0] = 'h';
        *got = 1;
        b->now_ms++;
    } else {
        b->now_ms += timeout_ms;
    }
    return ARAREXT_OK;
}

static int nothing(void *ctx)
{
    (void)ctx;
    return ARAREXT_OK;
}

static int any_rate(void *ctx, uint32_t baud)
{
    (void)ctx;
    (void)baud;
    return ARAREXT_OK;
}

static uint64_t clock_ms(void *ctx)
{
    return ((struct wired_board *)ctx)->now_ms;
}

static void pass(void *ctx, unsigned ms)
{
    ((struct wired_board *)ctx)->now_ms += ms;
}

static void end(void *ctx)
{
    (void)ctx;
}

static struct ararext_session *wire(struct wired_board *b)
{
    struct ararext_session *s = NULL;
    b->transport = (struct ararext_transport){.ctx = b,
                                              .write = put,
                                              .read = get,
                                              .set_baud = any_rate,
                                              .flush_input = nothing,
                                              .drain = nothing,
                                              .now_ms = clock_ms,
                                              .sleep_ms = pass,
                                              .close = end,
                                              .set_lines = set_lines};
    assert_int_equal(ararext_open(&s, &b->transport, NULL), ARAREXT_OK);
    return s;
}

static void test_enter_with_button(void **state)
{
    struct wired_board b = {.has_button = true, .talks = true};
    struct ararext_wiring w;
    (void)state;
    assert_int_equal(ararext_wiring_parse(&w, "direct", NULL), ARAREXT_OK);
    struct ararext_session *s = wire(&b);
    assert_int_equal(ararext_enter_by_lines(s, &w), ARAREXT_OK);
    assert_string_equal(b.trace, "rb,b,-,");
    assert_int_equal(b.held_writes, 0);
    assert_int_equal(ararext_start_by_lines(s, &w), ARAREXT_OK);
    assert_string_equal(b.trace, "rb,b,-,r,-,");
    ararext_close(s);
}

static void test_enter_through_transistors(void **state)
{
    struct wired_board b = {.has_button = true};
    struct ararext_wiring w;
    (void)state;
    assert_int_equal(ararext_wiring_parse(&w, "esp", NULL), ARAREXT_OK);
    struct ararext_session *s = wire(&b);
    assert_int_equal(ararext_enter_by_lines(s, &w), ARAREXT_OK);
    assert_string_equal(b.trace, "r,b,-,"); /* never both: that would be neither */
    ararext_close(s);
}

static void test_enter_by_window(void **state)
{
    struct wired_board b = {.window_ms = 100, .talks = true};
    struct ararext_wiring w;
    (void)state;
    assert_int_equal(ararext_wiring_parse(&w, "rts", NULL), ARAREXT_OK);
    struct ararext_session *s = wire(&b);
    assert_int_equal(ararext_enter_by_lines(s, &w), ARAREXT_OK);
    assert_string_equal(b.trace, "r,-,-,");
    ararext_close(s);
}

static void test_nobody_there(void **state)
{
    struct wired_board b = {.talks = true};
    struct ararext_wiring w;
    (void)state;
    assert_int_equal(ararext_wiring_parse(&w, "direct", NULL), ARAREXT_OK);
    struct ararext_session *s = wire(&b);
    assert_int_equal(ararext_enter_by_lines(s, &w), ARAREXT_ERR_TIMEOUT);
    assert_int_equal(b.lines, 0); /* let go of */
    assert_true(b.now_ms < 15000);
    assert_int_equal(ararext_await_bootloader(s, 2000), ARAREXT_ERR_TIMEOUT);
    b.listens = true;
    assert_int_equal(ararext_await_bootloader(s, 2000), ARAREXT_OK);
    ararext_close(s);
    b.transport.set_lines = NULL;
    assert_int_equal(ararext_open(&s, &b.transport, NULL), ARAREXT_OK);
    assert_int_equal(ararext_enter_by_lines(s, &w), ARAREXT_ERR_UNSUPPORTED);
    ararext_close(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usb_names),         cmocka_unit_test(test_wirings),
        cmocka_unit_test(test_enter_with_button), cmocka_unit_test(test_enter_through_transistors),
        cmocka_unit_test(test_enter_by_window),   cmocka_unit_test(test_nobody_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
