/* SPDX-License-Identifier: MIT */
/*
 * Streaming over a line that loses and alters bytes: by blocks where the board knows them, by
 * frames where it does not, and back again when the line is well. (stream_bench.h compares every
 * byte that is programmed.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bytes.h"
#include "memory_map.h"
#include "seeded.h"
#include "stream_bench.h"

#define KIB 1024u

enum { WALL_LIMIT_S = 200, RETRIES = 10 };

static const struct ararext_flash_options PLAIN = {.no_compress = true};

static struct bench *open_bench(uint32_t baud, unsigned latency_ms, uint32_t len, bool packs)
{
    struct bench *b = bench_create(baud, latency_ms, RETRIES);
    bench_make_image(b, len, packs);
    return b;
}

static uint64_t flash(struct bench *b, const struct ararext_flash_options *options)
{
    uint64_t took = bench_flash_ok(b, options), limit = bench_limit_ms(b);
    printf("    %u baud, %u + %u ppm: %u ms of %u, %u again, %u by blocks, %u streams\n",
           (unsigned)ararext_get_baud(b->session), (unsigned)b->faults.lose_ppm,
           (unsigned)b->faults.alter_ppm, (unsigned)took, (unsigned)limit,
           (unsigned)b->result.resent_bytes, b->told_of_blocks, b->streams);
    fflush(stdout);
    return took;
}

static void lossy(uint32_t baud, unsigned latency_ms, uint32_t lose, uint32_t alter)
{
    struct bench *b = open_bench(baud, latency_ms, 40 * KIB, false);
    b->faults.lose_ppm = lose;
    b->faults.alter_ppm = alter;
    (void)flash(b, &PLAIN);
    assert_true(b->faults.lost > 0 || lose == 0);
    assert_true(b->faults.altered > 0 || alter == 0);
    assert_int_equal(b->overflows, 0);
    bench_free(b);
}

static void test_losses_survived(void **state)
{
    (void)state;
    lossy(115200, 0, 100, 100);
    lossy(115200, 1, 5000, 5000);
    lossy(115200, 16, 5000, 5000);
    lossy(115200, 1, 10000, 0);
    lossy(921600, 1, 0, 10000);
}

/* 1 % of a stream's bytes costs no more than twice its time and a second, packed or not. (Commands,
 * which are asked for again after 1.1 s each, are not in it.) */
static void test_losses_cost_twice(void **state)
{
    (void)state;
    for (unsigned packs = 0; packs < 2; packs++) {
        struct bench *b = open_bench(115200, 1, 200 * KIB, packs != 0);
        b->faults.lose_ppm = b->faults.alter_ppm = 5000;
        (void)flash(b, packs != 0 ? NULL : &PLAIN);
        uint64_t stream_ms = (b->done_ns - b->began_ns) / 1000000u;
        printf("    the stream alone: %u ms for %u bytes\n", (unsigned)stream_ms,
               (unsigned)b->result.stream_bytes);
        assert_int_equal(b->result.packed, packs);
        assert_true(b->told_of_blocks > 100);
        assert_true(stream_ms * 115200u <= b->result.stream_bytes * 20000ull + 115200000u);
        bench_free(b);
    }
}

/* A board of before blocks gets none. */
static void test_losses_without_blocks(void **state)
{
    struct bench *b = open_bench(115200, 1, 40 * KIB, false);
    (void)state;
    b->no_blocks = true;
    b->faults.lose_ppm = b->faults.alter_ppm = 2000;
    (void)flash(b, &PLAIN);
    assert_int_equal(b->told_of_blocks, 0);
    assert_false(b->stream.blocks);
    assert_true(b->result.resent_bytes > 0);
    bench_free(b);
}

/* Bytes written at which the line is well again, and since when it is. */
static void heal(void *ctx, enum ararext_phase phase, uint32_t done, uint32_t total)
{
    struct bench *b = ctx;
    (void)total;
    if (phase == ARAREXT_PHASE_WRITE && done > 40 * KIB && b->faults.lose_ppm != 0) {
        b->faults.lose_ppm = b->faults.alter_ppm = 0;
        b->healed_ns = b->now_ns;
    }
}

/* Frames cost less then: a fifth of the time of blocks. */
static void test_losses_end(void **state)
{
    struct bench *b = open_bench(115200, 1, 400 * KIB, false);
    struct ararext_flash_options options = {.no_compress = true, .progress = heal, .ctx = b};
    (void)state;
    b->faults.lose_ppm = b->faults.alter_ppm = 5000;
    (void)flash(b, &options);
    assert_true(b->told_of_blocks > 100);
    assert_true(b->healed_ns != 0);
    uint64_t rest_ms = (b->now_ns - b->healed_ns) / 1000000u;
    assert_true(rest_ms * 115200u <= 360ull * KIB * 10000u / 100u * 108u);
    bench_free(b);
}

/* A board that resets among blocks. */
static void test_losses_and_a_reset(void **state)
{
    struct bench *b = open_bench(115200, 1, 100 * KIB, false);
    (void)state;
    b->faults.lose_ppm = b->faults.alter_ppm = 5000;
    b->faults.dies_at = MAP_APP_BASE + 60 * KIB;
    assert_int_not_equal(bench_flash(b, &PLAIN), ARAREXT_OK);
    assert_true(b->faults.died >= 2);
    assert_true(b->told_of_blocks > 100);
    b->faults.dies_at = 0;
    (void)flash(b, &PLAIN);
    bench_free(b);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_losses_survived),       cmocka_unit_test(test_losses_cost_twice),
        cmocka_unit_test(test_losses_without_blocks), cmocka_unit_test(test_losses_end),
        cmocka_unit_test(test_losses_and_a_reset),
    };
    seeded_start(argc, argv);
    (void)alarm(WALL_LIMIT_S);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
