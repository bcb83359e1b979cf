/* SPDX-License-Identifier: MIT */
/*
 * Clock start-up (RM0090 rev 19 sections 7.2 and 3.5.1). Order: wait states before the faster
 * clock, every wait with a time-out. It must never leave the core on a clock whose source is not
 * ready.
 */
#include "clock.h"

#include "board.h"
#include "clock_plan.h"
#include "stm32f407.h"
#include "timer.h"

#define HSE_TIMEOUT_US    100000u /* a crystal takes 2 ms, typically (DS8626 table 41) */
#define PLL_TIMEOUT_US    5000u   /* locks within 300 us (DS8626 table 43) */
#define SWITCH_TIMEOUT_US 1000u
#define HSI_MHZ           (BOARD_HSI_HZ / 1000000u)

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

static bool clock_start_hse(void)
{
    RCC->CR |= RCC_CR_HSEON;
    if (clock_wait(&RCC->CR, RCC_CR_HSERDY, RCC_CR_HSERDY, HSE_TIMEOUT_US)) {
        return true;
    }
    RCC->CR &= ~RCC_CR_HSEON;
    return false;
}

/* The PLL from a source of mhz MHz; source is 0 for HSI. On failure the core stays on HSI. */
static bool clock_start_pll(const struct clock_plan *plan, uint32_t source, uint32_t mhz)
{
    RCC->PLLCFGR = plan->pll | source | RCC_PLLCFGR_M(mhz);
    RCC->CR |= RCC_CR_PLLON;
    if (clock_wait(&RCC->CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY, PLL_TIMEOUT_US)) {
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

static void clock_run(struct clock_state *state, const struct clock_plan *plan, bool crystal)
{
    FLASH->ACR = FLASH_ACR_PRFTEN | FLASH_ACR_ICEN | FLASH_ACR_DCEN | plan->wait_states;
    state->hse = crystal && clock_start_hse();
    /* RM0090 3.5.1: the new latency is to be read back before the clock goes up. */
    if (clock_wait(&FLASH->ACR, FLASH_ACR_LATENCY, plan->wait_states, SWITCH_TIMEOUT_US)) {
        if (state->hse && !clock_start_pll(plan, RCC_PLLCFGR_SRC_HSE, plan->hse_mhz)) {
            state->hse = false;
        }
        if (state->hse || clock_start_pll(plan, 0, HSI_MHZ)) {
            state->core_hz = plan->core_hz;
            state->apb1_hz = plan->core_hz / plan->apb1_divider;
            state->timer_hz = state->apb1_hz * 2u; /* APB1 is divided (RM0090 7.2, timer clocks) */
            return;
        }
    }
    state->hse = false;
    state->core_hz = state->apb1_hz = state->timer_hz = BOARD_HSI_HZ;
}

static void clock_start_with(struct clock_state *state, const struct clock_plan *plan, bool crystal)
{
    timer_start(BOARD_HSI_HZ);
    clock_run(state, plan, crystal);
    timer_start(state->timer_hz);
    timer_start_tick(state->core_hz);
}

void clock_start(struct clock_state *state)
{
    clock_start_with(state, &clock_plan, true);
}

void clock_start_boot(void)
{
    struct clock_state state;

    clock_start_with(&state, &clock_boot_plan, false);
}
