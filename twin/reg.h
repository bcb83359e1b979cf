/* SPDX-License-Identifier: MIT */
/*
 * How narrow accesses meet 32-bit registers. Private to the twin's peripherals.
 *
 * AHB peripherals see byte lanes; behind an AHB-APB bridge a narrow write arrives with its data
 * repeated over all 32 bits (RM0090 2.1.6: "the bridge duplicates the 16- or 8-bit data to feed the
 * 32-bit vector"). The bus passes and takes narrow values in the low bits.
 */
#ifndef TWIN_REG_H
#define TWIN_REG_H

#include <stdint.h>

static inline uint32_t reg_mask(unsigned width)
{
    return width >= 4 ? UINT32_MAX : (UINT32_C(1) << (8 * width)) - 1;
}

/* What a read of width bytes at offset sees of the register that holds offset. */
static inline uint32_t reg_extract(uint32_t word, uint32_t offset, unsigned width)
{
    return (word >> (8 * (offset & 3))) & reg_mask(width);
}

/* The register after an AHB write of width bytes at offset. */
static inline uint32_t reg_merge(uint32_t old, uint32_t offset, unsigned width, uint32_t value)
{
    unsigned shift = 8 * (offset & 3);
    uint32_t mask = reg_mask(width) << shift;
    return (old & ~mask) | ((value << shift) & mask);
}

/* What a register behind an APB bridge is given by a write of width bytes. */
static inline uint32_t reg_repeat(unsigned width, uint32_t value)
{
    if (width == 1) {
        return (value & 0xFF) * 0x01010101u;
    }
    return width == 2 ? (value & 0xFFFF) * 0x00010001u : value;
}

#endif
