/* SPDX-License-Identifier: MIT */
/*
 * The session, byte for byte against PROTOCOL.md: every command's request and answer, time-outs, 7F
 * with its reason, garbage, short answers, retries and the silence before them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "script.h"

#define GET_VER_REQUEST "01 51 64 6A 5F 5C"
#define ERASE_2_REQUEST "03 56 02 01 4E A5 0B A2"
#define LAST_ERROR      request(0x60, "")
/* reason, command, count 1, detail */
#define LAST_ERROR_ANSWER(reason, command, detail) "A5 60 08 " reason " " command " 01 00 " detail

static void expect_message(struct script *s, const char *want)
{
    struct ararext_message got;
    ararext_describe_failure(s->session, &got);
    assert_string_equal(got.text, want);
}

static void test_session_examples(void **state)
{
    struct script s;
    uint8_t version = 0, data[16] = {0};
    (void)state;
    STEPS(&s, NULL, {GET_VER_REQUEST, "A5 51 01 10", 1, 0, false},
          {ERASE_2_REQUEST, "A5 56 00", 250, 0, false},
          {"06 59 00 80 00 08 10 FE 02 38 42",
           "A5 59 10 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F", 2, 1, false});
    assert_int_equal(ararext_get_version(s.session, &version), ARAREXT_OK);
    assert_int_equal(version, 0x10);
    assert_int_equal(ararext_erase(s.session, 2, 1), ARAREXT_OK);
    assert_int_equal(ararext_read(s.session, 0x08008000, data, sizeof data), ARAREXT_OK);
    assert_int_equal(data[0], 0);
    assert_int_equal(data[15], 15);
    script_close(&s);
}

static void test_session_twelve_commands(void **state)
{
    struct script s;
    uint8_t codes[255], rdp = 0, otp[4];
    uint16_t word = 0;
    size_t count = 0;
    const uint8_t bytes[3] = {0xAA, 0xBB, 0xCC};
    (void)state;
    STEPS(&s, NULL, {request(0x52, ""), "A5 52 03 51 52 53", 0, 0, false},
          {request(0x52, ""), "A5 52 03 51 52 53", 0, 0, false},
          {request(0x53, ""), "A5 53 02 13 04", 0, 0, false},
          {request(0x53, ""), "A5 53 02 13 04", 0, 0, false},
          {request(0x54, ""), "A5 54 01 AA", 0, 0, false},
          {request(0x54, ""), "A5 54 01 AA", 0, 0, false},
          {request(0x55, "00 80 00 08"), "A5 55 00", 0, 0, false},
          {request(0x56, "FF 01"), "A5 56 00", 20000, 0, false},
          {request(0x57, "00 40 00 20 03 AA BB CC"), "A5 57 00", 0, 0, false},
          {request(0x5A, ""), "A5 5A 02 FB 0F", 0, 0, false},
          {request(0x5A, ""), "A5 5A 02 FB 0F", 0, 0, false},
          {request(0x5B, "0C 02 04"), "A5 5B 04 00 FF 00 FF", 0, 0, false},
          {request(0x5B, "0C 02 04"), "A5 5B 04 00 FF 00 FF", 0, 0, false});
    assert_int_equal(ararext_get_commands(s.session, codes, &count), ARAREXT_OK);
    assert_int_equal(count, 3);
    assert_int_equal(codes[2], 0x53);
    assert_int_equal(ararext_get_chip_id(s.session, &word), ARAREXT_OK);
    assert_int_equal(word, 0x413);
    assert_int_equal(ararext_get_rdp(s.session, &rdp), ARAREXT_OK);
    assert_int_equal(rdp, 0xAA);
    assert_int_equal(ararext_go(s.session, 0x08008000), ARAREXT_OK);
    assert_int_equal(ararext_erase_all(s.session), ARAREXT_OK);
    assert_int_equal(ararext_write(s.session, 0x20004000, bytes, 3), ARAREXT_OK);
    assert_int_equal(ararext_get_protection(s.session, &word), ARAREXT_OK);
    assert_int_equal(word, 0xFFB);
    assert_int_equal(ararext_read_otp(s.session, 528, otp, 1), ARAREXT_ERR_ARGUMENT);
    assert_int_equal(ararext_read_otp(s.session, 524, otp, 5), ARAREXT_ERR_ARGUMENT);
    assert_int_equal(ararext_read_otp(s.session, 524, otp, 4), ARAREXT_OK);
    assert_int_equal(otp[0], 0);
    script_close(&s);
}

