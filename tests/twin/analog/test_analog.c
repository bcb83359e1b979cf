/* SPDX-License-Identifier: MIT */
/*
 * ADC, DAC and RNG: values, times, flags, interrupts, DMA. RM0090 13, 14, 24.
 */
#include "bench.h"

#include <string.h>

#define RNG       0x50060800u
#define RNG_CR    (RNG + 0x00)
#define RNG_SR    (RNG + 0x04)
#define RNG_DR    (RNG + 0x08)
#define ADC1      0x40012000u
#define ADC2      0x40012100u
#define ADC_SR    0x00u
#define ADC_CR1   0x04u
#define ADC_CR2   0x08u
#define ADC_SMPR2 0x10u
#define ADC_JOFR1 0x14u
#define ADC_HTR   0x24u
#define ADC_SQR1  0x2Cu
#define ADC_SQR3  0x34u
#define ADC_JSQR  0x38u
#define ADC_JDR1  0x3Cu
#define ADC_DR    0x4Cu
#define ADC_CCR   0x40012304u
#define DAC       0x40007400u
#define DMA2_S0   0x40026410u
#define TIM6      0x40001000u
#define SWSTART   (1u << 30)

static bool irq_pending(struct bench *b, unsigned irq)
{
    return (rd(b, NVIC_ISPR + 4 * (irq / 32)) >> (irq % 32) & 1) != 0;
}

static int setup(void **state)
{
    (void)bench_setup(state);
    struct bench *b = *state;
    wr(b, 0x40023834, 0x40);        /* AHB2: RNG */
    wr(b, RCC_APB1ENR, 0x201E003F); /* and DAC */
    wr(b, RCC_APB2ENR, 0x00004730);
    (void)rd(b, RCC_APB2ENR);
    run_ns(b, 1000);
    return 0;
}

/* ---- RNG ---- */

static void start_pll(struct bench *b, uint32_t q)
{
    wr(b, 0x40023804, 16 | 336 << 6 | 3 << 16 | q << 24); /* HSI / 16 * 336: 336 MHz, 42 MHz */
    wr(b, 0x40023800, rd(b, 0x40023800) | 1u << 24);
    run_ns(b, 300000);
}

static void test_random_numbers(void **state)
{
    struct bench *b = *state;
    start_pll(b, 7); /* 48 MHz */
    wr(b, RNG_CR, 0xC);
    assert_int_equal(rd(b, RNG_SR), 0);
    run_ns(b, 700);
    assert_int_equal(rd(b, RNG_SR), 0); /* forty periods are 833 ns */
    run_ns(b, 300);
    assert_int_equal(rd(b, RNG_SR), 1);
    assert_true(irq_pending(b, 80));
    uint32_t first = rd(b, RNG_DR);
    assert_int_equal(rd(b, RNG_SR), 0);
    expect_no_reports(b);
    assert_int_equal(rd(b, RNG_DR), 0);
    expect_reports(b, TWIN_REPORT_OTHER, 1);
    run_ns(b, 1000);
    assert_int_not_equal(rd(b, RNG_DR), first);
    wr(b, RNG_CR, 0);
    run_ns(b, 5000);
    assert_int_equal(rd(b, RNG_SR), 0);
}

static void test_random_numbers_need_their_clock(void **state)
{
    struct bench *b = *state;
    wr(b, RNG_CR, 4);
    run_ns(b, 100000);
    assert_int_equal(rd(b, RNG_SR), 0x22); /* CECS, CEIS: no PLL */
    start_pll(b, 7);
    wr(b, RNG_CR, 4);
    assert_int_equal(rd(b, RNG_SR) & 0x22, 0x20);
    wr(b, RNG_SR, 0);
    run_ns(b, 2000);
    assert_int_equal(rd(b, RNG_SR), 1);
    wr(b, 0x40023800, rd(b, 0x40023800) & ~(1u << 24));
    run_ns(b, 1000);
    start_pll(b, 5); /* 67.2 MHz */
    wr(b, RNG_CR, 4);
    expect_reports(b, TWIN_REPORT_PLL, 1);
}

/* ---- ADC ---- */

