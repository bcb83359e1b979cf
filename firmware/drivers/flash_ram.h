/* SPDX-License-Identifier: MIT */
/*
 * The part of the flash driver that runs from SRAM: what happens while the flash is busy. It calls
 * nothing that lies in flash and uses no constant from there. The controller is unlocked by the
 * caller, and ready again on return but for flash_ram_poke.
 */
#ifndef ARAREXT_FLASH_RAM_H
#define ARAREXT_FLASH_RAM_H

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "cortex_m4.h"
#include "stm32f407.h"

struct flash_write {
    uint32_t addr; /* a multiple of unit, as is len */
    const uint8_t *data;
    uint32_t len;
    uint8_t unit; /* 1 or 4 */
    bool always;  /* also where flash reads so already */
};

/* Those that return a number return FLASH_SR as it was at the end: error bits, and BSY if the
 * operation took longer than its limit. Flash is not busy then. */

/* Waits until flash is idle. After twice the limit the chip is reset. */
uint32_t flash_ram_wait(uint32_t limit_us);
/* Runs the erase that cr describes (FLASH_CR without STRT). */
uint32_t flash_ram_erase(uint32_t cr, uint32_t limit_us);
/* Programs unit by unit; stops at the first error. limit_us is for one unit. */
uint32_t flash_ram_program(const struct flash_write *w, uint32_t limit_us);
/* Programs the option bytes; optcr is FLASH_OPTCR without OPTSTRT. */
uint32_t flash_ram_options(uint32_t optcr, uint32_t limit_us);

/* Words that are programmed one by one, at each call of poke that finds flash idle and without an
 * error, until end. The controller is locked at the end, and idle. Who goes back to
 * flash after a poke waits before. begin and end lie in flash themselves. */
void flash_ram_begin(uint32_t addr, const uint8_t *data, uint32_t len);
void flash_ram_poke(void);
void flash_ram_end(void);

/* One unit, in line: the services' way of programming uses it too, from flash. */

/* FLASH_CR for programming in units of 1 or 4 bytes. */
CORE_INLINE uint32_t flash_unit_cr(uint32_t unit)
{
    return FLASH_CR_PG | FLASH_CR_PSIZE(unit >> 1);
}

/* Starts programming the unit at addr, from data. False if it was left out, because flash reads so
 * already. */
CORE_INLINE bool flash_unit_store(const struct flash_write *w, uint32_t addr, const uint8_t *data)
{
    if (w->unit == WORD_SIZE) {
        volatile uint32_t *word = (volatile uint32_t *)(uintptr_t)addr;
        uint32_t value = load_le32(data);

        if (!w->always && *word == value) {
            return false;
        }
        *word = value;
    } else {
        volatile uint8_t *byte = (volatile uint8_t *)(uintptr_t)addr;

        if (!w->always && *byte == *data) {
            return false;
        }
        *byte = *data;
    }
    return true;
}

#endif
