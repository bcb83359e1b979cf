/* SPDX-License-Identifier: MIT */
/*
 * Streaming over the release binary: transfers at several rates, of every kind for flash and of odd
 * sizes, what they erase and what they cost, and how a stream fails. PROTOCOL.md, "Streaming".
 * Lines that do harm, rates, refusals, resuming and packages are in the test_stream_*.c beside this
 * one.
 */
#include "system.h"

#include "stream_case.h"

enum { SIZE = 200 * KIB, PART_END = 0x08100000 };

/* ---- transfers ---- */

static void transfer(uint32_t baud, unsigned latency_ms)
{
    static const double flash_s = 0.25 + 0.25 + 0.55 + 1.0 + SIZE * 4e-6; /* 16 us a word */
    struct board *b = board_open(&(struct board_options){.dialect = WIRE_NATIVE});
    struct stream_line *l = stream_line_open(b, latency_ms);
    struct stream_job job = case_plain(SIZE);
    case_make_content(baud + latency_ms);
    uint64_t start = twin_now_ns(b->twin);
    if (baud != BOARD_BAUD) {
        stream_line_change_rate(l, baud);
    }
    assert_true(stream_line_begin(l, &job));
    assert_int_equal(l->resume, 0);
    assert_int_equal(l->frame_max, STREAM_PAYLOAD);
    assert_int_equal(l->slot, NO_SLOT);
    stream_line_transfer(l, 40);
    double took = (double)(twin_now_ns(b->twin) - start) / 1e9;
    double line_s = SIZE * 10.0 / baud;
    double bound = line_s > flash_s ? line_s : flash_s;
    print_message("%u baud, %u ms: %.3f s, bound %.3f s, ratio %.3f, %u statuses\n", (unsigned)baud,
                  latency_ms, took, bound, took / bound, l->statuses);
    case_expect_complete(l, &job);
    assert_int_equal(l->gone_back, 0);
    assert_true(took <= 1.05 * bound);
    stream_line_close(l);
    case_close(l);
}

static void test_stream_at_115200(void **state)
{
    (void)state;
    transfer(115200, 0);
}

static void test_stream_at_460800(void **state)
{
    (void)state;
    transfer(460800, 1);
}

static void test_stream_at_921600(void **state)
{
    (void)state;
    transfer(921600, 1);
    transfer(921600, 16);
}

static void test_stream_at_2000000(void **state)
{
    (void)state;
    transfer(2000000, 0);
    transfer(2000000, 16);
}

/* Behind the content its last sector is erased, and not more. One board takes them all. */
static void test_stream_sizes(void **state)
{
    static const uint32_t sizes[] = {1, 2, 3, 4, 5, 2047, 2048, 2049, 16383, 16384, 16385};
    static uint8_t blank[0x8000];
    static const uint8_t zeros[0x8000 + 16];
    struct stream_line *l = case_open(921600, 0);
    (void)state;
    memset(blank, 0xFF, sizeof blank);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct stream_job job = case_plain(sizes[i]);
        uint32_t sectors_end = sizes[i] > 0x4000 ? 0x8000 : 0x4000;
        case_make_content(i);
        board_poke(l->b, APP_BASE, zeros, sizeof zeros);
        case_whole(l, &job);
        board_assert_flash(l->b, APP_BASE + sizes[i], blank, sectors_end - sizes[i]);
        board_assert_flash(l->b, APP_BASE + sectors_end, zeros, sizeof zeros - sectors_end);
    }
    case_close(l);
}

/* The last sector, to the end of the part. */
static void test_stream_to_the_end(void **state)
{
    struct stream_line *l = case_open(921600, 1);
    struct stream_job job = case_plain(0x20000);
    (void)state;
    job.sector = 11;
    case_make_content(11);
    case_whole(l, &job);
    board_assert_flash(l->b, PART_END - 4, case_content + 0x20000 - 4, 4);
    case_close(l);
}

