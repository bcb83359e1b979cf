/* SPDX-License-Identifier: MIT */
/*
 * Which registers an instruction leaves its result in, for faults that are injected: R0 to R12 and
 * LR. The stack pointer and the program counter are left out, and so is what loads more than two
 * registers. It never executes anything.
 *
 * Source: ARMv7-M architecture reference manual (DDI 0403), chapter A5 (encodings).
 */
#include "cpu.h"

#define USUAL 0x5FFFU /* R0 to R12, LR */

static uint32_t low(uint16_t hw, unsigned shift)
{
    return 1U << (hw >> shift & 7);
}

static uint32_t wide(uint16_t hw, unsigned shift)
{
    return 1U << (hw >> shift & 0xF);
}

/* 0100: data processing, special data, load from the literal pool. */
static uint32_t narrow_data(uint16_t hw)
{
    if ((hw & 0x0800) != 0) {
        return low(hw, 8);
    }
    if ((hw & 0x0400) == 0) {
        unsigned op = hw >> 6 & 0xF;
        return op == 8 || op == 10 || op == 11 ? 0 : low(hw, 0); /* TST, CMP, CMN */
    }
    unsigned op = hw >> 8 & 3;
    return op == 0 || op == 2 ? 1U << ((hw & 7) | (hw >> 4 & 8)) : 0; /* ADD, MOV */
}

static uint32_t narrow(uint16_t hw)
{
    switch (hw >> 12) {
    case 0x0:
    case 0x1:
        return low(hw, 0);
    case 0x2:
    case 0x3:
        return (hw & 0x3800) == 0x2800 ? 0 : low(hw, 8); /* CMP */
    case 0x4:
        return narrow_data(hw);
    case 0x5:
        return (hw >> 9 & 7) >= 3 ? low(hw, 0) : 0;
    case 0x6:
    case 0x7:
    case 0x8:
        return (hw & 0x0800) != 0 ? low(hw, 0) : 0;
    case 0x9:
        return (hw & 0x0800) != 0 ? low(hw, 8) : 0;
    case 0xA:
        return low(hw, 8);
    case 0xB: /* extending, reversing */
        return (hw & 0xFF00) == 0xB200 || (hw & 0xFF00) == 0xBA00 ? low(hw, 0) : 0;
    default:
        return 0;
    }
}

/* hw1 is 1111 1...: single loads and stores, data processing by registers, multiplying. */
static uint32_t wide_other(uint16_t hw1, uint16_t hw2)
{
    if ((hw1 & 0x0400) != 0) {
        return 0; /* coprocessor */
    }
    if ((hw1 & 0x0200) == 0) {
        return (hw1 & 0x0010) != 0 ? wide(hw2, 12) : 0;
    }
    bool both = (hw1 & 0x0180) == 0x0180 && (hw1 & 0x00D0) != 0x0090; /* long, no division */
    return both ? wide(hw2, 12) | wide(hw2, 8) : wide(hw2, 8);
}

static uint32_t wide_result(uint16_t hw1, uint16_t hw2)
{
    switch (hw1 >> 11) {
    case 0x1D: /* 1110 1 */
        if ((hw1 & 0x0600) == 0x0200) {
            return wide(hw2, 8);
        }
        if ((hw1 & 0xFFF0) == 0xE850) {
            return wide(hw2, 12); /* LDREX */
        }
        return (hw1 & 0xFE50) == 0xE850 && (hw1 & 0x0120) != 0 ? wide(hw2, 12) | wide(hw2, 8) : 0;
    case 0x1E: /* 1111 0: immediates; branches, MRS */
        return (hw2 & 0x8000) == 0 || hw1 == 0xF3EF ? wide(hw2, 8) : 0;
    case 0x1F:
        return wide_other(hw1, hw2);
    default:
        return 0;
    }
}

uint32_t decode_results(const struct twin_cpu *c, uint32_t pc)
{
    uint16_t hw[2];
    decode_fetch(c, pc, hw);
    return (decode_is_wide(hw[0]) ? wide_result(hw[0], hw[1]) : narrow(hw[0])) & USUAL;
}
