/*
 * The part of the flash driver that runs from SRAM: what happens while the flash is busy. It calls
 * nothing that lies in flash and uses no constant from there.
 *
 * Each function returns FLASH_SR as it was at the end: error bits, and BSY if the operation took
 * longer than its limit. The controller is unlocked by the caller, and ready again on return.
 */
#ifndef ARAREXT_FLASH_RAM_H
#define ARAREXT_FLASH_RAM_H

#include <stddef.h>
#include <stdint.h>

#include "protocol.h"
#include "stm32f407.h"

/* Runs the erase that cr describes (FLASH_CR without STRT). */
uint32_t flash_ram_erase(uint32_t cr, uint32_t limit_us);
/* Programs words where it can, half-words and bytes at the edges, and leaves out what is already
 * there. Stops at the first error. limit_us is for one unit. */
uint32_t flash_ram_program(uint32_t addr, const uint8_t *data, size_t len, uint32_t limit_us);
/* Programs the option bytes; optcr is FLASH_OPTCR without OPTSTRT. */
uint32_t flash_ram_options(uint32_t optcr, uint32_t limit_us);

/* What such a result means: FLASH_ERROR, FLASH_TIMEOUT or NONE; *detail = sr. */
static inline enum protocol_reason flash_ram_reason(uint32_t sr, uint32_t *detail)
{
    *detail = sr;
    if ((sr & FLASH_SR_BSY) != 0) {
        return REASON_FLASH_TIMEOUT;
    }
    return (sr & FLASH_SR_ERRORS) != 0 ? REASON_FLASH_ERROR : REASON_NONE;
}

#endif