/* The answers have the course dialect's form; the stream itself is the same. */
static void test_stream_course(void **state)
{
    struct board *b = board_open(&(struct board_options){.dialect = WIRE_COURSE});
    struct stream_line *l = stream_line_open(b, 0);
    struct stream_job job = case_plain(5000);
    uint8_t two[255] = {0};
    (void)state;
    case_make_content(3);
    stream_line_change_rate(l, 460800);
    case_whole(l, &job);
    assert_true(case_answers(l));
    case_ok(l, DIGESTS, (const uint8_t[]){2, 2}, 2, two);
    uint8_t sector[0x4000];
    board_peek(b, APP_BASE, sector, sizeof sector);
    assert_int_equal(wire_get32(two), case_digest(sector, sizeof sector));
    case_close(l);
}

static void test_stream_packed(void **state)
{
    struct stream_line *l = case_open(921600, 1);
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        struct stream_job job = case_pack(i < 2 ? 120 * KIB - i : 20000 + i, i % 2 != 0, i + 1);
        case_whole(l, &job);
    }
    case_close(l);
}

/* ---- the first word last ---- */

/* The id of a stream whose first word is held back. */
static uint32_t held_id(uint32_t len)
{
    static uint8_t copy[CONTENT_MAX];
    memcpy(copy, case_content, len);
    memset(copy, 0xFF, 4);
    return case_digest(copy, len);
}

static void expect_first_word(struct stream_line *l, uint32_t want)
{
    assert_int_equal(board_peek32(l->b, APP_BASE), want);
}

/* Erased until all else is there; then the whole content is. Broken off before its last word, it is
 * resumed. */
static void test_stream_first_word_last(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 3; i++) {
        struct stream_line *l = case_open(921600, 1);
        struct stream_job job = i == 2 ? case_pack(30001, true, 5) : case_plain(i == 0 ? 4 : 30002);
        uint32_t len = job.content != 0 ? job.content : job.size;
        if (i < 2) {
            case_make_content(50 + i);
        }
        job.flags |= STREAM_HOLD;
        job.id = held_id(len);
        assert_true(stream_line_begin(l, &job));
        if (i > 0) {
            l->stop_at = job.size - 4 - job.size % 4;
            stream_line_transfer(l, 10);
            stream_line_close(l);
            expect_first_word(l, 0xFFFFFFFF);
            assert_true(stream_line_begin(l, &job));
            assert_int_equal(l->resume, job.size - 4 - job.size % 4);
            l->stop_at = job.size;
        }
        stream_line_transfer(l, 10);
        assert_int_equal(l->state, STATE_COMPLETE);
        assert_int_equal(l->number, job.id);
        board_assert_flash(l->b, APP_BASE, case_content, len);
        stream_line_close(l);
        case_close(l);
    }
}

static void fails(struct stream_line *l, const struct stream_job *job, unsigned reason);

/* A digest that does not fit: the first word never gets there. */
static void test_stream_first_word_kept(void **state)
{
    struct stream_line *l = case_open(921600, 1);
    struct stream_job job = case_plain(20000);
    (void)state;
    case_make_content(60);
    job.flags |= STREAM_HOLD;
    job.id = held_id(20000) ^ 1;
    fails(l, &job, WIRE_VERIFY);
    expect_first_word(l, 0xFFFFFFFF);
    board_assert_flash(l->b, APP_BASE + 4, case_content + 4, 20000 - 4);
    job.id ^= 1;
    assert_true(stream_line_begin(l, &job));
    assert_int_equal(l->resume, 0);
    stream_line_transfer(l, 10);
    assert_int_equal(l->state, STATE_COMPLETE);
    board_assert_flash(l->b, APP_BASE, case_content, 20000);
    stream_line_close(l);
    case_close(l);
}

/* ---- what is erased ---- */

static void expect_erases(struct board *b, const uint32_t before[12], const uint32_t more[12])
{
    for (unsigned i = 0; i < 12; i++) {
        if (twin_sector_erases(b->twin, i) - before[i] != more[i]) {
            fail_msg("sector %u was erased %u times", i,
                     (unsigned)(twin_sector_erases(b->twin, i) - before[i]));
        }
    }
}

/* The first sector at once, without a frame; the next one when the line leaves time for it, but not
 * before content has come into the one before; all also where they read blank. What lies behind the
 * content's last sector stays. */
