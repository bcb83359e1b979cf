/* SPDX-License-Identifier: MIT */
/*
 * SET_BAUD over the release binary: what is refused, what proves a rate, and when the board goes
 * back to 115200 by itself, so that nobody needs its reset button. PROTOCOL.md, "6B SET_BAUD".
 */
#include "system.h"

#include "stream_case.h"

enum { FAST = 921600, SLOW = BOARD_BAUD };

/* The same board at another rate of the far end. */
static bool answers_at(struct stream_line *l, uint32_t baud)
{
    stream_line_set_rate(l, baud);
    return case_answers(l);
}

static void refuse(struct stream_line *l, uint32_t baud)
{
    uint8_t rate[4];
    wire_put32(rate, baud);
    case_refused(l, SET_BAUD, rate, sizeof rate, WIRE_ARGUMENT, baud);
}

/* Below 9600, above a sixteenth of the clock (42 MHz), between two dividers that are 6 % apart. */
static void test_rate_refused(void **state)
{
    static const uint32_t rates[] = {0,       1,       9599,      2625001,    2800000,
                                     2545000, 5250000, 0x7FFFFFF, 0x80000000, 0xFFFFFFFF};
    uint8_t five[5] = {0, 0, 0, 0, 0};
    struct stream_line *l = case_open(SLOW, 0);
    (void)state;
    struct snapshot *before = snapshot_take(l->b);
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        refuse(l, rates[i]);
    }
    case_refused(l, SET_BAUD, five, 5, WIRE_PAYLOAD, 5);
    case_refused(l, SET_BAUD, five, 3, WIRE_PAYLOAD, 3);
    stream_line_run(l, MS(1500)); /* and nothing was begun by it */
    assert_true(case_answers(l));
    snapshot_assert_same(l->b, before);
    case_close(l);
}

static void test_rate_limits(void **state)
{
    static const uint32_t rates[] = {9600, 2625000, 57600, 230400, 1000000, 2000000, SLOW};
    struct stream_line *l = case_open(SLOW, 0);
    (void)state;
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        stream_line_change_rate(l, rates[i]);
        assert_true(case_answers(l));
    }
    case_close(l);
}

/* The oscillator inside the chip, multiplied, serves the line as well. */
static void test_rate_without_crystal(void **state)
{
    struct board *b = board_open(&(struct board_options){.dialect = WIRE_NATIVE, .no_hse = true});
    struct stream_line *l = stream_line_open(b, 0);
    uint8_t info[255] = {0};
    (void)state;
    stream_line_run(l, MS(400)); /* the time-out for the crystal */
    case_ok(l, GET_INFO, NULL, 0, info);
    assert_int_equal(info[54], 0);
    refuse(l, 2625001);
    stream_line_change_rate(l, FAST);
    assert_true(case_answers(l));
    struct stream_job job = case_plain(20000);
    case_make_content(1);
    case_whole(l, &job);
    case_close(l);
}

/* The first good frame comes 450 ms after the answer, and the rate is kept beyond the 500. */
static void test_rate_proven(void **state)
{
    struct stream_line *l = case_open(SLOW, 0);
    (void)state;
    stream_line_change_rate(l, FAST);
    stream_line_run(l, MS(450));
    assert_true(case_answers(l));
    stream_line_run(l, MS(1500));
    assert_true(case_answers(l));
    case_close(l);
}

/* Nobody says a word, or what is said is bad: 115200 again after 500 ms, and not before. */
static void test_rate_not_proven(void **state)
{
    static const uint8_t bad[] = {0x01, 0x51, 0, 0, 0, 0};
    struct stream_line *l = case_open(SLOW, 0);
    (void)state;
    stream_line_change_rate(l, FAST);
    stream_line_run(l, MS(600));
    assert_true(answers_at(l, SLOW));

    stream_line_change_rate(l, FAST);
    stream_line_run(l, MS(600));
    assert_false(case_answers(l));
    stream_line_run(l, MS(1100));
    assert_true(answers_at(l, SLOW));

    stream_line_change_rate(l, FAST);
    stream_line_send(l, bad, sizeof bad);
    stream_line_run(l, MS(600));
    l->in_count = 0; /* 7F, at whichever rate */
    assert_true(answers_at(l, SLOW));
    case_close(l);
}

/* Proven, then 5 s without a good frame; 4.5 s are borne. */
static void test_rate_quiet(void **state)
{
    struct stream_line *l = case_open(FAST, 0);
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        stream_line_run(l, MS(4500));
        assert_true(case_answers(l));
    }
    stream_line_run(l, MS(5200));
    assert_true(answers_at(l, SLOW));
    stream_line_run(l, MS(6000)); /* which is the end of it */
    assert_true(case_answers(l));
    case_close(l);
}

/* The time of a long command does not count. */
static void test_rate_long_command(void **state)
{
    struct stream_line *l = case_open(FAST, 0);
    uint8_t data[255];
    (void)state;
    uint64_t start = twin_now_ns(l->b->twin);
    case_ok(l, FLASH_ERASE, (const uint8_t[]){2, 8}, 2, data);
    uint64_t took = twin_now_ns(l->b->twin) - start;
    assert_true(took > MS(4000));
    stream_line_run(l, MS(4500));
    assert_true(case_answers(l));
    case_close(l);
}

