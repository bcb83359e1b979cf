/* SPDX-License-Identifier: MIT */
/*
 * Stop mode: what stands still in it, what wakes the core, and what clocks it has then; and
 * Standby, which a reset ends. RM0090 5.3.5, 5.3.6, 5.4.
 */
#include "fixture.h"

#define RCC_CR      0x40023800u
#define RCC_PLLCFGR 0x40023804u
#define RCC_CFGR    0x40023808u
#define RCC_APB1ENR 0x40023840u
#define RCC_BDCR    0x40023870u
#define RCC_CSR     0x40023874u
#define PWR_CR      0x40007000u
#define PWR_CSR     0x40007004u
#define AHB1ENR     0x40023830u
#define GPIOB_MODER 0x40020400u
#define GPIOB_ODR   0x40020414u
#define RTC_BKP0R   0x40002850u
#define EXTI_IMR    0x40013C00u
#define EXTI_RTSR   0x40013C08u
#define EXTI_PR     0x40013C14u
#define NVIC_ISER   0xE000E100u
#define SCB_SCR     0xE000ED10u
#define TIM2_CNT    0x40000024u
#define SYST_CVR    0xE000E018u
#define WAKES       0x20000100u
#define KEPT        0x20000200u

/* PRIMASK is set; after each wfi a count at WAKES, EXTI's and NVIC's pending bits cleared. */
static const uint16_t program_code[] = {0x1000, 0x2000, 0x0009, 0x0800, 0xB672, 0x4807, 0xBF30,
                                        0x6801, 0x3101, 0x6001, 0x4A05, 0x4B06, 0x6013, 0x4A06,
                                        0xF06F, 0x0300, 0x6013, 0x6053, 0xE7F2, 0x0000, 0x0100,
                                        0x2000, 0x3C14, 0x4001, 0x0001, 0x0046, 0xE280, 0xE000};

static int setup(void **state)
{
    (void)fixture_setup(state);
    struct fixture *x = *state;
    assert_int_equal(twin_load(x->t, FLASH_BASE, program_code, sizeof program_code), TWIN_OK);
    twin_reset_pin(x->t);
    run_us(x, 10);
    wr(x, WAKES, 0);
    wr(x, RCC_APB1ENR, 1u << 28 | 1);
    (void)rd(x, RCC_APB1ENR);
    wr(x, 0x40000000, 1); /* TIM2 counts */
    wr(x, EXTI_IMR, 1);
    wr(x, EXTI_RTSR, 1);
    wr(x, NVIC_ISER, 1u << 6);
    return 0;
}

static void wake(struct fixture *x)
{
    twin_pin_drive(x->t, 'A', 0, true);
    run_us(x, 1);
    twin_pin_drive(x->t, 'A', 0, false);
}

static void test_sleep_keeps_the_clocks(void **state)
{
    struct fixture *x = *state;
    uint32_t before = rd(x, TIM2_CNT);
    run_us(x, 1000);
    assert_in_range(rd(x, TIM2_CNT) - before, 15990, 16010);
    wake(x);
    run_us(x, 2); /* no wake-up time */
    assert_int_equal(rd(x, WAKES), 1);
    assert_int_equal(total_reports(x), 0);
}

static void test_stop_until_a_pin(void **state)
{
    struct fixture *x = *state;
    wr(x, 0xE000E014, 0xFFFFFF); /* SysTick, without interrupt */
    wr(x, 0xE000E010, 5);
    run_us(x, 1);
    uint32_t before = rd(x, TIM2_CNT), systick = rd(x, SYST_CVR);
    wr(x, SCB_SCR, 4);
    run_us(x, 1000000);
    assert_int_equal(rd(x, WAKES), 0);
    wr(x, SCB_SCR, 0);
    wake(x);
    run_us(x, 11);
    assert_int_equal(rd(x, WAKES), 0); /* 13 us until HSI and the regulator are there */
    run_us(x, 5);
    assert_int_equal(rd(x, WAKES), 1);
    assert_in_range(rd(x, TIM2_CNT) - before, 100, 400); /* time between, not a second */
    assert_in_range(systick - rd(x, SYST_CVR), 100, 400);
    assert_int_equal(total_reports(x), 0);
}

static void test_clocks_after_it(void **state)
{
    struct fixture *x = *state;
    wr(x, FLASH_ACR, 2);
    wr(x, RCC_CR, rd(x, RCC_CR) | 1u << 16);
    run_us(x, 2100);
    wr(x, RCC_PLLCFGR, 0x20000000 | 8 | 336 << 6 | 1 << 16 | 1 << 22 | 7 << 24);
    wr(x, RCC_CR, rd(x, RCC_CR) | 1u << 24);
    run_us(x, 300);
    wr(x, RCC_CFGR, 0x1000);
    wr(x, RCC_CFGR, 0x1002);
    wr(x, RCC_CR, rd(x, RCC_CR) & ~1u); /* HSI off */
    assert_int_equal(twin_hclk_hz(x->t), 84000000);
    wr(x, PWR_CR, 0x4001); /* LPDS */
    wr(x, SCB_SCR, 4);
    run_us(x, 1000);
    wr(x, SCB_SCR, 0);
    wake(x);
    run_us(x, 14);
    assert_int_equal(rd(x, WAKES), 0);
    run_us(x, 10);
    assert_int_equal(rd(x, WAKES), 1);
    assert_int_equal(twin_hclk_hz(x->t), 16000000);
    assert_int_equal(rd(x, RCC_CFGR), 0x1000); /* SW: HSI; prescalers stay */
    assert_int_equal(rd(x, RCC_CR) & 0x03030003, 3);
    assert_int_equal(total_reports(x), 0);
}

