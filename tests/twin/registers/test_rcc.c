/* SPDX-License-Identifier: MIT */
/*
 * Clocks and resets of the twin: start-up times, the switch, the PLL's limits, gates, reset flags.
 * RM0090 6.1, 7.2, 7.3; DS8626; ES0182.
 */
#include "fixture.h"

#include <string.h>

#define RCC          0x40023800u
#define RCC_CR       (RCC + 0x00)
#define RCC_PLLCFGR  (RCC + 0x04)
#define RCC_CFGR     (RCC + 0x08)
#define RCC_CIR      (RCC + 0x0C)
#define RCC_APB1RSTR (RCC + 0x20)
#define RCC_AHB1ENR  (RCC + 0x30)
#define RCC_APB1ENR  (RCC + 0x40)
#define RCC_BDCR     (RCC + 0x70)
#define RCC_CSR      (RCC + 0x74)

#define HSEON  0x00010000u
#define HSERDY 0x00020000u
#define CSSON  0x00080000u
#define PLLON  0x01000000u
#define PLLRDY 0x02000000u

#define PLL_84  (8 | 336 << 6 | 1 << 16 | 1 << 22 | 7 << 24)
#define PLL_168 (8 | 336 << 6 | 0 << 16 | 1 << 22 | 7 << 24)

static void set(struct fixture *x, uint32_t addr, uint32_t bits)
{
    wr(x, addr, rd(x, addr) | bits);
}

static void start_hse(struct fixture *x)
{
    set(x, RCC_CR, HSEON);
    run_us(x, 2100);
    assert_int_equal(rd(x, RCC_CR) & HSERDY, HSERDY);
}

static void test_hse_takes_2_ms(void **state)
{
    struct fixture *x = *state;
    assert_int_equal(twin_hclk_hz(x->t), 16000000);
    set(x, RCC_CR, HSEON);
    run_us(x, 1900);
    assert_int_equal(rd(x, RCC_CR) & HSERDY, 0);
    run_us(x, 200);
    assert_int_equal(rd(x, RCC_CR) & HSERDY, HSERDY);
    wr(x, RCC_CR, rd(x, RCC_CR) & ~HSEON);
    assert_int_equal(rd(x, RCC_CR) & HSERDY, 0);
}

static void test_no_crystal_is_never_ready(void **state)
{
    (void)state;
    struct fixture x;
    struct twin_config config = {.no_hse = true};
    fixture_start(&x, &config);
    set(&x, RCC_CR, HSEON);
    wr(&x, RCC_CFGR, 1);
    run_us(&x, 1000000);
    assert_int_equal(rd(&x, RCC_CR) & HSERDY, 0);
    assert_int_equal(rd(&x, RCC_CFGR) & 0xC, 0); /* still on HSI */
    wr(&x, RCC_PLLCFGR, 0x20000000 | PLL_84);
    set(&x, RCC_CR, PLLON);
    run_us(&x, 10000);
    assert_int_equal(rd(&x, RCC_CR) & PLLRDY, 0); /* a PLL without input */
    fixture_stop(&x);
}

#define HSEBYP 0x00040000u

/* An oscillator wants HSEBYP, and a crystal none; the PLL runs on what is there. */
static void test_other_clocks_at_osc_in(void **state)
{
    struct fixture *x = *state;
    twin_set_hse(x->t, 25000000, true);
    set(x, RCC_CR, HSEON);
    run_us(x, 10000);
    assert_int_equal(rd(x, RCC_CR) & HSERDY, 0);
    assert_int_equal(x->reports[TWIN_REPORT_OTHER], 1);
    set(x, RCC_CR, HSEBYP); /* too late */
    assert_int_equal(rd(x, RCC_CR) & HSEBYP, 0);
    wr(x, RCC_CR, rd(x, RCC_CR) & ~HSEON);
    set(x, RCC_CR, HSEBYP);
    start_hse(x);
    wr(x, RCC_CFGR, 1);
    assert_int_equal(twin_hclk_hz(x->t), 25000000);
    wr(x, RCC_CFGR, 0);
    wr(x, RCC_CR, rd(x, RCC_CR) & ~HSEON);
    twin_set_hse(x->t, 12000000, false);
    set(x, RCC_CR, HSEON); /* HSEBYP is still set */
    run_us(x, 10000);
    assert_int_equal(rd(x, RCC_CR) & HSERDY, 0);
    wr(x, RCC_CR, rd(x, RCC_CR) & ~HSEON);
    wr(x, RCC_CR, rd(x, RCC_CR) & ~HSEBYP);
    start_hse(x);
    wr(x, RCC_CR, rd(x, RCC_CR) & ~HSEON);
    twin_set_hse(x->t, 0, false);
    set(x, RCC_CR, HSEON);
    run_us(x, 10000);
    assert_int_equal(rd(x, RCC_CR) & HSERDY, 0);
    assert_int_equal(total_reports(x), 1); /* told once */
}