static void test_session_protection(void **state)
{
    struct script s;
    (void)state;
    STEPS(&s, NULL, {request(0x58, "3C 01"), "A5 58 00", 0, 0, false},
          {request(0x58, "00 0C 01"), "A5 58 00", 0, 0, false},
          {request(0x58, "00 02 52 44 50 31"), "A5 58 00", 1900, 0, false},
          {request(0x58, "04 01 02 52 44 50 31"), "A5 58 00", 0, 0, false},
          {request(0x5C, ""), "A5 5C 00", 0, 0, false},
          {request(0x5C, "01"), "A5 5C 00", 0, 0, false});
    assert_int_equal(ararext_protect(s.session, 0x003C), ARAREXT_OK);
    assert_int_equal(ararext_protect(s.session, 0x0C00), ARAREXT_OK);
    assert_int_equal(ararext_protect_reading(s.session, 0), ARAREXT_OK);
    assert_int_equal(ararext_protect_reading(s.session, 0x0104), ARAREXT_OK);
    assert_int_equal(ararext_unprotect(s.session, false), ARAREXT_OK);
    assert_int_equal(ararext_unprotect(s.session, true), ARAREXT_OK);
    script_close(&s);
}

static void test_session_extensions(void **state)
{
    struct script s;
    struct ararext_board_error error;
    uint32_t crc = 0;
    (void)state;
    STEPS(&s, NULL, {request(0x60, ""), "A5 60 08 23 56 02 01 02 00 00 00", 0, 0, false},
          {request(0x62, "01"), "A5 62 00", 0, 0, false},
          {request(0x62, "00"), "A5 62 00", 0, 0, false},
          {request(0x63, "00 80 00 08 00 00 01 00"), "A5 63 04 78 56 34 12", 400, 0, false});
    assert_int_equal(ararext_get_last_error(s.session, &error), ARAREXT_OK);
    assert_int_equal(error.reason, 0x23);
    assert_int_equal(error.command, 0x56);
    assert_int_equal(error.count, 0x102);
    assert_int_equal(error.detail, 2);
    assert_int_equal(ararext_reset(s.session, true), ARAREXT_OK);
    assert_int_equal(ararext_reset(s.session, false), ARAREXT_OK);
    assert_int_equal(ararext_get_crc(s.session, 0x08008000, 0x10000, &crc), ARAREXT_OK);
    assert_int_equal(crc, 0x12345678);
    script_close(&s);
}

static void test_session_refused_with_reason(void **state)
{
    struct script s;
    (void)state;
    STEPS(&s, NULL, {ERASE_2_REQUEST, "7F", 0, 0, false},
          {LAST_ERROR, LAST_ERROR_ANSWER("23", "56", "02 00 00 00"), 0, 0, false});
    assert_int_equal(ararext_erase(s.session, 2, 1), ARAREXT_ERR_REFUSED);
    const struct ararext_failure *f = ararext_last_failure(s.session);
    assert_true(f->has_reason);
    assert_int_equal(f->reason, 0x23);
    assert_int_equal(f->reason_command, 0x56);
    assert_int_equal(f->attempts, 1);
    expect_message(&s, "erase of sector 2: the board answered 7F, reason 23: sector 2 is "
                       "write-protected");
    assert_string_equal(ararext_failure_advice(s.session), "run 'ararext unprotect' first");
    script_close(&s);
}

/* 7F for a frame that arrived damaged: it is sent again, at once, even GO. */
static void test_session_line_error_is_repeated(void **state)
{
    struct script s;
    struct ararext_counters counters;
    (void)state;
    STEPS(&s, NULL, {request(0x55, "00 80 00 08"), "7F", 21, 0, false},
          {LAST_ERROR, LAST_ERROR_ANSWER("01", "00", "12 34 56 78"), 0, 0, false},
          {request(0x55, "00 80 00 08"), "A5 55 00", 0, 0, false});
    assert_int_equal(ararext_go(s.session, 0x08008000), ARAREXT_OK);
    assert_true(s.now_ms < 1000 + 100);
    ararext_get_counters(s.session, &counters);
    assert_int_equal(counters.resends, 1);
    assert_int_equal(counters.frames, 3);
    script_close(&s);
}