static void test_single_conversion(void **state)
{
    struct bench *b = *state;
    twin_analog_set(b->t, 5, 1234);
    wr(b, ADC1 + ADC_SQR3, 5);
    wr(b, ADC1 + ADC_SMPR2, 7u << 15); /* 480 cycles */
    wr(b, ADC1 + ADC_CR1, 1u << 5);
    wr(b, ADC1 + ADC_CR2, 1);
    wr(b, ADC1 + ADC_CR2, SWSTART | 1);
    assert_int_equal(rd(b, ADC1 + ADC_SR), 1u << 4);
    run_ns(b, 61000); /* 492 cycles of 8 MHz are 61.5 us */
    assert_int_equal(rd(b, ADC1 + ADC_SR) & 2, 0);
    run_ns(b, 1000);
    assert_int_equal(rd(b, ADC1 + ADC_SR) & 2, 2);
    assert_true(irq_pending(b, 18));
    assert_int_equal(rd(b, ADC1 + ADC_DR), 1234);
    assert_int_equal(rd(b, ADC1 + ADC_SR) & 2, 0);
    wr(b, ADC1 + ADC_CR1, 2u << 24); /* 8 bits */
    wr(b, ADC1 + ADC_CR2, SWSTART | 1u << 11 | 1);
    run_ns(b, 62000);
    assert_int_equal(rd(b, ADC1 + ADC_DR), (1234u >> 4) << 8);
    expect_no_reports(b);
}

static void test_start_without_adon(void **state)
{
    struct bench *b = *state;
    wr(b, ADC2 + ADC_CR2, SWSTART);
    run_ns(b, 100000);
    assert_int_equal(rd(b, ADC2 + ADC_SR), 0);
    expect_reports(b, TWIN_REPORT_OTHER, 1);
}

/* Each of the three has a gate of its own; one reset is for all. */
static void test_clocks_of_the_three(void **state)
{
    struct bench *b = *state;
    wr(b, RCC_APB2ENR, 0x00004230); /* ADC2 alone */
    (void)rd(b, RCC_APB2ENR);
    wr(b, ADC2 + ADC_HTR, 5);
    assert_int_equal(rd(b, ADC2 + ADC_HTR), 5);
    expect_no_reports(b);
    assert_int_equal(rd(b, ADC1 + ADC_HTR), 0);
    expect_reports(b, TWIN_REPORT_CLOCK_OFF, 1);
    wr(b, 0x40023824, 1u << 8);
    wr(b, 0x40023824, 0);
    assert_int_equal(rd(b, ADC2 + ADC_HTR), 0xFFF);
}

static void start_dma(struct bench *b, uint32_t items, uint32_t circular)
{
    wr(b, DMA2_S0 + 0x08, ADC1 + ADC_DR);
    wr(b, DMA2_S0 + 0x0C, 0x20000100);
    wr(b, DMA2_S0 + 0x04, items);
    wr(b, DMA2_S0, 1u << 13 | 1u << 11 | 1u << 10 | circular << 8 | 1);
}

static void test_scan_with_dma(void **state)
{
    struct bench *b = *state;
    for (unsigned i = 0; i < 3; i++) {
        twin_analog_set(b->t, i, 100 * (i + 1));
    }
    wr(b, ADC1 + ADC_SQR1, 2u << 20);
    wr(b, ADC1 + ADC_SQR3, 2 | 1u << 5 | 0u << 10);
    wr(b, ADC1 + ADC_CR1, 1u << 8);
    start_dma(b, 6, 0);
    wr(b, ADC1 + ADC_CR2, 1u << 9 | 1u << 8 | 1u << 1 | 1);
    wr(b, ADC1 + ADC_CR2, SWSTART | 1u << 9 | 1u << 8 | 1u << 1 | 1);
    run_ns(b, 100000);
    static const uint16_t want[6] = {300, 200, 100, 300, 200, 100};
    uint16_t got[6];
    assert_int_equal(twin_peek(b->t, 0x20000100, got, sizeof got), TWIN_OK);
    assert_memory_equal(got, want, sizeof want);
    assert_int_equal(rd(b, ADC1 + ADC_SR) & 0x20, 0x20); /* nobody fetched the seventh */
    expect_no_reports(b);
}

