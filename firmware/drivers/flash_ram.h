/*
 * The part of the flash driver that runs from SRAM: what happens while the flash is busy. It calls
 * nothing that lies in flash and uses no constant from there.
 *
 * Each function returns FLASH_SR as it was at the end: error bits, and BSY if the operation did not
 * end in time. The controller is unlocked by the caller.
 */
#ifndef ARAREXT_FLASH_RAM_H
#define ARAREXT_FLASH_RAM_H

#include <stddef.h>
#include <stdint.h>

/* Runs the erase that cr describes (FLASH_CR without STRT). */
uint32_t flash_ram_erase(uint32_t cr, uint32_t limit_us);
/* Programs words where it can, half-words and bytes at the edges, and leaves out what is already
 * there. Stops at the first error. limit_us is for one unit. */
uint32_t flash_ram_program(uint32_t addr, const uint8_t *data, size_t len, uint32_t limit_us);
/* Programs the option bytes; optcr is FLASH_OPTCR without OPTSTRT. */
uint32_t flash_ram_options(uint32_t optcr, uint32_t limit_us);

#endif