static void test_session_line_error_gives_up(void **state)
{
    struct script s;
    uint8_t version;
    struct ararext_options o;
    (void)state;
    ararext_default_options(&o);
    o.retries = 1;
    STEPS(&s, &o, {GET_VER_REQUEST, "7F", 0, 0, false},
          {LAST_ERROR, LAST_ERROR_ANSWER("04", "00", "02 00 00 00"), 0, 0, false},
          {GET_VER_REQUEST, "7F", 0, 0, false},
          {LAST_ERROR, LAST_ERROR_ANSWER("04", "00", "02 00 00 00"), 0, 0, false});
    assert_int_equal(ararext_get_version(s.session, &version), ARAREXT_ERR_REFUSED);
    expect_message(&s, "GET_VER (sent 2 times): the board answered 7F, reason 04: "
                       "framing, noise or overrun error on the line (USART_SR 0x02)");
    script_close(&s);
}

/* A bootloader without GET_LAST_ERROR: 7F to that too. */
static void test_session_refused_without_reason(void **state)
{
    struct script s;
    struct ararext_options o;
    (void)state;
    ararext_default_options(&o);
    o.retries = 0;
    STEPS(&s, &o, {ERASE_2_REQUEST, "7F", 0, 0, false}, {LAST_ERROR, "7F", 0, 0, false});
    assert_int_equal(ararext_erase(s.session, 2, 1), ARAREXT_ERR_REFUSED);
    assert_false(ararext_last_failure(s.session)->has_reason);
    expect_message(&s, "erase of sector 2: the board answered 7F and gave no reason");
    script_close(&s);
}

static void test_session_no_extensions(void **state)
{
    struct script s;
    struct ararext_options o;
    uint32_t crc;
    (void)state;
    ararext_default_options(&o);
    o.retries = 0;
    o.no_extensions = true;
    STEPS(&s, &o, {ERASE_2_REQUEST, "7F", 0, 0, false});
    assert_int_equal(ararext_erase(s.session, 2, 1), ARAREXT_ERR_REFUSED);
    assert_int_equal(ararext_get_crc(s.session, 0x08008000, 4, &crc), ARAREXT_ERR_UNSUPPORTED);
    assert_int_equal(ararext_reset(s.session, true), ARAREXT_ERR_UNSUPPORTED);
    script_close(&s);
}

static void test_session_unknown_extension(void **state)
{
    struct script s;
    uint32_t crc;
    (void)state;
    STEPS(&s, NULL, {request(0x63, "00 80 00 08 04 00 00 00"), "7F", 0, 0, false},
          {LAST_ERROR, LAST_ERROR_ANSWER("10", "63", "00 00 00 00"), 0, 0, false});
    assert_int_equal(ararext_get_crc(s.session, 0x08008000, 4, &crc), ARAREXT_ERR_UNSUPPORTED);
    script_close(&s);
}

/* Silence: resent after at least 1100 ms of it, and in the end an error. */
static void test_session_timeout(void **state)
{
    struct script s;
    uint8_t version;
    (void)state;
    STEPS(&s, NULL, {GET_VER_REQUEST, "", 0, 0, false}, {GET_VER_REQUEST, "", 0, 0, false},
          {GET_VER_REQUEST, "A5 51 01 10", 0, 0, false});
    assert_int_equal(ararext_get_version(s.session, &version), ARAREXT_OK);
    assert_true(s.sent_at_ms[1] - s.sent_at_ms[0] >= 1100);
    assert_true(s.sent_at_ms[1] - s.sent_at_ms[0] < 1300);
    assert_true(s.sent_at_ms[2] - s.sent_at_ms[1] >= 1100);
    script_close(&s);
}

static void test_session_timeout_gives_up(void **state)
{
    struct script s;
    uint8_t version;
    (void)state;
    STEPS(&s, NULL, {GET_VER_REQUEST, "", 0, 0, false}, {GET_VER_REQUEST, "", 0, 0, false},
          {GET_VER_REQUEST, "A5 51", 0, 0, false});
    assert_int_equal(ararext_get_version(s.session, &version), ARAREXT_ERR_TIMEOUT);
    expect_message(&s, "GET_VER (sent 3 times): only a part of an answer came back (2 bytes)");
    assert_true(s.now_ms < 1000 + 3 * 1500);
    script_close(&s);
}

