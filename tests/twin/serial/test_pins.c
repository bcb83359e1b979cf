/* SPDX-License-Identifier: MIT */
/*
 * Pins, their lock, EXTI lines; the CRC unit; the timers' time base.
 */
#include "bench.h"

#define EXTI    0x40013C00u
#define IMR     0x00u
#define EMR     0x04u
#define RTSR    0x08u
#define FTSR    0x0Cu
#define SWIER   0x10u
#define PR      0x14u
#define EXTICR1 0x40013808u
#define CRC_DR  0x40023000u
#define CRC_IDR 0x40023004u
#define CRC_CR  0x40023008u
#define TIM2    0x40000000u
#define TIM3    0x40000400u
#define TIM6    0x40001000u
#define TCR1    0x00u
#define DIER    0x0Cu
#define TSR     0x10u
#define EGR     0x14u
#define CNT     0x24u
#define PSC     0x28u
#define ARR     0x2Cu

static bool irq_pending(struct bench *b, unsigned irq)
{
    return (rd(b, NVIC_ISPR + 4 * (irq / 32)) >> (irq % 32) & 1) != 0;
}

/* ---- GPIO ---- */

static void test_output_and_callback(void **state)
{
    struct bench *b = *state;
    wr(b, GPIO('A') + MODER, 0xA8000400);
    assert_int_equal(b->pin_changes, 0);
    wr(b, GPIO('A') + BSRR, 1u << 5);
    assert_int_equal(b->pin_changes, 1);
    assert_int_equal(b->pin_port, 'A');
    assert_int_equal(b->pin, 5);
    assert_true(b->pin_level);
    assert_true(twin_pin_level(b->t, 'A', 5));
    assert_int_equal(rd(b, GPIO('A') + IDR) & (1u << 5), 1u << 5);
    wr16(b, GPIO('A') + BSRR + 2, 1u << 5); /* the half that resets */
    assert_int_equal(b->pin_changes, 2);
    assert_false(twin_pin_level(b->t, 'A', 5));
    wr(b, GPIO('A') + BSRR, 1u << 5 | 1u << 21); /* set wins */
    assert_true(twin_pin_level(b->t, 'A', 5));
    wr8(b, GPIO('A') + ODR, 0);
    assert_false(twin_pin_level(b->t, 'A', 5));
    assert_int_equal(b->pin_changes, 4);
    expect_no_reports(b);
}

static void test_pulls_outside_levels_and_analog(void **state)
{
    struct bench *b = *state;
    assert_false(twin_pin_level(b->t, 'C', 3)); /* floating */
    wr(b, GPIO('C') + PUPDR, 1u << 6);
    assert_true(twin_pin_level(b->t, 'C', 3));
    twin_pin_drive(b->t, 'C', 3, false);
    assert_int_equal(rd(b, GPIO('C') + IDR), 0);
    twin_pin_release(b->t, 'C', 3);
    assert_int_equal(rd(b, GPIO('C') + IDR), 1u << 3);
    wr(b, GPIO('C') + MODER, 3u << 6); /* analog: the input buffer is off */
    assert_int_equal(rd(b, GPIO('C') + IDR), 0);
    assert_int_equal(b->pin_changes, 0); /* no output was involved */
}

/* A resistor on the board holds a pin that nobody drives, against the chip's own pull too; and an
 * output that lets go of it has changed. */
static void test_a_resistor_on_the_board(void **state)
{
    struct bench *b = *state;
    twin_pin_pull(b->t, 'C', 3, true);
    assert_true(twin_pin_level(b->t, 'C', 3));
    wr(b, GPIO('C') + PUPDR, 2u << 6);
    assert_true(twin_pin_level(b->t, 'C', 3));
    wr(b, GPIO('C') + MODER, 1u << 6);
    assert_false(twin_pin_level(b->t, 'C', 3));
    assert_int_equal(b->pin_changes, 1);
    wr(b, GPIO('C') + MODER, 0);
    assert_true(twin_pin_level(b->t, 'C', 3));
    assert_int_equal(b->pin_changes, 2);
    assert_true(b->pin_level);
    twin_pin_drive(b->t, 'C', 3, false);
    assert_false(twin_pin_level(b->t, 'C', 3));
    twin_pin_pull(b->t, 'J', 3, true); /* there is no such port, or pin */
    twin_pin_pull(b->t, 'C', 16, true);
    expect_no_reports(b);
}

