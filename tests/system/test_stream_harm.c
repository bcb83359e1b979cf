/* SPDX-License-Identifier: MIT */
/*
 * Streaming over lines that do harm, both ways, over the release binary: whatever happens to bytes
 * and frames, what is in flash at the end is right, and nobody waits for ever. PROTOCOL.md,
 * "Streaming". Every harm that a test asks for must have come to pass.
 */
#include "system.h"

#include "stream_case.h"

enum { LEAST_PAYLOAD = 32 };

static void expect_done(const struct stream_line *l)
{
    for (unsigned kind = 0; kind < HARM_KINDS; kind++) {
        if (l->harm.ppm[kind] != 0 && l->harm.done[kind] == 0) {
            fail_msg("harm of kind %u never came to pass", kind);
        }
    }
    assert_true(l->lose_up_ppm == 0 || l->lost_up != 0);
    assert_true(l->gone_back > 0);
}

/* Begins unharmed; then the harm is that of ppm, and up_ppm of the bytes from the board get lost.
 * Closes unharmed. */
static void transfer(struct stream_line *l, uint32_t size, const uint32_t ppm[HARM_KINDS],
                     uint32_t up_ppm)
{
    struct stream_job job = case_plain(size);
    l->harm.seed = board_seed(7);
    case_make_content(l->harm.seed);
    assert_true(stream_line_begin(l, &job));
    l->least = LEAST_PAYLOAD;
    memcpy(l->harm.ppm, ppm, sizeof l->harm.ppm);
    l->lose_up_ppm = up_ppm;
    stream_line_transfer(l, 240);
    expect_done(l);
    memset(l->harm.ppm, 0, sizeof l->harm.ppm);
    l->harm.held_len = 0; /* late for good */
    l->lose_up_ppm = 0;
    case_expect_complete(l, &job);
    print_message("gone back %u times, %u statuses\n", l->gone_back, l->statuses);
    stream_line_close(l);
    assert_true(case_answers(l));
}

/* 1 % of all bytes, of the slowest line: as bad as PROTOCOL.md speaks of. */
static void test_harm_one_percent(void **state)
{
    static const uint32_t ppm[HARM_KINDS] = {[HARM_LOSE] = 5000, [HARM_ALTER] = 5000};
    struct stream_line *l = case_open(115200, 0);
    (void)state;
    uint64_t start = twin_now_ns(l->b->twin);
    transfer(l, 16 * KIB + 3, ppm, 0);
    print_message("%.1f s\n", (double)(twin_now_ns(l->b->twin) - start) / 1e9);
    case_close(l);
}

static void test_harm_to_bytes(void **state)
{
    static const uint32_t ppm[HARM_KINDS] = {[HARM_LOSE] = 100,
                                             [HARM_ALTER] = 100,
                                             [HARM_DOUBLE] = 100,
                                             [HARM_SWAP] = 100,
                                             [HARM_BREAK] = 100};
    struct stream_line *l = case_open(460800, 1);
    (void)state;
    transfer(l, 60 * KIB + 1, ppm, 0);
    case_close(l);
}

static void test_harm_each_alone(void **state)
{
    struct stream_line *l = case_open(921600, 0);
    (void)state;
    for (unsigned kind = HARM_LOSE; kind <= HARM_BREAK; kind++) {
        uint32_t ppm[HARM_KINDS] = {0};
        ppm[kind] = 1000;
        l->gone_back = 0;
        transfer(l, 16 * KIB, ppm, 0);
    }
    case_close(l);
}

static void test_harm_to_frames(void **state)
{
    static const uint32_t ppm[HARM_KINDS] = {
        [HARM_DROP] = 150000, [HARM_TWICE] = 150000, [HARM_LATE] = 150000};
    struct stream_line *l = case_open(921600, 2);
    (void)state;
    transfer(l, 32 * KIB, ppm, 0);
    case_close(l);
}

