/* SPDX-License-Identifier: MIT */
/*
 * The one backup register that the bootloader keeps, RTC_BKP19R (RM0090 rev 19 section 26.6.20).
 * It survives resets without a write to flash. Clock and write access of the backup domain are
 * afterwards as they were.
 */
#ifndef ARAREXT_BACKUP_H
#define ARAREXT_BACKUP_H

#include <stdint.h>

uint32_t backup_read(void *ctx); /* ctx is not used */
void backup_write(void *ctx, uint32_t note);

#endif