static void test_switch_waits_for_the_clock(void **state)
{
    struct fixture *x = *state;
    set(x, RCC_CR, HSEON);
    wr(x, RCC_CFGR, 1);
    assert_int_equal(rd(x, RCC_CFGR), 1);
    run_us(x, 2100);
    assert_int_equal(rd(x, RCC_CFGR), 5);
    assert_int_equal(twin_hclk_hz(x->t), 8000000);
    wr(x, RCC_CR, rd(x, RCC_CR) & ~HSEON); /* in use: stays */
    assert_int_equal(rd(x, RCC_CR) & (HSEON | HSERDY), HSEON | HSERDY);
    assert_int_equal(x->reports[TWIN_REPORT_OTHER], 1);
    wr(x, RCC_CR, rd(x, RCC_CR) & ~1u); /* HSI is free to go */
    assert_int_equal(rd(x, RCC_CR) & 3, 0);
    assert_int_equal(total_reports(x), 1);
    wr(x, RCC_CFGR, 0); /* HSI is off: no switch */
    assert_int_equal(rd(x, RCC_CFGR), 4);
    set(x, RCC_CR, 1);
    run_us(x, 5);
    assert_int_equal(rd(x, RCC_CFGR), 0);
}

static void start_pll(struct fixture *x, uint32_t pllcfgr)
{
    start_hse(x);
    wr(x, RCC_PLLCFGR, 0x20000000 | pllcfgr);
    set(x, RCC_CR, PLLON);
    run_us(x, 300);
}

static void test_84_mhz_as_the_board_does_it(void **state)
{
    struct fixture *x = *state;
    wr(x, FLASH_ACR, 2);
    start_pll(x, PLL_84);
    assert_int_equal(rd(x, RCC_CR) & PLLRDY, PLLRDY);
    wr(x, RCC_CFGR, 0x1000); /* APB1 / 2 */
    wr(x, RCC_CFGR, 0x1002);
    assert_int_equal(rd(x, RCC_CFGR), 0x100A);
    assert_int_equal(twin_hclk_hz(x->t), 84000000);
    assert_int_equal(twin_pclk1_hz(x->t), 42000000);
    assert_int_equal(twin_pclk2_hz(x->t), 84000000);
    assert_int_equal(twin_timclk_hz(x->t, 1), 84000000);
    assert_int_equal(twin_timclk_hz(x->t, 2), 84000000);
    wr(x, RCC_CR, rd(x, RCC_CR) & ~(PLLON | HSEON)); /* both carry the system clock */
    assert_int_equal(rd(x, RCC_CR) & (PLLON | PLLRDY | HSEON), PLLON | PLLRDY | HSEON);
    assert_int_equal(total_reports(x), 1);
    twin_reset_pin(x->t);
    assert_int_equal(rd(x, RCC_CR), 0x83);
    assert_int_equal(twin_hclk_hz(x->t), 16000000);
}

/* Dividers hold some cycles after their write: with the switch of the clock, in either direction,
 * they come too late. */
