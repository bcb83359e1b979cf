/* SPDX-License-Identifier: MIT */
/*
 * What the twin needs to know of an instruction that Unicorn executes: how many cycles it takes,
 * what has to be checked before it runs, and which address it is about to access. It never executes
 * anything, and what it does not know it takes for an instruction of one cycle.
 *
 * Source: ARMv7-M architecture reference manual (DDI 0403), chapter A5 (encodings), A3.2.1
 * (alignment); Cortex-M4 technical reference manual (DDI 0439), section 3.3.1 (cycles).
 */
#include "cpu.h"

enum {
    CYCLES_LOAD = 2,
    CYCLES_STORE = 1,  /* the write buffer takes it */
    CYCLES_DIVIDE = 6, /* 2 to 12, by the operands */
    CYCLES_FP_DIVIDE = 14,
    CYCLES_FP_FUSED = 3,
    CYCLES_BARRIER = 4,
};

static unsigned bits_set(uint32_t value)
{
    unsigned n = 0;
    for (; value != 0; value &= value - 1) {
        n++;
    }
    return n;
}

void decode_fetch(const struct twin_cpu *c, uint32_t pc, uint16_t hw[2])
{
    if (pc < FLASH_BASE) {
        pc += FLASH_BASE; /* the alias */
    }
    const struct memory *all = c->twin->bus->memory;
    const struct memory *usual = &all[pc < SRAM_BASE ? MEMORY_FLASH : MEMORY_SRAM];
    if (pc - usual->base <= usual->size - 4) {
        const uint8_t *at = usual->bytes + (pc - usual->base);
        hw[0] = (uint16_t)(at[0] | at[1] << 8);
        hw[1] = (uint16_t)(at[2] | at[3] << 8);
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        const struct memory *m = bus_memory(c->twin, pc + 2 * i, 2);
        hw[i] = m == NULL ? 0 : (uint16_t)load_le(m->bytes + (pc + 2 * i - m->base), 2);
    }
}

uint32_t decode_length(const struct twin_cpu *c, uint32_t pc, unsigned n)
{
    uint32_t length = 0;
    for (unsigned i = 0; i < n; i++) {
        uint16_t hw[2];
        decode_fetch(c, pc + length, hw);
        length += decode_is_wide(hw[0]) ? 4 : 2;
    }
    return length;
}

uint32_t decode_it_state(const struct twin_cpu *c, uint32_t pc)
{
    if (pc - c->it_start >= c->it_len) {
        return 0;
    }
    uint32_t state = c->it_base;
    for (uint32_t at = c->it_start; at < pc;) {
        at += decode_length(c, at, 1);
        state = (state & 0x7) == 0 ? 0 : (state & 0xE0) | ((state << 1) & 0x1F);
    }
    return (state & 0xFC) << 8 | (state & 3) << 25;
}

/* ---- cycles and flags ---- */

static uint16_t info_narrow_misc(uint16_t hw)
{
    if ((hw & 0xFF00) == 0xBF00) {
        if ((hw & 0x000F) != 0) {
            return 1 | INFO_IT;
        }
        unsigned hint = (hw >> 4) & 0xF;
        return hint >= 2 && hint <= 4 ? 1 | INFO_SPECIAL : 1; /* WFE, WFI, SEV */
    }
    if ((hw & 0xFFE8) == 0xB660) {
        return 1 | INFO_SPECIAL; /* CPS */
    }
    if ((hw & 0xFE00) == 0xB400) {
        return (uint16_t)(1 + bits_set(hw & 0x1FF)); /* PUSH: SP is always aligned */
    }
    if ((hw & 0xFE00) == 0xBC00) {
        return (uint16_t)(1 + bits_set(hw & 0x1FF)) | INFO_MEMORY;
    }
    return 1;
}

