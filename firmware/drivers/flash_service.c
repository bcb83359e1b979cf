/* SPDX-License-Identifier: MIT */
/*
 * There is no timer here, since all of them are the application's: waits end by counting. A poll
 * takes at least 7 cycles when the core does not stall; at 168 MHz or less that is over the limit,
 * never under it.
 */
#include "flash_service.h"

#include "cortex_m4.h"
#include "flash_unit.h"
#include "stm32f407.h"

#define POLLS_PER_US 24u

static uint32_t flash_service_wait(uint32_t limit_us)
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

static uint32_t flash_service_erase(uint32_t cr, uint32_t limit_us)
{
    FLASH->CR = cr;
    FLASH->CR = cr | FLASH_CR_STRT;
    return flash_service_wait(limit_us);
}

static uint32_t flash_service_program(const struct flash_write *w, uint32_t limit_us)
{
    uint32_t sr = 0;

    FLASH->CR = flash_unit_cr(w->unit);
    for (uint32_t i = 0; i != w->len && (sr & (FLASH_SR_ERRORS | FLASH_SR_BSY)) == 0;
         i += w->unit) {
        if (flash_unit_store(w, w->addr + i, w->data + i)) {
            sr = flash_service_wait(limit_us);
        }
    }
    return sr;
}

const struct flash_ops flash_from_flash = {flash_service_erase, flash_service_program};
