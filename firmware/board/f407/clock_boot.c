/* SPDX-License-Identifier: MIT */
/*
 * The boot path's 160 MHz, whatever bootloader mode runs at: 167.2 MHz when HSI is 4.5 % too fast,
 * APB1 then at 41.8 MHz, APB2 at 83.6.
 */
#include "clock_plan.h"

#include "stm32f407.h"

const struct clock_plan clock_plan_boot = {
    .core_mhz = 160,
    .apb1_mhz = 40,
    .timer_mhz = 80,
    .pllcfgr = RCC_PLLCFGR_M(10u) | RCC_PLLCFGR_N(200u) | RCC_PLLCFGR_P(2u) | RCC_PLLCFGR_Q(7u),
    .cfgr = RCC_CFGR_PPRE1_DIV4 | RCC_CFGR_PPRE2_DIV2,
    .wait_states = 5,
};