static void test_stream_erases(void **state)
{
    static const uint32_t none[12];
    static const uint32_t first[12] = {0, 0, 1};
    static const uint32_t two[12] = {0, 0, 1, 1};
    static const uint32_t three[12] = {0, 0, 1, 1, 1};
    static uint8_t noise[0x10000];
    uint64_t seed = 9;
    uint32_t before[12];
    struct stream_line *l = case_open(921600, 0);
    struct stream_job job = case_plain(0xC000);
    (void)state;
    case_make_content(4);
    random_fill(&seed, noise, sizeof noise);
    board_poke(l->b, 0x08020000, noise, sizeof noise);
    for (unsigned i = 0; i < 12; i++) {
        before[i] = twin_sector_erases(l->b->twin, i);
    }
    expect_erases(l->b, before, none);
    assert_true(stream_line_begin(l, &job));
    stream_line_run(l, MS(600));
    expect_erases(l->b, before, first);
    l->stop_at = 0x4000 - 4;
    stream_line_transfer(l, 10);
    stream_line_run(l, MS(1600));
    expect_erases(l->b, before, two);
    l->stop_at = 0xC000;
    stream_line_transfer(l, 10);
    case_expect_complete(l, &job);
    stream_line_close(l);
    expect_erases(l->b, before, three);
    board_assert_flash(l->b, 0x08020000, noise, sizeof noise);
    case_close(l);
}

/* ---- failures ---- */

/* Fails, is closed, and the board goes on: the same stream then succeeds, from its beginning. */
static void fails(struct stream_line *l, const struct stream_job *job, unsigned reason)
{
    uint8_t e[255] = {0};
    assert_true(stream_line_begin(l, job));
    stream_line_transfer(l, 20);
    assert_int_equal(l->state, STATE_FAILED);
    assert_int_equal(l->reason, reason);
    uint32_t detail = l->number;
    stream_line_poll(l); /* answered, though its number is not repeated */
    assert_int_equal(l->state, STATE_FAILED);
    assert_int_equal(l->number, detail);
    stream_line_close(l);
    case_ok(l, GET_LAST_ERROR, NULL, 0, e);
    assert_int_equal(e[0], reason);
    assert_int_equal(wire_get32(e + 4), detail);
}

static void test_stream_worn_flash(void **state)
{
    struct stream_line *l = case_open(460800, 0);
    struct stream_job job = case_plain(20000);
    (void)state;
    case_make_content(5);
    board_allow_report(l->b, TWIN_REPORT_FLASH);
    twin_wear_at_flash_operation(l->b->twin, 1000);
    fails(l, &job, WIRE_VERIFY);
    assert_int_equal(l->number, 0xC0FFEE00u + KIND_CLOSE);
    assert_true(stream_line_begin(l, &job));
    assert_int_equal(l->resume, 0); /* a failure ends that */
    stream_line_transfer(l, 20);
    case_expect_complete(l, &job);
    stream_line_close(l);
    case_close(l);
}

static void test_stream_packed_broken(void **state)
{
    enum { CONTENT_WRONG = 0x49, DICTIONARY = 0x4A };
    static uint8_t broken[CONTENT_MAX];
    struct stream_line *l = case_open(921600, 0);
    struct stream_job good = case_pack(60000, true, 7);
    (void)state;
    struct stream_job job = good;
    job.size--; /* no end */
    fails(l, &job, CONTENT_WRONG);
    job = good;
    job.content--; /* more comes out */
    fails(l, &job, CONTENT_WRONG);
    job = good;
    memcpy(broken, good.data, good.size);
    broken[0] = 40;
    job.data = broken;
    fails(l, &job, DICTIONARY);
    case_whole(l, &good);
    case_close(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONCE(test_stream_at_115200),       ONCE(test_stream_at_460800),
        ONCE(test_stream_at_921600),       ONCE(test_stream_at_2000000),
        ONCE(test_stream_sizes),           ONCE(test_stream_to_the_end),
        ONCE(test_stream_course),          ONCE(test_stream_packed),
        ONCE(test_stream_erases),          ONCE(test_stream_worn_flash),
        ONCE(test_stream_packed_broken),   ONCE(test_stream_first_word_last),
        ONCE(test_stream_first_word_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
