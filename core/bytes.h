/* Little-endian loads and stores, for everything on the wire and in flash. */
#ifndef ARAREXT_BYTES_H
#define ARAREXT_BYTES_H

#include <stdint.h>

/* Always in line: one instruction on the board, and code in SRAM must not call code in flash. */
#define BYTES_INLINE static inline __attribute__((always_inline))

BYTES_INLINE uint16_t load_le16(const uint8_t p[2])
{
    return (uint16_t)(p[0] | (uint32_t)p[1] << 8);
}

BYTES_INLINE uint32_t load_le32(const uint8_t p[4])
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

BYTES_INLINE void store_le16(uint8_t p[2], uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

BYTES_INLINE void store_le32(uint8_t p[4], uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

#endif