static uint16_t info_narrow(uint16_t hw)
{
    switch (hw >> 12) {
    case 0x4:
        return (hw & 0xF800) == 0x4800 ? CYCLES_LOAD | INFO_MEMORY : 1;
    case 0x5:
        return ((hw >> 9) & 7) >= 3 ? CYCLES_LOAD | INFO_MEMORY : CYCLES_STORE | INFO_MEMORY;
    case 0x6:
    case 0x7:
    case 0x8:
    case 0x9:
        return (hw & 0x0800) != 0 ? CYCLES_LOAD | INFO_MEMORY : CYCLES_STORE | INFO_MEMORY;
    case 0xB:
        return info_narrow_misc(hw);
    case 0xC:
        return (uint16_t)(1 + bits_set(hw & 0xFF)) | INFO_MEMORY | INFO_ALIGN;
    default:
        return 1;
    }
}

static uint16_t info_multiple(uint16_t hw1, uint16_t hw2)
{
    uint16_t info = (uint16_t)(1 + bits_set(hw2)) | INFO_MEMORY;
    return (hw1 & 0xF) == 13 ? info : info | INFO_ALIGN;
}

/* LDRD, STRD, exclusives, table branches. */
static uint16_t info_dual(uint16_t hw1, uint16_t hw2)
{
    if ((hw1 & 0xFFE0) == 0xE840) {
        return 2 | INFO_MEMORY | INFO_ALIGN | INFO_SPECIAL; /* LDREX, STREX */
    }
    if ((hw1 & 0xFFE0) == 0xE8C0) {
        bool table_branch = (hw1 & 0x10) != 0 && (hw2 & 0x00E0) == 0;
        return table_branch ? 2 | INFO_MEMORY : 2 | INFO_MEMORY | INFO_ALIGN | INFO_SPECIAL;
    }
    return 3 | INFO_MEMORY | INFO_ALIGN;
}

static uint16_t info_coprocessor(uint16_t hw1, uint16_t hw2)
{
    unsigned number = (hw2 >> 8) & 0xF;
    if (number != 10 && number != 11) {
        return 1 | INFO_FP | INFO_SPECIAL; /* there is none: NOCP */
    }
    unsigned extra = number == 11 ? 1 : 0;
    if ((hw1 & 0xFE00) == 0xEC00 && (hw1 & 0x01E0) != 0x0040) {
        bool single = (hw1 & 0x0120) == 0x0100;
        unsigned words = single ? 1 + extra : hw2 & 0xFF;
        return (uint16_t)(1 + (words > 32 ? 32 : words)) | INFO_FP | INFO_MEMORY | INFO_ALIGN;
    }
    if ((hw1 & 0xFF00) == 0xEE00 && (hw2 & 0x10) == 0) {
        bool divide = (hw1 & 0xB0) == 0x80;
        bool root = (hw1 & 0xBF) == 0xB1 && (hw2 & 0xC0) == 0xC0;
        bool fused = (hw1 & 0xB0) == 0x00 || (hw1 & 0xB0) == 0x90 || (hw1 & 0xB0) == 0xA0;
        return INFO_FP | (divide || root ? CYCLES_FP_DIVIDE : fused ? CYCLES_FP_FUSED : 1);
    }
    return 1 | INFO_FP;
}

/* Branches, MSR, MRS, hints, barriers: hw1 F000-F7FF with bit 15 of hw2. */
static uint16_t info_wide_misc(uint16_t hw1, uint16_t hw2)
{
    if ((hw2 & 0x5000) != 0 || (hw1 & 0x0380) != 0x0380) {
        return 1; /* B, BL, B<c> */
    }
    if ((hw1 & 0xFFE0) == 0xF380) {
        return 1 | INFO_SPECIAL; /* MSR */
    }
    if (hw1 == 0xF3AF) {
        unsigned hint = hw2 & 0xFF;
        return hint >= 2 && hint <= 4 ? 1 | INFO_SPECIAL : 1;
    }
    if (hw1 == 0xF3BF) {
        return (hw2 & 0xF0) == 0x20 ? 1 | INFO_SPECIAL : CYCLES_BARRIER; /* CLREX */
    }
    if (hw1 == 0xF3EF) {
        return (hw2 & 0xFF) == 20 ? 2 | INFO_SPECIAL : 2; /* MRS; of CONTROL */
    }
    return 1;
}

