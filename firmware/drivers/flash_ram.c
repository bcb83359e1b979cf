/*
 * Flash operations from SRAM (RM0090 rev 19 sections 3.6 and 3.7). While one runs, the ring is
 * watched and a hardware watchdog, should option bytes have started one, is kept quiet.
 */
#include "flash_ram.h"

#include "bytes.h"
#include "cortex_m4.h"
#include "ramcode.h"
#include "serial.h"
#include "stm32f407.h"
#include "timer.h"

/* Programming ends within this time; what takes longer takes many milliseconds. */
#define SLEEP_AFTER_US 200u

/* Flash cannot be fetched from before BSY falls, so there is no way back to the caller while it is
 * set: an operation is given its limit once more, and then the chip is reset. One that ended only
 * after its limit is told as timed out, by BSY in the result. */
static RAM_CODE uint32_t flash_ram_wait(uint32_t limit_us)
{
    uint32_t start = timer_us();
    uint32_t taken_us;

    core_dsb(); /* the write that started it has reached the controller */
    do {
        serial_watch_ring();
        IWDG->KR = IWDG_KEY_RELOAD;
        taken_us = timer_us() - start;
        if (taken_us > SLEEP_AFTER_US) {
            timer_sleep(); /* a millisecond: the ring takes 355 to go round */
        }
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

RAM_CODE uint32_t flash_ram_program(uint32_t addr, const uint8_t *data, size_t len,
                                    uint32_t limit_us)
{
    uint32_t sr = 0;

    while (len != 0 && (sr & (FLASH_SR_ERRORS | FLASH_SR_BSY)) == 0) {
        size_t unit = 1;

        if (addr % 4u == 0 && len >= 4u) {
            volatile uint32_t *word = (volatile uint32_t *)addr;

            unit = 4;
            FLASH->CR = FLASH_CR_PG | FLASH_CR_PSIZE(2u);
            if (*word != load_le32(data)) {
                *word = load_le32(data);
            }
        } else if (addr % 2u == 0 && len >= 2u) {
            volatile uint16_t *half = (volatile uint16_t *)addr;

            unit = 2;
            FLASH->CR = FLASH_CR_PG | FLASH_CR_PSIZE(1u);
            if (*half != load_le16(data)) {
                *half = load_le16(data);
            }
        } else {
            volatile uint8_t *byte = (volatile uint8_t *)addr;

            FLASH->CR = FLASH_CR_PG | FLASH_CR_PSIZE(0u);
            if (*byte != *data) {
                *byte = *data;
            }
        }
        sr = flash_ram_wait(limit_us);
        addr += unit;
        data += unit;
        len -= unit;
    }
    return sr;
}

RAM_CODE uint32_t flash_ram_options(uint32_t optcr, uint32_t limit_us)
{
    FLASH->OPTCR = optcr;
    FLASH->OPTCR = optcr | FLASH_OPTCR_STRT;
    return flash_ram_wait(limit_us);
}
