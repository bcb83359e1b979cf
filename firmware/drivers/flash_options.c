/* SPDX-License-Identifier: MIT */
/*
 * The option bytes (RM0090 rev 19 section 3.7). Read protection level 2 is for ever: no caller can
 * ask for it, and a value that would set it is refused here, whatever it came from; so is one that
 * takes the write protection off the bootloader's own sectors.
 */
#include "flash.h"

#include <stdbool.h>

#include "flash_ram.h"
#include "memory_hw.h"
#include "options.h"
#include "protocol.h"
#include "stm32f407.h"

#define OPTIONS_LIMIT_US 1500000u
#define RDP_SHIFT        8u /* in OPTCR and in the first option half-word */
#define OPTION_NWRP_MASK 0xFFFu
#define RDP_LEVEL_1      0x55u

_Static_assert(RDP_LEVEL_1 != RDP_LEVEL_0 && RDP_LEVEL_1 != RDP_LEVEL_2, "level 1 is all the rest");

uint32_t memory_hw_options(const struct flash_hw *flash)
{
    (void)flash;
    return FLASH->OPTCR;
}

/* OPTCR gives back what was written into it, programmed or not: the option bytes themselves say
 * what they hold. */
static bool flash_options_hold(uint32_t optcr)
{
    return ((OPTION_BYTES->rdp_user ^ optcr) & FLASH_OPTCR_RDP) == 0 &&
           ((OPTION_BYTES->nwrp ^ optcr >> OPTIONS_NWRP_SHIFT) & OPTION_NWRP_MASK) == 0;
}

enum reason memory_hw_set_options(const struct flash_hw *flash, uint16_t nwrp, enum memory_rdp rdp,
                                  uint32_t *detail)
{
    uint32_t now = FLASH->OPTCR & ~(FLASH_OPTCR_LOCK | FLASH_OPTCR_STRT);
    uint32_t optcr =
        (now & ~FLASH_OPTCR_NWRP) | ((uint32_t)nwrp << OPTIONS_NWRP_SHIFT & FLASH_OPTCR_NWRP);
    enum reason reason;

    (void)flash;
    if (rdp == MEMORY_RDP_LEVEL_1) {
        optcr = (optcr & ~FLASH_OPTCR_RDP) | RDP_LEVEL_1 << RDP_SHIFT;
    }
    if ((optcr & FLASH_OPTCR_RDP) == RDP_LEVEL_2 << RDP_SHIFT) {
        *detail = RDP_LEVEL_2;
        return REASON_OPTIONS_LOCKED;
    }
    if ((optcr & ~FLASH->OPTCR & OPTIONS_NWRP_BOOT << OPTIONS_NWRP_SHIFT) != 0) {
        *detail = 0;
        return REASON_BOOTLOADER;
    }
    if ((FLASH->OPTCR & FLASH_OPTCR_LOCK) != 0) {
        FLASH->OPTKEYR = FLASH_OPTKEY1;
        FLASH->OPTKEYR = FLASH_OPTKEY2;
    }
    FLASH->SR = FLASH_SR_ERRORS | FLASH_SR_EOP;
    reason = flash_reason(flash_ram_options(optcr, OPTIONS_LIMIT_US), detail);
    flash_flush_caches();
    if (reason == REASON_NONE && !flash_options_hold(optcr)) {
        *detail = FLASH->OPTCR;
        reason = REASON_OPTIONS_VERIFY;
    }
    if (reason != REASON_NONE) {
        FLASH->OPTCR = now; /* or the next change would carry this one along */
    }
    FLASH->OPTCR |= FLASH_OPTCR_LOCK;
    return reason;
}