static void test_dividers_go_before_the_faster_clock(void **state)
{
    struct fixture *x = *state;
    wr(x, FLASH_ACR, 2);
    start_pll(x, PLL_84);
    wr(x, RCC_CFGR, 0x1002);
    assert_int_equal(x->reports[TWIN_REPORT_PLL], 1);
    assert_string_equal(x->text, "APB1 clock of 84000000 Hz is above 42000000 Hz");
    assert_int_equal(twin_pclk1_hz(x->t), 42000000);
    wr(x, RCC_CFGR, 0);
    assert_int_equal(x->reports[TWIN_REPORT_PLL], 2);
    assert_int_equal(twin_pclk1_hz(x->t), 16000000);
    wr(x, RCC_CFGR, 0x1000);
    wr(x, RCC_CFGR, 0x1002);
    wr(x, RCC_CFGR, 0x1000);
    wr(x, RCC_CFGR, 0);
    assert_int_equal(total_reports(x), 2);
}

/* HSI as fast as it gets over temperature. */
static void test_hsi_is_not_exact(void **state)
{
    (void)state;
    struct fixture x;
    struct twin_config config = {.hsi_hz = 16720000};
    fixture_start(&x, &config);
    assert_int_equal(twin_hclk_hz(x.t), 16720000);
    fixture_stop(&x);
}

static void test_168_mhz_needs_vos_and_prescalers(void **state)
{
    struct fixture *x = *state;
    wr(x, FLASH_ACR, 5);
    start_pll(x, PLL_168);
    wr(x, RCC_CFGR, 0x9400); /* APB1 / 4, APB2 / 2 */
    wr(x, RCC_CFGR, 0x9402);
    assert_int_equal(twin_hclk_hz(x->t), 168000000);
    assert_int_equal(twin_pclk1_hz(x->t), 42000000);
    assert_int_equal(twin_timclk_hz(x->t, 1), 84000000);
    assert_int_equal(twin_timclk_hz(x->t, 2), 168000000);
    assert_int_equal(total_reports(x), 0);
    set(x, RCC_APB1ENR, 1u << 28);
    (void)rd(x, RCC_APB1ENR);
    wr(x, 0x40007000, 0); /* VOS = 0: 144 MHz at most */
    assert_int_equal(x->reports[TWIN_REPORT_PLL], 1);
    wr(x, 0x40007000, 0x4000);
    wr(x, RCC_CFGR, 0x8002); /* APB1 / 1 */
    assert_int_equal(x->reports[TWIN_REPORT_PLL], 2);
    assert_string_equal(x->text, "APB1 clock of 168000000 Hz is above 42000000 Hz");
    wr(x, RCC_CFGR, 0x1402); /* APB2 / 1 */
    assert_int_equal(x->reports[TWIN_REPORT_PLL], 3);
}

static void test_pll_limits(void **state)
{
    struct fixture *x = *state;
    static const struct {
        uint32_t pllcfgr;
        bool locks;
        const char *told;
    } cases[] = {
        {3 | 100 << 6 | 1 << 22 | 4 << 24, true, "1 to 2 MHz"}, /* 2.67 MHz */
        {16 | 300 << 6 | 1 << 22 | 4 << 24, true, "1 to 2 MHz"},
        {8 | 60 << 6 | 1 << 22 | 2 << 24, false, "VCO 100 to 432 MHz"},
        {4 | 250 << 6 | 1 << 22 | 8 << 24, false, "VCO 100 to 432 MHz"},
        {8 | 40 << 6 | 1 << 22 | 4 << 24, false, "factors"},
        {1 | 100 << 6 | 1 << 22 | 4 << 24, false, "factors"},
        {8 | 100 << 6 | 1 << 22 | 1 << 24, false, "factors"},
        {8 | 400 << 6 | 1 << 22 | 9 << 24, true, "168 MHz"}, /* 200 MHz */
        {8 | 336 << 6 | 1 << 22 | 3 << 24 | 1 << 16, true, "PLL48CLK"},
        {8 | 336 << 6 | 1 << 22 | 7 << 24 | 1 << 16, true, NULL},
    };
    start_hse(x);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        unsigned before = x->reports[TWIN_REPORT_PLL];
        wr(x, RCC_PLLCFGR, 0x20000000 | cases[i].pllcfgr);
        set(x, RCC_CR, PLLON);
        run_us(x, 1000);
        assert_int_equal((rd(x, RCC_CR) & PLLRDY) != 0, cases[i].locks);
        assert_int_equal(x->reports[TWIN_REPORT_PLL] - before, cases[i].told != NULL);
        if (cases[i].told != NULL) {
            assert_non_null(strstr(x->text, cases[i].told));
        }
        wr(x, RCC_CR, rd(x, RCC_CR) & ~PLLON);
    }
}

