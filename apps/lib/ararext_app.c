/* The boot request, and the reset that follows (PM0214 section 4.4.5, AIRCR). */
#include "ararext_app.h"

#include <stdint.h>

#include "memory_map.h"
#include "protocol.h"

#define AIRCR             (*(volatile uint32_t *)0xE000ED0Cu)
#define AIRCR_SYSRESETREQ (1u << 2)
#define AIRCR_PRIGROUP    (7u << 8)
#define AIRCR_VECTKEY     (0x05FAu << 16)

noreturn void ararext_app_reset(void)
{
    __asm__ volatile("cpsid i\n\tdsb" ::: "memory");
    AIRCR = AIRCR_VECTKEY | (AIRCR & AIRCR_PRIGROUP) | AIRCR_SYSRESETREQ;
    for (;;) {
    }
}

noreturn void ararext_app_request_bootloader(void)
{
    volatile uint32_t *request = (volatile uint32_t *)MAP_BOOT_REQUEST_BASE;

    __asm__ volatile("cpsid i" ::: "memory");
    request[0] = BOOT_REQUEST_MAGIC;
    request[1] = BOOT_REQUEST_LOADER;
    request[2] = ~(uint32_t)BOOT_REQUEST_LOADER;
    ararext_app_reset();
}
