/* SPDX-License-Identifier: MIT */
/* Write access to the backup domain: its SRAM and the registers of the RTC. The one of those that
 * the bootloader keeps is flash_hw_note of core's flash_hw.h. */
#ifndef ARAREXT_BACKUP_H
#define ARAREXT_BACKUP_H

#include <stdint.h>

/* Write access, and what was there before for backup_close. */
struct backup_access {
    uint32_t clock, access;
};
struct backup_access backup_open(void);
void backup_close(struct backup_access before);

#endif