/* What firmware for a board of 25 MHz makes of one of 8: it runs, a third as fast. */
static void test_pll_input_out_of_range_locks(void **state)
{
    struct fixture *x = *state;
    wr(x, FLASH_ACR, 5);
    start_pll(x, 25 | 336 << 6 | 1 << 22 | 7 << 24);
    assert_int_equal(x->reports[TWIN_REPORT_PLL], 1);
    assert_non_null(strstr(x->text, "320000 Hz"));
    assert_int_equal(rd(x, RCC_CR) & PLLRDY, PLLRDY);
    wr(x, RCC_CFGR, 2);
    assert_int_equal(rd(x, RCC_CFGR), 0xA);
    assert_int_equal(twin_hclk_hz(x->t), 53760000);
}

/* ---- clock security ---- */

/* Sleeps; the NMI handler counts at 0x20000100, and writes CSSC at the third time. */
static const uint16_t nmi_program[] = {0x1000, 0x2000, 0x000D, 0x0800, 0x0011, 0x0800, 0xBF30,
                                       0xE7FD, 0x4806, 0x6802, 0x3201, 0x6002, 0x2A03, 0xDB05,
                                       0x4804, 0xF44F, 0x0100, 0x6001, 0xF3BF, 0x8F4F, 0x4770,
                                       0x0000, 0x0100, 0x2000, 0x380C, 0x4002};

static void start_nmi_program(struct fixture *x)
{
    assert_int_equal(twin_load(x->t, FLASH_BASE, nmi_program, sizeof nmi_program), TWIN_OK);
    twin_reset_pin(x->t);
    run_us(x, 10);
    wr(x, 0x20000100, 0);
}

/* The PLL drives the core, and the crystal that drives the PLL dies: RM0090 7.2.7. */
static void test_crystal_dies_under_the_pll(void **state)
{
    struct fixture *x = *state;
    start_nmi_program(x);
    wr(x, FLASH_ACR, 2);
    start_pll(x, PLL_84);
    wr(x, RCC_CFGR, 0x1000);
    wr(x, RCC_CFGR, 0x1002);
    wr(x, RCC_CR, (rd(x, RCC_CR) & ~1u) | CSSON);
    assert_int_equal(total_reports(x), 0);
    twin_crystal(x->t, false);
    assert_int_equal(rd(x, RCC_CIR) & 0x80, 0x80);
    assert_int_equal(rd(x, RCC_CR) & (HSEON | HSERDY | PLLON | PLLRDY | 3), 3);
    assert_int_equal(rd(x, RCC_CFGR) & 15, 0);
    assert_int_equal(twin_hclk_hz(x->t), 16000000);
    run_us(x, 100);
    assert_int_equal(rd(x, 0x20000100), 3); /* without end until CSSC */
    assert_int_equal(rd(x, RCC_CIR), 0);
    wr(x, RCC_CR, rd(x, RCC_CR) | HSEON);
    run_us(x, 10000);
    assert_int_equal(rd(x, RCC_CR) & HSERDY, 0);
    twin_crystal(x->t, true);
    run_us(x, 2100);
    assert_int_equal(rd(x, RCC_CR) & HSERDY, HSERDY);
    assert_int_equal(total_reports(x), 0);
}

/* A crystal that drives nothing: the core's clock stays what it is. */
static void test_crystal_dies_unused(void **state)
{
    struct fixture *x = *state;
    start_nmi_program(x);
    start_hse(x);
    wr(x, RCC_CR, rd(x, RCC_CR) | CSSON);
    twin_crystal(x->t, false);
    run_us(x, 100);
    assert_int_equal(rd(x, 0x20000100), 3);
    assert_int_equal(rd(x, RCC_CR) & (HSEON | HSERDY), 0);
    assert_int_equal(twin_hclk_hz(x->t), 16000000);
    assert_int_equal(total_reports(x), 0);
}

