/* SPDX-License-Identifier: MIT */
/*
 * The RTC: calendar, initialization mode, shadows, alarms, wake-up timer, write protection, and
 * what outlives resets and power. RM0090 26.
 */
#define _POSIX_C_SOURCE 200809L /* mkstemp */

#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define RTC     0x40002800u
#define TR      (RTC + 0x00)
#define DR      (RTC + 0x04)
#define CR      (RTC + 0x08)
#define ISR     (RTC + 0x0C)
#define PRER    (RTC + 0x10)
#define WUTR    (RTC + 0x14)
#define ALRMAR  (RTC + 0x1C)
#define WPR     (RTC + 0x24)
#define SSR     (RTC + 0x28)
#define ALRMBR  (RTC + 0x20)
#define ALRMBSS (RTC + 0x48)
#define BKP0R   (RTC + 0x50)
#define PWR_CR  0x40007000u
#define BDCR    0x40023870u
#define CSR     0x40023874u
#define EXTI_PR 0x40013C14u
#define MS      UINT64_C(1000000)
#define SECOND  (1000 * MS)

#define INITF 0x40u
#define RSF   0x20u

/* Also for a board without power, or without a program and in lock-up: time passes all the same. */
static void run_any(struct bench *b, uint64_t ns)
{
    uint64_t end = twin_now_ns(b->t) + ns;
    while (twin_now_ns(b->t) < end) {
        (void)twin_run_ns(b->t, end - twin_now_ns(b->t));
    }
}

static bool irq_pending(struct bench *b, unsigned irq)
{
    return (rd(b, NVIC_ISPR + 4 * (irq / 32)) >> (irq % 32) & 1) != 0;
}

static void open_domain(struct bench *b)
{
    wr(b, RCC_APB1ENR, 0x101E003F);
    (void)rd(b, RCC_APB1ENR);
    wr(b, PWR_CR, 0x4100); /* DBP */
}

/* On LSI, as firmware for a board without a 32 kHz crystal does it. */
static void clock_on(struct bench *b)
{
    open_domain(b);
    wr(b, CSR, 1);
    run_any(b, MS);
    wr(b, BDCR, 0x8200); /* RTCEN, LSI */
    wr(b, WPR, 0xCA);
    wr(b, WPR, 0x53);
}

static void enter_init(struct bench *b)
{
    wr(b, ISR, 0xFFFFFFFF);
    assert_int_equal(rd(b, ISR) & INITF, 0);
    run_any(b, 100000); /* two clocks are 62.5 us */
    assert_int_equal(rd(b, ISR) & INITF, INITF);
}

static void leave_init(struct bench *b)
{
    wr(b, ISR, 0xFFFFFF7F);
    assert_int_equal(rd(b, ISR) & RSF, 0);
    run_any(b, 100000);
    assert_int_equal(rd(b, ISR) & RSF, RSF);
}

/* 32000 = 128 * 250; a Friday, 23:59:50 on the 28th of February 2020. */
static void set_calendar(struct bench *b, uint32_t time, uint32_t date)
{
    enter_init(b);
    wr(b, PRER, 249);
    wr(b, PRER, 127u << 16 | 249);
    wr(b, TR, time);
    wr(b, DR, date);
    leave_init(b);
}

static void test_calendar(void **state)
{
    struct bench *b = *state;
    clock_on(b);
    set_calendar(b, 0x235950, 0x200000 | 5u << 13 | 0x0228);
    assert_int_equal(rd(b, TR), 0x235950);
    assert_int_equal(rd(b, DR), 0x200000 | 5u << 13 | 0x0228);
    run_any(b, 9 * SECOND);
    assert_int_equal(rd(b, TR), 0x235959);
    (void)rd(b, DR);
    run_any(b, SECOND);
    assert_int_equal(rd(b, TR), 0);
    assert_int_equal(rd(b, DR), 0x200000 | 6u << 13 | 0x0229); /* a leap year */
    run_any(b, 86400 * SECOND);
    assert_int_equal(rd(b, TR), 0);
    assert_int_equal(rd(b, DR), 0x200000 | 7u << 13 | 0x0301);
    run_any(b, 306 * 86400 * SECOND / 4); /* months without a look */
    assert_int_equal(rd(b, TR), 0x120000);
    assert_int_equal(rd(b, DR), 0x200000 | 6u << 13 | 0x0516);
    assert_int_equal(rd(b, ISR) & 0x10, 0x10); /* INITS */
    expect_no_reports(b);
}

static void test_subseconds_and_prescalers(void **state)
{
    struct bench *b = *state;
    clock_on(b);
    set_calendar(b, 0x120000, 0x2101);
    (void)rd(b, DR);
    run_any(b, 399 * MS + 900000); /* half a second since the start, less what was waited */
    (void)rd(b, DR);
    uint32_t ssr = rd(b, SSR);
    assert_in_range(ssr, 149, 150);
    (void)rd(b, DR);
    enter_init(b);
    wr(b, PRER, 127u << 16 | 124); /* twice as fast */
    leave_init(b);
    run_any(b, 5 * SECOND);
    assert_int_equal(rd(b, TR), 0x120010);
}

