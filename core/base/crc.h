/* SPDX-License-Identifier: MIT */
/*
 * The CRC of the protocol, in software: polynomial 0x04C11DB7, not reflected, no final XOR, each
 * byte fed as one 32-bit word (PROTOCOL.md, "CRC32"). The board uses its CRC unit instead.
 */
#ifndef ARAREXT_CRC_H
#define ARAREXT_CRC_H

#include <stddef.h>
#include <stdint.h>

#define CRC_START 0xFFFFFFFFu

/* Continues crc (CRC_START at the beginning) over len bytes. data may be NULL when len is 0. */
uint32_t crc_update(uint32_t crc, const uint8_t *data, size_t len);

/* The same over words as they are, little-endian: one step each, which the chip's unit does fastest
 * (PROTOCOL.md, "Frames to the board"). */
uint32_t crc_update_words(uint32_t crc, const uint8_t *data, size_t words);

/* Both from CRC_START on; len and words are not 0, and words lie at a multiple of 4. The link
 * decides who computes it: the chip's unit (firmware/drivers/crc_unit.c), or crc_frame.c where
 * nothing else is linked. */
uint32_t crc_frame(const uint8_t *data, size_t len);
uint32_t crc_words(const uint8_t *data, size_t words);

#endif
