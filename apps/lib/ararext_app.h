/*
 * What an application links to talk to the bootloader that started it. PROTOCOL.md, "The boot
 * request of an application", is the reference.
 */
#ifndef ARAREXT_APP_H
#define ARAREXT_APP_H

#include <stdnoreturn.h>

/* Leaves the request to stay in the bootloader in no-init RAM and resets the chip. Works from any
 * privileged code; does not come back. The last 64 bytes of SRAM2 are the bootloader's and the
 * application's alone: keep stack and data out of them. */
noreturn void ararext_app_request_bootloader(void);

/* Resets the chip without a request: the bootloader looks at button and flash as after power-on. */
noreturn void ararext_app_reset(void);

#endif