/* An answer that stays away may have started the application: never twice. */
static void test_session_go_and_reset_once(void **state)
{
    struct script s;
    (void)state;
    STEPS(&s, NULL, {request(0x55, "00 80 00 08"), "", 0, 0, false},
          {request(0x62, "00"), "A5", 0, 0, false});
    assert_int_equal(ararext_go(s.session, 0x08008000), ARAREXT_ERR_TIMEOUT);
    expect_message(&s, "start of 0x08008000: no answer");
    assert_int_equal(ararext_reset(s.session, false), ARAREXT_ERR_TIMEOUT);
    assert_true(s.sent_at_ms[1] - s.sent_at_ms[0] >= 1100);
    script_close(&s);
}

static void test_session_garbled(void **state)
{
    static const char *const answers[] = {
        "00 A5 51 01 10",       /* not an answer's first byte */
        "A5 52 01 10",          /* another command's */
        "A5 51 02 10 00",       /* too long */
        "A5 51 00",             /* too short */
        "A5 51 FF 10 00 00 00", /* a length that is not to be believed */
    };
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof answers[0]; i++) {
        struct script s;
        uint8_t version = 0;
        STEPS(&s, NULL, {GET_VER_REQUEST, answers[i], 0, 0, false},
              {GET_VER_REQUEST, "A5 51 01 10", 0, 0, false});
        assert_int_equal(ararext_get_version(s.session, &version), ARAREXT_OK);
        assert_int_equal(version, 0x10);
        assert_true(s.sent_at_ms[1] - s.sent_at_ms[0] >= 1100);
        script_close(&s);
    }
}

/* What comes back three times; the sentence about it, and a piece of the advice. */
static void expect_description(const char *answer, const struct ararext_options *options,
                               const char *sentence, const char *advice)
{
    struct script s;
    uint8_t version;
    STEPS(&s, options, {GET_VER_REQUEST, answer, 0, 0, false},
          {GET_VER_REQUEST, answer, 0, 0, false}, {GET_VER_REQUEST, answer, 0, 0, false});
    assert_int_equal(ararext_get_version(s.session, &version), ARAREXT_ERR_GARBLED);
    expect_message(&s, sentence);
    assert_non_null(strstr(ararext_failure_advice(s.session), advice));
    script_close(&s);
}

static void ignore_trace(void *ctx, bool sent, const uint8_t *data, size_t len)
{
    (void)ctx;
    (void)sent;
    (void)data;
    (void)len;
}

/* Text is shown as text, an echo is called one, and bytes are for who asked for a trace. */
static void test_session_describes_what_came(void **state)
{
    struct ararext_options traced;
    (void)state;
    expect_description("48 69 20 74 68 65 72 65 0D 0A", NULL,
                       "GET_VER (sent 3 times): what came back is text: \"Hi there  \"",
                       "an application or another device");
    expect_description("01 51 64 6A 5F 5C", NULL,
                       "GET_VER (sent 3 times): what was sent came back, as an echo", "RX and TX");
    expect_description("01 52 64 6A 5F 5C", NULL,
                       "GET_VER (sent 3 times): what came back is no answer (6 bytes)", "--baud");
    ararext_default_options(&traced);
    traced.trace = ignore_trace;
    expect_description(
        "48 69 21 0A", &traced,
        "GET_VER (01 51 64 6A 5F 5C, sent 3 times): what came back is text: \"Hi! \": 48 "
        "69 21 0A",
        "an application or another device");
}

/* A board that babbles for ever: the session comes back with an error, in bounded time. */
static void test_session_babble(void **state)
{
    struct script s;
    uint8_t version;
    struct ararext_options o;
    char babble[3 * 400 + 1];
    (void)state;
    for (size_t i = 0; i < 400; i++) {
        memcpy(babble + 3 * i, "55 ", 4);
    }
    ararext_default_options(&o);
    o.retries = 1;
    STEPS(&s, &o, {GET_VER_REQUEST, babble, 0, 10, false}, {GET_VER_REQUEST, babble, 0, 10, false});
    assert_int_equal(ararext_get_version(s.session, &version), ARAREXT_ERR_GARBLED);
    assert_true(s.now_ms < 1000 + 8000);
    script_close(&s);
}

/* What lies in the buffer from before does not count as an answer. */
static void test_session_stale_input(void **state)
{
    struct script s;
    uint8_t version = 0;
    (void)state;
    STEPS(&s, NULL, {GET_VER_REQUEST, "A5 51 01 10", 5, 0, false});
    script_push(&s, "7F A5 51 01 99", 0, 0);
    assert_int_equal(ararext_get_version(s.session, &version), ARAREXT_OK);
    assert_int_equal(version, 0x10);
    assert_true(s.flushes > 0);
    script_close(&s);
}

