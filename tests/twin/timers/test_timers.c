/* SPDX-License-Identifier: MIT */
/*
 * Timers: matches with the compare values, their flags, interrupts, DMA requests and pins; centre
 * alignment, repetition, main output enable, lock; triggers. RM0090 17 to 19.
 */
#include "bench.h"

#define CR1   0x00u
#define CR2   0x04u
#define DIER  0x0Cu
#define SR    0x10u
#define EGR   0x14u
#define CCMR1 0x18u
#define CCMR2 0x1Cu
#define CCER  0x20u
#define CNT   0x24u
#define PSC   0x28u
#define ARR   0x2Cu
#define RCR   0x30u
#define CCR1  0x34u
#define CCR2  0x38u
#define CCR3  0x3Cu
#define CCR4  0x40u
#define BDTR  0x44u
#define TIM1  0x40010000u
#define TIM2  0x40000000u
#define TIM3  0x40000400u
#define TIM4  0x40000800u
#define TIM9  0x40014000u
#define TIM10 0x40014400u

static bool irq_pending(struct bench *b, unsigned irq)
{
    return (rd(b, NVIC_ISPR + 4 * (irq / 32)) >> (irq % 32) & 1) != 0;
}

static int setup(void **state)
{
    (void)bench_setup(state);
    struct bench *b = *state;
    wr(b, RCC_APB1ENR, 0x001E01FF);
    wr(b, RCC_APB2ENR, 0x00074033);
    (void)rd(b, RCC_APB2ENR);
    run_ns(b, 1000);
    return 0;
}

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
    } uses[] = {{TIM2 + CCMR1, 1},     {TIM3 + CCMR2, 0x200}, {TIM4 + CCMR1, 0x80},
                {TIM1 + BDTR, 0x1000}, {0x40010444, 0x40},    {TIM1 + CR2, 1},
                {TIM9 + 0x08, 5},      {TIM2 + 0x48, 0x100}};
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
#define T(name) cmocka_unit_test_setup_teardown(name, setup, bench_teardown)
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
        T(test_pwm_on_a_pin),
        T(test_pin_changes_hands),
        T(test_toggle_and_match_modes),
        T(test_centre_aligned_counting),
        T(test_pwm_while_counting_down),
        T(test_repetition_counter),
        T(test_main_output_enable),
        T(test_lock_levels),
        T(test_shared_interrupts),
        T(test_trigger_output),
        T(test_one_timer_clocks_another),
        T(test_one_timer_starts_and_resets_another),
        T(test_two_that_reset_each_other),
        T(test_what_is_not_modelled_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
