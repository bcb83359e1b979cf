/* SPDX-License-Identifier: MIT */
/*
 * What timers drive: pins in all output modes, TIM1's and TIM8's main output enable, repetition
 * counter and lock, shared interrupts. RM0090 17, 18.
 */
#include "timer_bench.h"

/* ---- pins ---- */

static unsigned high_permille(struct bench *b, char port, unsigned pin, unsigned steps)
{
    unsigned high = 0;
    for (unsigned i = 0; i < steps; i++) {
        run_ns(b, 1000);
        high += twin_pin_level(b->t, port, pin);
    }
    return high * 1000 / steps;
}

static void test_pwm_on_a_pin(void **state)
{
    struct bench *b = *state;
    wr(b, TIM4 + ARR, 15999); /* 1 ms */
    wr(b, TIM4 + CCR1, 4000);
    wr(b, TIM4 + CCMR1, 6u << 4);
    wr(b, TIM4 + CR1, 1);
    route(b, 'D', 12, 2);
    run_ns(b, 5000000);
    assert_int_equal(b->pin_changes, 0); /* the channel is off */
    wr(b, TIM4 + CCER, 1);
    assert_in_range(high_permille(b, 'D', 12, 4000), 248, 252);
    assert_in_range(b->pin_changes, 7, 9);
    wr(b, TIM4 + CCR1, 12000);
    assert_in_range(high_permille(b, 'D', 12, 4000), 748, 752);
    wr(b, TIM4 + CCMR1, 7u << 4);
    assert_in_range(high_permille(b, 'D', 12, 4000), 248, 252);
    wr(b, TIM4 + CCER, 3);
    assert_in_range(high_permille(b, 'D', 12, 4000), 748, 752);
    wr(b, TIM4 + CCR1, 0);
    wr(b, TIM4 + CCMR1, 6u << 4);
    wr(b, TIM4 + CCER, 1);
    assert_int_equal(high_permille(b, 'D', 12, 3000), 0);
    wr(b, TIM4 + CCR1, 16000);
    assert_int_equal(high_permille(b, 'D', 12, 3000), 1000);
    expect_no_reports(b);
}

/* The pin goes to another peripheral and comes back: nobody holds what is not his. */
static void test_pin_changes_hands(void **state)
{
    struct bench *b = *state;
    wr(b, TIM2 + CCMR2, 5u << 4); /* CH3 forced high, at PA2 */
    wr(b, TIM2 + CCER, 1u << 8);
    route(b, 'A', 2, 1);
    assert_true(twin_pin_level(b->t, 'A', 2));
    route(b, 'A', 2, 7); /* USART2, off: nobody drives */
    assert_false(twin_pin_level(b->t, 'A', 2));
    wr(b, 0x4000440C, 0x2008); /* UE, TE: idle is high */
    assert_true(twin_pin_level(b->t, 'A', 2));
    wr(b, TIM2 + CCMR2, 4u << 4);
    assert_true(twin_pin_level(b->t, 'A', 2));
    route(b, 'A', 2, 1);
    assert_false(twin_pin_level(b->t, 'A', 2));
    route(b, 'A', 2, 7);
    assert_true(twin_pin_level(b->t, 'A', 2));
}

static void test_toggle_and_match_modes(void **state)
{
    struct bench *b = *state;
    wr(b, TIM3 + ARR, 159);
    wr(b, TIM3 + CCR1, 80);
    wr(b, TIM3 + CCMR1, 3u << 4);
    wr(b, TIM3 + CCER, 1);
    wr(b, TIM3 + EGR, 1);
    route(b, 'C', 6, 2);
    unsigned before = b->pin_changes;
    wr(b, TIM3 + CR1, 1);
    run_ns(b, 1000000); /* a hundred rounds of 10 us */
    assert_int_equal(b->pin_changes - before, 100);
    wr(b, TIM3 + CCMR1, 1u << 4); /* active on match, and stays */
    run_ns(b, 20000);
    before = b->pin_changes;
    run_ns(b, 100000);
    assert_true(twin_pin_level(b->t, 'C', 6));
    wr(b, TIM3 + CCMR1, 2u << 4);
    run_ns(b, 20000);
    assert_false(twin_pin_level(b->t, 'C', 6));
    assert_int_equal(b->pin_changes - before, 1);
}

/* Counting up the output is active below the value, counting down at it too: 18.3.9. */
static void test_pwm_while_counting_down(void **state)
{
    struct bench *b = *state;
    wr(b, TIM4 + PSC, 15999); /* a step a millisecond */
    wr(b, TIM4 + ARR, 9);
    wr(b, TIM4 + CCR1, 4);
    wr(b, TIM4 + CCMR1, 6u << 4);
    wr(b, TIM4 + CCER, 1);
    wr(b, TIM4 + CR1, 0x10);
    wr(b, TIM4 + EGR, 1);
    route(b, 'D', 12, 2);
    wr(b, TIM4 + CR1, 0x11);
    run_ns(b, 500000);
    for (unsigned cnt = 9; cnt <= 9; cnt--) {
        assert_int_equal(rd(b, TIM4 + CNT), cnt);
        assert_int_equal(twin_pin_level(b->t, 'D', 12), cnt <= 4);
        run_ns(b, 1000000);
    }
    wr(b, TIM4 + CR1, 0);
    wr(b, TIM4 + CR1, 0x60); /* centre-aligned: symmetric about the turn */
    wr(b, TIM4 + EGR, 1);
    wr(b, TIM4 + CR1, 0x61);
    run_ns(b, 500000);
    for (unsigned step = 0; step < 18; step++) {
        unsigned cnt = step <= 9 ? step : 18 - step;
        bool down = step >= 9;
        assert_int_equal(rd(b, TIM4 + CNT), cnt);
        assert_int_equal(twin_pin_level(b->t, 'D', 12), down ? cnt <= 4 : cnt < 4);
        run_ns(b, 1000000);
    }
    expect_no_reports(b);
}

