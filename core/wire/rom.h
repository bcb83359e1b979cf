/* SPDX-License-Identifier: MIT */
/*
 * The protocol of ST's ROM bootloader on the wire (ST AN3155, "USART protocol used in the STM32
 * bootloader"; PROTOCOL.md, "The third dialect"): its commands and the blocks that they are made
 * of. Each block is acknowledged before the next is sent.
 */
#ifndef ARAREXT_ROM_H
#define ARAREXT_ROM_H

#include <stdbool.h>
#include <stdint.h>

#define ROM_HELLO   0x7Fu /* alone: a host asks whether somebody is there */
#define ROM_ACK     0x79u
#define ROM_NACK    0x1Fu
#define ROM_VERSION 0x31u /* of the ROM of an F407 */

enum rom_command {
    ROM_GET = 0x00,
    ROM_GET_VERSION = 0x01,
    ROM_GET_ID = 0x02,
    ROM_READ = 0x11,
    ROM_GO = 0x21,
    ROM_WRITE = 0x31,
    ROM_ERASE = 0x43,
    ROM_ERASE_EXTENDED = 0x44,
    ROM_WRITE_PROTECT = 0x63,
    ROM_WRITE_UNPROTECT = 0x73,
    ROM_READ_PROTECT = 0x82,
    ROM_READ_UNPROTECT = 0x92,
};

/* What a block is made of. All but the complements end in the XOR of the bytes before. */
enum rom_block {
    ROM_BLOCK_COMMAND = 0, /* a command and its complement */
    ROM_BLOCK_COUNT,       /* a number less one, and its complement */
    ROM_BLOCK_WORD,        /* four bytes, the highest first */
    ROM_BLOCK_BYTES,       /* N, N + 1 bytes */
    ROM_BLOCK_CODES,       /* the same of sectors; or FF and its complement: all of them */
    ROM_BLOCK_WIDE, /* the same with 16 bits each, the higher first; from FFF0 on N is alone */
};
#define ROM_ALL       0xFFu
#define ROM_WIDE_SELF 0xFFF0u
#define ROM_WIDE_ALL  0xFFFFu
#define ROM_WIDE_BANK 0xFFFEu /* the first bank: an F407 has no other */

/* A command and the blocks behind it, the first one in the lowest bits. */
struct rom_form {
    uint8_t code;
    uint8_t blocks;
};
#define ROM_BLOCK_BITS 3u
#define ROM_BLOCK_MASK 7u

#define ROM_FORMS  12u
#define ROM_LISTED 11u /* as many of them are in the answer to Get */
extern const struct rom_form rom_forms[ROM_FORMS];

/* NULL if there is none. */
const struct rom_form *rom_form_find(uint8_t code);

/* Bytes of a block of which count bytes, at least one, are there; more than count while that cannot
 * be told. */
unsigned rom_block_size(enum rom_block block, const uint8_t *bytes, unsigned count);
/* Whether the check of a whole block holds. */
bool rom_block_good(const uint8_t *bytes, unsigned count);

/* 16 and 32 bits as they are sent. */
static inline uint16_t rom_load16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

static inline uint32_t rom_load32(const uint8_t *bytes)
{
    return (uint32_t)rom_load16(bytes) << 16 | rom_load16(bytes + 2);
}

#endif
