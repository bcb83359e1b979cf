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

#include "usart.h"

/* What the chip runs on. */
struct clock_state {
    uint32_t core_hz;
    struct usart_buses buses;
    bool hse;
};

/* Starts the clocks, coming from HSI as after reset, with the HSE of the board block board, and
 * with them TIM5 and the tick (timer.h). */
void clock_start(struct clock_state *state, const uint8_t *board);
/* The same for the boot path: no crystal to wait for. Without PLL it goes on at HSI. */
void clock_start_boot(void);

#endif
