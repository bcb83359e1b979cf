/* SPDX-License-Identifier: MIT */
/*
 * Clock start-up (RM0090 rev 19 sections 7.2 and 3.5.1). Order: wait states and bus dividers before
 * the faster clock, every wait with a time-out. It must never leave the core on a clock whose
 * source is not ready.
 */
#include "clock.h"

#include "board.h"
#include "clock_plan.h"
#include "cortex_m4.h"
#include "stm32f407.h"
#include "timer.h"

#define HSE_TIMEOUT_US    100000u /* a crystal takes 2 ms, typically (DS8626 table 41) */
#define PLL_TIMEOUT_US    5000u   /* locks within 300 us (DS8626 table 43) */
#define SWITCH_TIMEOUT_US 1000u
#define HZ_PER_MHZ        1000000u
#define HSI_MHZ           (BOARD_HSI_HZ / HZ_PER_MHZ)
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

static bool clock_start_hse(void)
{
    RCC->CR |= RCC_CR_HSEON;
    if (clock_wait(&RCC->CR, RCC_CR_HSERDY, RCC_CR_HSERDY, HSE_TIMEOUT_US)) {
        return true;
    }
    RCC->CR &= ~RCC_CR_HSEON;
    return false;
}

/* On failure the core stays on HSI. The dividers of the buses are there before the faster clock is
 * (RM0090 7.3.3). */
static bool clock_start_pll(const struct clock_plan *plan)
{
    RCC->PLLCFGR = plan->pllcfgr;
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
static bool clock_run(const struct clock_plan *plan)
{
    FLASH->ACR = clock_prefetch() | FLASH_ACR_ICEN | FLASH_ACR_DCEN | plan->wait_states;
    return clock_wait(&FLASH->ACR, FLASH_ACR_LATENCY, plan->wait_states, SWITCH_TIMEOUT_US) &&
           clock_start_pll(plan);
}

/* HSI alone, should no PLL lock. */
static const struct clock_plan clock_plan_slow = {
    .core_mhz = HSI_MHZ, .apb1_mhz = HSI_MHZ, .timer_mhz = HSI_MHZ};

/* hse is NULL where no crystal is to be waited for. */
static void clock_start_with(struct clock_state *state, const struct clock_plan *hse,
                             const struct clock_plan *hsi)
{
    const struct clock_plan *plan = &clock_plan_slow;

    timer_start(HSI_MHZ);
    state->hse = hse != NULL && clock_start_hse() && clock_run(hse);
    if (state->hse) {
        plan = hse;
        RCC->CR |= RCC_CR_CSSON; /* a crystal that fails: NMI, which ends in a reset */
    } else if (clock_run(hsi)) {
        plan = hsi;
    }
    state->core_hz = plan->core_mhz * HZ_PER_MHZ;
    state->apb1_hz = plan->apb1_mhz * HZ_PER_MHZ;
    timer_start(plan->timer_mhz);
    timer_start_tick(state->core_hz);
}

void clock_start(struct clock_state *state)
{
    clock_start_with(state, &clock_plan_hse, &clock_plan_hsi);
}

void clock_start_boot(void)
{
    struct clock_state state;

    clock_start_with(&state, NULL, &clock_plan_boot);
}
