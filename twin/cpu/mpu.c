/* SPDX-License-Identifier: MIT */
/*
 * The memory protection unit and the default memory map: who may read, write and execute where.
 * cpu_engine.c makes the engine's map follow; stores, peripherals and fetches ask here each time.
 *
 * Source: PM0214 section 4.2 (MPU), 2.2 (memory model); ARMv7-M B3.1, B3.5.
 */
#include "cpu.h"

#include <string.h>

#define CTRL_ENABLE     (1U << 0)
#define CTRL_HFNMIENA   (1U << 1)
#define CTRL_PRIVDEFENA (1U << 2)
#define RASR_ENABLE     (1U << 0)
#define RASR_XN         (1U << 28)

enum { REG_TYPE = 0x00, REG_CTRL = 0x04, REG_RNR = 0x08, REG_RBAR = 0x0C, REG_RASR = 0x10 };

void mpu_reset(struct twin_cpu *c)
{
    c->mpu_ctrl = 0;
    c->mpu_rnr = 0;
    memset(c->mpu, 0, sizeof c->mpu);
}

/* log2 of the region's size, 0 for a region that is off. */
static unsigned region_bits(const struct mpu_region *r)
{
    unsigned bits = (r->rasr >> 1 & 31) + 1;
    return (r->rasr & RASR_ENABLE) == 0 || bits < 5 ? 0 : bits;
}

static bool region_holds(const struct mpu_region *r, uint32_t addr)
{
    unsigned bits = region_bits(r);
    if (bits == 0) {
        return false;
    }
    if (bits < 32 && (addr >> bits) != (r->rbar >> bits)) {
        return false;
    }
    if (bits < 8) {
        return true; /* no subregions below 256 bytes */
    }
    unsigned subregion = addr >> (bits - 3) & 7;
    return (r->rasr >> (8 + subregion) & 1) == 0;
}

/* Access permission field AP, PM0214 table 50. */
static bool permitted(unsigned ap, bool write, bool privileged)
{
    switch (ap) {
    case 1:
        return privileged;
    case 2:
        return privileged || !write;
    case 3:
        return true;
    case 5:
        return privileged && !write;
    case 6:
    case 7:
        return !write;
    default:
        return false;
    }
}

/* Without MPU, or in its background region: peripherals, devices and the system space are XN. */
static bool default_map_allows(uint32_t addr, enum mpu_access access)
{
    if (access != MPU_FETCH) {
        return true;
    }
    unsigned top = addr >> 29;
    return top == 0 || top == 1 || top == 3 || top == 4;
}

bool mpu_is_on(const struct twin_cpu *c)
{
    return (c->mpu_ctrl & CTRL_ENABLE) != 0;
}

/* At negative priority (NMI, HardFault, FAULTMASK) the MPU is off unless HFNMIENA says otherwise.
 */
bool mpu_is_bypassed(const struct twin_cpu *c)
{
    return mpu_is_on(c) && (c->mpu_ctrl & CTRL_HFNMIENA) == 0 && nvic_execution_priority(c) < 0;
}

bool mpu_allows(const struct twin_cpu *c, uint32_t addr, enum mpu_access access, bool privileged)
{
    if (addr >= PPB_BASE) {
        return access != MPU_FETCH; /* the MPU does not apply; privilege is the bus's matter */
    }
    if (!mpu_is_on(c)) {
        return default_map_allows(addr, access);
    }
    if (c->mpu_bypassed) {
        return default_map_allows(addr, access);
    }
    for (int i = 7; i >= 0; i--) {
        const struct mpu_region *r = &c->mpu[i];
        if (!region_holds(r, addr)) {
            continue;
        }
        if (access == MPU_FETCH && (r->rasr & RASR_XN) != 0) {
            return false;
        }
        return permitted(r->rasr >> 24 & 7, access == MPU_WRITE, privileged);
    }
    return privileged && (c->mpu_ctrl & CTRL_PRIVDEFENA) != 0 && default_map_allows(addr, access);
}

/* The smallest region, and the smallest sub-region, is 32 bytes: within such a block the answer is
 * one. */
bool mpu_allows_code(struct twin_cpu *c, uint32_t addr, enum mpu_access access)
{
    uint32_t block = addr >> 5;
    uint32_t *seen = &c->mpu_allowed[access][block % 64];
    if (*seen == block + 1) {
        return true;
    }
    if (!mpu_allows(c, addr, access, !c->unprivileged)) {
        return false;
    }
    *seen = block + 1;
    return true;
}

void mpu_forget(struct twin_cpu *c)
{
    memset(c->mpu_allowed, 0, sizeof c->mpu_allowed);
}

/* The region of 2^bits bytes that addr is in begins at the same address as that of base. */
static bool same_region(uint32_t addr, uint32_t base, unsigned bits)
{
    return bits >= 32 || (addr >> bits) == (base >> bits);
}

/* No region or subregion border lies inside. */
bool mpu_uniform(const struct twin_cpu *c, uint32_t addr, uint32_t len)
{
    for (unsigned i = 0; i < 8; i++) {
        const struct mpu_region *r = &c->mpu[i];
        unsigned bits = region_bits(r);
        if (bits == 0) {
            continue;
        }
        uint64_t size = UINT64_C(1) << bits;
        if (size < len && (r->rbar & ~(uint32_t)(size - 1)) - addr < len) {
            return false; /* all of the region is smaller */
        }
        bool divided = bits >= 8 && (r->rasr >> 8 & 0xFF) != 0;
        if (divided && size / 8 < len && same_region(addr, r->rbar, bits)) {
            return false;
        }
    }
    return true;
}

uint32_t mpu_read(struct twin *t, uint32_t offset)
{
    const struct twin_cpu *c = t->cpu;
    const struct mpu_region *r = &c->mpu[c->mpu_rnr & 7];
    switch (offset) {
    case REG_TYPE:
        return 0x800;
    case REG_CTRL:
        return c->mpu_ctrl;
    case REG_RNR:
        return c->mpu_rnr;
    default:
        break;
    }
    if (offset > 0x28) {
        return 0;
    }
    /* RBAR and RASR, and their three aliases */
    return (offset - REG_RBAR) % 8 == 0 ? (r->rbar & ~0x1FU) | c->mpu_rnr : r->rasr;
}

static void write_rbar(struct twin_cpu *c, uint32_t value)
{
    if ((value & 0x10) != 0) {
        c->mpu_rnr = value & 7;
    }
    c->mpu[c->mpu_rnr & 7].rbar = value & ~0x1FU;
}

void mpu_write(struct twin *t, uint32_t offset, uint32_t value)
{
    struct twin_cpu *c = t->cpu;
    bool was_on = mpu_is_on(c);
    if (offset == REG_CTRL) {
        c->mpu_ctrl = value & 7;
        if ((value & 3) == CTRL_HFNMIENA) {
            twin_report(t, TWIN_REPORT_CORE, 0xE000ED94,
                        "MPU_CTRL: HFNMIENA without ENABLE is unpredictable");
        }
    } else if (offset == REG_RNR) {
        c->mpu_rnr = value & 7;
        return;
    } else if (offset >= REG_RBAR && offset <= 0x28) {
        if ((offset - REG_RBAR) % 8 == 0) {
            write_rbar(c, value);
        } else {
            c->mpu[c->mpu_rnr & 7].rasr = value & 0x173FFF3FU;
        }
    }
    if (was_on || mpu_is_on(c)) {
        c->mpu_bypassed = mpu_is_bypassed(c);
        engine_remap(t);
    }
}
