/* SPDX-License-Identifier: MIT */
/*
 * Time: the cycle model, sleep, wait states, flash that is busy, and that the counters agree.
 */
#include "core_bench.h"
#include "internal.h"

#include <string.h>

/* Figures of the document, measured by a program with the cycle counter. */
static void test_cycles(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, 1);
    bench_run_suite(&b, "cycles", 3000);
    assert_int_equal(bench_value(&b, "without trcena"), 0);
    assert_int_equal(bench_value(&b, "nop"), 100);
    assert_int_equal(bench_value(&b, "ldr"), 200);
    assert_int_equal(bench_value(&b, "str"), 100);
    assert_int_equal(bench_value(&b, "ldm 4"), 50);
    assert_int_equal(bench_value(&b, "udiv"), 60);
    assert_int_equal(bench_value(&b, "mul"), 10);
    assert_int_equal(bench_value(&b, "loop"), 4000);
    assert_int_equal(bench_value(&b, "5 wait states, nothing else: nop"), 100 + 12 * 5);
    assert_int_equal(bench_value(&b, "with prefetch: nop"), 100);
    assert_int_equal(bench_value(&b, "with cache: loop"), 4000);
    assert_int_equal(bench_value(&b, "with cache: flash register, more"), 0);
    assert_int_equal(bench_value(&b, "interrupt entry"), 19);
    /* exact up to the instruction at which the interrupt is taken */
    assert_in_range(bench_value(&b, "systick period"), 1001 - 3, 1001 + 3);
    assert_in_range(bench_value(&b, "systick period, an eighth"), 8008 - 3, 8008 + 3);
    assert_in_range(bench_value(&b, "slept 100 ms: counted"), 1, 100);
    bench_close(&b);
}

/* subs r0, #1; bne back: 1 + 1 + 2 cycles at 16 MHz, 250 ns. */
static void test_clock_and_cycles_agree(void **state)
{
    (void)state;
    static const uint16_t code[] = {
        0xF04F, 0x4080, /* mov.w r0, #0x40000000 */
        0x3801,         /* subs r0, #1 */
        0xD1FD,         /* bne back */
    };
    struct bench b;
    bench_open(&b, 1);
    bench_program(&b, code, 4, 0);
    twin_power_on(b.twin);
    (void)twin_run_ns(b.twin, 1000000);
    struct twin_counters c;
    twin_get_counters(b.twin, &c);
    uint64_t ns = twin_now_ns(b.twin);
    assert_in_range(ns, 1000000, 1000500);
    assert_int_equal(c.cycles * 1000 / 16, ns);
    assert_in_range(c.instructions, 7990, 8010);
    bench_close(&b);
}

/* Sleeping costs no instructions and no host time: an hour of it. */
static void test_sleep_is_skipped(void **state)
{
    (void)state;
    static const uint16_t code[] = {
        0xBF30, /* wfi */
        0xE7FD, /* b back */
    };
    struct bench b;
    bench_open(&b, 1);
    bench_program(&b, code, 2, 0);
    twin_power_on(b.twin);
    assert_int_equal(twin_run_ns(b.twin, UINT64_C(3600000000000)), TWIN_STOP_TIME);
    struct twin_counters c;
    twin_get_counters(b.twin, &c);
    assert_in_range(c.instructions, 1, 10);
    assert_int_equal(c.cycles, UINT64_C(3600) * 16000000);
    bench_close(&b);
}

/* RM0090: 16 KiB take 250 ms at x32. Code in flash stands still for it, code in SRAM does not,
 * until it reads flash. */
static void test_flash_busy(void **state)
{
    (void)state;
    enum { ERASE_CYCLES = 4000000 };
    struct bench b;
    bench_open(&b, 1);
    bench_run_suite(&b, "stall", 3000);
    assert_int_equal(bench_value(&b, "flash polls"), 0);
    assert_in_range(bench_value(&b, "flash cycles"), ERASE_CYCLES - 1000, ERASE_CYCLES + 1000);
    assert_in_range(bench_value(&b, "sram polls"), 100000, 1000000);
    assert_in_range(bench_value(&b, "sram cycles"), ERASE_CYCLES - 1000, ERASE_CYCLES + 1000);
    assert_int_equal(bench_value(&b, "read polls"), 0);
    assert_int_equal(bench_value(&b, "read value"), 0xC0FFEE);
    assert_in_range(bench_value(&b, "read cycles"), ERASE_CYCLES - 1000, ERASE_CYCLES + 1000);
    assert_int_equal(bench_value(&b, "ticks"), 1);
    /* a vector in flash waits, behind any exception */
    assert_int_equal(bench_value(&b, "ticks with vectors in flash"), 1);
    assert_in_range(bench_value(&b, "  polls"), 15000, 25000); /* up to the first tick */
    assert_in_range(bench_value(&b, "tail-chain cycles"), ERASE_CYCLES - 1000, ERASE_CYCLES + 1000);
    assert_int_equal(bench_value(&b, "  status in the tick"), 0);
    assert_int_equal(bench_value(&b, "  ticks"), 1);
    assert_int_equal(bench_value(&b, "read in it block"), 0x12345678);
    assert_in_range(bench_value(&b, "  cycles"), 256, 280); /* 16 us */
    assert_int_equal(bench_value(&b, "  others of the block"), 1);
    struct twin_counters c;
    twin_get_counters(b.twin, &c);
    assert_int_equal(c.flash_operations, 7);
    bench_close(&b);
}