/* Statuses get lost too: a poll brings the next one. */
static void test_harm_both_ways(void **state)
{
    static const uint32_t ppm[HARM_KINDS] = {[HARM_LOSE] = 300, [HARM_DROP] = 50000};
    struct stream_line *l = case_open(460800, 1);
    (void)state;
    transfer(l, 32 * KIB, ppm, 20000);
    case_close(l);
}

static void test_harm_to_a_packed_stream(void **state)
{
    struct stream_line *l = case_open(921600, 1);
    struct stream_job job = case_pack(100 * KIB, true, 3);
    (void)state;
    assert_true(stream_line_begin(l, &job));
    l->least = LEAST_PAYLOAD;
    l->harm.ppm[HARM_ALTER] = 200;
    l->harm.ppm[HARM_DROP] = 50000;
    stream_line_transfer(l, 60);
    expect_done(l);
    memset(l->harm.ppm, 0, sizeof l->harm.ppm);
    case_expect_complete(l, &job);
    stream_line_close(l);
    case_close(l);
}

/* A host that never looks at the window: what the ring cannot hold shows as a gap. */
static void test_harm_window_ignored(void **state)
{
    struct stream_line *l = case_open(2000000, 1);
    struct stream_job job = case_plain(CONTENT_MAX);
    (void)state;
    case_make_content(8);
    assert_true(stream_line_begin(l, &job));
    assert_true(l->window < CONTENT_MAX / 2);
    l->careless = true;
    stream_line_transfer(l, 60);
    case_expect_complete(l, &job);
    assert_true(l->gone_back > 0);
    stream_line_close(l);
    case_close(l);
}

/* The cable is out for three seconds: the stream is still open and goes on. */
static void test_harm_short_cut(void **state)
{
    struct stream_line *l = case_open(115200, 1);
    struct stream_job job = case_plain(40 * KIB);
    (void)state;
    case_make_content(9);
    assert_true(stream_line_begin(l, &job));
    l->stop_at = 20 * KIB;
    stream_line_transfer(l, 20);
    l->stop_at = l->size;
    l->cut = true;
    for (unsigned i = 0; i < 30; i++) {
        uint8_t frame[STREAM_FRAME];
        stream_line_send(l, frame, stream_line_frame(l, frame, l->sent, 1000));
        stream_line_run(l, MS(100));
    }
    l->sent += 1000;
    l->cut = false;
    assert_int_equal(l->cut_frames, 30);
    stream_line_transfer(l, 30);
    case_expect_complete(l, &job);
    assert_true(l->gone_back > 0);
    stream_line_close(l);
    case_close(l);
}

/* The status that told of state 4 is lost. The board listens to commands and takes close for a bad
 * frame: 1100 ms of silence, and GET_VER tells. */
static void test_harm_close_not_heard(void **state)
{
    static const uint8_t nack = 0x7F;
    struct stream_line *l = case_open(115200, 0);
    struct stream_job job = case_plain(4 * KIB);
    uint8_t bytes[8];
    (void)state;
    case_make_content(10);
    assert_true(stream_line_begin(l, &job));
    stream_line_transfer(l, 20);
    case_expect_complete(l, &job);
    stream_line_control(l, KIND_CLOSE, 1);
    stream_line_run(l, MS(1)); /* it arrives; the answer does not */
    l->lose_up_ppm = 1000000;
    stream_line_run(l, MS(300));
    assert_int_equal(l->lost_up, STATUS_SIZE);
    l->lose_up_ppm = 0;
    stream_line_control(l, KIND_CLOSE, 1);
    stream_line_run(l, MS(1100));
    size_t got = stream_line_receive(l, bytes, sizeof bytes, MS(100));
    assert_int_equal(got, 1); /* the bad frame */
    assert_memory_equal(bytes, &nack, 1);
    assert_true(case_answers(l));
    case_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONCE(test_harm_one_percent),     ONCE(test_harm_to_bytes),
        ONCE(test_harm_each_alone),      ONCE(test_harm_to_frames),
        ONCE(test_harm_both_ways),       ONCE(test_harm_to_a_packed_stream),
        ONCE(test_harm_window_ignored),  ONCE(test_harm_short_cut),
        ONCE(test_harm_close_not_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
