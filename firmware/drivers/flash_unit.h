/* SPDX-License-Identifier: MIT */
/*
 * One unit into the flash: a word or a byte. In line, since both the part of the driver that
 * runs from SRAM and the one for services use it.
 */
#ifndef ARAREXT_FLASH_UNIT_H
#define ARAREXT_FLASH_UNIT_H

#include "bytes.h"
#include "cortex_m4.h"
#include "flash.h"
#include "stm32f407.h"

/* FLASH_CR for programming in units of 1 or 4 bytes. */
CORE_INLINE uint32_t flash_unit_cr(uint32_t unit)
{
    return FLASH_CR_PG | FLASH_CR_PSIZE(unit >> 1);
}

/* Starts programming the unit at addr, from data. False if it was left out, because flash reads so
 * already. */
CORE_INLINE bool flash_unit_store(const struct flash_write *w, uint32_t addr, const uint8_t *data)
{
    if (w->unit == 4u) {
        volatile uint32_t *word = (volatile uint32_t *)addr;
        uint32_t value = load_le32(data);

        if (!w->always && *word == value) {
            return false;
        }
        *word = value;
    } else {
        volatile uint8_t *byte = (volatile uint8_t *)addr;

        if (!w->always && *byte == *data) {
            return false;
        }
        *byte = *data;
    }
    return true;
}

#endif
