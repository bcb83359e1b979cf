/* SPDX-License-Identifier: MIT */
/*
 * Erasing and programming around the part that waits: limits, keys, error bits, caches, reading
 * back (RM0090 rev 19 section 3.6; times from DS8626 table 48, parallelism x32).
 */
#include "flash.h"

#include "bytes.h"
#include "cortex_m4.h"
#include "debug_build.h"
#include "flash_ram.h"
#include "geometry.h"
#include "memory_map.h"
#include "serial.h"
#include "stm32f407.h"

#define PROGRAM_LIMIT_US 1000u /* at most 100 us */
#define ERASE_LIMIT_US   400000u
/* At most 500 ms for 16 KiB, 1.1 s for 64, 2 s for 128; doubled. */
#define ERASE_LIMIT_KIB_US 28000u
#define BYTES_PER_KIB      1024u
/* Services have no timer, since all of them are the application's: waits end by counting. A poll
 * takes at least 7 cycles when the core does not stall; at 168 MHz or less that is over the limit,
 * never under it. */
#define POLLS_PER_US 24u

const struct flash_hw flash_from_ram = {.from_ram = true};
const struct flash_hw flash_from_flash = {.from_ram = false};

uint32_t flash_hw_kib(const struct flash_hw *flash)
{
    (void)flash;
    return geometry_flash_kib(*(const volatile uint16_t *)MAP_FLASH_KIB_ADDR);
}

/* Behind the bootloader's own sectors, and inside the largest part. */
static bool flash_is_app(uint32_t addr)
{
    return addr - MAP_APP_BASE < MAP_FLASH_BASE + MAP_FLASH_SIZE_MAX - MAP_APP_BASE;
}

static bool flash_is_otp(uint32_t addr)
{
    return addr - MAP_OTP_BASE < MAP_OTP_SIZE + MAP_OTP_LOCK_SIZE;
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

/* Returns FLASH_CR as it was: locked, but for an application that uses it itself. */
static uint32_t flash_unlock(void)
{
    uint32_t cr = FLASH->CR;

    IWDG->KR = IWDG_KEY_RELOAD; /* the core may stand still for the whole of it */
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

void flash_hw_read(const struct flash_hw *flash, uint32_t addr, void *data, size_t len)
{
    (void)flash;
    (void)__builtin_memcpy(data, (const void *)addr, len);
    __asm__ volatile("" ::: "memory"); /* flash changes behind the compiler's back */
}

const uint8_t *flash_hw_view(const struct flash_hw *flash, uint32_t addr, uint8_t *data, size_t len)
{
    (void)flash;
    (void)data;
    (void)len;
    return (const uint8_t *)addr;
}

void flash_hw_alive(const struct flash_hw *flash)
{
    IWDG->KR = IWDG_KEY_RELOAD;
    if (flash->from_ram) {
        serial_watch_ring();
    }
}

/* ---- from flash itself, for services ---- */

static uint32_t flash_wait(uint32_t limit_us)
{
    uint32_t sr;

    core_dsb();
    for (uint32_t polls = limit_us * POLLS_PER_US; polls != 0; polls--) {
        IWDG->KR = IWDG_KEY_RELOAD;
        sr = FLASH->SR;
        if ((sr & FLASH_SR_BSY) == 0) {
            break;
        }
    }
    return FLASH->SR;
}

static uint32_t flash_erase_here(uint32_t cr, uint32_t limit_us)
{
    FLASH->CR = cr;
    FLASH->CR = cr | FLASH_CR_STRT;
    return flash_wait(limit_us);
}

static uint32_t flash_program_here(const struct flash_write *w, uint32_t limit_us)
{
    uint32_t sr = 0;

    FLASH->CR = flash_unit_cr(w->unit);
    for (uint32_t i = 0; i != w->len && (sr & (FLASH_SR_ERRORS | FLASH_SR_BSY)) == 0;
         i += w->unit) {
        if (flash_unit_store(w, w->addr + i, w->data + i)) {
            sr = flash_wait(limit_us);
        }
    }
    return sr;
}

/* ---- erasing ---- */

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

enum reason flash_hw_erase(const struct flash_hw *flash, unsigned sector, uint32_t *detail)
{
    const uint32_t erase = FLASH_CR_SER | FLASH_CR_PSIZE(2u) | sector << FLASH_CR_SNB_SHIFT;
    uint32_t addr = geometry_sector_addr(sector);
    uint32_t size = geometry_sector_size(sector);
    uint32_t limit_us = ERASE_LIMIT_US + ERASE_LIMIT_KIB_US * (size / BYTES_PER_KIB);
    enum reason reason;
    uint32_t cr, sr;

    if (sector < MAP_BOOT_SECTORS) {
        *detail = sector;
        return REASON_BOOTLOADER;
    }
    cr = flash_unlock();
    sr = flash->from_ram ? flash_ram_erase(erase, limit_us) : flash_erase_here(erase, limit_us);
    reason = flash_end(cr, sr, detail);
    return reason == REASON_NONE ? flash_check_blank(addr, size, detail) : reason;
}

/* ---- programming ---- */

static enum reason flash_write(const struct flash_hw *flash, const struct flash_write *w,
                               uint32_t *detail)
{
    ENSURE((w->addr | w->len) % w->unit == 0 && w->len != 0);
    uint32_t cr = flash_unlock();
    uint32_t sr = flash->from_ram ? flash_ram_program(w, PROGRAM_LIMIT_US)
                                  : flash_program_here(w, PROGRAM_LIMIT_US);

    return flash_end(cr, sr, detail);
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

enum reason flash_hw_program(const struct flash_hw *flash, uint32_t addr, const uint8_t *data,
                             size_t len, uint32_t *detail)
{
    enum reason reason = REASON_NONE;
    struct flash_write w = {.always = false};

    if (flash->from_ram) {
        flash_ram_end();
    }
    if (!flash_is_app(addr)) {
        *detail = addr;
        return REASON_BOOTLOADER;
    }
    for (; reason == REASON_NONE && len != 0; addr += w.len, data += w.len, len -= w.len) {
        flash_next_run(&w, addr, data, len);
        reason = flash_write(flash, &w, detail);
        if (reason == REASON_NONE) {
            reason = flash_compare(&w, detail);
        }
    }
    return reason;
}

void flash_hw_begin(const struct flash_hw *flash, uint32_t addr, const uint8_t *data, size_t len)
{
    if (flash->from_ram && len != 0 && flash_is_app(addr)) {
        (void)flash_unlock();
        flash_ram_begin(addr, data, len - len % WORD_SIZE);
    }
}

enum reason flash_hw_put(const struct flash_hw *flash, uint32_t addr, uint32_t word,
                         uint32_t *detail)
{
    uint8_t bytes[WORD_SIZE];
    const struct flash_write w = {addr, bytes, WORD_SIZE, WORD_SIZE, true};

    if (!flash_is_app(addr) && !flash_is_otp(addr)) {
        *detail = addr;
        return REASON_BOOTLOADER;
    }
    store_le32(bytes, word);
    return flash_write(flash, &w, detail);
}

enum reason flash_hw_put_otp(const struct flash_hw *flash, uint32_t addr, uint8_t byte,
                             uint32_t *detail)
{
    const struct flash_write w = {addr, &byte, 1, 1, true};
    enum reason reason;

    if (!flash_is_otp(addr)) {
        *detail = addr;
        return REASON_ADDRESS;
    }
    reason = flash_write(flash, &w, detail);
    return reason == REASON_NONE ? flash_compare(&w, detail) : reason;
}
