/* SPDX-License-Identifier: MIT */
/*
 * core's struct update_board and what it stands on, made of the drivers. Three users: the boot
 * decision (before anything in SRAM is initialised), the boot path and the commands, and the
 * services.
 */
#ifndef ARAREXT_PACKAGES_H
#define ARAREXT_PACKAGES_H

#include "flash.h"
#include "flash_hw.h"
#include "update.h"

struct packages {
    struct flash_hw flash;
    struct update_board update; /* points to flash: do not copy */
};

/* Without writes it serves everyone: touches nothing but the stack. */
#define PACKAGES_FROM_FLASH false
#define PACKAGES_FROM_RAM   true /* RAM code is in place, TIM5 and the tick run */

/* from_ram: how flash operations run. Unpacking takes free SRAM, and only from_ram has it. */
void packages_bind(struct packages *p, bool from_ram);

#endif
