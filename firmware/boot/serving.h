/* SPDX-License-Identifier: MIT */
/*
 * The bootloader has two halves. The flash half is what a start or an application needs: from reset
 * to the jump, and the services. The serving half is what bootloader mode alone needs; it lies
 * packed at the end of flash and runs from SRAM, at LINK_SERVING_BASE. link/link_packed.py divides
 * them when it links: nothing in the flash half uses the serving half, but for startup_reset, which
 * calls main_serve.
 */
#ifndef ARAREXT_SERVING_H
#define ARAREXT_SERVING_H

#include <stdbool.h>

/* Unpacks it into its place, whatever lies there. Takes the SRAM from LINK_SERVING_WORK up to
 * there. */
void serving_unpack(void);
/* Whether all of it is in place, by its CRC; looks at nothing that serving_unpack has left but the
 * place. */
bool serving_is_whole(void);

#endif
