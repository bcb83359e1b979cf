/* SPDX-License-Identifier: MIT */
/*
 * The watchdogs of the twin: when they bite, when they do not, and what they leave in RCC_CSR.
 * RM0090 21, 22.
 */
#include "fixture.h"

#define IWDG_KR  0x40003000u
#define IWDG_PR  0x40003004u
#define IWDG_RLR 0x40003008u
#define IWDG_SR  0x4000300Cu
#define WWDG_CR  0x40002C00u
#define WWDG_CFR 0x40002C04u
#define WWDG_SR  0x40002C08u
#define RCC_CSR  0x40023874u
#define APB1ENR  0x40023840u

static void test_iwdg_default_period(void **state)
{
    struct fixture *x = *state;
    wr(x, IWDG_KR, 0xCCCC); /* 4096 * 4 / 32 kHz = 512 ms */
    run_us(x, 511000);
    assert_int_equal(x->resets, 1); /* power-on */
    run_us(x, 2000);
    assert_int_equal(x->resets, 2);
    assert_string_equal(x->reset_cause, "independent watchdog");
    assert_int_equal(x->reports[TWIN_REPORT_WATCHDOG], 1);
    assert_int_equal(rd(x, RCC_CSR) & 1u << 29, 1u << 29);
    assert_int_equal(rd(x, RCC_CSR) & 1u << 26, 1u << 26);
    run_us(x, 2000000); /* off again after the reset */
    assert_int_equal(x->resets, 2);
}

static void test_iwdg_fed(void **state)
{
    struct fixture *x = *state;
    wr(x, IWDG_KR, 0xCCCC);
    wr(x, IWDG_KR, 0x5555);
    wr(x, IWDG_PR, 1);    /* / 8 */
    wr(x, IWDG_RLR, 399); /* 100 ms */
    assert_int_equal(rd(x, IWDG_SR), 3);
    run_us(x, 200);
    assert_int_equal(rd(x, IWDG_SR), 0);
    assert_int_equal(rd(x, IWDG_PR), 1);
    assert_int_equal(rd(x, IWDG_RLR), 399);
    assert_int_equal(rd(x, RCC_CSR) & 2, 2); /* it keeps LSI on */
    for (int i = 0; i < 20; i++) {
        wr(x, IWDG_KR, 0xAAAA);
        run_us(x, 95000);
    }
    assert_int_equal(x->resets, 1);
    wr(x, IWDG_KR, 0xAAAA);
    run_us(x, 101000);
    assert_int_equal(x->resets, 2);
}

static void test_iwdg_registers_are_locked(void **state)
{
    struct fixture *x = *state;
    wr(x, IWDG_PR, 3);
    wr(x, IWDG_RLR, 5);
    assert_int_equal(rd(x, IWDG_PR), 0);
    assert_int_equal(rd(x, IWDG_RLR), 0xFFF);
    assert_int_equal(x->reports[TWIN_REPORT_WATCHDOG], 2);
    wr(x, IWDG_KR, 0x5555);
    wr(x, IWDG_PR, 3);
    wr(x, IWDG_KR, 0xAAAA); /* closes them again */
    assert_int_equal(x->reports[TWIN_REPORT_WATCHDOG], 2);
    wr(x, IWDG_RLR, 5);
    assert_int_equal(total_reports(x), 3);
    assert_int_equal(rd(x, IWDG_PR), 3);
    assert_int_equal(rd(x, IWDG_RLR), 0xFFF);
    run_us(x, 10000);
    assert_int_equal(rd(x, IWDG_SR), 1); /* no LSI, no update */
    wr(x, IWDG_KR, 0xCCCC);
    run_us(x, 1000);
    assert_int_equal(rd(x, IWDG_SR), 0);
}

static void test_iwdg_second_write_during_an_update(void **state)
{
    struct fixture *x = *state;
    wr(x, IWDG_KR, 0xCCCC);
    wr(x, IWDG_KR, 0x5555);
    wr(x, IWDG_RLR, 100);
    wr(x, IWDG_RLR, 200);
    assert_int_equal(x->reports[TWIN_REPORT_WATCHDOG], 1);
    run_us(x, 1000);
    assert_int_equal(rd(x, IWDG_RLR), 100);
}

