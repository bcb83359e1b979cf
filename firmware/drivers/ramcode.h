/* SPDX-License-Identifier: MIT */
/* Code that runs from SRAM, because flash cannot be fetched from while it programs or erases. The
 * start-up copies it (link/bootloader.ld.in). It may call only other code in SRAM: scripts/stack
 * checks. */
#ifndef ARAREXT_RAMCODE_H
#define ARAREXT_RAMCODE_H

#define RAM_CODE __attribute__((section(".ramcode"), noinline, noclone))

#endif
