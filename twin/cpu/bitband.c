/* SPDX-License-Identifier: MIT */
/*
 * Bit-band aliases: each word of the alias is one bit of SRAM or of the peripherals. A write is a
 * read-modify-write of the width of the access, as the core's bus does it, so a register that
 * reacts to reading reacts here too.
 *
 * Source: PM0214 section 2.2.5.
 */
#include "cpu.h"

bool bitband_is_alias(uint32_t addr, uint32_t *target)
{
    uint32_t offset;
    if (addr - SRAM_BB_BASE < BB_ALIAS_SIZE) {
        offset = addr - SRAM_BB_BASE;
        *target = SRAM_BASE + (offset >> 5);
        return true;
    }
    if (addr - PERIPH_BB < BB_ALIAS_SIZE) {
        offset = addr - PERIPH_BB;
        *target = PERIPH_BASE + (offset >> 5);
        return true;
    }
    return false;
}

static unsigned bit_number(uint32_t addr, uint32_t *target, unsigned width)
{
    unsigned byte = *target & (width - 1);
    *target -= byte;
    return 8 * byte + ((addr >> 2) & 7);
}

bool bitband_read(struct twin *t, uint32_t addr, unsigned width, uint32_t *value)
{
    uint32_t target = 0;
    (void)bitband_is_alias(addr, &target);
    unsigned bit = bit_number(addr, &target, width);
    bool ok = twin_bus_read(t, TWIN_MASTER_CPU, target, width, value);
    *value = *value >> bit & 1;
    return ok;
}

bool bitband_write(struct twin *t, uint32_t addr, unsigned width, uint32_t value)
{
    uint32_t target = 0, word = 0;
    (void)bitband_is_alias(addr, &target);
    unsigned bit = bit_number(addr, &target, width);
    if (!twin_bus_read(t, TWIN_MASTER_CPU, target, width, &word)) {
        return false;
    }
    word = (word & ~(1U << bit)) | (value & 1) << bit;
    return twin_bus_write(t, TWIN_MASTER_CPU, target, width, word);
}