/* A read of SSR or TR holds those above it until DR is read. */
static void test_shadows_are_locked(void **state)
{
    struct bench *b = *state;
    clock_on(b);
    set_calendar(b, 0x235959, 0x2131);
    assert_int_equal(rd(b, TR), 0x235959);
    run_any(b, 2 * SECOND);
    assert_int_equal(rd(b, DR), 0x2131); /* as it was */
    assert_int_equal(rd(b, DR), 0x4201);
    (void)rd(b, SSR);
    uint32_t tr = rd(b, TR);
    run_any(b, 3 * SECOND);
    assert_int_equal(rd(b, TR), tr);
    (void)rd(b, DR);
    assert_int_equal(rd(b, TR), tr + 3);
    run_any(b, SECOND);
    wr(b, ISR, 0xFFFFFF5F); /* RSF written 0: new copies, and no lock */
    assert_int_equal(rd(b, ISR) & RSF, 0);
    run_any(b, 100000);
    assert_int_equal(rd(b, TR), tr + 4);
    (void)rd(b, SSR);
    wr(b, ISR, 0xFFFFFF5F);
    run_any(b, SECOND);
    assert_int_equal(rd(b, TR), tr + 5);
    (void)rd(b, DR);
    wr(b, CR, 0x20); /* BYPSHAD */
    assert_int_equal(rd(b, ISR) & RSF, 0);
    tr = rd(b, TR);
    run_any(b, SECOND);
    assert_int_equal(rd(b, TR), tr + 1);
}

static void test_write_protection(void **state)
{
    struct bench *b = *state;
    clock_on(b);
    wr(b, TR, 0x010203); /* not in INIT */
    expect_reports(b, TWIN_REPORT_OTHER, 1);
    wr(b, WPR, 0xFF);
    wr(b, WPR, 0x53); /* the second key alone */
    wr(b, CR, 0x40);
    expect_reports(b, TWIN_REPORT_OTHER, 2);
    assert_int_equal(rd(b, CR), 0);
    wr(b, WPR, 0xCA);
    wr(b, WPR, 0x54);
    wr(b, CR, 0x40);
    expect_reports(b, TWIN_REPORT_OTHER, 3);
    wr(b, WPR, 0xCA);
    wr(b, WPR, 0x53);
    wr(b, CR, 0x40);
    assert_int_equal(rd(b, CR), 0x40);
    expect_reports(b, TWIN_REPORT_OTHER, 3);
    wr(b, PWR_CR, 0x4000);
    wr(b, CR, 0);
    wr(b, BKP0R, 1);
    expect_reports(b, TWIN_REPORT_OTHER, 5);
    assert_int_equal(rd(b, CR), 0x40);
}

static void test_twelve_hours(void **state)
{
    struct bench *b = *state;
    clock_on(b);
    wr(b, CR, 0x40);
    set_calendar(b, 0x400000 | 0x115959, 0x2101); /* 11:59:59 PM */
    run_any(b, SECOND);
    assert_int_equal(rd(b, TR), 0x120000); /* 12 AM */
    assert_int_equal(rd(b, DR), 0x4102);
    run_any(b, 12 * 3600 * SECOND);
    assert_int_equal(rd(b, TR), 0x400000 | 0x120000);
}

static void test_alarm_a_with_its_interrupt(void **state)
{
    struct bench *b = *state;
    clock_on(b);
    wr(b, 0x40013C00, 1u << 17); /* EXTI: IMR, RTSR */
    wr(b, 0x40013C08, 1u << 17);
    wr(b, ALRMAR, 0x80000000u | 0x120130); /* any day, 12:01:30 */
    wr(b, CR, 0x1100);                     /* ALRAE, ALRAIE */
    set_calendar(b, 0x120000, 0x2101);
    run_any(b, 89 * SECOND);
    assert_int_equal(rd(b, ISR) & 0x100, 0);
    run_any(b, SECOND);
    assert_int_equal(rd(b, ISR) & 0x100, 0x100);
    assert_int_equal(rd(b, EXTI_PR), 1u << 17);
    assert_true(irq_pending(b, 41));
    wr(b, ALRMAR, 0); /* the alarm is on */
    expect_reports(b, TWIN_REPORT_OTHER, 1);
    wr(b, ISR, 0xFFFFFE7F);
    assert_int_equal(rd(b, ISR) & 0x100, 0);
    wr(b, CR, 0x1000);
    assert_int_equal(rd(b, ISR) & 1, 0); /* ALRAWF comes after two clocks */
    run_any(b, 100000);
    assert_int_equal(rd(b, ISR) & 1, 1);
    expect_reports(b, TWIN_REPORT_OTHER, 1);
}

static void test_alarm_b_in_subseconds(void **state)
{
    struct bench *b = *state;
    clock_on(b);
    wr(b, ALRMBR, 0x80808080); /* every second */
    wr(b, ALRMBSS, 15u << 24 | 125);
    wr(b, CR, 0x200);
    set_calendar(b, 0x120000, 0x2101);
    run_any(b, 450 * MS);
    assert_int_equal(rd(b, ISR) & 0x200, 0);
    run_any(b, 100 * MS);
    assert_int_equal(rd(b, ISR) & 0x200, 0x200);
}