static void test_open_drain(void **state)
{
    struct bench *b = *state;
    wr(b, GPIO('D') + OTYPER, 1);
    wr(b, GPIO('D') + MODER, 1);
    assert_false(twin_pin_level(b->t, 'D', 0));
    wr(b, GPIO('D') + BSRR, 1);
    assert_false(twin_pin_level(b->t, 'D', 0)); /* nobody pulls it up */
    wr(b, GPIO('D') + PUPDR, 1);
    assert_true(twin_pin_level(b->t, 'D', 0));
    twin_pin_drive(b->t, 'D', 0, false); /* wired and */
    assert_false(twin_pin_level(b->t, 'D', 0));
    expect_no_reports(b);
    twin_pin_drive(b->t, 'D', 0, true);
    wr(b, GPIO('D') + BSRR, 1u << 16); /* now it pulls against a strong high */
    expect_reports(b, TWIN_REPORT_OTHER, 1);
}

static void test_lock_sequence(void **state)
{
    struct bench *b = *state;
    uint32_t e = GPIO('E');
    wr(b, e + LCKR, 0x10000 | 1); /* wrong: the mask changes in the middle */
    wr(b, e + LCKR, 2);
    wr(b, e + LCKR, 0x10000 | 1);
    (void)rd(b, e + LCKR);
    wr(b, e + MODER, 5);
    assert_int_equal(rd(b, e + MODER), 5);
    wr(b, e + LCKR, 0x10000 | 1);
    wr(b, e + LCKR, 1);
    wr(b, e + LCKR, 0x10000 | 1);
    (void)rd(b, e + LCKR);
    assert_int_equal(rd(b, e + LCKR), 0x10001);
    wr(b, e + MODER, 9);
    expect_no_reports(b); /* pin 0 is asked to stay as it is */
    wr(b, e + MODER, 0);
    assert_int_equal(rd(b, e + MODER), 1); /* pin 0 stays, pin 1 obeys */
    expect_reports(b, TWIN_REPORT_OTHER, 1);
    wr(b, e + AFRL, 0xFF);
    assert_int_equal(rd(b, e + AFRL), 0xF0);
    expect_reports(b, TWIN_REPORT_OTHER, 2);
    wr(b, e + LCKR, 2);
    expect_reports(b, TWIN_REPORT_OTHER, 3);
    wr(b, e + BSRR, 1); /* its level is free */
    assert_true(twin_pin_level(b->t, 'E', 0));
    wr(b, 0x40023810, 1u << 4); /* RCC_AHB1RSTR ends the lock */
    wr(b, 0x40023810, 0);
    wr(b, e + MODER, 2);
    assert_int_equal(rd(b, e + MODER), 2);
}

static void test_reset_values(void **state)
{
    struct bench *b = *state;
    assert_int_equal(rd(b, GPIO('A') + MODER), 0xA8000000);
    assert_int_equal(rd(b, GPIO('A') + PUPDR), 0x64000000);
    assert_int_equal(rd(b, GPIO('B') + MODER), 0x00000280);
    assert_int_equal(rd(b, GPIO('B') + OSPEEDR), 0x000000C0);
    assert_int_equal(rd(b, GPIO('B') + PUPDR), 0x00000100);
    assert_int_equal(rd(b, GPIO('C') + MODER), 0);
    assert_int_equal(rd(b, GPIO('A') + IDR), 0xA000); /* JTMS and JTDI are pulled up */
}

/* ---- EXTI ---- */

