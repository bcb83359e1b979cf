/* SPDX-License-Identifier: MIT */
/* The CRC unit of the chip (RM0090 rev 19 section 4): the CRC of frames and of memory, as
 * core/base/crc.h defines it. */
#ifndef ARAREXT_CRC_UNIT_H
#define ARAREXT_CRC_UNIT_H

#include <stddef.h>
#include <stdint.h>

void crc_unit_start(void);
/* Back to the start value, which it returns. */
uint32_t crc_unit_start_over(void);
/* Goes on over len bytes, at least one; returns the CRC so far. */
uint32_t crc_unit_add(const uint8_t *data, size_t len);
/* The same over words as they are in memory; data is aligned to 4 bytes, words is not 0. */
uint32_t crc_unit_add_words(const uint8_t *data, size_t words);

#endif
