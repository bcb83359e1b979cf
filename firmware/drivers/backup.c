/* SPDX-License-Identifier: MIT */
/*
 * Access by way of PWR (RM0090 rev 19 sections 5.1.2 and 5.4.1). For services it must not disturb
 * an application whose interrupt handlers change RCC_APB1ENR or PWR_CR: both bits are changed
 * through their bit-band aliases, each in one access.
 */
#include "backup.h"

#include "stm32f407.h"

#define ACCESS_POLLS 100u /* DBP is there after some clocks of APB1 */

uint32_t backup_read(void *ctx)
{
    (void)ctx;
    return RTC_BKP19R; /* on APB1 without a gate of its own; reading wants no DBP */
}

void backup_write(void *ctx, uint32_t note)
{
    uint32_t clock = RCC_APB1ENR_PWREN_BIT;
    uint32_t access;

    (void)ctx;
    if (RTC_BKP19R == note) {
        return;
    }
    RCC_APB1ENR_PWREN_BIT = 1;
    (void)RCC_APB1ENR_PWREN_BIT; /* ES0182 */
    access = PWR_CR_DBP_BIT;
    PWR_CR_DBP_BIT = 1;
    for (uint32_t i = 0; i < ACCESS_POLLS && PWR_CR_DBP_BIT == 0; i++) {
    }
    RTC_BKP19R = note;
    (void)RTC_BKP19R; /* it has arrived before access is taken away */
    PWR_CR_DBP_BIT = access;
    (void)PWR_CR_DBP_BIT;
    RCC_APB1ENR_PWREN_BIT = clock;
}