static void test_exti_edges(void **state)
{
    struct bench *b = *state;
    wr(b, EXTICR1, 2); /* line 0: port C */
    wr(b, EXTI + IMR, 1);
    wr(b, EXTI + RTSR, 1);
    twin_pin_drive(b->t, 'A', 0, true); /* another port */
    assert_int_equal(rd(b, EXTI + PR), 0);
    twin_pin_drive(b->t, 'C', 0, true);
    assert_int_equal(rd(b, EXTI + PR), 1);
    assert_true(irq_pending(b, 6));
    wr(b, EXTI + PR, 1);
    assert_int_equal(rd(b, EXTI + PR), 0);
    twin_pin_drive(b->t, 'C', 0, false); /* falling is not asked for */
    assert_int_equal(rd(b, EXTI + PR), 0);
    wr(b, EXTI + FTSR, 1);
    wr(b, EXTI + RTSR, 0);
    twin_pin_drive(b->t, 'C', 0, true);
    assert_int_equal(rd(b, EXTI + PR), 0);
    twin_pin_drive(b->t, 'C', 0, false);
    assert_int_equal(rd(b, EXTI + PR), 1);
}

static void test_exti_software_and_mask(void **state)
{
    struct bench *b = *state;
    wr(b, EXTI + SWIER, 1u << 12);
    assert_int_equal(rd(b, EXTI + PR), 1u << 12);
    assert_int_equal(rd(b, EXTI + SWIER), 1u << 12);
    assert_false(irq_pending(b, 40));
    wr(b, EXTI + IMR, 1u << 12);
    assert_true(irq_pending(b, 40));
    wr(b, EXTI + PR, 1u << 12);
    assert_int_equal(rd(b, EXTI + SWIER), 0);
}

static void test_exti_of_a_pin_the_chip_drives(void **state)
{
    struct bench *b = *state;
    wr(b, EXTICR1, 2u << 4);
    wr(b, EXTI + RTSR, 2);
    wr(b, GPIO('C') + MODER, 1u << 2);
    wr(b, GPIO('C') + BSRR, 2);
    assert_int_equal(rd(b, EXTI + PR), 2);
}

/* 1: wfe, count at 0x20000000, b 1b */
static const uint8_t waiter[] = {0x00, 0x04, 0x00, 0x20, 0x09, 0x00, 0x00, 0x08, 0x20, 0x21, 0x09,
                                 0x06, 0x20, 0xBF, 0x08, 0x68, 0x01, 0x30, 0x08, 0x60, 0xFA, 0xE7};

static void test_exti_event_ends_wfe(void **state)
{
    struct bench *b = *state;
    assert_int_equal(twin_load(b->t, 0x08000000, waiter, sizeof waiter), TWIN_OK);
    twin_reset_pin(b->t);
    run_ns(b, 100000);
    wr(b, EXTI + RTSR, 1);
    uint32_t before = rd(b, 0x20000000);
    twin_pin_drive(b->t, 'A', 0, true); /* not enabled as an event */
    run_ns(b, 100000);
    assert_int_equal(rd(b, 0x20000000), before);
    twin_pin_drive(b->t, 'A', 0, false);
    wr(b, EXTI + EMR, 1);
    twin_pin_drive(b->t, 'A', 0, true);
    run_ns(b, 100000);
    assert_int_equal(rd(b, 0x20000000), before + 1);
    expect_no_reports(b);
}

/* ---- CRC ---- */

static void test_crc_check_words(void **state)
{
    struct bench *b = *state;
    static const struct {
        uint8_t len, bytes[7];
        uint32_t crc;
    } checks[] = {
        {2, {0x01, 0x51}, 0x5C5F6A64},
        {4, {0x03, 0x56, 0x02, 0x01}, 0xA20BA54E},
        {7, {0x06, 0x59, 0x00, 0x80, 0x00, 0x08, 0x10}, 0x423802FE},
        {2, {0x05, 0x51}, 0x7CABE9E7},
    };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        wr(b, CRC_CR, 1);
        assert_int_equal(rd(b, CRC_DR), 0xFFFFFFFF);
        for (unsigned k = 0; k < checks[i].len; k++) {
            wr(b, CRC_DR, checks[i].bytes[k]);
        }
        assert_int_equal(rd(b, CRC_DR), checks[i].crc);
    }
    expect_no_reports(b);
    wr8(b, CRC_DR, 1);
    expect_reports(b, TWIN_REPORT_OTHER, 1);
}

