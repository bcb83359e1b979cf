/* SPDX-License-Identifier: MIT */
/*
 * From the crystal 84 MHz: VCO 336 MHz by the board block's M and N, APB1 at its 42 MHz. From HSI
 * 80 MHz, so that APB1 is at 41.8 MHz when HSI is 4.5 % too fast: input 1.6 MHz, VCO 320 MHz.
 */
#include "clock_plan.h"

#include "stm32f407.h"

const struct clock_plan clock_plan_hse = {
    .core_mhz = 84,
    .apb1_mhz = 42,
    .timer_mhz = 84,
    .pllcfgr = RCC_PLLCFGR_SRC_HSE | RCC_PLLCFGR_P(4u) | RCC_PLLCFGR_Q(7u),
    .cfgr = RCC_CFGR_PPRE1_DIV2,
    .wait_states = 2,
};

const struct clock_plan clock_plan_hsi = {
    .core_mhz = 80,
    .apb1_mhz = 40,
    .timer_mhz = 80,
    .pllcfgr = RCC_PLLCFGR_M(10u) | RCC_PLLCFGR_N(200u) | RCC_PLLCFGR_P(4u) | RCC_PLLCFGR_Q(7u),
    .cfgr = RCC_CFGR_PPRE1_DIV2,
    .wait_states = 2,
};
