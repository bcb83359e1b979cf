/*
 * What an application links to talk to the bootloader that started it. PROTOCOL.md, "The boot
 * request of an application", is the reference.
 */
#ifndef ARAREXT_APP_H
#define ARAREXT_APP_H

#include <stdnoreturn.h>

/* Leaves the request to stay in the bootloader in no-init RAM and resets the chip. Works from any
 * privileged code; does not come back. The request lies in the last 64 bytes of SRAM, where
 * most stacks begin; that is no conflict, since nothing uses the stack after it is written. */
noreturn void ararext_app_request_bootloader(void);

/* Resets the chip without a request: the bootloader looks at button and flash as after power-on. */
noreturn void ararext_app_reset(void);

#endif
