/* SPDX-License-Identifier: MIT */
/*
 * Timers: matches with the compare values, their flags, interrupts and DMA requests; centre
 * alignment; triggers from one to the other. RM0090 17 to 19.
 */
#include "timer_bench.h"

/* ---- flags ---- */

/* A timer that was only switched on, with a compare value: the flag comes, and its interrupt. */
static void test_compare_needs_no_pin(void **state)
{
    struct bench *b = *state;
    static const struct {
        uint32_t base;
        unsigned irq, channels;
    } timers[] = {
        {TIM1, 27, 4},       {TIM2, 28, 4},       {TIM3, 29, 4},       {TIM4, 30, 4},
        {0x40000C00, 50, 4}, {0x40010400, 46, 4}, {TIM9, 24, 2},       {TIM10, 25, 1},
        {0x40014800, 26, 1}, {0x40001800, 43, 2}, {0x40001C00, 44, 1}, {0x40002000, 45, 1},
    };
    for (unsigned i = 0; i < sizeof timers / sizeof timers[0]; i++) {
        for (unsigned ch = 0; ch < timers[i].channels; ch++) {
            uint32_t base = timers[i].base;
            wr(b, base + CCR1 + 4 * ch, 1600);
            wr(b, base + DIER, 2u << ch);
            wr(b, base + CNT, 0);
            wr(b, base + CR1, 1);
            run_ns(b, 99900);
            assert_int_equal(rd(b, base + SR) & 2u << ch, 0);
            assert_false(irq_pending(b, timers[i].irq));
            run_ns(b, 200);
            assert_int_equal(rd(b, base + SR) & 2u << ch, 2u << ch);
            assert_true(irq_pending(b, timers[i].irq));
            wr(b, base + CR1, 0);
            wr(b, base + DIER, 0);
            wr(b, base + SR, 0);
            wr(b, 0xE000E280u + 4 * (timers[i].irq / 32), 1u << timers[i].irq % 32); /* NVIC_ICPR */
            assert_false(irq_pending(b, timers[i].irq));
        }
    }
    expect_no_reports(b);
}

/* The interrupt comes by itself, without anybody reading a register in between. */
static void test_interrupt_comes_by_itself(void **state)
{
    struct bench *b = *state;
    wr(b, TIM2 + CCR1, 160000);
    wr(b, TIM2 + DIER, 2);
    wr(b, TIM2 + CR1, 1);
    run_ns(b, 9990000);
    assert_false(irq_pending(b, 28));
    run_ns(b, 20000);
    assert_true(irq_pending(b, 28));
    expect_no_reports(b);
}

/* A program that polls CC1IF of TIM2 (GPIOD and TIM2 on, PD12 output, CCR1 = 1600, CC1IE, CEN) and
 * then sets PD12: 100 us after the reset. */
static const uint16_t poller[] = {
    0x0000, 0x2002, 0x0009, 0x0000, 0x480C, 0x2108, 0x6301, 0x2101, 0x6401, 0x6C01, 0x4A0A, 0xF04F,
    0x7180, 0x6011, 0xF04F, 0x4380, 0xF240, 0x6140, 0x6359, 0x2102, 0x60D9, 0x2101, 0x6019, 0x6919,
    0x0789, 0xD5FC, 0xF44F, 0x5180, 0x6191, 0xE7FE, 0x3800, 0x4002, 0x0C00, 0x4002};

static void test_program_that_polls_the_flag(void **state)
{
    struct bench *b = *state;
    assert_int_equal(twin_load(b->t, 0x08000000, poller, sizeof poller), TWIN_OK);
    twin_reset_pin(b->t);
    run_ns(b, 100000);
    assert_false(twin_pin_level(b->t, 'D', 12));
    run_ns(b, 10000);
    assert_true(twin_pin_level(b->t, 'D', 12));
    expect_no_reports(b);
}

static void test_value_above_the_reload_value_matches_at_the_overflow(void **state)
{
    struct bench *b = *state;
    wr(b, TIM3 + ARR, 999);
    wr(b, TIM3 + CCR1, 500);
    wr(b, TIM3 + CCR2, 2000);
    wr(b, TIM3 + CCR3, 0);
    wr(b, TIM3 + CCR4, 999);
    wr(b, TIM3 + CNT, 1);
    wr(b, TIM3 + CR1, 1);
    run_ns(b, 62000); /* 992 cycles */
    assert_int_equal(rd(b, TIM3 + SR), 2);
    run_ns(b, 370); /* six cycles, 999: not yet the overflow */
    assert_int_equal(rd(b, TIM3 + SR), 2 | 1u << 4);
    run_ns(b, 200);
    assert_int_equal(rd(b, TIM3 + SR), 0x1F);
    expect_no_reports(b);
}

