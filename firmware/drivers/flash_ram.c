/* SPDX-License-Identifier: MIT */
/*
 * Flash operations from SRAM (RM0090 rev 19 sections 3.6 and 3.7). While one runs, the ring is
 * watched and the independent watchdog, should it run, is kept quiet.
 */
#include "flash_ram.h"

#include "cortex_m4.h"
#include "ramcode.h"
#include "serial.h"
#include "stm32f407.h"
#include "timer.h"

/* Programming ends within this time; what takes longer takes many milliseconds. */
#define SLEEP_AFTER_US 200u
#define FLASH_IRQ      (1u << 4) /* RM0090 table 62 */
/* The ring and the watchdog are looked at once in so many bytes: 64 words take 6.4 ms at most. */
#define WATCH_BYTES 256u

/* Flash cannot be fetched from before BSY falls, so there is no way back to the caller while it is
 * set: an operation is given its limit once more, and then the chip is reset. One that ended only
 * after its limit is told as timed out, by BSY in the result. */
RAM_CODE uint32_t flash_ram_wait(uint32_t limit_us)
{
    uint32_t start = timer_us();
    uint32_t taken_us;

    core_dsb(); /* the write that started it has reached the controller */
    do {
        serial_watch_ring();
        IWDG->KR = IWDG_KEY_RELOAD;
        taken_us = timer_us() - start;
        if (taken_us > SLEEP_AFTER_US) {
            core_wfi(); /* a millisecond: the ring takes 355 to go round */
        }
        timer_clear_tick();
        if (taken_us > 2u * limit_us) {
            core_reset();
        }
    } while ((FLASH->SR & FLASH_SR_BSY) != 0);
    return FLASH->SR | (taken_us > limit_us ? FLASH_SR_BSY : 0);
}

RAM_CODE uint32_t flash_ram_erase(uint32_t cr, uint32_t limit_us)
{
    FLASH->CR = cr;
    FLASH->CR = cr | FLASH_CR_STRT;
    return flash_ram_wait(limit_us);
}

/* Sleeps while a unit programs: its end pends an interrupt that nobody takes. Should the tick wake
 * it before, or no operation have begun, flash_ram_wait does the rest. */
RAM_CODE uint32_t flash_ram_program(const struct flash_write *w, uint32_t limit_us)
{
    struct flash_write at = *w; /* in registers: what this adds to each unit's time counts */
    uint32_t end = at.addr + at.len;
    uint32_t sr;

    NVIC->ISER[0] = FLASH_IRQ;
    FLASH->CR = flash_unit_cr(at.unit) | FLASH_CR_EOPIE;
    do {
        if (flash_unit_store(&at, at.addr, at.data)) {
            core_wfi();
        }
        sr = FLASH->SR;
        if ((sr & FLASH_SR_BSY) != 0 || at.addr % WATCH_BYTES == 0) {
            sr = flash_ram_wait(limit_us);
        }
        FLASH->SR = FLASH_SR_EOP;
        core_dsb(); /* or the interrupt is pending again */
        NVIC->ICPR[0] = FLASH_IRQ;
        at.addr += at.unit;
        at.data += at.unit;
    } while (at.addr != end && (sr & (FLASH_SR_ERRORS | FLASH_SR_BSY)) == 0);
    NVIC->ICER[0] = FLASH_IRQ;
    return sr;
}

/* What is still to be started. */
static struct {
    volatile uint32_t *at, *end;
    const uint32_t *data;
} flash_ram_ahead;

void flash_ram_begin(uint32_t addr, const uint8_t *data, uint32_t len)
{
    FLASH->CR = flash_unit_cr(4);
    flash_ram_ahead.at = (volatile uint32_t *)addr;
    flash_ram_ahead.end = (volatile uint32_t *)(addr + len);
    flash_ram_ahead.data = (const uint32_t *)(const void *)data;
}

RAM_CODE void flash_ram_poke(void)
{
    volatile uint32_t *at = flash_ram_ahead.at;

    if (at != flash_ram_ahead.end && (FLASH->SR & (FLASH_SR_BSY | FLASH_SR_ERRORS)) == 0) {
        uint32_t value = *flash_ram_ahead.data++;

        flash_ram_ahead.at = at + 1;
        if (*at != value) {
            *at = value;
        }
    }
}

void flash_ram_end(void)
{
    flash_ram_ahead.end = flash_ram_ahead.at;
    FLASH->CR = FLASH_CR_LOCK; /* waits for the word under way (RM0090 3.6.1) */
}

RAM_CODE uint32_t flash_ram_options(uint32_t optcr, uint32_t limit_us)
{
    FLASH->OPTCR = optcr;
    FLASH->OPTCR = optcr | FLASH_OPTCR_STRT;
    return flash_ram_wait(limit_us);
}
