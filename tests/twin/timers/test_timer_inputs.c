/* SPDX-License-Identifier: MIT */
/*
 * What pins do to timers: input capture with its edges, prescaler and overcapture, period and duty
 * cycle of a signal, edges as a clock; and bursts of the DMA over a timer's registers. RM0090
 * 18.3.5 to 18.3.7, 18.3.14, 18.3.22, 18.4.17, 18.4.18.
 */
#include "timer_bench.h"

#define SMCR 0x08u
#define DCR  0x48u
#define DMAR 0x4Cu

/* PA0 and PA1 are channels 1 and 2 of TIM2. */
static void begin(struct bench *b, uint32_t ccmr1, uint32_t ccer)
{
    route(b, 'A', 0, 1);
    route(b, 'A', 1, 1);
    wr(b, TIM2 + CCMR1, ccmr1);
    wr(b, TIM2 + CCER, ccer);
    wr(b, TIM2 + CR1, 1);
}

static void pin(struct bench *b, unsigned number, bool level)
{
    twin_pin_drive(b->t, 'A', number, level);
}

static void test_capture(void **state)
{
    struct bench *b = *state;
    begin(b, 1, 1);
    run_ns(b, 1000000);
    pin(b, 0, true);
    run_ns(b, 500000);
    assert_int_equal(rd(b, TIM2 + SR) & 0x202, 2);
    assert_in_range(rd(b, TIM2 + CCR1), 15990, 16010);
    assert_int_equal(rd(b, TIM2 + SR) & 0x202, 0); /* reading it clears CC1IF */
    pin(b, 0, false);
    assert_int_equal(rd(b, TIM2 + SR) & 2, 0);
    pin(b, 0, true);
    pin(b, 0, false);
    pin(b, 0, true);
    assert_int_equal(rd(b, TIM2 + SR) & 0x202, 0x202); /* CC1OF: two without a look */
    assert_in_range(rd(b, TIM2 + CCR1), 23990, 24010);
    wr(b, TIM2 + CCR1, 5); /* read-only */
    assert_in_range(rd(b, TIM2 + CCR1), 23990, 24010);
    expect_no_reports(b);
}