static void test_crc_idr_survives_its_reset(void **state)
{
    struct bench *b = *state;
    wr(b, CRC_IDR, 0x1A5);
    wr(b, CRC_CR, 1);
    assert_int_equal(rd(b, CRC_IDR), 0xA5);
}

/* ---- timers ---- */

static void test_counter_and_update_rate(void **state)
{
    struct bench *b = *state;
    wr(b, TIM2 + PSC, 15); /* 1 MHz, from the next update on */
    wr(b, TIM2 + ARR, 999);
    wr(b, TIM2 + EGR, 1);
    assert_int_equal(rd(b, TIM2 + TSR) & 1, 1);
    wr(b, TIM2 + TSR, 0);
    wr(b, TIM2 + DIER, 1);
    wr(b, TIM2 + TCR1, 1);
    run_ns(b, 500500);
    assert_int_equal(rd(b, TIM2 + CNT), 500);
    assert_int_equal(rd(b, TIM2 + TSR) & 1, 0);
    run_ns(b, 499000);
    assert_int_equal(rd(b, TIM2 + CNT), 999);
    assert_false(irq_pending(b, 28));
    run_ns(b, 1000);
    assert_int_equal(rd(b, TIM2 + CNT), 0);
    assert_int_equal(rd(b, TIM2 + TSR) & 1, 1);
    assert_true(irq_pending(b, 28));
    wr(b, TIM2 + TSR, (uint32_t)~1);
    assert_int_equal(rd(b, TIM2 + TSR) & 1, 0);
    run_ns(b, 7000000 + 250000);
    assert_int_equal(rd(b, TIM2 + CNT), 250);
    expect_no_reports(b);
}

static void test_psc_waits_for_the_update(void **state)
{
    struct bench *b = *state;
    wr(b, TIM3 + ARR, 15999); /* 1 ms without prescaler */
    wr(b, TIM3 + TCR1, 1);
    wr(b, TIM3 + PSC, 1);
    run_ns(b, 500000);
    assert_int_equal(rd(b, TIM3 + CNT) / 10, 800);
    run_ns(b, 500000 + 1000000);
    assert_int_equal(rd(b, TIM3 + CNT) / 10, 800); /* now half as fast */
}

static void test_arr_preload(void **state)
{
    struct bench *b = *state;
    wr(b, TIM6 + ARR, 1599);
    wr(b, TIM6 + EGR, 1);
    wr(b, TIM6 + TSR, 0);
    wr(b, TIM6 + TCR1, 0x81); /* ARPE */
    wr(b, TIM6 + ARR, 159);
    run_ns(b, 90000);
    assert_int_equal(rd(b, TIM6 + TSR) & 1, 0);
    run_ns(b, 11000);
    assert_int_equal(rd(b, TIM6 + TSR) & 1, 1);
    wr(b, TIM6 + TSR, 0);
    run_ns(b, 10000); /* the short one is in force */
    assert_int_equal(rd(b, TIM6 + TSR) & 1, 1);
}

static void test_one_pulse_down_counting_and_urs(void **state)
{
    struct bench *b = *state;
    wr(b, TIM3 + ARR, 1599);
    wr(b, TIM3 + TCR1, 0x04); /* URS: UG sets no flag */
    wr(b, TIM3 + EGR, 1);
    assert_int_equal(rd(b, TIM3 + TSR) & 1, 0);
    wr(b, TIM3 + TCR1, 0x19); /* DIR, OPM, CEN */
    wr(b, TIM3 + CNT, 799);
    run_ns(b, 25000);
    assert_int_equal(rd(b, TIM3 + CNT), 399);
    run_ns(b, 30000);
    assert_int_equal(rd(b, TIM3 + TSR) & 1, 1);
    assert_int_equal(rd(b, TIM3 + TCR1) & 1, 0);
    assert_int_equal(rd(b, TIM3 + CNT), 1599);
}