/* Without DDS a circular stream gets one round and no more: 13.8.1. */
static void test_dma_without_dds_ends_after_one_round(void **state)
{
    struct bench *b = *state;
    start_dma(b, 4, 1);
    wr(b, ADC1 + ADC_CR2, SWSTART | 1u << 8 | 1u << 1 | 1);
    run_ns(b, 1000000);
    assert_int_equal(rd(b, ADC1 + ADC_SR) & 0x20, 0x20);
    assert_int_equal(rd(b, DMA2_S0 + 0x04), 4);
    wr(b, ADC1 + ADC_CR2, 0);
    wr(b, ADC1 + ADC_SR, 0);
    wr(b, ADC1 + ADC_CR2, SWSTART | 1u << 9 | 1u << 8 | 1u << 1 | 1);
    run_ns(b, 1000000);
    assert_int_equal(rd(b, ADC1 + ADC_SR) & 0x20, 0);
}

static void test_overrun_keeps_the_old_value(void **state)
{
    struct bench *b = *state;
    twin_analog_set(b->t, 0, 11);
    wr(b, ADC1 + ADC_CR1, 1u << 26);
    wr(b, ADC1 + ADC_CR2, SWSTART | 1u << 10 | 1); /* EOCS */
    run_ns(b, 10000);
    twin_analog_set(b->t, 0, 22);
    wr(b, ADC1 + ADC_CR2, SWSTART | 1u << 10 | 1);
    run_ns(b, 10000);
    assert_int_equal(rd(b, ADC1 + ADC_SR) & 0x22, 0x22);
    assert_true(irq_pending(b, 18));
    assert_int_equal(rd(b, ADC1 + ADC_DR), 11);
}

static void test_injected_and_watchdog(void **state)
{
    struct bench *b = *state;
    twin_analog_set(b->t, 3, 700);
    wr(b, ADC1 + ADC_JSQR, 3u << 15); /* one: rank 4 */
    wr(b, ADC1 + ADC_JOFR1, 50);
    wr(b, ADC1 + ADC_CR2, 1u << 22 | 1);
    run_ns(b, 10000);
    assert_int_equal(rd(b, ADC1 + ADC_SR) & 0xE, 0xC);
    assert_int_equal(rd(b, ADC1 + ADC_JDR1), 650);
    wr(b, ADC1 + ADC_HTR, 600);
    wr(b, ADC1 + ADC_SQR3, 3);
    wr(b, ADC1 + ADC_CR1, 1u << 23 | 1u << 6);
    wr(b, ADC1 + ADC_SR, 0);
    wr(b, ADC1 + ADC_CR2, SWSTART | 1);
    run_ns(b, 10000);
    assert_int_equal(rd(b, ADC1 + ADC_SR) & 1, 1);
    assert_true(irq_pending(b, 18));
}

static void test_inputs_inside_the_chip(void **state)
{
    struct bench *b = *state;
    wr(b, ADC1 + ADC_SQR3, 17);
    wr(b, ADC1 + ADC_CR2, SWSTART | 1);
    run_ns(b, 10000);
    assert_int_equal(rd(b, ADC1 + ADC_DR), 0); /* TSVREFE is 0 */
    wr(b, ADC_CCR, 1u << 23);
    wr(b, ADC1 + ADC_CR2, SWSTART | 1);
    run_ns(b, 10000);
    assert_in_range(rd(b, ADC1 + ADC_DR), 1490, 1515);
}

static void test_started_by_a_timer(void **state)
{
    struct bench *b = *state;
    wr(b, 0x4000002C, 1599); /* TIM2: every 100 us */
    wr(b, 0x40000004, 2u << 4);
    wr(b, ADC1 + ADC_CR2, 1u << 28 | 6u << 24 | 1); /* TIM2_TRGO, rising */
    start_dma(b, 100, 0);
    wr(b, ADC1 + ADC_CR2, rd(b, ADC1 + ADC_CR2) | 1u << 8);
    wr(b, 0x40000000, 1);
    run_ns(b, 1050000);
    assert_int_equal(rd(b, DMA2_S0 + 0x04), 90);
    expect_no_reports(b);
}

