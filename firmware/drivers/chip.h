/* SPDX-License-Identifier: MIT */
/*
 * Leaving the bootloader by a jump that hands the chip over as a reset would (the reset itself is
 * core_reset). A jump leaves alone what a reset leaves alone: SRAM (but for the bootloader's own),
 * the backup domain and the reset flags in RCC_CSR, which the application may want to read.
 */
#ifndef ARAREXT_CHIP_H
#define ARAREXT_CHIP_H

#include <stdint.h>

/* None of these comes back, but they are not declared so: behind each call there has to be code
 * that stops, in case the call is skipped. Without both verdicts VERDICT_GOOD they reset. */

/* Starts the image whose vector table is at addr. */
void chip_start_image(uint32_t addr, uint32_t verdict, uint32_t second_verdict);
/* Enters Thumb code at addr (even) with the stack at the end of SRAM. */
void chip_enter_code(uint32_t addr, uint32_t verdict, uint32_t second_verdict);

struct chip_entry {
    uint32_t vtor, stack, code;
};
void chip_enter(const struct chip_entry *e, uint32_t verdict, uint32_t second_verdict);

/* core_reset in one place: a reset of the system. */
void chip_restart(void);

/* Clocks, peripherals and core registers back to what a reset makes of them. Flags in RCC_CSR and
 * the backup domain stay. */
void chip_reset(void);
/* Starts the independent watchdog: it resets the chip when it is not fed for that long (1 to 30,
 * at LSI's nominal rate), and nothing but a reset stops it. TIM5 must count. */
void chip_start_watchdog(uint32_t seconds);

#endif