/* What peripherals would have asked for comes when they have a clock again; meanwhile it wakes
 * nobody. */
static void test_a_timer_wakes_nobody(void **state)
{
    struct fixture *x = *state;
    wr(x, 0x4000000C, 2); /* CC1IE */
    wr(x, 0x40000034, rd(x, TIM2_CNT) + 16000);
    wr(x, NVIC_ISER, 1u << 28);
    wr(x, SCB_SCR, 4);
    run_us(x, 100000);
    assert_int_equal(rd(x, WAKES), 0);
    wr(x, SCB_SCR, 0);
    wake(x);
    run_us(x, 100);
    assert_int_equal(rd(x, WAKES), 1);
    run_us(x, 1000);
    assert_in_range(rd(x, WAKES), 2, 100000); /* its flag stays: it wakes again and again */
}

/* The RTC's, from LSI: a second. */
static void start_wakeup_timer(struct fixture *x)
{
    wr(x, PWR_CR, 0x4100);
    wr(x, RCC_CSR, 1);
    run_us(x, 100);
    wr(x, RCC_BDCR, 0x8200);
    wr(x, 0x40002824, 0xCA);
    wr(x, 0x40002824, 0x53);
    wr(x, 0x40002814, 1999); /* a second */
    wr(x, 0x40002808, 0x4400);
}

static void test_the_rtc_wakes(void **state)
{
    struct fixture *x = *state;
    start_wakeup_timer(x);
    wr(x, EXTI_IMR, 1u << 22);
    wr(x, EXTI_RTSR, 1u << 22);
    wr(x, NVIC_ISER, 1u << 3);
    wr(x, SCB_SCR, 4);
    run_us(x, 999000);
    assert_int_equal(rd(x, WAKES), 0);
    run_us(x, 2000);
    assert_int_equal(rd(x, WAKES), 1);
}

/* An EXTI line that is pending already keeps it out of Stop. */
static void test_entry_is_ignored_while_a_line_is_pending(void **state)
{
    struct fixture *x = *state;
    wr(x, 0xE000E180, 1u << 6); /* not enabled in NVIC: it does not wake from sleep */
    twin_pin_drive(x->t, 'A', 0, true);
    assert_int_equal(rd(x, EXTI_PR), 1);
    wr(x, SCB_SCR, 4);
    run_us(x, 100);
    assert_int_equal(rd(x, WAKES), 1); /* went on, and cleared it */
    run_us(x, 10000);
    assert_int_equal(rd(x, WAKES), 1);
}

static void test_flash_comes_first(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    wr(x, FLASH_CR, CR_SER | CR_X32 | 5u << 3);
    wr(x, FLASH_CR, CR_SER | CR_X32 | 5u << 3 | CR_STRT);
    wr(x, SCB_SCR, 4);
    uint32_t before = rd(x, TIM2_CNT);
    run_us(x, 5000000);
    wr(x, SCB_SCR, 0);
    wake(x);
    run_us(x, 100);
    assert_int_equal(rd(x, FLASH_SR) & SR_BSY, 0);
    assert_in_range(rd(x, TIM2_CNT) - before, 16000000, 16010000); /* the second of the erase */
}

/* ---- Standby, RM0090 5.3.6 ---- */

static uint64_t resets(const struct fixture *x)
{
    struct twin_counters counters;
    twin_get_counters(x->t, &counters);
    return counters.resets;
}

/* The core sleeps already, and goes there with csr in PWR_CSR. */
static void standby(struct fixture *x, uint32_t csr)
{
    wr(x, PWR_CR, 0x4102); /* PDDS, DBP */
    wr(x, PWR_CSR, csr);
    wr(x, RTC_BKP0R, 0x12345678);
    wr(x, KEPT, 0x12345678);
    wr(x, AHB1ENR, rd(x, AHB1ENR) | 2);
    (void)rd(x, AHB1ENR);
    wr(x, GPIOB_MODER, 1u << 10); /* PB5 is high */
    wr(x, GPIOB_ODR, 1u << 5);
    assert_true(twin_pin_level(x->t, 'B', 5));
    wr(x, SCB_SCR, 4);
    run_us(x, 10);
}

/* After it: as after power-on, but for the backup domain and the flags. */
static void expect_came_back(struct fixture *x, uint32_t flags)
{
    assert_int_equal(rd(x, SCB_SCR), 0);
    assert_int_equal(rd(x, RCC_CSR) >> 24, 0x0E);
    assert_int_not_equal(rd(x, KEPT), 0x12345678);
    wr(x, RCC_APB1ENR, 1u << 28);
    (void)rd(x, RCC_APB1ENR);
    assert_int_equal(rd(x, PWR_CSR) & 0x103, flags);
    assert_int_equal(rd(x, RTC_BKP0R), 0x12345678);
    assert_int_equal(x->reports[TWIN_REPORT_UNMODELLED], 0);
}

