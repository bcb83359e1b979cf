/* SPDX-License-Identifier: MIT */
/*
 * 168 MHz: VCO 336 MHz, P 2, five wait states (RM0090 table 10, 2.7 to 3.6 V), APB1 at its 42 MHz,
 * APB2 at its 84 MHz. PWR_CR.VOS is 1 after reset, as this speed needs it.
 */
#include "clock_plan.h"

#include "stm32f407.h"

const struct clock_plan clock_plan = {
    .core_hz = 168000000,
    .pll = RCC_PLLCFGR_N(336u) | RCC_PLLCFGR_P(2u) | RCC_PLLCFGR_Q(7u),
    .cfgr = RCC_CFGR_PPRE1_DIV4 | RCC_CFGR_PPRE2_DIV2,
    .apb1_divider = 4,
    .hse_mhz = 8,
    .wait_states = 5,
};
