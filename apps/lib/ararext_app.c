/* SPDX-License-Identifier: MIT */
/*
 * The boot request, the reset that follows (PM0214 section 4.4.5, AIRCR), and the watchdog's reload
 * key (RM0090 section 21.4.1). The only file of the library that touches registers.
 */
#include "ararext_app.h"

#include "memory_map.h"

#define AIRCR             (*(volatile uint32_t *)0xE000ED0Cu)
#define AIRCR_SYSRESETREQ (1u << 2)
#define AIRCR_PRIGROUP    (7u << 8)
#define AIRCR_VECTKEY     (0x05FAu << 16)
#define IWDG_KR           (*(volatile uint32_t *)0x40003000u)
#define IWDG_RELOAD       0xAAAAu

void ararext_app_reset(void)
{
    __asm__ volatile("cpsid i\n\tdsb" ::: "memory");
    AIRCR = AIRCR_VECTKEY | (AIRCR & AIRCR_PRIGROUP) | AIRCR_SYSRESETREQ;
    for (;;) {
    }
}

void ararext_app_request_bootloader(void)
{
    volatile uint32_t *request = (volatile uint32_t *)MAP_BOOT_REQUEST_BASE;

    __asm__ volatile("cpsid i" ::: "memory");
    request[0] = BOOT_REQUEST_MAGIC;
    request[1] = BOOT_REQUEST_LOADER;
    request[2] = ~(uint32_t)BOOT_REQUEST_LOADER;
    ararext_app_reset();
}

void ararext_app_feed_watchdog(void)
{
    IWDG_KR = IWDG_RELOAD;
}
