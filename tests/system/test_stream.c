/*
 * Streaming over the release binary: transfers at several rates, lines that do harm, resuming, what
 * is refused, and what a host may count on about time. PROTOCOL.md, "Streaming".
 */
#include "system.h"

#include "stream_line.h"

enum { KIB = 1024, SIZE = 200 * KIB, SECTOR_2 = 2 };

static uint8_t content[SIZE];

static void make_content(uint64_t seed)
{
    random_fill(&seed, content, sizeof content);
}

static struct stream_job plain_job(uint32_t size)
{
    return (struct stream_job){
        .flags = STREAM_PLAIN, .sector = SECTOR_2, .id = 0x1234, .data = content, .size = size};
}

/* The board with its line, at a rate. */
static struct stream_line *open_line(uint32_t baud, unsigned latency_ms)
{
    struct board *b = board_open(&(struct board_options){.dialect = WIRE_NATIVE});
    struct stream_line *l = stream_line_open(b, latency_ms);
    if (baud != BOARD_BAUD) {
        stream_line_change_rate(l, baud);
    }
    return l;
}

static void close_line(struct stream_line *l)
{
    board_close(l->b);
    free(l);
}

static void expect_complete(struct stream_line *l, uint32_t size)
{
    assert_int_equal(l->state, STATE_COMPLETE);
    assert_int_equal(l->reason, 0);
    assert_int_equal(l->next, size);
    assert_int_equal(l->written, size);
    assert_int_equal(l->number, wire_crc(content, size));
    board_assert_flash(l->b, APP_BASE, content, size);
}

/* ---- transfers ---- */

static void transfer(uint32_t baud, unsigned latency_ms)
{
    static const double flash_s = 0.25 + 0.25 + 0.55 + 1.0 + SIZE * 4e-6; /* 16 us a word */
    struct board *b = board_open(&(struct board_options){.dialect = WIRE_NATIVE});
    struct stream_line *l = stream_line_open(b, latency_ms);
    struct stream_job job = plain_job(SIZE);
    make_content(baud + latency_ms);
    uint64_t start = twin_now_ns(b->twin);
    if (baud != BOARD_BAUD) {
        stream_line_change_rate(l, baud);
    }
    assert_true(stream_line_begin(l, &job));
    assert_int_equal(l->resume, 0);
    assert_int_equal(l->frame_max, STREAM_PAYLOAD);
    stream_line_transfer(l, 40);
    double took = (double)(twin_now_ns(b->twin) - start) / 1e9;
    double line_s = SIZE * 10.0 / baud;
    double bound = line_s > flash_s ? line_s : flash_s;
    print_message("%u baud, %u ms: %.3f s, bound %.3f s, ratio %.3f, %u statuses\n", (unsigned)baud,
                  latency_ms, took, bound, took / bound, l->statuses);
    expect_complete(l, SIZE);
    assert_int_equal(l->gone_back, 0);
    assert_true(took <= 1.05 * bound);
    stream_line_close(l);
    close_line(l);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONCE(test_stream_at_115200),
        ONCE(test_stream_at_460800),
        ONCE(test_stream_at_921600),
        ONCE(test_stream_at_2000000),
    };
    (void)open_line;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
