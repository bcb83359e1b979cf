/* SPDX-License-Identifier: MIT */
/*
 * The option bytes as FLASH_OPTCR has them (RM0090 section 3.9.10), for core and drivers. Bit i of
 * nWRP stands for sector i; 1: not write-protected.
 */
#ifndef ARAREXT_OPTIONS_H
#define ARAREXT_OPTIONS_H

#include "memory_map.h"

#define OPTIONS_RDP_SHIFT  8u
#define OPTIONS_NWRP_SHIFT 16u
#define OPTIONS_NWRP_MASK  0xFFFu
#define OPTIONS_NWRP_BOOT  ((1u << MAP_BOOT_SECTORS) - 1u) /* the bootloader's own sectors */

#endif