/* ---- TIM1 and TIM8 ---- */

static void test_repetition_counter(void **state)
{
    struct bench *b = *state;
    wr(b, TIM1 + ARR, 1599);
    wr(b, TIM1 + RCR, 3);
    wr(b, TIM1 + EGR, 1);
    wr(b, TIM1 + SR, 0);
    wr(b, TIM1 + DIER, 1);
    wr(b, TIM1 + CR1, 1);
    run_ns(b, 399000);
    assert_int_equal(rd(b, TIM1 + SR) & 1, 0);
    assert_false(irq_pending(b, 25));
    run_ns(b, 2000);
    assert_int_equal(rd(b, TIM1 + SR) & 1, 1);
    assert_true(irq_pending(b, 25));
    wr(b, TIM1 + SR, 0);
    run_ns(b, 390000);
    assert_int_equal(rd(b, TIM1 + SR) & 1, 0);
    run_ns(b, 20000);
    assert_int_equal(rd(b, TIM1 + SR) & 1, 1);
}

static void test_main_output_enable(void **state)
{
    struct bench *b = *state;
    wr(b, TIM1 + CCMR1, 5u << 4); /* forced active */
    wr(b, TIM1 + CCER, 5);        /* CC1E, CC1NE */
    route(b, 'A', 8, 1);
    route(b, 'B', 13, 1);
    assert_false(twin_pin_level(b->t, 'A', 8)); /* MOE is 0 */
    assert_int_equal(b->pin_changes, 0);
    wr(b, TIM1 + BDTR, 1u << 15);
    assert_true(twin_pin_level(b->t, 'A', 8));
    assert_false(twin_pin_level(b->t, 'B', 13));
    wr(b, TIM1 + CCMR1, 4u << 4);
    assert_false(twin_pin_level(b->t, 'A', 8));
    assert_true(twin_pin_level(b->t, 'B', 13));
    wr(b, TIM1 + CCER, 4); /* OC1N alone follows the reference itself */
    assert_false(twin_pin_level(b->t, 'B', 13));
    wr(b, TIM1 + CR2, 3u << 8);              /* OIS1, OIS1N */
    wr(b, TIM1 + BDTR, 1u << 15 | 1u << 10); /* OSSI */
    wr(b, TIM1 + EGR, 1u << 7);              /* a break: MOE falls */
    assert_int_equal(rd(b, TIM1 + BDTR) >> 15, 0);
    assert_int_equal(rd(b, TIM1 + SR) & 0x80, 0x80);
    assert_true(twin_pin_level(b->t, 'A', 8));
    assert_true(twin_pin_level(b->t, 'B', 13));
    wr(b, TIM1 + BDTR, 1u << 14 | 1u << 10); /* AOE */
    wr(b, TIM1 + ARR, 1599);
    wr(b, TIM1 + CR1, 1);
    run_ns(b, 110000);
    assert_int_equal(rd(b, TIM1 + BDTR) >> 15, 1);
    expect_no_reports(b);
}

static void test_lock_levels(void **state)
{
    struct bench *b = *state;
    wr(b, TIM1 + BDTR, 2u << 8);
    wr(b, TIM1 + BDTR, 3u << 8 | 1u << 11 | 1u << 15);
    assert_int_equal(rd(b, TIM1 + BDTR), 2u << 8 | 1u << 15);
    wr(b, TIM1 + CCER, 3);
    assert_int_equal(rd(b, TIM1 + CCER), 1);
    wr(b, TIM1 + CR2, 0x110);
    assert_int_equal(rd(b, TIM1 + CR2), 0x10);
    wr(b, TIM1 + CCMR1, 0x70);
    assert_int_equal(rd(b, TIM1 + CCMR1), 0x70);
    wr(b, 0x40023824, 1); /* RCC_APB2RSTR ends it */
    wr(b, 0x40023824, 0);
    wr(b, TIM1 + CCER, 3);
    assert_int_equal(rd(b, TIM1 + CCER), 3);
}

/* TIM1 and TIM9 share interrupt 24, TIM1 and TIM10 interrupt 25: one's end is not the other's. */
static void test_shared_interrupts(void **state)
{
    struct bench *b = *state;
    wr(b, TIM1 + DIER, 1);
    wr(b, TIM10 + DIER, 1);
    wr(b, TIM1 + EGR, 1);
    wr(b, TIM10 + EGR, 1);
    assert_true(irq_pending(b, 25));
    wr(b, TIM1 + SR, 0);
    wr(b, 0xE000E280u, 1u << 25);
    assert_true(irq_pending(b, 25)); /* TIM10 keeps the line high */
    wr(b, TIM10 + SR, 0);
    wr(b, 0xE000E280u, 1u << 25);
    assert_false(irq_pending(b, 25));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, timer_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(test_pwm_on_a_pin),
        T(test_pin_changes_hands),
        T(test_toggle_and_match_modes),
        T(test_pwm_while_counting_down),
        T(test_repetition_counter),
        T(test_main_output_enable),
        T(test_lock_levels),
        T(test_shared_interrupts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