static uint16_t info_wide_single(uint16_t hw1, uint16_t hw2)
{
    if ((hw1 & 0x10) == 0) {
        return CYCLES_STORE | INFO_MEMORY;
    }
    if ((hw2 >> 12) == 15 && (hw1 & 0x60) != 0x40) {
        return 1; /* preload hints */
    }
    return CYCLES_LOAD | INFO_MEMORY;
}

static uint16_t info_wide(uint16_t hw1, uint16_t hw2)
{
    switch (hw1 >> 8) {
    case 0xE8:
    case 0xE9:
        return (hw1 & 0x40) == 0 ? info_multiple(hw1, hw2) : info_dual(hw1, hw2);
    case 0xEC:
    case 0xED:
    case 0xEE:
    case 0xEF:
    case 0xFC:
    case 0xFD:
    case 0xFE:
    case 0xFF:
        return info_coprocessor(hw1, hw2);
    case 0xF8:
    case 0xF9:
        return info_wide_single(hw1, hw2);
    case 0xFB:
        return (hw1 & 0xFFD0) == 0xFB90 ? CYCLES_DIVIDE | INFO_DIVIDE : 1;
    default:
        return (hw1 & 0xF800) == 0xF000 && (hw2 & 0x8000) != 0 ? info_wide_misc(hw1, hw2) : 1;
    }
}

uint16_t decode_info(uint16_t hw1, uint16_t hw2)
{
    return INFO_DECODED | (decode_is_wide(hw1) ? info_wide(hw1, hw2) : info_narrow(hw1));
}

/* ---- addresses ---- */

static uint32_t reg(const struct twin_cpu *c, unsigned n, uint32_t pc)
{
    static const int ids[15] = {
        UC_ARM_REG_R0,  UC_ARM_REG_R1,  UC_ARM_REG_R2,  UC_ARM_REG_R3, UC_ARM_REG_R4,
        UC_ARM_REG_R5,  UC_ARM_REG_R6,  UC_ARM_REG_R7,  UC_ARM_REG_R8, UC_ARM_REG_R9,
        UC_ARM_REG_R10, UC_ARM_REG_R11, UC_ARM_REG_R12, UC_ARM_REG_SP, UC_ARM_REG_LR,
    };
    return n == 15 ? (pc + 4) & ~3U : engine_reg(c, ids[n]);
}

static bool access_narrow(const struct twin_cpu *c, uint32_t pc, uint16_t hw,
                          struct cpu_access *out)
{
    static const uint8_t widths[8] = {4, 2, 1, 1, 4, 2, 1, 2};
    unsigned rn = (hw >> 3) & 7, imm5 = (hw >> 6) & 31;
    out->count = 1;
    out->load = (hw & 0x0800) != 0;
    switch (hw >> 12) {
    case 0x4:
        *out = (struct cpu_access){((pc + 4) & ~3U) + 4 * (hw & 0xFFU), 4, 1, true};
        return (hw & 0xF800) == 0x4800;
    case 0x5:
        out->width = widths[(hw >> 9) & 7];
        out->load = ((hw >> 9) & 7) >= 3;
        out->address = reg(c, rn, pc) + reg(c, (hw >> 6) & 7, pc);
        return true;
    case 0x6:
        out->width = 4;
        out->address = reg(c, rn, pc) + 4 * imm5;
        return true;
    case 0x7:
        out->width = 1;
        out->address = reg(c, rn, pc) + imm5;
        return true;
    case 0x8:
        out->width = 2;
        out->address = reg(c, rn, pc) + 2 * imm5;
        return true;
    case 0x9:
        out->width = 4;
        out->address = reg(c, 13, pc) + 4 * (hw & 0xFFU);
        return true;
    case 0xB:
        *out = (struct cpu_access){reg(c, 13, pc), 4, bits_set(hw & 0x1FF), true};
        return (hw & 0xFE00) == 0xBC00;
    case 0xC:
        *out = (struct cpu_access){reg(c, (hw >> 8) & 7, pc), 4, bits_set(hw & 0xFF), out->load};
        return true;
    default:
        return false;
    }
}