/* Of two reasons to stand still the longer one counts. */
static void test_stalls_add_up(void **state)
{
    (void)state;
    static const uint16_t code[] = {0x3001, 0xE7FD}; /* adds r0, #1; b back */
    struct bench b;
    struct twin_counters c;
    bench_open(&b, 1);
    bench_program(&b, code, 2, 0);
    twin_power_on(b.twin);
    twin_cpu_stall_until_ps(b.twin, twin_now_ps(b.twin) + 1000000000);
    twin_cpu_stall_until_ps(b.twin, twin_now_ps(b.twin) + 1000000);
    (void)twin_run_ns(b.twin, 999000);
    twin_get_counters(b.twin, &c);
    assert_int_equal(c.instructions, 0);
    (void)twin_run_ns(b.twin, 2000);
    twin_get_counters(b.twin, &c);
    assert_in_range(c.instructions, 5, 20);
    bench_close(&b);
}

/* A time that does not fit ends at the end of time. */
static void test_longest_run(void **state)
{
    (void)state;
    static const uint16_t code[] = {0xBF30, 0xE7FD}; /* wfi; b back */
    struct bench b;
    bench_open(&b, 1);
    bench_program(&b, code, 2, 0);
    twin_power_on(b.twin);
    (void)twin_run_ns(b.twin, 1000);
    assert_int_equal(twin_run_ns(b.twin, UINT64_MAX / 1000 + 2), TWIN_STOP_TIME);
    assert_in_range(twin_now_ns(b.twin), UINT64_MAX / 2000 - 2, UINT64_MAX / 2000 + 100);
    assert_int_equal(twin_run_ns(b.twin, 1000), TWIN_STOP_TIME);
    bench_close(&b);
}

static uint64_t executed_at;

static void executed(void *ctx, uint32_t addr)
{
    struct bench *b = ctx;
    assert_int_equal(addr, 0x08000206);
    assert_int_equal(executed_at, 0); /* once */
    executed_at = twin_now_ns(b->twin);
}

static void test_on_execute(void **state)
{
    (void)state;
    static const uint16_t code[] = {
        0xBF00, 0xBF00, 0xBF00, /* nop */
        0x3001,                 /* adds r0, #1 */
        0xE7FD,                 /* b back */
    };
    struct bench b;
    bench_open(&b, 1);
    bench_program(&b, code, 5, 0);
    executed_at = 0;
    twin_on_execute(b.twin, 0x08000206, executed, &b);
    twin_power_on(b.twin);
    (void)twin_run_ns(b.twin, 100000);
    assert_int_equal(executed_at, 187); /* three cycles of 62.5 ns */
    executed_at = 0;
    twin_on_execute(b.twin, 0x08000206, executed, &b); /* again, with the code long translated */
    uint64_t now = twin_now_ns(b.twin);
    (void)twin_run_ns(b.twin, 100000);
    assert_in_range(executed_at, now, now + 1000);
    bench_close(&b);
}

static void stop_now(void *ctx, uint32_t addr)
{
    (void)addr;
    struct bench *b = ctx;
    twin_request_stop(b->twin);
}

static void test_request_stop(void **state)
{
    (void)state;
    static const uint16_t code[] = {0x3001, 0x3001, 0x3001, 0xE7FE}; /* adds r0, #1 ...; b . */
    struct bench b;
    bench_open(&b, 1);
    bench_program(&b, code, 4, 0);
    twin_on_execute(b.twin, 0x08000204, stop_now, &b);
    twin_power_on(b.twin);
    assert_int_equal(twin_run_ns(b.twin, 1000000), TWIN_STOP_EVENT);
    assert_in_range(twin_now_ns(b.twin), 100, 500);
    assert_int_equal(twin_run_ns(b.twin, 1000000), TWIN_STOP_TIME);
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cycles),           cmocka_unit_test(test_clock_and_cycles_agree),
        cmocka_unit_test(test_sleep_is_skipped), cmocka_unit_test(test_flash_busy),
        cmocka_unit_test(test_on_execute),       cmocka_unit_test(test_request_stop),
        cmocka_unit_test(test_stalls_add_up),    cmocka_unit_test(test_longest_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
