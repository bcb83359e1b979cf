/* SPDX-License-Identifier: MIT */
/*
 * The virtual clock and its events: order, exactness, re-basing at a change of clock, cancelling.
 */
#include "core_bench.h"
#include "sched.h"

#include <string.h>

struct log {
    struct twin_event event[8];
    unsigned order[64];
    uint64_t at[64];
    unsigned count;
    unsigned repeat; /* times event 0 asks for itself again */
};

static struct log logbook;

static void note(struct twin *t, void *ctx)
{
    unsigned n = (unsigned)((struct twin_event *)ctx - logbook.event);
    logbook.order[logbook.count] = n;
    logbook.at[logbook.count++] = twin_now_ps(t);
    if (n == 0 && logbook.repeat > 0) {
        logbook.repeat--;
        twin_event_at(t, &logbook.event[0], logbook.event[0].at_ps + 1000);
    }
}

static void open_log(struct bench *b)
{
    bench_open(b, 1);
    memset(&logbook, 0, sizeof logbook);
    for (unsigned i = 0; i < 8; i++) {
        logbook.event[i].fn = note;
        logbook.event[i].ctx = &logbook.event[i];
    }
}

static void test_order(void **state)
{
    (void)state;
    struct bench b;
    open_log(&b);
    twin_event_at(b.twin, &logbook.event[0], 3000000);
    twin_event_at(b.twin, &logbook.event[1], 1000000);
    twin_event_at(b.twin, &logbook.event[2], 3000000);
    twin_event_at(b.twin, &logbook.event[3], 2000000);
    twin_event_at(b.twin, &logbook.event[4], 1500000);
    twin_event_cancel(b.twin, &logbook.event[4]);
    twin_event_at(b.twin, &logbook.event[1], 2500000); /* another time */
    (void)twin_run_ns(b.twin, 10000);
    static const unsigned expected[] = {3, 1, 0, 2};
    assert_int_equal(logbook.count, 4);
    assert_memory_equal(logbook.order, expected, sizeof expected);
    assert_int_equal(logbook.at[0], 2000000);
    assert_int_equal(logbook.at[3], 3000000);
    bench_close(&b);
}

static void test_not_early(void **state)
{
    (void)state;
    struct bench b;
    open_log(&b);
    twin_event_at(b.twin, &logbook.event[1], 5000000);
    (void)twin_run_ns(b.twin, 4900); /* ends at a whole cycle of 62.5 ns */
    assert_int_equal(logbook.count, 0);
    (void)twin_run_ns(b.twin, 100);
    assert_int_equal(logbook.count, 1);
    bench_close(&b);
}

static void test_repeated(void **state)
{
    (void)state;
    struct bench b;
    open_log(&b);
    logbook.repeat = 50;
    twin_event_at(b.twin, &logbook.event[0], 1000);
    (void)twin_run_ns(b.twin, 1000);
    assert_int_equal(logbook.count, 51);
    for (unsigned i = 0; i < 51; i++) {
        assert_int_equal(logbook.at[i], 1000 + 1000 * i);
    }
    bench_close(&b);
}

static void test_past_is_as_soon_as_possible(void **state)
{
    (void)state;
    struct bench b;
    open_log(&b);
    (void)twin_run_ns(b.twin, 1000);
    uint64_t now = twin_now_ps(b.twin);
    twin_event_at(b.twin, &logbook.event[1], 5);
    (void)twin_run_ns(b.twin, 1);
    assert_int_equal(logbook.count, 1);
    assert_true(logbook.at[0] >= now); /* time never goes back */
    bench_close(&b);
}

/* 84 MHz does not divide a second into whole picoseconds; an hour must still be exact. */
static void test_exact_for_an_hour(void **state)
{
    (void)state;
    struct bench b;
    open_log(&b);
    struct twin_sched *s = b.twin->sched;
    s->hclk_hz = 84000000;
    s->base_ps = 7;
    s->base_cycles = 0;
    s->cycles = 0;
    uint64_t cycles = 84000000ULL * 3600;
    assert_int_equal(sched_ps_at(b.twin, cycles), 3600000000000000ULL + 7);
    assert_int_equal(sched_cycles_at(b.twin, 3600000000000000ULL + 7), cycles);
    assert_int_equal(sched_cycles_at(b.twin, 3600000000000000ULL + 8), cycles + 1);
    bench_close(&b);
}

static void test_time_without_power(void **state)
{
    (void)state;
    struct bench b;
    open_log(&b);
    assert_int_equal(twin_run_ns(b.twin, 1000000), TWIN_STOP_POWER);
    assert_in_range(twin_now_ns(b.twin), 1000000, 1000100);
    assert_int_equal(b.resets, 0);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_not_early),
        cmocka_unit_test(test_repeated),
        cmocka_unit_test(test_past_is_as_soon_as_possible),
        cmocka_unit_test(test_exact_for_an_hour),
        cmocka_unit_test(test_time_without_power),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
