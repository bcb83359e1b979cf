/* SPDX-License-Identifier: MIT */
/*
 * core's struct update_board and what it stands on, made of the drivers. Three users: the boot
 * decision (before anything in SRAM is initialised), the boot path and the commands, and the
 * services.
 */
#ifndef ARAREXT_PACKAGES_H
#define ARAREXT_PACKAGES_H

#include "update.h"

/* Touches nothing but the stack; without writes it serves everyone. */
extern const struct update_board packages_from_flash;
/* RAM code is in place, TIM5 and the tick run, and unpacking has free SRAM. */
extern const struct update_board packages_from_ram;

#endif
