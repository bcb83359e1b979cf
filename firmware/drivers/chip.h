/*
 * Leaving the bootloader by a jump that hands the chip over as a reset would (the reset itself is
 * core_reset). A jump leaves alone what a reset leaves alone: SRAM (but for the bootloader's own),
 * the backup domain and the reset flags in RCC_CSR, which the application may want to read.
 */
#ifndef ARAREXT_CHIP_H
#define ARAREXT_CHIP_H

#include <stdint.h>
#include <stdnoreturn.h>

/* Starts the image whose vector table is at addr. */
noreturn void chip_start_image(uint32_t addr);
/* Enters Thumb code at addr (even) with the stack at the end of SRAM. */
noreturn void chip_enter_code(uint32_t addr);

#endif