/* ---- DAC ---- */

static void test_dac_holding_registers(void **state)
{
    struct bench *b = *state;
    unsigned value = 0;
    wr(b, DAC + 0x08, 0x123);
    assert_false(twin_dac_output(b->t, 1, &value));
    wr(b, DAC, 1);
    assert_true(twin_dac_output(b->t, 1, &value));
    assert_int_equal(value, 0x123);
    assert_int_equal(rd(b, DAC + 0x2C), 0x123);
    wr(b, DAC + 0x0C, 0x4560);
    assert_int_equal(rd(b, DAC + 0x2C), 0x456);
    wr(b, DAC + 0x10, 0x78);
    assert_int_equal(rd(b, DAC + 0x2C), 0x780);
    wr(b, DAC, 0x00010001);
    wr(b, DAC + 0x20, 0x0ABC0DEF);
    assert_int_equal(rd(b, DAC + 0x2C), 0xDEF);
    assert_int_equal(rd(b, DAC + 0x30), 0xABC);
    wr(b, DAC, 1u << 2 | 7u << 3 | 1); /* by software */
    wr(b, DAC + 0x08, 0x111);
    assert_int_equal(rd(b, DAC + 0x2C), 0xDEF);
    wr(b, DAC + 0x04, 1);
    assert_int_equal(rd(b, DAC + 0x2C), 0x111);
    expect_no_reports(b);
}

/* A wave by DMA, an item each time that TIM6 says so. */
static void test_dac_by_timer_and_dma(void **state)
{
    struct bench *b = *state;
    const uint32_t stream = 0x40026010u + 0x18 * 5; /* DMA1 stream 5, channel 7 */
    for (uint32_t i = 0; i < 8; i++) {
        wr(b, 0x20000200 + 4 * i, 100 * i);
    }
    wr(b, TIM6 + 0x2C, 1599);
    wr(b, TIM6 + 0x04, 2u << 4);
    wr(b, stream + 0x08, DAC + 0x08);
    wr(b, stream + 0x0C, 0x20000200);
    wr(b, stream + 0x04, 8);
    wr(b, stream, 7u << 25 | 2u << 13 | 2u << 11 | 1u << 10 | 1u << 8 | 1u << 6 | 1);
    wr(b, DAC, 1u << 12 | 1u << 2 | 1);
    wr(b, TIM6, 1);
    run_ns(b, 550000); /* five triggers: the fifth puts out the fourth item */
    assert_int_equal(rd(b, DAC + 0x2C), 300);
    run_ns(b, 300000);
    assert_int_equal(rd(b, DAC + 0x2C), 600);
    assert_int_equal(rd(b, DAC + 0x34), 0);
    wr(b, stream, rd(b, stream) & ~1u); /* nobody brings the next */
    wr(b, DAC, 1u << 13 | 1u << 12 | 1u << 2 | 1);
    run_ns(b, 300000);
    assert_int_equal(rd(b, DAC + 0x34), 1u << 13);
    assert_true(irq_pending(b, 54));
    expect_no_reports(b);
}

static void test_what_is_not_modelled_is_told(void **state)
{
    struct bench *b = *state;
    wr(b, ADC1 + ADC_CR1, 1u << 11);
    wr(b, ADC_CCR, 6);
    wr(b, ADC1 + ADC_CR2, 1u << 28 | 15u << 24);
    wr(b, DAC, 1u << 6 | 1);
    expect_reports(b, TWIN_REPORT_UNMODELLED, 4);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(test_random_numbers),
        T(test_random_numbers_need_their_clock),
        T(test_single_conversion),
        T(test_start_without_adon),
        T(test_clocks_of_the_three),
        T(test_scan_with_dma),
        T(test_dma_without_dds_ends_after_one_round),
        T(test_overrun_keeps_the_old_value),
        T(test_injected_and_watchdog),
        T(test_inputs_inside_the_chip),
        T(test_started_by_a_timer),
        T(test_dac_holding_registers),
        T(test_dac_by_timer_and_dma),
        T(test_what_is_not_modelled_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
