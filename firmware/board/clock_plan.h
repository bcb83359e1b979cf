/* SPDX-License-Identifier: MIT */
/*
 * PLL settings: a board has its own for each speed (board/<name>/clock_*.c), and which is taken is
 * chosen when linking.
 *
 * HSI is off by -8 to +4.5 % over the temperature range (DS8626, HSI characteristics), so plans
 * from HSI stay inside every limit with both: PLL input 0.95 to 2.1 MHz, VCO 100 to 432 MHz,
 * PLL48CLK 75 MHz (DS8626, main PLL), core 168 MHz, APB1 42 MHz, APB2 84 MHz, and the wait states'
 * (RM0090 table 10, 2.7 to 3.6 V). PWR_CR.VOS is 1 after reset, which serves all speeds.
 */
#ifndef ARAREXT_CLOCK_PLAN_H
#define ARAREXT_CLOCK_PLAN_H

#include <stdint.h>

struct clock_plan {
    uint32_t pllcfgr;
    uint16_t cfgr; /* RCC_CFGR: the bus dividers */
    uint8_t core_mhz, apb1_mhz;
    uint8_t timer_mhz; /* of APB1's timers: twice its clock where it is divided (RM0090 7.2). In all
                        * plans APB2's clock is the same */
    uint8_t wait_states;
};
/* Of bootloader mode: with the crystal, whose M and N the board block has (clock.c), and without.
 */
extern const struct clock_plan clock_plan_hse, clock_plan_hsi;
/* For the boot path: as fast as it goes, from HSI. */
extern const struct clock_plan clock_plan_boot;

#endif