/* Written to 0 clears, to 1 does nothing; the next round sets it again. */
static void test_flag_returns_every_round(void **state)
{
    struct bench *b = *state;
    wr(b, TIM3 + ARR, 1599);
    wr(b, TIM3 + CCR2, 800);
    wr(b, TIM3 + EGR, 1);
    wr(b, TIM3 + SR, 0);
    wr(b, TIM3 + CR1, 1);
    for (unsigned i = 0; i < 5; i++) {
        run_ns(b, 40000);
        assert_int_equal(rd(b, TIM3 + SR) & 4, 0);
        run_ns(b, 20000);
        assert_int_equal(rd(b, TIM3 + SR) & 4, 4);
        wr(b, TIM3 + SR, (uint32_t)~4);
        run_ns(b, 40000);
    }
}

/* Hours without a look cost nothing and lose nothing. */
static void test_long_time_without_a_look(void **state)
{
    struct bench *b = *state;
    wr(b, TIM3 + ARR, 6); /* 437.5 ns */
    wr(b, TIM3 + CCR1, 3);
    wr(b, TIM3 + EGR, 1);
    wr(b, TIM3 + SR, 0);
    wr(b, TIM3 + CR1, 1);
    uint64_t start_ps = now_ps(b);
    run_ns(b, UINT64_C(3600000000000));
    assert_int_equal(rd(b, TIM3 + SR) & 3, 3);
    uint64_t cycles = (now_ps(b) - start_ps) / 62500;
    assert_int_equal(rd(b, TIM3 + CNT), cycles % 7);
    expect_no_reports(b);
}

static void test_down_counting_matches(void **state)
{
    struct bench *b = *state;
    wr(b, TIM4 + ARR, 1599);
    wr(b, TIM4 + CR1, 0x10);
    wr(b, TIM4 + EGR, 1); /* begins at 1599 */
    wr(b, TIM4 + SR, 0);
    wr(b, TIM4 + CCR1, 1199);
    wr(b, TIM4 + CR1, 0x11);
    run_ns(b, 24900);
    assert_int_equal(rd(b, TIM4 + SR) & 2, 0);
    run_ns(b, 200);
    assert_int_equal(rd(b, TIM4 + SR) & 2, 2);
}

static void test_events_by_software(void **state)
{
    struct bench *b = *state;
    wr(b, TIM2 + EGR, 0x14); /* CC2G, CC4G */
    assert_int_equal(rd(b, TIM2 + SR), 0x14);
    wr(b, TIM2 + EGR, 0x40);
    assert_int_equal(rd(b, TIM2 + SR), 0x54);
    expect_no_reports(b);
}

/* OC1PE: the value counts from the next update on. */
static void test_compare_preload(void **state)
{
    struct bench *b = *state;
    wr(b, TIM3 + ARR, 1599);
    wr(b, TIM3 + CCMR1, 8);
    wr(b, TIM3 + CCR1, 1200);
    wr(b, TIM3 + EGR, 1);
    wr(b, TIM3 + CCR1, 400);
    wr(b, TIM3 + SR, 0);
    wr(b, TIM3 + CR1, 1);
    run_ns(b, 50000);
    assert_int_equal(rd(b, TIM3 + SR) & 2, 0);
    run_ns(b, 30000);
    assert_int_equal(rd(b, TIM3 + SR) & 2, 2);
    wr(b, TIM3 + SR, 0);
    run_ns(b, 50000); /* the second round has the new one, 25 us in */
    assert_int_equal(rd(b, TIM3 + SR) & 2, 2);
}

/* ---- DMA ---- */

static void test_compare_asks_for_dma(void **state)
{
    struct bench *b = *state;
    const uint32_t stream = 0x40026010u + 0x18 * 5; /* DMA1 stream 5, channel 3: TIM2_CH1 */
    wr(b, TIM2 + ARR, 1599);
    wr(b, TIM2 + EGR, 1);
    wr(b, TIM2 + CCR1, 800);
    wr(b, stream + 0x08, TIM2 + CNT);
    wr(b, stream + 0x0C, 0x20000100);
    wr(b, stream + 0x04, 3);
    wr(b, stream, 3u << 25 | 2u << 13 | 2u << 11 | 1u << 10 | 1);
    wr(b, TIM2 + DIER, 1u << 9);
    wr(b, TIM2 + CR1, 1);
    run_ns(b, 1000000);
    assert_int_equal(rd(b, stream + 0x04), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_in_range(rd(b, 0x20000100 + 4 * i), 800, 830);
    }
    expect_no_reports(b);
}