static void test_standby_until_the_pin(void **state)
{
    struct fixture *x = *state;
    uint64_t before = resets(x);
    standby(x, 0x100); /* EWUP */
    run_us(x, 1000000);
    assert_int_equal(resets(x), before);
    assert_false(twin_pin_level(x->t, 'B', 5)); /* it let go */
    wake(x);
    run_us(x, 100);
    assert_int_equal(resets(x), before + 1);
    expect_came_back(x, 0x103);
    wr(x, PWR_CR, 0x400C); /* CWUF, CSBF */
    assert_int_equal(rd(x, PWR_CSR) & 0x103, 0x100);
    assert_int_equal(rd(x, PWR_CR), 0x4000);
}

/* Without EWUP the pin is nothing; NRST ends it, and is no wake-up. */
static void test_standby_until_a_reset(void **state)
{
    struct fixture *x = *state;
    uint64_t before = resets(x);
    standby(x, 0);
    wake(x);
    run_us(x, 1000);
    assert_int_equal(resets(x), before);
    twin_reset_pin(x->t);
    run_us(x, 100);
    assert_int_equal(resets(x), before + 1);
    expect_came_back(x, 0x002);
    twin_reset_pin(x->t); /* SBF outlives that, too, but no power-on */
    wr(x, RCC_APB1ENR, 1u << 28);
    (void)rd(x, RCC_APB1ENR);
    assert_int_equal(rd(x, PWR_CSR) & 3, 2);
    twin_power_off(x->t);
    twin_power_on(x->t);
    wr(x, RCC_APB1ENR, 1u << 28);
    (void)rd(x, RCC_APB1ENR);
    assert_int_equal(rd(x, PWR_CSR) & 3, 0);
}

static void test_standby_until_the_rtc(void **state)
{
    struct fixture *x = *state;
    uint64_t before = resets(x);
    start_wakeup_timer(x);
    standby(x, 0);
    run_us(x, 998000);
    assert_int_equal(resets(x), before);
    run_us(x, 3000);
    assert_int_equal(resets(x), before + 1);
    expect_came_back(x, 0x003);
}

/* The flag of an earlier wake-up has not been cleared. Assumed: it ends at once. */
static void test_standby_with_a_flag(void **state)
{
    struct fixture *x = *state;
    uint64_t before = resets(x);
    wr(x, PWR_CSR, 0x100);
    twin_pin_drive(x->t, 'A', 0, true);
    assert_int_equal(rd(x, PWR_CSR) & 0x103, 0x101);
    twin_pin_drive(x->t, 'A', 0, false);
    wr(x, EXTI_PR, 1);
    run_us(x, 100);
    standby(x, 0x100);
    assert_int_equal(resets(x), before + 1);
    expect_came_back(x, 0x103);
}

static void test_enabled_while_the_pin_is_high(void **state)
{
    struct fixture *x = *state;
    wr(x, EXTI_IMR, 0);
    twin_pin_drive(x->t, 'A', 0, true);
    assert_int_equal(rd(x, PWR_CSR) & 0x103, 0);
    wr(x, PWR_CSR, 0x100);
    assert_int_equal(rd(x, PWR_CSR) & 0x103, 0x101);
}

/* nRST_STDBY or nRST_STOP is 0: LPWRRSTF instead. */
static void test_low_power_is_a_reset(void **state)
{
    struct fixture *x = *state;
    static const struct {
        uint8_t user;
        uint32_t pwr_cr;
    } rows[] = {{0x6C, 0x4002}, {0xAC, 0x4000}};
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(twin_set_option_bytes(x->t, 0xAA, rows[i].user, 0xFFF), TWIN_OK);
        twin_reset_pin(x->t);
        run_us(x, 10);
        uint64_t before = resets(x);
        wr(x, RCC_APB1ENR, 1u << 28);
        (void)rd(x, RCC_APB1ENR);
        wr(x, RCC_CSR, 1u << 24); /* RMVF */
        wr(x, PWR_CR, rows[i].pwr_cr);
        wr(x, SCB_SCR, 4);
        run_us(x, 10);
        assert_int_equal(resets(x), before + 1);
        assert_int_equal(rd(x, RCC_CSR) >> 24, 0x84);
        assert_int_equal(rd(x, SCB_SCR), 0);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(test_sleep_keeps_the_clocks), T(test_stop_until_a_pin),
        T(test_clocks_after_it),        T(test_a_timer_wakes_nobody),
        T(test_the_rtc_wakes),          T(test_entry_is_ignored_while_a_line_is_pending),
        T(test_flash_comes_first),      T(test_standby_until_the_pin),
        T(test_standby_until_a_reset),  T(test_standby_until_the_rtc),
        T(test_standby_with_a_flag),    T(test_enabled_while_the_pin_is_high),
        T(test_low_power_is_a_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
