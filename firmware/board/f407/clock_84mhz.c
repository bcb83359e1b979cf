/* SPDX-License-Identifier: MIT */
/*
 * 84 MHz: VCO 336 MHz, P 4, two wait states (RM0090 table 10, 2.7 to 3.6 V), APB1 at its 42 MHz.
 * PWR_CR.VOS is 1 after reset, which serves all speeds.
 */
#include "clock_plan.h"

#include "stm32f407.h"

const struct clock_plan clock_plan = {
    .core_hz = 84000000,
    .pll = RCC_PLLCFGR_N(336u) | RCC_PLLCFGR_P(4u) | RCC_PLLCFGR_Q(7u),
    .cfgr = RCC_CFGR_PPRE1_DIV2,
    .apb1_divider = 2,
    .hse_mhz = 8,
    .wait_states = 2,
};
