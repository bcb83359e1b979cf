/* SPDX-License-Identifier: MIT */
/*
 * The clocks of bootloader mode: PLL from the crystal, else PLL from HSI, else HSI alone. It never
 * waits without an end and always comes back with a clock that works.
 */
#ifndef ARAREXT_CLOCK_H
#define ARAREXT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* A PLL setting; one for each speed, chosen when linking (board/<name>/clock_*.c). */
struct clock_plan {
    uint32_t core_hz;
    uint32_t pll;  /* RCC_PLLCFGR without source and M: the PLL gets 1 MHz */
    uint32_t cfgr; /* RCC_CFGR: the bus dividers */
    uint8_t apb1_divider;
    uint8_t hse_mhz;
    uint8_t wait_states;
};
extern const struct clock_plan clock_plan;
/* For the boot path: as fast as it goes, from HSI. */
extern const struct clock_plan clock_boot_plan;

/* What the chip runs on. */
struct clock_state {
    uint32_t core_hz;
    uint32_t apb1_hz;  /* USART2, USART3 */
    uint32_t timer_hz; /* TIM5 */
    bool hse;
};

/* Starts the clocks, coming from HSI as after reset, and with them TIM5 and the tick (timer.h). */
void clock_start(struct clock_state *state);
/* The same for the boot path: no crystal to wait for. Without PLL it goes on at HSI. */
void clock_start_boot(void);

#endif
