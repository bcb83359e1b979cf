/* SPDX-License-Identifier: MIT */
/*
 * The flash and OTP (RM0090 rev 19 section 3): the functions of core/chip/flash_hw.h, and the
 * option bytes (memory_hw.h). It reads the error bits after each operation and compares what it has
 * done. It must never be handed an address of the bootloader's own sectors: core checks that, and
 * so does this driver. OTP is reached by flash_hw_put and flash_hw_put_otp only.
 *
 * Three rooms: flash.c (limits, keys, error bits, reading back; and how services wait), flash_ram.c
 * (what must run from SRAM, since the flash is busy meanwhile), flash_options.c.
 */
#ifndef ARAREXT_FLASH_H
#define ARAREXT_FLASH_H

#include <stdbool.h>
#include <stdint.h>

#include "cortex_m4.h"
#include "flash_hw.h"
#include "stm32f407.h"

struct flash_hw {
    bool from_ram;
};
/* For bootloader mode: code in SRAM waits, watches the ring and sleeps. FLASH_CR is locked
 * afterwards, but for the time between flash_hw_begin and flash_hw_program. */
extern const struct flash_hw flash_from_ram;
/* For services, where SRAM and timers are the application's: from flash itself, on the stack alone.
 * While the flash is busy the core waits at its next fetch, which RM0090 section 3.6 allows.
 * FLASH_CR is afterwards as it was before, locked or not. */
extern const struct flash_hw flash_from_flash;

/* Both caches may hold what flash held before. To be called after each change. */
void flash_flush_caches(void);
/* What such a result of FLASH_SR means: FLASH_ERROR, FLASH_TIMEOUT or NONE; *detail = sr. */
CORE_INLINE enum reason flash_reason(uint32_t sr, uint32_t *detail)
{
    *detail = sr;
    if ((sr & FLASH_SR_BSY) != 0) {
        return REASON_FLASH_TIMEOUT;
    }
    return (sr & FLASH_SR_ERRORS) != 0 ? REASON_FLASH_ERROR : REASON_NONE;
}

#endif