static void test_crystal_dies_without_css(void **state)
{
    struct fixture *x = *state;
    start_nmi_program(x);
    start_hse(x);
    wr(x, RCC_CFGR, 1);
    twin_crystal(x->t, false);
    assert_int_equal(x->reports[TWIN_REPORT_CORE], 1);
    assert_non_null(strstr(x->text, "stands still"));
    assert_int_equal(twin_run_ns(x->t, 1000000), TWIN_STOP_LOCKUP);
    twin_reset_pin(x->t);
    run_us(x, 100);
    assert_int_equal(rd(x, RCC_CFGR) & 15, 0);
    assert_int_equal(rd(x, 0x20000100), 0);
}

static void test_clock_failure_breaks_tim1(void **state)
{
    struct fixture *x = *state;
    start_nmi_program(x);
    wr(x, RCC + 0x44, 1);
    (void)rd(x, RCC + 0x44);
    wr(x, 0x40010044, 1u << 15 | 1u << 12); /* TIM1_BDTR: MOE, BKE */
    start_hse(x);
    wr(x, RCC_CR, rd(x, RCC_CR) | CSSON);
    twin_crystal(x->t, false);
    assert_int_equal(rd(x, 0x40010044) >> 15, 0);
    assert_int_equal(rd(x, 0x40010010) & 0x80, 0x80);
}

static void test_pllcfgr_only_while_the_pll_is_off(void **state)
{
    struct fixture *x = *state;
    start_pll(x, PLL_84);
    wr(x, RCC_PLLCFGR, 0x20000000 | PLL_168);
    assert_int_equal(rd(x, RCC_PLLCFGR), 0x20000000 | PLL_84);
    assert_int_equal(x->reports[TWIN_REPORT_PLL], 1);
}

static void test_sw_3_is_not_allowed(void **state)
{
    struct fixture *x = *state;
    wr(x, RCC_CFGR, 3);
    assert_int_equal(rd(x, RCC_CFGR), 0);
    assert_int_equal(x->reports[TWIN_REPORT_PLL], 1);
}

static void test_ready_interrupts(void **state)
{
    struct fixture *x = *state;
    wr(x, RCC_CIR, 1u << 11); /* HSERDYIE */
    start_hse(x);
    assert_int_equal(rd(x, RCC_CIR), 1u << 11 | 1u << 3);
    assert_int_equal(rd(x, 0xE000E200) & 1u << 5, 1u << 5);
    wr(x, RCC_CIR, 1u << 11 | 1u << 19);
    assert_int_equal(rd(x, RCC_CIR), 1u << 11);
    set(x, RCC_CSR, 1);
    run_us(x, 100);
    assert_int_equal(rd(x, RCC_CSR) & 3, 3);
    assert_int_equal(rd(x, RCC_CIR), 1u << 11); /* LSIRDYIE was not set */
}

static void test_gates(void **state)
{
    struct fixture *x = *state;
    assert_int_equal(rd(x, 0x40004408), 0); /* USART2_BRR without clock */
    assert_int_equal(x->reports[TWIN_REPORT_CLOCK_OFF], 1);
    wr(x, 0x40004408, 0x111);
    assert_int_equal(x->reports[TWIN_REPORT_CLOCK_OFF], 2);
    wr(x, RCC_APB1ENR, 1u << 17);
    (void)rd(x, RCC_APB1ENR);
    assert_int_equal(rd(x, 0x40004408), 0); /* the write was lost */
    wr(x, 0x40004408, 0x111);
    assert_int_equal(rd(x, 0x40004408), 0x111);
    assert_int_equal(x->reports[TWIN_REPORT_CLOCK_OFF], 2);
    wr(x, RCC_APB1RSTR, 1u << 17); /* held in reset */
    wr(x, 0x40004408, 0x222);
    assert_int_equal(x->reports[TWIN_REPORT_CLOCK_OFF], 3);
    wr(x, RCC_APB1RSTR, 0);
    assert_int_equal(rd(x, 0x40004408), 0);
    assert_int_equal(rd(x, RCC_APB1ENR), 1u << 17); /* the reset bit leaves the gate alone */
}

