/* SPDX-License-Identifier: MIT */
/*
 * The part of the flash driver that runs from SRAM: what happens while the flash is busy. It calls
 * nothing that lies in flash and uses no constant from there. The controller is unlocked by the
 * caller, and ready again on return but for flash_ram_poke.
 */
#ifndef ARAREXT_FLASH_RAM_H
#define ARAREXT_FLASH_RAM_H

#include "flash.h"

/* Waits until flash is idle; returns FLASH_SR, with BSY if that took longer than limit_us. After
 * twice that time the chip is reset. */
uint32_t flash_ram_wait(uint32_t limit_us);
/* The functions of struct flash_ops. */
uint32_t flash_ram_erase(uint32_t cr, uint32_t limit_us);
uint32_t flash_ram_program(const struct flash_write *w, uint32_t limit_us);
/* Words that are programmed one by one, at each call of poke that finds flash idle and without an
 * error, until end. The controller is locked at the end, and idle. Who goes back to
 * flash after a poke waits before. begin and end lie in flash themselves. */
void flash_ram_begin(uint32_t addr, const uint8_t *data, uint32_t len);
void flash_ram_poke(void);
void flash_ram_end(void);
/* Programs the option bytes; optcr is FLASH_OPTCR without OPTSTRT. */
uint32_t flash_ram_options(uint32_t optcr, uint32_t limit_us);

#endif