/* Something bad, and no good frame within a second: 115200. With a good one in time: the rate
 * stays. */
static void test_rate_bad_frames(void **state)
{
    static const uint8_t bad[] = {0x01, 0x51, 0, 0, 0, 0};
    struct stream_line *l = case_open(FAST, 0);
    uint8_t nack = 0;
    (void)state;
    stream_line_send(l, bad, sizeof bad);
    assert_int_equal(stream_line_receive(l, &nack, 1, MS(100)), 1);
    assert_int_equal(nack, 0x7F);
    stream_line_run(l, MS(800));
    assert_true(case_answers(l));
    stream_line_run(l, MS(2000));
    assert_true(case_answers(l));

    stream_line_send(l, bad, sizeof bad);
    assert_int_equal(stream_line_receive(l, &nack, 1, MS(100)), 1);
    stream_line_run(l, MS(1050));
    assert_true(answers_at(l, SLOW));
    case_close(l);
}

/* A far end that speaks at another rate is such a bad thing too: it gets its answer after a
 * second. */
static void test_rate_lost_host(void **state)
{
    struct stream_line *l = case_open(FAST, 0);
    unsigned tries = 0;
    (void)state;
    stream_line_run(l, MS(300));
    stream_line_set_rate(l, SLOW);
    uint64_t start = twin_now_ns(l->b->twin);
    while (!case_answers(l) && tries < 5) { /* as PROTOCOL.md has hosts do it */
        stream_line_run(l, MS(1100));
        l->in_count = 0;
        tries++;
    }
    assert_int_equal(tries, 1);
    assert_true(twin_now_ns(l->b->twin) - start < MS(1500));
    case_close(l);
}

static void test_rate_after_reset(void **state)
{
    struct stream_line *l = case_open(FAST, 0);
    uint8_t data[255];
    (void)state;
    board_reset(l->b);
    assert_true(answers_at(l, SLOW));
    stream_line_change_rate(l, FAST);
    case_ok(l, RESET, (const uint8_t[]){1}, 1, data);
    stream_line_run(l, MS(400));
    l->in_count = 0;
    assert_true(answers_at(l, SLOW));
    case_close(l);
}

/* While a stream is open, silence of less than 10 s changes nothing; when it is closed for silence,
 * the rate goes too. Closed by the host: the rate stays, and its 5 s begin. */
static void test_rate_and_streams(void **state)
{
    struct stream_line *l = case_open(FAST, 0);
    struct stream_job job = case_plain(8 * KIB);
    (void)state;
    case_make_content(2);
    assert_true(stream_line_begin(l, &job));
    stream_line_run(l, MS(9000));
    stream_line_transfer(l, 10);
    case_expect_complete(l, &job);
    stream_line_close(l);
    stream_line_run(l, MS(4500));
    assert_true(case_answers(l));

    assert_true(stream_line_begin(l, &job));
    stream_line_poll(l);
    uint32_t seen = l->statuses;
    stream_line_run(l, MS(9700));
    stream_line_poll(l);
    assert_int_equal(l->state, STATE_OPEN);
    assert_true(l->statuses > seen);
    case_expect_silence(l, MS(10300));
    assert_true(answers_at(l, SLOW));
    case_close(l);
}

/* SET_BAUD has no status, so its answer in the course dialect is like that of a command with
 * Data. */
static void test_rate_course(void **state)
{
    static const uint8_t want[] = {0xA5, 0x00};
    struct board *b = board_open(&(struct board_options){.dialect = WIRE_COURSE});
    struct stream_line *l = stream_line_open(b, 0);
    uint8_t request[WIRE_FRAME_MAX];
    uint8_t answer[8] = {0};
    uint8_t rate[4];
    (void)state;
    assert_true(case_answers(l));
    wire_put32(rate, FAST);
    stream_line_send(l, request, wire_request(request, WIRE_COURSE, SET_BAUD, rate, sizeof rate));
    assert_int_equal(stream_line_receive(l, answer, sizeof answer, MS(25)), sizeof want);
    assert_memory_equal(answer, want, sizeof want);
    assert_true(answers_at(l, FAST));
    wire_put32(rate, 9599);
    stream_line_send(l, request, wire_request(request, WIRE_COURSE, SET_BAUD, rate, sizeof rate));
    assert_int_equal(stream_line_receive(l, answer, sizeof answer, MS(25)), 1);
    assert_int_equal(answer[0], 0x7F);
    case_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONCE(test_rate_refused),      ONCE(test_rate_limits),      ONCE(test_rate_without_crystal),
        ONCE(test_rate_proven),       ONCE(test_rate_not_proven),  ONCE(test_rate_quiet),
        ONCE(test_rate_long_command), ONCE(test_rate_bad_frames),  ONCE(test_rate_lost_host),
        ONCE(test_rate_after_reset),  ONCE(test_rate_and_streams), ONCE(test_rate_course),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
