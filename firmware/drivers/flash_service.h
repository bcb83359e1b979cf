/* SPDX-License-Identifier: MIT */
/*
 * Flash operations for services: from flash itself. While the flash is busy the core waits at its
 * next fetch, which RM0090 section 3.6 allows; nothing in SRAM is touched but the stack.
 */
#ifndef ARAREXT_FLASH_SERVICE_H
#define ARAREXT_FLASH_SERVICE_H

#include "flash.h"

extern const struct flash_ops flash_from_flash;

#endif