static void test_wake_up_timer(void **state)
{
    struct bench *b = *state;
    clock_on(b);
    wr(b, 0x40013C00, 1u << 22);
    wr(b, 0x40013C08, 1u << 22);
    wr(b, WUTR, 999); /* 1000 / 2000 Hz */
    wr(b, CR, 0x4400);
    run_any(b, 499 * MS);
    assert_int_equal(rd(b, ISR) & 0x400, 0);
    run_any(b, 2 * MS);
    assert_int_equal(rd(b, ISR) & 0x400, 0x400);
    assert_true(irq_pending(b, 3));
    wr(b, ISR, 0xFFFFFB7F);
    run_any(b, 500 * MS);
    assert_int_equal(rd(b, ISR) & 0x400, 0x400);
    wr(b, WUTR, 5);
    wr(b, CR, 0x4404);
    expect_reports(b, TWIN_REPORT_OTHER, 2); /* both while WUTWF is 0 */
    assert_int_equal(rd(b, WUTR), 999);
}

/* What a reset and a power cycle leave, and what BDRST does not. */
static void test_resets(void **state)
{
    struct bench *b = *state;
    clock_on(b);
    set_calendar(b, 0x101500, 0x210000 | 0x2101);
    wr(b, BKP0R, 77);
    twin_reset_pin(b->t);
    open_domain(b);
    assert_int_equal(rd(b, TR), 0); /* shadows, not synchronized */
    assert_int_equal(rd(b, DR), 0x2101);
    assert_int_equal(rd(b, ISR) & RSF, 0);
    run_any(b, 3 * SECOND); /* LSI went off with the reset */
    wr(b, CSR, 1);
    run_any(b, MS);
    assert_int_equal(rd(b, ISR) & RSF, RSF);
    assert_int_equal(rd(b, TR), 0x101500);
    assert_int_equal(rd(b, DR), 0x210000 | 0x2101);
    twin_power_off(b->t);
    run_any(b, SECOND);
    twin_power_on(b->t);
    open_domain(b);
    wr(b, CSR, 1);
    run_any(b, 2 * SECOND);
    assert_int_equal(rd(b, TR), 0x101501);
    assert_int_equal(rd(b, BKP0R), 77);
    wr(b, BDCR, 1u << 16);
    wr(b, BDCR, 0);
    assert_int_equal(rd(b, PRER), 0x007F00FF);
    assert_int_equal(rd(b, BKP0R), 0);
    assert_int_equal(rd(b, ISR), 7);
}

static int run_alone(struct bench *b, const char *path)
{
    const struct twin_config config = {.seed = 2, .state_path = path};
    return twin_create(&b->t, &config);
}

static void test_state_file(void **state)
{
    struct bench *own = *state;
    char path[] = "/tmp/ararext-twin-rtc-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    assert_int_equal(close(file), 0);
    assert_int_equal(remove(path), 0);
    struct bench b = {.t = NULL};
    assert_int_equal(run_alone(&b, path), TWIN_OK);
    twin_power_on(b.t);
    run_any(&b, 1000);
    clock_on(&b);
    wr(&b, ALRMAR, 0x12345678);
    set_calendar(&b, 0x224500, 0x210000 | 0x8917);
    twin_destroy(b.t);
    assert_int_equal(run_alone(&b, path), TWIN_OK);
    twin_power_on(b.t);
    open_domain(&b);
    wr(&b, CSR, 1);
    run_any(&b, 1500 * MS);
    assert_int_equal(rd(&b, ALRMAR), 0x12345678);
    assert_int_equal(rd(&b, PRER), 127u << 16 | 249);
    assert_int_equal(rd(&b, TR), 0x224501);
    assert_int_equal(rd(&b, DR), 0x210000 | 0x8917);
    twin_destroy(b.t);
    (void)remove(path);
    (void)own;
}

static void test_what_is_not_modelled_is_told(void **state)
{
    struct bench *b = *state;
    static const struct {
        uint32_t offset, value;
    } uses[] = {{0x08, 1u << 11}, {0x18, 0x80}, {0x2C, 1}, {0x3C, 0x8000}, {0x40, 1}};
    clock_on(b);
    for (unsigned i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        wr(b, RTC + uses[i].offset, uses[i].value);
        wr(b, RTC + uses[i].offset, uses[i].value);
        expect_reports(b, TWIN_REPORT_UNMODELLED, i + 1);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(test_calendar),
        T(test_subseconds_and_prescalers),
        T(test_shadows_are_locked),
        T(test_write_protection),
        T(test_twelve_hours),
        T(test_alarm_a_with_its_interrupt),
        T(test_alarm_b_in_subseconds),
        T(test_wake_up_timer),
        T(test_resets),
        T(test_state_file),
        T(test_what_is_not_modelled_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