/* ---- centre-aligned ---- */

static void test_centre_aligned_counting(void **state)
{
    struct bench *b = *state;
    static const uint32_t flags_up[4] = {0, 0, 2, 2}, flags_down[4] = {0, 2, 0, 2};
    for (uint32_t cms = 1; cms <= 3; cms++) {
        wr(b, TIM4 + CR1, 0);
        wr(b, TIM4 + ARR, 1600);
        wr(b, TIM4 + CCR1, 800);
        wr(b, TIM4 + CR1, cms << 5);
        wr(b, TIM4 + EGR, 1);
        wr(b, TIM4 + SR, 0);
        wr(b, TIM4 + CR1, cms << 5 | 1);
        run_ns(b, 75000);
        assert_int_equal(rd(b, TIM4 + CNT), 1200);
        assert_int_equal(rd(b, TIM4 + CR1) & 0x10, 0);
        assert_int_equal(rd(b, TIM4 + SR) & 3, flags_up[cms]);
        wr(b, TIM4 + SR, 0);
        run_ns(b, 50000);
        assert_int_equal(rd(b, TIM4 + CNT), 1200);
        assert_int_equal(rd(b, TIM4 + CR1) & 0x10, 0x10);
        assert_int_equal(rd(b, TIM4 + SR) & 3, 1); /* overflow */
        wr(b, TIM4 + SR, 0);
        run_ns(b, 50000);
        assert_int_equal(rd(b, TIM4 + CNT), 400);
        assert_int_equal(rd(b, TIM4 + SR) & 3, flags_down[cms]);
        run_ns(b, 50000);
        assert_int_equal(rd(b, TIM4 + CNT), 400);
        assert_int_equal(rd(b, TIM4 + SR) & 1, 1);
    }
    expect_no_reports(b);
}

/* ---- triggers ---- */

struct heard {
    unsigned count[TWIN_TRIGGER_KINDS];
};

static void on_trigger(struct twin *t, void *ctx, unsigned timer, unsigned kind)
{
    struct heard *heard = ctx;
    (void)t;
    assert_in_range(timer, 1, 14);
    heard->count[kind]++;
}

static void test_trigger_output(void **state)
{
    struct bench *b = *state;
    static struct heard heard;
    static struct twin_trigger watcher;
    heard = (struct heard){{0}};
    watcher = (struct twin_trigger){.fn = on_trigger, .ctx = &heard};
    twin_trigger_watch(b->t, &watcher);
    wr(b, TIM2 + ARR, 1599);
    wr(b, TIM2 + CR2, 2u << 4); /* MMS: update */
    wr(b, TIM2 + CCR2, 800);
    wr(b, TIM2 + CR1, 1);
    run_ns(b, 1000000);
    assert_int_equal(heard.count[TWIN_TRGO], 0); /* nobody asked */
    twin_trigger_want(b->t, &watcher, (const uint16_t[TWIN_TRIGGER_KINDS]){1u << 2, 0, 1u << 2});
    run_ns(b, 1000000);
    assert_int_equal(heard.count[TWIN_TRGO], 10);
    assert_int_equal(heard.count[2], 10);
    wr(b, TIM2 + CR2, 5u << 4); /* OC2REF */
    wr(b, TIM2 + CCMR1, 6u << 12);
    heard = (struct heard){{0}};
    run_ns(b, 1000000);
    assert_in_range(heard.count[TWIN_TRGO], 10, 11);
    wr(b, TIM2 + CR2, 0); /* reset: UG */
    heard = (struct heard){{0}};
    wr(b, TIM2 + EGR, 1);
    assert_int_equal(heard.count[TWIN_TRGO], 1);
}

