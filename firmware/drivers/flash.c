/*
 * Erasing and programming around the part that runs from SRAM: limits, keys, error bits, caches,
 * reading back (RM0090 rev 19 section 3.6; times from DS8626 table 48, parallelism x32).
 */
#include "flash.h"

#include <stdbool.h>

#include "flash_ram.h"
#include "geometry.h"
#include "memory_map.h"
#include "stm32f407.h"

#define PROGRAM_LIMIT_US 1000u /* at most 100 us */
#define ERASE_LIMIT_US   400000u
/* At most 500 ms for 16 KiB, 1.1 s for 64, 2 s for 128; doubled. */
#define ERASE_LIMIT_KIB_US 28000u
#define BLANK_WORD         0xFFFFFFFFu
#define BYTES_PER_KIB      1024u

static void flash_unlock(void)
{
    FLASH->SR = FLASH_SR_ERRORS | FLASH_SR_EOP; /* left over from before: not ours */
    if ((FLASH->CR & FLASH_CR_LOCK) != 0) {
        FLASH->KEYR = FLASH_KEY1;
        FLASH->KEYR = FLASH_KEY2;
    }
}

void flash_flush_caches(void)
{
    uint32_t acr = FLASH->ACR; /* RM0090 3.5.2: disable, reset, enable */
    uint32_t off = acr & ~(FLASH_ACR_ICEN | FLASH_ACR_DCEN);

    FLASH->ACR = off;
    FLASH->ACR = off | FLASH_ACR_ICRST | FLASH_ACR_DCRST;
    FLASH->ACR = off;
    FLASH->ACR = acr;
}

static enum protocol_reason flash_end(uint32_t sr, uint32_t *detail)
{
    FLASH->CR = FLASH_CR_LOCK;
    flash_flush_caches();
    return flash_ram_reason(sr, detail);
}

enum protocol_reason flash_erase_sector(void *ctx, unsigned sector, uint32_t *detail)
{
    uint32_t addr = geometry_sector_addr(sector);
    uint32_t size = geometry_sector_size(sector);
    uint32_t limit_us = ERASE_LIMIT_US + ERASE_LIMIT_KIB_US * (size / BYTES_PER_KIB);
    enum protocol_reason reason;

    (void)ctx;
    if (sector < MAP_BOOT_SECTORS) {
        *detail = sector;
        return REASON_BOOTLOADER;
    }
    flash_unlock();
    reason = flash_end(
        flash_ram_erase(FLASH_CR_SER | FLASH_CR_PSIZE(2u) | sector << FLASH_CR_SNB_SHIFT, limit_us),
        detail);
    for (; reason == REASON_NONE && size != 0; addr += 4u, size -= 4u) {
        if (*(const volatile uint32_t *)addr != BLANK_WORD) {
            *detail = addr;
            reason = REASON_VERIFY;
        }
    }
    return reason;
}

enum protocol_reason flash_program(void *ctx, uint32_t addr, const uint8_t *data, size_t len,
                                   uint32_t *detail)
{
    enum protocol_reason reason;

    (void)ctx;
    if (addr < MAP_APP_BASE) {
        *detail = addr;
        return REASON_BOOTLOADER;
    }
    flash_unlock();
    reason = flash_end(flash_ram_program(addr, data, len, PROGRAM_LIMIT_US), detail);
    for (size_t i = 0; reason == REASON_NONE && i < len; i++) {
        if (((const volatile uint8_t *)addr)[i] != data[i]) {
            *detail = addr + (uint32_t)i;
            reason = REASON_VERIFY;
        }
    }
    return reason;
}