/* Each command gets the time that PROTOCOL.md gives the board, and not much more. */
static void test_session_time_limits(void **state)
{
    static const struct {
        unsigned least, most;
    } limits[] = {{1000, 1500}, {2500, 3000}, {4500, 5000}, {9000, 9500}};
    static const uint8_t sectors[][2] = {{2, 1}, {4, 1}, {5, 1}, {6, 2}};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct script s;
        struct ararext_options o;
        ararext_default_options(&o);
        o.retries = 0;
        STEPS(&s, &o, {NULL, "", 0, 0, false});
        assert_int_equal(ararext_erase(s.session, sectors[i][0], sectors[i][1]),
                         ARAREXT_ERR_TIMEOUT);
        assert_in_range(s.now_ms - 1000, limits[i].least, limits[i].most);
        script_close(&s);
    }
}

/* A far end that is a program on a busy machine gets several times as long. */
static void test_session_may_lag(void **state)
{
    struct script s;
    struct ararext_options o;
    (void)state;
    ararext_default_options(&o);
    o.retries = 0;
    STEPS(&s, &o, {ERASE_2_REQUEST, "A5 56 00", 5500, 0, false});
    ararext_close(s.session);
    s.transport.may_lag = true;
    assert_int_equal(ararext_open(&s.session, &s.transport, &o), ARAREXT_OK);
    s.closes = 0;
    assert_int_equal(ararext_erase(s.session, 2, 1), ARAREXT_OK);
    script_close(&s);
}

/* A slow line: 255 bytes at 1200 baud take 2.1 s, byte by byte. */
static void test_session_slow_line(void **state)
{
    struct script s;
    struct ararext_options o;
    uint8_t data[255];
    char answer[3 * 258 + 1] = "A5 59 FF ";
    (void)state;
    for (size_t i = 0; i < 255; i++) {
        memcpy(answer + 9 + 3 * i, "5A ", 4);
    }
    ararext_default_options(&o);
    o.baud = 1200;
    STEPS(&s, &o, {request(0x59, "00 00 00 08 FF"), answer, 100, 9, false});
    assert_int_equal(ararext_read(s.session, 0x08000000, data, 255), ARAREXT_OK);
    assert_int_equal(data[254], 0x5A);
    script_close(&s);
}

static void test_session_arguments(void **state)
{
    struct script s;
    uint8_t data[256] = {0};
    struct ararext_options o;
    struct ararext_session *none = NULL;
    (void)state;
    STEPS(&s, NULL, {GET_VER_REQUEST, "A5 51 01 10", 0, 0, false});
    assert_int_equal(ararext_read(s.session, 0, data, 0), ARAREXT_ERR_ARGUMENT);
    assert_int_equal(ararext_read(s.session, 0, data, 256), ARAREXT_ERR_ARGUMENT);
    assert_int_equal(ararext_write(s.session, 0, data, 0), ARAREXT_ERR_ARGUMENT);
    assert_int_equal(ararext_write(s.session, 0, data, 250), ARAREXT_ERR_ARGUMENT);
    assert_int_equal(ararext_erase(s.session, 0xFF, 1), ARAREXT_ERR_ARGUMENT);
    ararext_default_options(&o);
    o.retries = 11;
    assert_int_equal(ararext_open(&none, &s.transport, &o), ARAREXT_ERR_ARGUMENT);
    assert_int_equal(ararext_get_version(s.session, data), ARAREXT_OK);
    script_close(&s);
}

static void test_session_port_fails(void **state)
{
    struct script s;
    uint8_t version;
    (void)state;
    STEPS(&s, NULL, {GET_VER_REQUEST, "", 0, 0, true});
    assert_int_equal(ararext_get_version(s.session, &version), ARAREXT_ERR_IO);
    expect_message(&s, "GET_VER: the port failed or went away");
    script_close(&s);
}

static bool stop_now(void *ctx)
{
    return *(bool *)ctx;
}

