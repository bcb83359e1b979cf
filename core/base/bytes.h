/* SPDX-License-Identifier: MIT */
/* Little-endian loads and stores, for everything on the wire and in flash. */
#ifndef ARAREXT_BYTES_H
#define ARAREXT_BYTES_H

#include <stdint.h>

#define WORD_SIZE 4u /* bytes of a word: what the chip's flash programs at once */

/* Always in line: one instruction on the board, and code in SRAM must not call code in flash. */
#define BYTES_INLINE static inline __attribute__((always_inline))

/* The byte order of what this is compiled for. Where it is the same, a load or a store is one
 * instruction, which the compiler does not make of single bytes when it optimises for size. */
#define BYTES_SAME (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)

BYTES_INLINE uint16_t load_le16(const uint8_t p[2])
{
    uint16_t v;

    __builtin_memcpy(&v, p, sizeof v);
    return BYTES_SAME ? v : __builtin_bswap16(v);
}

BYTES_INLINE uint32_t load_le32(const uint8_t p[4])
{
    uint32_t v;

    __builtin_memcpy(&v, p, sizeof v);
    return BYTES_SAME ? v : __builtin_bswap32(v);
}

BYTES_INLINE void store_le16(uint8_t p[2], uint16_t v)
{
    v = BYTES_SAME ? v : __builtin_bswap16(v);
    __builtin_memcpy(p, &v, sizeof v);
}

BYTES_INLINE void store_le32(uint8_t p[4], uint32_t v)
{
    v = BYTES_SAME ? v : __builtin_bswap32(v);
    __builtin_memcpy(p, &v, sizeof v);
}

BYTES_INLINE uint32_t load_be32(const uint8_t p[4])
{
    return __builtin_bswap32(load_le32(p));
}

BYTES_INLINE void store_be32(uint8_t p[4], uint32_t v)
{
    store_le32(p, __builtin_bswap32(v));
}

#endif
