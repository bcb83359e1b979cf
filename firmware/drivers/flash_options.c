/*
 * The option bytes (RM0090 rev 19 section 3.7). Read protection level 2 is for ever: no caller can
 * ask for it, and a value that would set it is refused here, whatever it came from.
 */
#include "flash.h"

#include "flash_ram.h"
#include "stm32f407.h"

#define OPTIONS_LIMIT_US 1500000u
#define RDP_SHIFT        8u
#define NWRP_SHIFT       16u
#define RDP_LEVEL_1      0x55u

_Static_assert(RDP_LEVEL_1 != RDP_LEVEL_0 && RDP_LEVEL_1 != RDP_LEVEL_2, "level 1 is all the rest");

uint32_t flash_read_options(void *ctx)
{
    (void)ctx;
    return FLASH->OPTCR;
}

enum protocol_reason flash_program_options(void *ctx, uint16_t nwrp, enum loader_rdp rdp,
                                           uint32_t *detail)
{
    uint32_t now = FLASH->OPTCR & ~(FLASH_OPTCR_LOCK | FLASH_OPTCR_STRT);
    uint32_t optcr = (now & ~FLASH_OPTCR_NWRP) | ((uint32_t)nwrp << NWRP_SHIFT & FLASH_OPTCR_NWRP);
    uint32_t sr;

    (void)ctx;
    if (rdp == LOADER_RDP_LEVEL_1) {
        optcr = (optcr & ~FLASH_OPTCR_RDP) | RDP_LEVEL_1 << RDP_SHIFT;
    }
    if ((optcr & FLASH_OPTCR_RDP) == RDP_LEVEL_2 << RDP_SHIFT) {
        *detail = RDP_LEVEL_2;
        return REASON_OPTIONS_LOCKED;
    }
    FLASH->SR = FLASH_SR_ERRORS | FLASH_SR_EOP;
    FLASH->OPTKEYR = FLASH_OPTKEY1;
    FLASH->OPTKEYR = FLASH_OPTKEY2;
    sr = flash_ram_options(optcr, OPTIONS_LIMIT_US);
    FLASH->OPTCR |= FLASH_OPTCR_LOCK;
    *detail = sr;
    if ((sr & FLASH_SR_BSY) != 0) {
        return REASON_FLASH_TIMEOUT;
    }
    if ((sr & FLASH_SR_ERRORS) != 0) {
        return REASON_FLASH_ERROR;
    }
    *detail = FLASH->OPTCR;
    return ((FLASH->OPTCR ^ optcr) & (FLASH_OPTCR_NWRP | FLASH_OPTCR_RDP)) == 0
               ? REASON_NONE
               : REASON_OPTIONS_VERIFY;
}
