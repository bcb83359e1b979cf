/* SPDX-License-Identifier: MIT */
/*
 * Erasing and programming around the part that waits: limits, keys, error bits, caches, reading
 * back (RM0090 rev 19 section 3.6; times from DS8626 table 48, parallelism x32).
 */
#include "flash.h"

#include "bytes.h"
#include "flash_hw.h"
#include "flash_ram.h"
#include "geometry.h"
#include "memory_map.h"
#include "stm32f407.h"

#define PROGRAM_LIMIT_US 1000u /* at most 100 us */
#define ERASE_LIMIT_US   400000u
/* At most 500 ms for 16 KiB, 1.1 s for 64, 2 s for 128; doubled. */
#define ERASE_LIMIT_KIB_US 28000u
#define BYTES_PER_KIB      1024u

const struct flash_ops flash_from_ram = {flash_ram_erase, flash_ram_program};

void flash_flush_caches(void)
{
    uint32_t acr = FLASH->ACR; /* RM0090 3.5.2: disable, reset, enable */
    uint32_t off = acr & ~(FLASH_ACR_ICEN | FLASH_ACR_DCEN);

    FLASH->ACR = off;
    FLASH->ACR = off | FLASH_ACR_ICRST | FLASH_ACR_DCRST;
    FLASH->ACR = off;
    FLASH->ACR = acr;
}

/* Returns FLASH_CR as it was: locked, but for an application that uses it itself. */
static uint32_t flash_unlock(void)
{
    uint32_t cr = FLASH->CR;

    flash_flush_caches();
    FLASH->SR = FLASH_SR_ERRORS | FLASH_SR_EOP; /* left over from before: not ours */
    if ((cr & FLASH_CR_LOCK) != 0) {
        FLASH->KEYR = FLASH_KEY1;
        FLASH->KEYR = FLASH_KEY2;
    }
    return cr;
}

static enum reason flash_end(uint32_t cr, uint32_t sr, uint32_t *detail)
{
    FLASH->CR = cr;
    flash_flush_caches();
    return flash_reason(sr, detail);
}

static enum reason flash_write(const struct flash_ops *ops, const struct flash_write *w,
                               uint32_t *detail)
{
    uint32_t cr = flash_unlock();

    return flash_end(cr, ops->program(w, PROGRAM_LIMIT_US), detail);
}

void flash_read(void *ctx, uint32_t addr, void *data, size_t len)
{
    (void)ctx;
    (void)__builtin_memcpy(data, (const void *)addr, len);
    __asm__ volatile("" ::: "memory"); /* flash changes behind the compiler's back */
}

static enum reason flash_check_blank(uint32_t addr, uint32_t size, uint32_t *detail)
{
    uint32_t end = addr + size;

    do {
        const volatile uint32_t *word = (const volatile uint32_t *)addr;

        if ((word[0] & word[1]) != BLANK_WORD) {
            *detail = word[0] != BLANK_WORD ? addr : addr + WORD_SIZE;
            return REASON_VERIFY;
        }
        addr += 2u * WORD_SIZE;
    } while (addr != end);
    return REASON_NONE;
}

enum reason flash_erase_sector(void *ctx, unsigned sector, uint32_t *detail)
{
    const struct flash_ops *ops = ctx;
    uint32_t addr = geometry_sector_addr(sector);
    uint32_t size = geometry_sector_size(sector);
    uint32_t limit_us = ERASE_LIMIT_US + ERASE_LIMIT_KIB_US * (size / BYTES_PER_KIB);
    enum reason reason;
    uint32_t cr;

    if (sector < MAP_BOOT_SECTORS) {
        *detail = sector;
        return REASON_BOOTLOADER;
    }
    cr = flash_unlock();
    reason = flash_end(
        cr, ops->erase(FLASH_CR_SER | FLASH_CR_PSIZE(2u) | sector << FLASH_CR_SNB_SHIFT, limit_us),
        detail);
    return reason == REASON_NONE ? flash_check_blank(addr, size, detail) : reason;
}

/* The next run of units of one size: words where addr is a multiple of 4, at the edges a byte. */
static void flash_next_run(struct flash_write *w, uint32_t addr, const uint8_t *data, size_t left)
{
    w->addr = addr;
    w->data = data;
    w->unit = addr % WORD_SIZE == 0 && left >= WORD_SIZE ? WORD_SIZE : 1u;
    w->len = w->unit == WORD_SIZE ? left - left % WORD_SIZE : 1u;
}

static enum reason flash_compare(const struct flash_write *w, uint32_t *detail)
{
    uint32_t addr = w->addr;
    uint32_t end = addr + w->len;
    const uint8_t *data = w->data;

    while (w->unit == WORD_SIZE && *(const volatile uint32_t *)addr == load_le32(data)) {
        addr += WORD_SIZE;
        data += WORD_SIZE;
        if (addr == end) {
            return REASON_NONE;
        }
    }
    for (; addr != end; addr++) {
        if (*(const volatile uint8_t *)addr != *data++) {
            *detail = addr;
            return REASON_VERIFY;
        }
    }
    return REASON_NONE;
}

enum reason flash_program(void *ctx, uint32_t addr, const uint8_t *data, size_t len,
                          uint32_t *detail)
{
    enum reason reason = REASON_NONE;
    struct flash_write w = {.always = false};

    if (ctx == &flash_from_ram) {
        flash_ram_end();
    }
    if (addr - MAP_APP_BASE >= MAP_FLASH_BASE + MAP_FLASH_SIZE_MAX - MAP_APP_BASE) {
        *detail = addr;
        return REASON_BOOTLOADER;
    }
    for (; reason == REASON_NONE && len != 0; addr += w.len, data += w.len, len -= w.len) {
        flash_next_run(&w, addr, data, len);
        reason = flash_write(ctx, &w, detail);
        if (reason == REASON_NONE) {
            reason = flash_compare(&w, detail);
        }
    }
    return reason;
}

void flash_begin(void *ctx, uint32_t addr, const uint8_t *data, size_t len)
{
    if (ctx == &flash_from_ram && len != 0 &&
        addr - MAP_APP_BASE < MAP_FLASH_BASE + MAP_FLASH_SIZE_MAX - MAP_APP_BASE) {
        (void)flash_unlock();
        flash_ram_begin(addr, data, len - len % WORD_SIZE);
    }
}

static bool flash_is_otp(uint32_t addr)
{
    return addr - MAP_OTP_BASE < MAP_OTP_SIZE + MAP_OTP_LOCK_SIZE;
}

enum reason flash_mark(void *ctx, uint32_t addr, uint32_t word, uint32_t *detail)
{
    uint8_t bytes[WORD_SIZE];
    const struct flash_write w = {addr, bytes, WORD_SIZE, WORD_SIZE, true};

    if (addr - MAP_APP_BASE >= MAP_FLASH_BASE + MAP_FLASH_SIZE_MAX - MAP_APP_BASE &&
        !flash_is_otp(addr)) {
        *detail = addr;
        return REASON_BOOTLOADER;
    }
    store_le32(bytes, word);
    return flash_write(ctx, &w, detail);
}

enum reason flash_mark_otp(void *ctx, uint32_t addr, uint8_t byte, uint32_t *detail)
{
    const struct flash_write w = {addr, &byte, 1, 1, true};
    enum reason reason;

    if (!flash_is_otp(addr)) {
        *detail = addr;
        return REASON_ADDRESS;
    }
    reason = flash_write(ctx, &w, detail);
    return reason == REASON_NONE ? flash_compare(&w, detail) : reason;
}
