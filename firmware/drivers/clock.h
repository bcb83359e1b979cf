/* SPDX-License-Identifier: MIT */
/*
 * The clocks of bootloader mode: PLL from the crystal, else PLL from HSI, else HSI alone. It never
 * waits without an end and always comes back with a clock that works. A crystal that fails later
 * resets the chip (clock security system).
 */
#ifndef ARAREXT_CLOCK_H
#define ARAREXT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* What the chip runs on. */
struct clock_state {
    uint32_t core_hz;
    uint32_t apb1_hz; /* USART2, USART3 */
    bool hse;
};

/* Starts the clocks, coming from HSI as after reset, and with them TIM5 and the tick (timer.h). */
void clock_start(struct clock_state *state);
/* The same for the boot path: no crystal to wait for. Without PLL it goes on at HSI. */
void clock_start_boot(void);

#endif