static void test_iwdg_in_hardware(void **state)
{
    struct fixture *x = *state;
    assert_int_equal(twin_set_option_bytes(x->t, 0xAA, 0xCC, 0xFFF), TWIN_OK); /* WDG_SW = 0 */
    run_us(x, 2000000);
    assert_int_equal(x->resets, 1); /* taken at the next reset only */
    twin_reset_pin(x->t);
    run_us(x, 1100000);
    assert_int_equal(x->resets, 4); /* the pin, then every 512 ms */
}

static void test_iwdg_stops_with_the_power(void **state)
{
    struct fixture *x = *state;
    wr(x, IWDG_KR, 0xCCCC);
    twin_power_off(x->t);
    run_us(x, 1000);
    (void)twin_run_ns(x->t, 2000000000);
    twin_power_on(x->t);
    run_us(x, 1000000);
    assert_int_equal(x->resets, 2);
    assert_int_equal(x->reports[TWIN_REPORT_WATCHDOG], 0);
}

static void wwdg_on(struct fixture *x)
{
    wr(x, APB1ENR, 1u << 11);
    (void)rd(x, APB1ENR);
}

/* One step is 4096 / 16 MHz = 256 us with WDGTB = 0. */
static void test_wwdg_runs_out(void **state)
{
    struct fixture *x = *state;
    wwdg_on(x);
    wr(x, WWDG_CR, 0xFF);
    run_us(x, UINT64_C(63) * 256 + 100);
    assert_int_equal(x->resets, 1);
    assert_int_equal(rd(x, WWDG_CR), 0x80 | 0x40);
    assert_int_equal(rd(x, WWDG_SR), 1); /* early warning */
    run_us(x, 256);
    assert_int_equal(x->resets, 2);
    assert_string_equal(x->reset_cause, "window watchdog");
    assert_int_equal(rd(x, RCC_CSR) & 1u << 30, 1u << 30);
}

static void test_wwdg_window(void **state)
{
    struct fixture *x = *state;
    wwdg_on(x);
    wr(x, WWDG_CFR, 0x60); /* fed from 0x60 down only */
    wr(x, WWDG_CR, 0xFF);
    run_us(x, UINT64_C(0x20) * 256); /* 0x7F - 0x20 = 0x5F */
    wr(x, WWDG_CR, 0xFF);
    run_us(x, 1000);
    assert_int_equal(x->resets, 1);
    wr(x, WWDG_CR, 0xFF); /* too early */
    run_us(x, 10);
    assert_int_equal(x->resets, 2);
    assert_int_equal(x->reports[TWIN_REPORT_WATCHDOG], 1);
}

static void test_wwdg_t6_low_bites_at_once(void **state)
{
    struct fixture *x = *state;
    wwdg_on(x);
    wr(x, WWDG_CR, 0xBF);
    run_us(x, 10);
    assert_int_equal(x->resets, 2);
}

static void test_wwdg_early_warning_interrupt(void **state)
{
    struct fixture *x = *state;
    wwdg_on(x);
    wr(x, WWDG_CFR, 0x7F | 0x200 | 0x180); /* EWI, / 8 */
    assert_int_equal(rd(x, WWDG_CFR), 0x3FF);
    wr(x, WWDG_CR, 0xC1);
    run_us(x, 2000);
    assert_int_equal(rd(x, WWDG_SR), 0);
    run_us(x, 100);
    assert_int_equal(rd(x, WWDG_SR), 1);
    assert_int_equal(rd(x, 0xE000E200) & 1, 1); /* WWDG is interrupt 0 */
    wr(x, WWDG_SR, 0);
    assert_int_equal(rd(x, WWDG_SR), 0);
    wr(x, WWDG_CR, 0xFF);
    run_us(x, 10000);
    assert_int_equal(x->resets, 1);
    wr(x, WWDG_CR, 0x7F); /* WDGA stays */
    assert_int_equal(rd(x, WWDG_CR), 0xFF);
}

static void test_wwdg_without_wdga_never_resets(void **state)
{
    struct fixture *x = *state;
    wwdg_on(x);
    run_us(x, 200000);
    assert_int_equal(x->resets, 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(test_iwdg_default_period),
        T(test_iwdg_fed),
        T(test_iwdg_registers_are_locked),
        T(test_iwdg_second_write_during_an_update),
        T(test_iwdg_in_hardware),
        T(test_iwdg_stops_with_the_power),
        T(test_wwdg_runs_out),
        T(test_wwdg_window),
        T(test_wwdg_t6_low_bites_at_once),
        T(test_wwdg_early_warning_interrupt),
        T(test_wwdg_without_wdga_never_resets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
