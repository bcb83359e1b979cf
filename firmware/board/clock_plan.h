/* SPDX-License-Identifier: MIT */
/* PLL settings, one for each speed: a board has its own (board/<name>/clock_*.c), and which is
 * taken is chosen when linking. */
#ifndef ARAREXT_CLOCK_PLAN_H
#define ARAREXT_CLOCK_PLAN_H

#include <stdint.h>

struct clock_plan {
    uint32_t core_hz;
    uint32_t pll;  /* RCC_PLLCFGR without source and M: the PLL gets 1 MHz */
    uint32_t cfgr; /* RCC_CFGR: the bus dividers */
    uint8_t apb1_divider;
    uint8_t hse_mhz;
    uint8_t wait_states;
};
/* Of bootloader mode. */
extern const struct clock_plan clock_plan;
/* For the boot path: as fast as it goes, from HSI. */
extern const struct clock_plan clock_boot_plan;

#endif