/* TIM3 counts the updates of TIM2: together a longer counter. */
static void test_one_timer_clocks_another(void **state)
{
    struct bench *b = *state;
    wr(b, TIM2 + ARR, 1599); /* 100 us */
    wr(b, TIM2 + CR2, 2u << 4);
    wr(b, TIM3 + ARR, 9);
    wr(b, TIM3 + CCR1, 5);
    wr(b, TIM3 + 0x08, 1u << 4 | 7); /* ITR1, external clock mode 1 */
    wr(b, TIM3 + DIER, 3);
    wr(b, TIM3 + CR1, 1);
    run_ns(b, 1000000);
    assert_int_equal(rd(b, TIM3 + CNT), 0);
    wr(b, TIM2 + CR1, 1);
    run_ns(b, 450000);
    assert_int_equal(rd(b, TIM3 + CNT), 4);
    assert_int_equal(rd(b, TIM3 + SR), 0x40); /* TIF */
    run_ns(b, 100000);
    assert_int_equal(rd(b, TIM3 + SR), 0x42);
    assert_true(irq_pending(b, 29));
    run_ns(b, 500000);
    assert_int_equal(rd(b, TIM3 + CNT), 0);
    assert_int_equal(rd(b, TIM3 + SR) & 3, 3);
    wr(b, TIM3 + PSC, 1);
    wr(b, TIM3 + EGR, 1);
    run_ns(b, 800000);
    assert_int_equal(rd(b, TIM3 + CNT), 4);
    expect_no_reports(b);
}

static void test_one_timer_starts_and_resets_another(void **state)
{
    struct bench *b = *state;
    wr(b, TIM2 + ARR, 1599);
    wr(b, TIM2 + CR2, 2u << 4);
    wr(b, TIM4 + 0x08, 1u << 4 | 6); /* ITR1, trigger mode */
    wr(b, TIM3 + 0x08, 1u << 4 | 4); /* ITR1, reset mode */
    wr(b, TIM3 + CR1, 1);
    wr(b, TIM2 + CR1, 1);
    run_ns(b, 90000);
    assert_int_equal(rd(b, TIM4 + CR1), 0);
    run_ns(b, 60000);
    assert_int_equal(rd(b, TIM4 + CR1), 1);
    assert_in_range(rd(b, TIM4 + CNT), 795, 805);
    assert_in_range(rd(b, TIM3 + CNT), 795, 805);
    assert_int_equal(rd(b, TIM3 + SR) & 0x41, 0x41);
    run_ns(b, 500000);
    assert_in_range(rd(b, TIM3 + CNT), 795, 805);
    assert_in_range(rd(b, TIM4 + CNT), 8795, 8805);
    expect_no_reports(b);
}

static void test_two_that_reset_each_other(void **state)
{
    struct bench *b = *state;
    wr(b, TIM2 + 0x08, 2u << 4 | 4); /* ITR2: TIM3 */
    wr(b, TIM3 + 0x08, 1u << 4 | 4); /* ITR1: TIM2 */
    wr(b, TIM2 + EGR, 1);
    assert_int_equal(rd(b, TIM2 + SR) & 1, 1);
    assert_int_equal(rd(b, TIM3 + SR) & 0x41, 0x41);
}

/* ---- what is not there is told ---- */

static void test_what_is_not_modelled_is_told(void **state)
{
    struct bench *b = *state;
    static const struct {
        uint32_t addr, value;
    } uses[] = {{TIM2 + CCMR1, 3},     {TIM3 + CCMR2, 0x300}, {TIM4 + CCMR1, 0x80},
                {TIM1 + BDTR, 0x1000}, {0x40010444, 0x40},    {TIM1 + CR2, 1},
                {TIM9 + 0x08, 5},      {TIM2 + 0x08, 3}};
    for (unsigned i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        wr(b, uses[i].addr, uses[i].value);
        wr(b, uses[i].addr, uses[i].value);
        expect_reports(b, TWIN_REPORT_UNMODELLED, i + 1);
    }
    wr(b, TIM10 + CCER, 0xFFFF); /* no more than is there */
    assert_int_equal(rd(b, TIM10 + CCER), 0xB);
    wr(b, TIM10 + CCR2, 5);
    assert_int_equal(rd(b, TIM10 + CCR2), 0);
    expect_reports(b, TWIN_REPORT_UNMODELLED, sizeof uses / sizeof uses[0]);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, timer_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(test_compare_needs_no_pin),
        T(test_interrupt_comes_by_itself),
        T(test_program_that_polls_the_flag),
        T(test_value_above_the_reload_value_matches_at_the_overflow),
        T(test_flag_returns_every_round),
        T(test_long_time_without_a_look),
        T(test_down_counting_matches),
        T(test_events_by_software),
        T(test_compare_preload),
        T(test_compare_asks_for_dma),
        T(test_centre_aligned_counting),
        T(test_trigger_output),
        T(test_one_timer_clocks_another),
        T(test_one_timer_starts_and_resets_another),
        T(test_two_that_reset_each_other),
        T(test_what_is_not_modelled_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
