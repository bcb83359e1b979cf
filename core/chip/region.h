/* SPDX-License-Identifier: MIT */
/*
 * What a host may do where (PROTOCOL.md, "Ranges"). A range is checked whole, end and overflow
 * included, against one table. Only arithmetic on addresses; nothing is accessed.
 */
#ifndef ARAREXT_REGION_H
#define ARAREXT_REGION_H

#include <stdint.h>

#include "reason.h"

enum region_access {
    REGION_READ = 1,
    REGION_WRITE = 2,
    REGION_EXECUTE = 4,
};

/* Whether [addr, addr + len) lies inside one region that allows the access. len is at least 1;
 * flash_end is the first address behind the part's flash. REASON_NONE; REASON_BOOTLOADER if a write
 * or a jump would touch what the bootloader owns; else REASON_ADDRESS. */
enum reason region_check(enum region_access access, uint32_t addr, uint32_t len,
                         uint32_t flash_end);

#endif