static void test_edges_and_who_listens(void **state)
{
    struct bench *b = *state;
    static const struct {
        uint32_t ccmr1, ccer, flags_high, flags_low;
    } rows[] = {
        {0x0001, 0x001, 2, 0}, {0x0001, 0x003, 0, 2}, {0x0001, 0x00B, 2, 2},
        {0x0001, 0x000, 0, 0}, {0x0100, 0x010, 0, 0}, /* channel 2 listens at its own pin */
        {0x0200, 0x010, 4, 0},                        /* at the other's */
        {0x0201, 0x031, 2, 4}, {0x0002, 0x001, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(b, rows[i].ccmr1, rows[i].ccer);
        wr(b, TIM2 + SR, 0);
        pin(b, 0, true);
        assert_int_equal(rd(b, TIM2 + SR) & 6, rows[i].flags_high);
        wr(b, TIM2 + SR, 0);
        pin(b, 0, false);
        assert_int_equal(rd(b, TIM2 + SR) & 6, rows[i].flags_low);
    }
    route(b, 'A', 0, 2); /* another peripheral's */
    begin(b, 1, 1);
    route(b, 'A', 0, 2);
    wr(b, TIM2 + SR, 0);
    pin(b, 0, true);
    assert_int_equal(rd(b, TIM2 + SR) & 2, 0);
}

static void test_every_fourth_edge(void **state)
{
    struct bench *b = *state;
    unsigned captures = 0;
    begin(b, 1 | 2u << 2, 1);
    for (unsigned i = 0; i < 13; i++) {
        pin(b, 0, true);
        pin(b, 0, false);
        captures += rd(b, TIM2 + SR) >> 1 & 1;
        (void)rd(b, TIM2 + CCR1);
    }
    assert_int_equal(captures, 3);
    wr(b, TIM2 + CCER, 0); /* begins anew: one edge of the thirteen is forgotten */
    wr(b, TIM2 + CCER, 1);
    for (unsigned i = 0; i < 3; i++) {
        pin(b, 0, true);
        pin(b, 0, false);
    }
    assert_int_equal(rd(b, TIM2 + SR) & 2, 0);
}

/* 18.3.7: channel 1 has the period, channel 2 the time that the signal is high. */
static void test_period_and_duty_cycle(void **state)
{
    struct bench *b = *state;
    begin(b, 0x0201, 0x031);
    wr(b, TIM2 + SMCR, 5u << 4 | 4); /* TI1FP1 resets the counter */
    for (unsigned i = 0; i < 4; i++) {
        pin(b, 0, true);
        run_ns(b, 300000);
        pin(b, 0, false);
        run_ns(b, 700000);
    }
    assert_in_range(rd(b, TIM2 + CCR1), 15990, 16010);
    assert_in_range(rd(b, TIM2 + CCR2), 4790, 4810);
    assert_int_equal(rd(b, TIM2 + SR) & 0x40, 0x40); /* TIF */
    expect_no_reports(b);
}

static void test_edges_are_the_clock(void **state)
{
    struct bench *b = *state;
    begin(b, 0x0100, 0);
    wr(b, TIM2 + SMCR, 6u << 4 | 7); /* TI2FP2 */
    wr(b, TIM2 + CNT, 0);
    for (unsigned i = 0; i < 10; i++) {
        pin(b, 1, true);
        run_ns(b, 1000);
        pin(b, 1, false);
        pin(b, 0, (i & 1) != 0); /* nothing to it */
    }
    assert_int_equal(rd(b, TIM2 + CNT), 10);
    wr(b, TIM2 + SMCR, 4u << 4 | 7); /* TI1F_ED: both edges */
    for (unsigned i = 0; i < 10; i++) {
        pin(b, 0, (i & 1) != 0);
    }
    assert_int_equal(rd(b, TIM2 + CNT), 20);
    expect_no_reports(b);
}

static void test_a_pin_starts_it(void **state)
{
    struct bench *b = *state;
    begin(b, 1, 2); /* falling */
    wr(b, TIM2 + CR1, 0);
    wr(b, TIM2 + CNT, 0);
    wr(b, TIM2 + SMCR, 5u << 4 | 6);
    pin(b, 0, true);
    run_ns(b, 100000);
    assert_int_equal(rd(b, TIM2 + CNT), 0);
    pin(b, 0, false);
    run_ns(b, 100000);
    assert_in_range(rd(b, TIM2 + CNT), 1590, 1610);
}

static void test_interrupt_and_dma(void **state)
{
    struct bench *b = *state;
    const uint32_t stream = 0x40026010u + 0x18 * 5; /* DMA1 stream 5, channel 3: TIM2_CH1 */
    begin(b, 1, 1);
    wr(b, stream + 0x08, TIM2 + CCR1);
    wr(b, stream + 0x0C, 0x20000100);
    wr(b, stream + 0x04, 3);
    wr(b, stream, 3u << 25 | 2u << 13 | 2u << 11 | 1u << 10 | 1);
    wr(b, TIM2 + DIER, 1u << 9);
    for (unsigned i = 0; i < 3; i++) {
        run_ns(b, 1000000);
        pin(b, 0, true);
        run_ns(b, 10000);
        pin(b, 0, false);
    }
    assert_int_equal(rd(b, stream + 0x04), 0);
    for (uint32_t i = 0; i < 3; i++) {
        assert_in_range(rd(b, 0x20000100 + 4 * i), 16000 + i * 16160 - 20, 16000 + i * 16160 + 20);
    }
    assert_int_equal(rd(b, TIM2 + SR) & 0x202, 0); /* DMA's reads count */
    wr(b, TIM2 + DIER, 2);
    assert_false(irq_pending(b, 28));
    pin(b, 0, true);
    assert_true(irq_pending(b, 28));
    expect_no_reports(b);
}

/* ---- bursts ---- */

/* Each update loads all four compare values. */
static void test_burst_to_the_timer(void **state)
{
    struct bench *b = *state;
    const uint32_t stream = 0x40026010u + 0x18 * 6; /* DMA1 stream 6, channel 2: TIM4_UP */
    for (uint32_t i = 0; i < 8; i++) {
        wr(b, 0x20000100 + 4 * i, 100 * (i + 1));
    }
    wr(b, TIM4 + ARR, 15999);
    wr(b, TIM4 + EGR, 1);
    wr(b, TIM4 + DCR, 3u << 8 | CCR1 / 4);
    wr(b, stream + 0x08, TIM4 + DMAR);
    wr(b, stream + 0x0C, 0x20000100);
    wr(b, stream + 0x04, 8);
    wr(b, stream, 2u << 25 | 2u << 13 | 2u << 11 | 1u << 10 | 1u << 6 | 1);
    wr(b, TIM4 + DIER, 1u << 8);
    wr(b, TIM4 + CR1, 1);
    for (uint32_t round = 1; round <= 2; round++) {
        run_ns(b, 1000000);
        run_ns(b, 20000);
        assert_int_equal(rd(b, stream + 0x04), 8 - 4 * round);
        for (uint32_t i = 0; i < 4; i++) {
            assert_int_equal(rd(b, TIM4 + CCR1 + 4 * i), 100 * (4 * round - 3 + i));
        }
    }
    expect_no_reports(b);
}

static void test_burst_from_the_timer(void **state)
{
    struct bench *b = *state;
    const uint32_t stream = 0x40026010u + 0x18 * 2; /* DMA1 stream 2, channel 5: TIM3_UP */
    wr(b, TIM3 + ARR, 1599);
    wr(b, TIM3 + CCR1, 11);
    wr(b, TIM3 + CCR2, 22);
    wr(b, TIM3 + EGR, 1);
    wr(b, TIM3 + DCR, 2u << 8 | ARR / 4);
    wr(b, stream + 0x08, TIM3 + DMAR);
    wr(b, stream + 0x0C, 0x20000100);
    wr(b, stream + 0x04, 6);
    wr(b, stream, 5u << 25 | 2u << 13 | 2u << 11 | 1u << 10 | 1);
    wr(b, TIM3 + DIER, 1u << 8);
    wr(b, TIM3 + CR1, 1);
    run_ns(b, 150000);
    assert_int_equal(rd(b, stream + 0x04), 3);
    run_ns(b, 100000);
    for (uint32_t i = 0; i < 6; i += 3) { /* ARR, RCR (TIM3 has none), CCR1 */
        assert_int_equal(rd(b, 0x20000100 + 4 * i), 1599);
        assert_int_equal(rd(b, 0x20000104 + 4 * i), 0);
        assert_int_equal(rd(b, 0x20000108 + 4 * i), 11);
    }
    expect_no_reports(b);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, timer_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(test_capture),
        T(test_edges_and_who_listens),
        T(test_every_fourth_edge),
        T(test_period_and_duty_cycle),
        T(test_edges_are_the_clock),
        T(test_a_pin_starts_it),
        T(test_interrupt_and_dma),
        T(test_burst_to_the_timer),
        T(test_burst_from_the_timer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