static void test_width_of_counters(void **state)
{
    struct bench *b = *state;
    wr(b, TIM2 + ARR, 0xFFFFFFFF);
    wr(b, TIM3 + ARR, 0xFFFFFFFF);
    assert_int_equal(rd(b, TIM2 + ARR), 0xFFFFFFFF);
    assert_int_equal(rd(b, TIM3 + ARR), 0xFFFF);
    wr(b, TIM2 + TCR1, 1);
    run_ns(b, 10000000);
    assert_int_equal(rd(b, TIM2 + CNT) / 100, 1600);
}

/* Every register of a timer that would do something on the chip, once each; nothing for a 0. */
static void test_timer_registers_without_function_are_told(void **state)
{
    struct bench *b = *state;
    static const struct {
        uint32_t addr, value, kept;
    } uses[] = {
        {TIM2 + 0x04, 0x80, 0x80},     {TIM2 + 0x18, 3, 3},
        {TIM2 + 0x50, 0xFFFF, 0x0C00}, {0x40000C50, 0xFFFF, 0x00C0}, /* TIM5_OR */
        {TIM3 + 0x08, 5, 5},
    };
    for (unsigned i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        wr(b, uses[i].addr, 0);
        expect_reports(b, TWIN_REPORT_UNMODELLED, i);
        wr(b, uses[i].addr, uses[i].value);
        wr(b, uses[i].addr, uses[i].value);
        assert_int_equal(rd(b, uses[i].addr), uses[i].kept);
        expect_reports(b, TWIN_REPORT_UNMODELLED, i + 1);
    }
    wr(b, TIM6 + 0x04, 0xFFFF);
    assert_int_equal(rd(b, TIM6 + 0x04), 0x70);
    wr(b, TIM3 + 0x50, 0xFFFF); /* not there */
    wr(b, TIM6 + 0x34, 0xFFFF);
    assert_int_equal(rd(b, TIM3 + 0x50), 0);
    assert_int_equal(rd(b, TIM6 + 0x34), 0);
    expect_reports(b, TWIN_REPORT_UNMODELLED, sizeof uses / sizeof uses[0]);
}

static void test_syscfg_bits_without_function_are_told(void **state)
{
    struct bench *b = *state;
    wr(b, 0x40013804, 0);
    wr(b, 0x40013820, 0);
    expect_no_reports(b);
    wr(b, 0x40013804, 1u << 23); /* MII_RMII_SEL */
    expect_reports(b, TWIN_REPORT_UNMODELLED, 1);
    wr(b, 0x40013820, 1); /* compensation cell */
    assert_int_equal(rd(b, 0x40013820), 0x101);
    expect_reports(b, TWIN_REPORT_UNMODELLED, 2);
}

static void test_apb_prescaler_doubles_the_timer_clock(void **state)
{
    struct bench *b = *state;
    wr(b, RCC_CFGR, 5u << 10); /* APB1 / 4: timers at half of HCLK */
    wr(b, TIM3 + ARR, 0xFFFF);
    wr(b, TIM3 + TCR1, 1);
    run_ns(b, 1000000);
    assert_int_equal(rd(b, TIM3 + CNT) / 10, 800);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)
    const struct CMUnitTest tests[] = {
        T(test_output_and_callback),
        T(test_pulls_outside_levels_and_analog),
        T(test_a_resistor_on_the_board),
        T(test_open_drain),
        T(test_lock_sequence),
        T(test_reset_values),
        T(test_exti_edges),
        T(test_exti_software_and_mask),
        T(test_exti_of_a_pin_the_chip_drives),
        T(test_exti_event_ends_wfe),
        T(test_crc_check_words),
        T(test_crc_idr_survives_its_reset),
        T(test_counter_and_update_rate),
        T(test_psc_waits_for_the_update),
        T(test_arr_preload),
        T(test_one_pulse_down_counting_and_urs),
        T(test_width_of_counters),
        T(test_timer_registers_without_function_are_told),
        T(test_syscfg_bits_without_function_are_told),
        T(test_apb_prescaler_doubles_the_timer_clock),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
