/* SPDX-License-Identifier: MIT */
/*
 * PWR, backup SRAM, RTC backup registers and DBGMCU of the twin. RM0090 5.1.2, 5.4, 26.6.20, 38.
 */
#include "fixture.h"

#define APB1ENR    0x40023840u
#define AHB1ENR    0x40023830u
#define PWR_CR     0x40007000u
#define PWR_CSR    0x40007004u
#define BKPSRAM    0x40024000u
#define RTC_BKP0R  0x40002850u
#define RTC_BKP19R 0x4000289Cu
#define RTC_TR     0x40002800u
#define RCC_BDCR   0x40023870u

static void enable(struct fixture *x, uint32_t enr, unsigned bit)
{
    wr(x, enr, rd(x, enr) | 1u << bit);
    (void)rd(x, enr);
}

static void open_domain(struct fixture *x)
{
    enable(x, APB1ENR, 28);
    wr(x, PWR_CR, 0x4100);
    enable(x, AHB1ENR, 18);
}

static void test_backup_sram_needs_three_things(void **state)
{
    struct fixture *x = *state;
    wr(x, BKPSRAM, 1); /* no clock */
    assert_int_equal(x->reports[TWIN_REPORT_CLOCK_OFF], 1);
    enable(x, AHB1ENR, 18);
    uint32_t before = rd(x, BKPSRAM);
    wr(x, BKPSRAM, ~before); /* no DBP */
    assert_int_equal(x->reports[TWIN_REPORT_OTHER], 1);
    assert_int_equal(rd(x, BKPSRAM), before);
    wr(x, PWR_CR, 0x4100); /* PWR itself has no clock */
    assert_int_equal(x->reports[TWIN_REPORT_CLOCK_OFF], 2);
    wr(x, BKPSRAM, ~before);
    assert_int_equal(rd(x, BKPSRAM), before);
    open_domain(x);
    wr(x, BKPSRAM, 0x11223344);
    assert_true(wr_width(x, BKPSRAM + 2, 1, 0x55));
    assert_int_equal(rd(x, BKPSRAM), 0x11553344);
    assert_int_equal(rd_width(x, BKPSRAM + 2, 2), 0x1155);
    wr(x, BKPSRAM + 0xFFC, 7);
    assert_int_equal(rd(x, BKPSRAM + 0xFFC), 7);
}

static void test_backup_sram_and_its_regulator(void **state)
{
    struct fixture *x = *state;
    open_domain(x);
    wr(x, BKPSRAM, 0x11223344);
    twin_reset_pin(x->t); /* a reset does not touch it */
    open_domain(x);
    assert_int_equal(rd(x, BKPSRAM), 0x11223344);
    twin_power_off(x->t);
    twin_power_on(x->t);
    open_domain(x);
    assert_int_not_equal(rd(x, BKPSRAM), 0x11223344); /* no regulator: lost */
    wr(x, PWR_CSR, 0x200);
    run_us(x, 100);
    assert_int_equal(rd(x, PWR_CSR) & 0x208, 0x208); /* BRE, BRR */
    wr(x, BKPSRAM, 0x11223344);
    twin_power_off(x->t);
    twin_power_on(x->t);
    open_domain(x);
    assert_int_equal(rd(x, BKPSRAM), 0x11223344);
}

static void test_backup_registers(void **state)
{
    struct fixture *x = *state;
    wr(x, RTC_BKP0R, 1);
    assert_int_equal(rd(x, RTC_BKP0R), 0);
    assert_int_equal(x->reports[TWIN_REPORT_OTHER], 1);
    open_domain(x);
    wr(x, RTC_BKP0R, 0xDEADBEEF);
    wr(x, RTC_BKP19R, 0x12345678);
    twin_reset_pin(x->t);
    assert_int_equal(rd(x, RTC_BKP0R), 0xDEADBEEF);
    twin_power_off(x->t);
    twin_power_on(x->t); /* VBAT keeps them */
    assert_int_equal(rd(x, RTC_BKP0R), 0xDEADBEEF);
    assert_int_equal(rd(x, RTC_BKP19R), 0x12345678);
    open_domain(x);
    wr(x, BKPSRAM, 5);
    wr(x, RCC_BDCR, 0x10000);
    wr(x, RCC_BDCR, 0);
    assert_int_equal(rd(x, RTC_BKP0R), 0);
    assert_int_equal(rd(x, RTC_BKP19R), 0);
    assert_int_equal(rd(x, BKPSRAM), 5); /* BDRST spares the backup SRAM */
}

static void test_dbp_falls_with_a_reset(void **state)
{
    struct fixture *x = *state;
    open_domain(x);
    assert_int_equal(rd(x, PWR_CR), 0x4100);
    twin_reset_pin(x->t);
    enable(x, APB1ENR, 28);
    assert_int_equal(rd(x, PWR_CR), 0x4000);
}

static void test_regulator_ready(void **state)
{
    struct fixture *x = *state;
    run_us(x, 100);
    enable(x, APB1ENR, 28);
    assert_int_equal(rd(x, PWR_CSR), 0x4000); /* VOSRDY */
    wr(x, PWR_CR, 0);
    assert_int_equal(rd(x, PWR_CSR), 0);
    run_us(x, 100);
    assert_int_equal(rd(x, PWR_CSR), 0x4000);
}

static void test_dbgmcu(void **state)
{
    struct fixture *x = *state;
    assert_int_equal(rd(x, 0xE0042000) & 0xFFF, 0x413);
    wr(x, 0xE0042000, 0);
    assert_int_equal(rd(x, 0xE0042000) & 0xFFF, 0x413);
    wr(x, 0xE0042004, 7);
    wr(x, 0xE0042008, 0x1800);
    twin_reset_pin(x->t); /* only power-on clears them */
    assert_int_equal(rd(x, 0xE0042004), 7);
    assert_int_equal(rd(x, 0xE0042008), 0x1800);
    twin_power_off(x->t);
    twin_power_on(x->t);
    assert_int_equal(rd(x, 0xE0042004), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(test_backup_sram_needs_three_things),
        T(test_backup_sram_and_its_regulator),
        T(test_backup_registers),
        T(test_dbp_falls_with_a_reset),
        T(test_regulator_ready),
        T(test_dbgmcu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
