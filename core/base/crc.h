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

#endif
