/* SPDX-License-Identifier: MIT */
/* The table of regions and the two questions asked of it: inside, and touching. */
#include "region.h"

#include <stdbool.h>

#include "memory_map.h"

#define REGION_OWNED 8 /* the bootloader's: refused with its own reason */
#define PART_END     0 /* stands for the end of the part's flash */

struct region {
    uint32_t base;
    uint32_t end;
    uint8_t access;
};

static const struct region regions[] = {
    {MAP_FLASH_BASE, PART_END, REGION_READ},
    {MAP_APP_BASE, PART_END, REGION_WRITE | REGION_EXECUTE},
    {MAP_SRAM_BASE, MAP_SRAM_BASE + MAP_SRAM_SIZE, REGION_READ},
    {MAP_FREE_SRAM_BASE, MAP_FREE_SRAM_BASE + MAP_FREE_SRAM_SIZE, REGION_WRITE | REGION_EXECUTE},
    {MAP_CCM_BASE, MAP_CCM_BASE + MAP_CCM_SIZE, REGION_READ | REGION_WRITE},
    {MAP_BACKUP_BASE, MAP_BACKUP_BASE + MAP_BACKUP_SIZE, REGION_READ | REGION_WRITE},
    /* System memory, OTP and lock bytes follow each other without a gap. */
    {MAP_SYSTEM_BASE, MAP_OTP_LOCK_BASE + MAP_OTP_LOCK_SIZE, REGION_READ},
    {MAP_UID_BASE, MAP_UID_BASE + MAP_UID_SIZE, REGION_READ},
    {MAP_FLASH_KIB_ADDR, MAP_FLASH_KIB_ADDR + 2, REGION_READ},
    {MAP_OPTION_BASE, MAP_OPTION_BASE + MAP_OPTION_SIZE, REGION_READ},
    {MAP_BOOT_BASE, MAP_BOOT_BASE + MAP_BOOT_SIZE, REGION_OWNED},
    {MAP_BOOT_SRAM_BASE, MAP_BOOT_SRAM_BASE + MAP_BOOT_SRAM_SIZE, REGION_OWNED},
    {MAP_SERVING_BASE, MAP_SERVING_BASE + MAP_SERVING_SIZE, REGION_OWNED}, /* boot request, too */
};

_Static_assert(MAP_SYSTEM_BASE + MAP_SYSTEM_SIZE == MAP_OTP_BASE, "system memory ends at OTP");
_Static_assert(MAP_SERVING_BASE + MAP_SERVING_SIZE == MAP_BOOT_REQUEST_BASE + MAP_BOOT_REQUEST_SIZE,
               "the end of SRAM is the bootloader's");
_Static_assert(MAP_OTP_BASE + MAP_OTP_SIZE == MAP_OTP_LOCK_BASE, "OTP ends at its lock bytes");

enum reason region_check(enum region_access access, uint32_t addr, uint32_t len, uint32_t flash_end)
{
    bool owned = false;

    for (unsigned i = 0; i < sizeof regions / sizeof regions[0]; i++) {
        uint32_t base = regions[i].base;
        uint32_t size = (regions[i].end == PART_END ? flash_end : regions[i].end) - base;
        uint32_t offset = addr - base; /* wraps below base: then it is beyond size */

        if ((regions[i].access & (unsigned)access) != 0 && offset < size && len <= size - offset) {
            return REASON_NONE;
        }
        if (regions[i].access == REGION_OWNED && (offset < size || 0u - offset < len)) {
            owned = true;
        }
    }
    return owned && access != REGION_READ ? REASON_BOOTLOADER : REASON_ADDRESS;
}