static void test_access_too_soon_after_the_gate_opened(void **state)
{
    struct fixture *x = *state;
    wr(x, RCC_APB1ENR, 1u << 17);
    (void)rd(x, 0x40004408);
    assert_int_equal(x->reports[TWIN_REPORT_CLOCK_OFF], 1);
    (void)rd(x, 0x40004408);
    assert_int_equal(x->reports[TWIN_REPORT_CLOCK_OFF], 1);
    wr(x, RCC_APB1ENR, 3u << 17);
    run_us(x, 1); /* longer than two clocks */
    (void)rd(x, 0x40004808);
    assert_int_equal(x->reports[TWIN_REPORT_CLOCK_OFF], 1);
}

static void test_reset_flags(void **state)
{
    struct fixture *x = *state;
    assert_int_equal(rd(x, RCC_CSR), 0x0E000000); /* power-on */
    set(x, RCC_CSR, 1u << 24);
    assert_int_equal(rd(x, RCC_CSR), 0);
    twin_reset_pin(x->t);
    assert_int_equal(rd(x, RCC_CSR), 0x04000000);
    wr(x, 0xE000ED0C, 0x05FA0004); /* AIRCR.SYSRESETREQ */
    run_us(x, 10);
    assert_int_equal(rd(x, RCC_CSR), 0x14000000); /* flags gather until RMVF */
    set(x, RCC_CSR, 1u << 24);
    wr(x, 0xE000ED0C, 0x05FA0004);
    run_us(x, 10);
    assert_int_equal(rd(x, RCC_CSR), 0x14000000); /* every reset pulls NRST too */
}

static void test_backup_domain_control(void **state)
{
    struct fixture *x = *state;
    wr(x, RCC_BDCR, 0x8200);
    assert_int_equal(rd(x, RCC_BDCR), 0);
    assert_int_equal(x->reports[TWIN_REPORT_OTHER], 1);
    set(x, RCC_APB1ENR, 1u << 28);
    (void)rd(x, RCC_APB1ENR);
    wr(x, 0x40007000, 0x4100);
    wr(x, RCC_BDCR, 0x8201);
    assert_int_equal(rd(x, RCC_BDCR), 0x8201);
    run_us(x, 5000000);
    assert_int_equal(rd(x, RCC_BDCR), 0x8201); /* no 32 kHz crystal: LSERDY never comes */
    wr(x, RCC_BDCR, 0x8100);
    assert_int_equal(rd(x, RCC_BDCR), 0x8200); /* RTCSEL once until BDRST */
    assert_int_equal(x->reports[TWIN_REPORT_OTHER], 2);
    wr(x, RCC_BDCR, 0x8200);
    assert_int_equal(total_reports(x), 2);
    twin_reset_pin(x->t);
    assert_int_equal(rd(x, RCC_BDCR), 0x8200);
    set(x, RCC_APB1ENR, 1u << 28);
    (void)rd(x, RCC_APB1ENR);
    wr(x, 0x40007000, 0x4100);
    wr(x, RCC_BDCR, 0x10000);
    wr(x, RCC_BDCR, 0);
    assert_int_equal(rd(x, RCC_BDCR), 0);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(test_hse_takes_2_ms),
        cmocka_unit_test(test_no_crystal_is_never_ready),
        T(test_other_clocks_at_osc_in),
        cmocka_unit_test(test_hsi_is_not_exact),
        T(test_dividers_go_before_the_faster_clock),
        T(test_switch_waits_for_the_clock),
        T(test_84_mhz_as_the_board_does_it),
        T(test_168_mhz_needs_vos_and_prescalers),
        T(test_pll_limits),
        T(test_pll_input_out_of_range_locks),
        T(test_crystal_dies_under_the_pll),
        T(test_crystal_dies_unused),
        T(test_crystal_dies_without_css),
        T(test_clock_failure_breaks_tim1),
        T(test_pllcfgr_only_while_the_pll_is_off),
        T(test_sw_3_is_not_allowed),
        T(test_ready_interrupts),
        T(test_gates),
        T(test_access_too_soon_after_the_gate_opened),
        T(test_reset_flags),
        T(test_backup_domain_control),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
