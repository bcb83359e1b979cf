/* SPDX-License-Identifier: MIT */
/*
 * The chip's memories and option bytes as a host asks for them. core declares these functions and
 * the link decides what they are, as those of flash_hw.h: the drivers on the board, a model in
 * tests; flash says which one. Addresses have been checked.
 */
#ifndef ARAREXT_MEMORY_HW_H
#define ARAREXT_MEMORY_HW_H

#include <stddef.h>
#include <stdint.h>

#include "flash_hw.h"

/* What an option-byte change does to the read protection. There is no value for level 2: nothing
 * that this project builds can ask for it. */
enum memory_rdp {
    MEMORY_RDP_KEEP,
    MEMORY_RDP_LEVEL_1,
};

/* Any memory of region.h, by bytes. */
void memory_hw_read(const struct flash_hw *flash, uint32_t addr, uint8_t *data, size_t len);
/* RAM, backup SRAM included. len is not 0. */
void memory_hw_write(const struct flash_hw *flash, uint32_t addr, const uint8_t *data, size_t len);
/* crc_frame of a range. */
uint32_t memory_hw_crc(const struct flash_hw *flash, uint32_t addr, size_t len);
/* crc_words of one, at a multiple of 4. */
uint32_t memory_hw_crc_words(const struct flash_hw *flash, uint32_t addr, size_t words);
/* FLASH_OPTCR (options.h). */
uint32_t memory_hw_options(const struct flash_hw *flash);
/* Sets nWRP (bits 11:0, 1 = not protected). FLASH_ERROR, FLASH_TIMEOUT, OPTIONS_VERIFY, with
 * *detail as PROTOCOL.md has it for that reason. */
enum reason memory_hw_set_options(const struct flash_hw *flash, uint16_t nwrp, enum memory_rdp rdp,
                                  uint32_t *detail);

#endif
