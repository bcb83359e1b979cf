/* SPDX-License-Identifier: MIT */
/*
 * The one backup register that the bootloader keeps, RTC_BKP19R (RM0090 rev 19 section 26.6.20): it
 * survives resets without a write to flash. Access goes by way of PWR (sections 5.1.2 and 5.4.1).
 * Clock and write access of the backup domain are afterwards as they were. For services it must not
 * disturb an application whose interrupt handlers change RCC_APB1ENR or PWR_CR: both bits are
 * changed through their bit-band aliases, each in one access.
 */
#include "backup.h"

#include "flash_hw.h"
#include "stm32f407.h"

#define ACCESS_POLLS 100u /* DBP is there after some clocks of APB1 */

uint32_t flash_hw_note(const struct flash_hw *flash)
{
    (void)flash;
    return RTC_BKP19R; /* on APB1 without a gate of its own; reading wants no DBP */
}

struct backup_access backup_open(void)
{
    struct backup_access before = {.clock = RCC_APB1ENR_PWREN_BIT};

    RCC_APB1ENR_PWREN_BIT = 1;
    (void)RCC_APB1ENR_PWREN_BIT; /* ES0182 */
    before.access = PWR_CR_DBP_BIT;
    PWR_CR_DBP_BIT = 1;
    for (uint32_t i = 0; i < ACCESS_POLLS && PWR_CR_DBP_BIT == 0; i++) {
    }
    return before;
}

void backup_close(struct backup_access before)
{
    PWR_CR_DBP_BIT = before.access;
    (void)PWR_CR_DBP_BIT;
    RCC_APB1ENR_PWREN_BIT = before.clock;
}

void flash_hw_set_note(const struct flash_hw *flash, uint32_t note)
{
    struct backup_access before;

    (void)flash;
    if (RTC_BKP19R == note) {
        return;
    }
    before = backup_open();
    RTC_BKP19R = note;
    (void)RTC_BKP19R; /* it has arrived before access is taken away */
    backup_close(before);
}