static bool access_dual(const struct twin_cpu *c, uint32_t pc, const uint16_t hw[2],
                        struct cpu_access *out)
{
    uint32_t base = reg(c, hw[0] & 0xF, pc);
    out->load = (hw[0] & 0x10) != 0;
    if ((hw[0] & 0x40) == 0) {
        out->width = 4;
        out->count = bits_set(hw[1]);
        out->address = (hw[0] & 0x0100) == 0 ? base : base - 4 * out->count;
        return true;
    }
    out->count = 1;
    out->width = 4;
    if ((hw[0] & 0xFFE0) == 0xE840) {
        out->address = base + 4 * (hw[1] & 0xFFU);
        return true;
    }
    if ((hw[0] & 0xFFE0) == 0xE8C0) {
        unsigned op = (hw[1] >> 4) & 0xF;
        bool table_branch = out->load && op < 2;
        out->width = op == 1 || op == 5 ? 2 : op == 0 || op == 4 ? 1 : 4;
        if ((hw[0] & 0xF) == 15) {
            base = pc + 4; /* a table branch uses PC as it is */
        }
        out->address = table_branch ? base + out->width * reg(c, hw[1] & 0xF, pc) : base;
        return true;
    }
    uint32_t offset = 4 * (hw[1] & 0xFFU);
    out->count = 2;
    out->address = (hw[0] & 0x0100) == 0 ? base
                   : (hw[0] & 0x80) != 0 ? base + offset
                                         : base - offset;
    return true;
}

static bool access_single(const struct twin_cpu *c, uint32_t pc, const uint16_t hw[2],
                          struct cpu_access *out)
{
    uint32_t base = reg(c, hw[0] & 0xF, pc);
    out->load = (hw[0] & 0x10) != 0;
    out->count = 1;
    out->width = 1U << ((hw[0] >> 5) & 3);
    if ((hw[0] & 0xF) == 15) {
        uint32_t offset = hw[1] & 0xFFFU;
        out->address = (hw[0] & 0x80) != 0 ? base + offset : base - offset;
    } else if ((hw[0] & 0x80) != 0) {
        out->address = base + (hw[1] & 0xFFFU);
    } else if ((hw[1] & 0x0800) != 0) {
        uint32_t offset = hw[1] & 0xFFU;
        out->address = (hw[1] & 0x0400) == 0   ? base
                       : (hw[1] & 0x0200) != 0 ? base + offset
                                               : base - offset;
    } else {
        out->address = base + (reg(c, hw[1] & 0xF, pc) << ((hw[1] >> 4) & 3));
    }
    return out->width <= 4;
}

static bool access_fp(const struct twin_cpu *c, uint32_t pc, const uint16_t hw[2],
                      struct cpu_access *out)
{
    uint32_t base = reg(c, hw[0] & 0xF, pc), offset = 4 * (hw[1] & 0xFFU);
    bool add = (hw[0] & 0x80) != 0;
    out->load = (hw[0] & 0x10) != 0;
    out->width = 4;
    if ((hw[0] & 0x0120) == 0x0100) {
        out->count = (hw[1] & 0x0100) != 0 ? 2 : 1;
        out->address = add ? base + offset : base - offset;
        return true;
    }
    out->count = hw[1] & 0xFFU;
    out->address = add ? base : base - offset;
    return true;
}

bool decode_access(const struct twin_cpu *c, uint32_t pc, struct cpu_access *out)
{
    uint16_t hw[2];
    decode_fetch(c, pc, hw);
    if (!decode_is_wide(hw[0])) {
        return access_narrow(c, pc, hw[0], out);
    }
    switch (hw[0] >> 8) {
    case 0xE8:
    case 0xE9:
        return access_dual(c, pc, hw, out);
    case 0xF8:
    case 0xF9:
        return access_single(c, pc, hw, out);
    default:
        return access_fp(c, pc, hw, out);
    }
}