static void test_session_stop(void **state)
{
    struct script s;
    struct ararext_options o;
    bool stop = false;
    uint8_t version;
    (void)state;
    ararext_default_options(&o);
    o.stop = stop_now;
    o.ctx = &stop;
    STEPS(&s, &o, {GET_VER_REQUEST, "A5 51 01 10", 0, 0, false},
          {GET_VER_REQUEST, "A5 51 01 10", 0, 0, false});
    assert_int_equal(ararext_get_version(s.session, &version), ARAREXT_OK);
    stop = true;
    assert_int_equal(ararext_get_version(s.session, &version), ARAREXT_ERR_INTERRUPTED);
    assert_int_equal(s.next, 1); /* nothing was sent */
    stop = false;
    assert_int_equal(ararext_get_version(s.session, &version), ARAREXT_OK);
    script_close(&s);
}

static void test_session_lock(void **state)
{
    struct script s;
    (void)state;
    STEPS(&s, NULL, {request(0x58, "03 03 4C 4F 43 4B"), "A5 58 00", 1500, 0, false});
    assert_int_equal(ararext_lock(s.session), ARAREXT_OK);
    script_close(&s);
}

static void test_session_hello_course(void **state)
{
    struct script s;
    struct ararext_options o;
    uint8_t version;
    (void)state;
    ararext_default_options(&o);
    o.retries = 0;
    STEPS(&s, &o, {GET_VER_REQUEST, "7F", 21, 0, false}, {LAST_ERROR, "7F", 21, 0, false},
          {"05 51 E7 E9 AB 7C", "A5 01 10", 0, 0, false});
    assert_int_equal(ararext_hello(s.session, &version), ARAREXT_ERR_DIALECT);
    expect_message(&s, "GET_VER: the board speaks the course dialect until its "
                       "next reset");
    script_close(&s);
}

/* A board in somebody's stream whose machine is so busy that its words come when the question was
 * another: they are known for what they are, and the stream is ended with patience. */
static void test_session_hello_late_status(void **state)
{
    static const char open[] = "5C 01 00 00 00 68 00 00 00 68 00 00 00 50 00 00 15 83 14 47";
    static const char closed[] = "5C 04 00 02 00 68 00 00 00 68 00 00 01 00 00 00 FB FF 44 11";
    struct script s;
    struct ararext_options o;
    uint8_t version = 0;
    (void)state;
    ararext_default_options(&o);
    o.retries = 0;
    o.no_extensions = true;
    STEPS(&s, &o, {request(0x51, ""), "", 0, 0, false}, {NULL, "", 0, 0, false},
          {NULL, "", 0, 0, false}, {NULL, "", 0, 0, false}, {NULL, "", 0, 0, false},
          {NULL, "", 0, 0, false}, {NULL, "", 0, 0, false}, {request(0x51, ""), open, 0, 0, false},
          {NULL, closed, 900, 0, false}, {request(0x51, ""), "A5 51 01 10", 0, 0, false},
          {request(0x51, ""), "A5 51 01 10", 0, 0, false},
          {request(0x51, ""), "A5 51 01 10", 0, 0, false});
    assert_int_equal(ararext_hello(s.session, &version), ARAREXT_OK);
    assert_int_equal(version, 0x10);
    assert_true(ararext_ended_stream(s.session));
    script_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_session_examples),
        cmocka_unit_test(test_session_twelve_commands),
        cmocka_unit_test(test_session_protection),
        cmocka_unit_test(test_session_extensions),
        cmocka_unit_test(test_session_refused_with_reason),
        cmocka_unit_test(test_session_line_error_is_repeated),
        cmocka_unit_test(test_session_line_error_gives_up),
        cmocka_unit_test(test_session_refused_without_reason),
        cmocka_unit_test(test_session_no_extensions),
        cmocka_unit_test(test_session_unknown_extension),
        cmocka_unit_test(test_session_timeout),
        cmocka_unit_test(test_session_timeout_gives_up),
        cmocka_unit_test(test_session_go_and_reset_once),
        cmocka_unit_test(test_session_garbled),
        cmocka_unit_test(test_session_describes_what_came),
        cmocka_unit_test(test_session_babble),
        cmocka_unit_test(test_session_stale_input),
        cmocka_unit_test(test_session_time_limits),
        cmocka_unit_test(test_session_may_lag),
        cmocka_unit_test(test_session_slow_line),
        cmocka_unit_test(test_session_arguments),
        cmocka_unit_test(test_session_port_fails),
        cmocka_unit_test(test_session_stop),
        cmocka_unit_test(test_session_lock),
        cmocka_unit_test(test_session_hello_late_status),
        cmocka_unit_test(test_session_hello_course),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
