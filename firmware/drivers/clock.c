/* SPDX-License-Identifier: MIT */
/*
 * Clock start-up (RM0090 rev 19 sections 7.2 and 3.5.1). Order: wait states and bus dividers before
 * the faster clock, every wait with a time-out. It must never leave the core on a clock whose
 * source is not ready.
 */
#include "clock.h"

#include "board_block.h"
#include "bytes.h"
#include "clock_plan.h"
#include "cortex_m4.h"
#include "stm32f407.h"
#include "timer.h"

#define HSE_TIMEOUT_US    100000u /* a crystal takes 2 ms, typically (DS8626 table 41) */
#define PLL_TIMEOUT_US    5000u   /* locks within 300 us (DS8626 table 43) */
#define SWITCH_TIMEOUT_US 1000u
#define HZ_PER_MHZ        1000000u
#define HSI_MHZ           16u
#define VCO_MHZ           (BOARD_VCO_HZ / HZ_PER_MHZ)
/* ES0182: revision A has no prefetch, and names another device. */
#define IDCODE_DEVICE     0xFFFu
#define IDCODE_F407       0x413u
#define IDCODE_REVISION_Z 0x10010000u

static bool clock_wait(volatile uint32_t *reg, uint32_t mask, uint32_t value, uint32_t limit_us)
{
    uint32_t start = timer_us();

    while ((*reg & mask) != value) {
        if (timer_us() - start > limit_us) {
            return false;
        }
    }
    return true;
}

static uint32_t clock_prefetch(void)
{
    uint32_t idcode = DBGMCU_IDCODE;

    return (idcode & IDCODE_DEVICE) == IDCODE_F407 && idcode >= IDCODE_REVISION_Z ? FLASH_ACR_PRFTEN
                                                                                  : 0;
}

static bool clock_start_hse(bool bypass)
{
    RCC->CR |= bypass ? RCC_CR_HSEBYP : 0;
    RCC->CR |= RCC_CR_HSEON;
    if (clock_wait(&RCC->CR, RCC_CR_HSERDY, RCC_CR_HSERDY, HSE_TIMEOUT_US)) {
        return true;
    }
    RCC->CR &= ~RCC_CR_HSEON;
    RCC->CR &= ~RCC_CR_HSEBYP;
    return false;
}

/* mn: what of the PLL's M and N the plan leaves open. On failure the core stays on HSI. The
 * dividers of the buses are there before the faster clock is (RM0090 7.3.3). */
static bool clock_start_pll(const struct clock_plan *plan, uint32_t mn)
{
    RCC->PLLCFGR = plan->pllcfgr | mn;
    RCC->CR |= RCC_CR_PLLON;
    if (clock_wait(&RCC->CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY, PLL_TIMEOUT_US)) {
        RCC->CFGR = plan->cfgr;
        RCC->CFGR = plan->cfgr | RCC_CFGR_SW_PLL;
        if (clock_wait(&RCC->CFGR, RCC_CFGR_SWS, RCC_CFGR_SWS_PLL, SWITCH_TIMEOUT_US)) {
            return true;
        }
        RCC->CFGR = 0;
    }
    RCC->CR &= ~RCC_CR_PLLON;
    (void)clock_wait(&RCC->CR, RCC_CR_PLLRDY, 0, PLL_TIMEOUT_US); /* PLLCFGR is free again */
    return false;
}

/* RM0090 3.5.1: the new latency is to be read back before the clock goes up. */
static bool clock_run(const struct clock_plan *plan, uint32_t mn)
{
    FLASH->ACR = clock_prefetch() | FLASH_ACR_ICEN | FLASH_ACR_DCEN | plan->wait_states;
    return clock_wait(&FLASH->ACR, FLASH_ACR_LATENCY, plan->wait_states, SWITCH_TIMEOUT_US) &&
           clock_start_pll(plan, mn);
}

/* HSI alone, should no PLL lock. */
static const struct clock_plan clock_plan_slow = {
    .core_mhz = HSI_MHZ, .apb1_mhz = HSI_MHZ, .timer_mhz = HSI_MHZ};

/* What a plan makes of mhz_hz instead of a million: APB2 runs as its timers do. */
static void clock_tell(struct clock_state *state, const struct clock_plan *plan, uint32_t mhz_hz)
{
    state->core_hz = plan->core_mhz * mhz_hz;
    state->buses.apb1_hz = plan->apb1_mhz * mhz_hz;
    state->buses.apb2_hz = plan->timer_mhz * mhz_hz;
    timer_start(plan->timer_mhz);
    timer_start_tick(state->core_hz);
}

static void clock_start_hsi(struct clock_state *state, const struct clock_plan *hsi)
{
    state->hse = false;
    clock_tell(state, clock_run(hsi, 0) ? hsi : &clock_plan_slow, HZ_PER_MHZ);
}

void clock_start(struct clock_state *state, const uint8_t *board)
{
    uint32_t vco_hz = board_block_vco(board);
    uint32_t mn =
        RCC_PLLCFGR_M(board[BOARD_PLL_M]) | RCC_PLLCFGR_N((uint32_t)load_le16(board + BOARD_PLL_N));

    timer_start(HSI_MHZ);
    state->hse = vco_hz != 0 && clock_start_hse(board[BOARD_HSE_KIND] == BOARD_HSE_BYPASS) &&
                 clock_run(&clock_plan_hse, mn);
    if (state->hse) {
        clock_tell(state, &clock_plan_hse, vco_hz / VCO_MHZ);
        RCC->CR |= RCC_CR_CSSON; /* a crystal that fails: NMI, which ends in a reset */
    } else {
        clock_start_hsi(state, &clock_plan_hsi);
    }
}

void clock_start_boot(void)
{
    struct clock_state state;

    timer_start(HSI_MHZ);
    clock_start_hsi(&state, &clock_plan_boot);
}
