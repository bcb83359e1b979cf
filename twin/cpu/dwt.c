/* SPDX-License-Identifier: MIT */
/*
 * Data watchpoint and trace unit: the cycle counter works, the rest is not modelled. DEMCR and the
 * counter keep their state over a system reset, as the debug logic does.
 *
 * Source: ARMv7-M C1.8; PM0214 does not describe it.
 */
#include "cpu.h"

#define CTRL_CYCCNTENA (1U << 0)
#define DEMCR_TRCENA   (1U << 24)

enum { REG_CTRL = 0x00, REG_CYCCNT = 0x04, REG_LAST_COUNTER = 0x18, REG_PCSR = 0x1C };

/* Cycles in which the counter's clock runs: sleep stops it. */
static uint64_t running_cycles(const struct twin *t)
{
    return t->sched->cycles - t->cpu->sleep_cycles;
}

static bool counts(const struct twin_cpu *c)
{
    return (c->demcr & DEMCR_TRCENA) != 0 && (c->dwt_ctrl & CTRL_CYCCNTENA) != 0;
}

static uint32_t cyccnt(const struct twin *t)
{
    const struct twin_cpu *c = t->cpu;
    return counts(c) ? (uint32_t)(running_cycles(t) - c->cyccnt_base) : c->cyccnt_stopped;
}

static void set_cyccnt(struct twin *t, uint32_t value)
{
    t->cpu->cyccnt_stopped = value;
    t->cpu->cyccnt_base = running_cycles(t) - value;
}

void dwt_set_demcr(struct twin *t, uint32_t value)
{
    uint32_t count = cyccnt(t);
    t->cpu->demcr = value;
    set_cyccnt(t, count);
}

static uint32_t dwt_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    (void)width;
    const struct twin_cpu *c = self;
    if ((c->demcr & DEMCR_TRCENA) == 0) {
        return 0; /* the unit does not answer */
    }
    switch (offset & ~3U) {
    case REG_CTRL:
        return 0x40000000U | c->dwt_ctrl; /* four comparators */
    case REG_CYCCNT:
        return cyccnt(t);
    default:
        twin_report_unmodelled(t, 0xE0001000U + (offset & ~3U), "DWT");
        return 0;
    }
}

static void dwt_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    (void)width;
    struct twin_cpu *c = self;
    if ((c->demcr & DEMCR_TRCENA) == 0) {
        twin_report(t, TWIN_REPORT_OTHER, 0xE0001000U + offset,
                    "write to DWT while DEMCR.TRCENA is 0 is lost");
        return;
    }
    uint32_t count = cyccnt(t);
    switch (offset & ~3U) {
    case REG_CTRL:
        c->dwt_ctrl = value & CTRL_CYCCNTENA;
        set_cyccnt(t, count);
        break;
    case REG_CYCCNT:
        set_cyccnt(t, value);
        break;
    case 0xFB0: /* lock access: Cortex-M4 has no lock here, drivers write it all the same */
        break;
    default:
        twin_report_unmodelled(t, 0xE0001000U + (offset & ~3U), "DWT");
        break;
    }
}

static void dwt_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct twin_cpu *c = self;
    if (kind == TWIN_RESET_POWER) {
        c->demcr = 0;
        c->dwt_ctrl = 0;
        set_cyccnt(t, 0);
    }
}

void dwt_create(struct twin *t)
{
    const struct twin_periph dwt = {.name = "DWT",
                                    .base = 0xE0001000U,
                                    .size = 0x1000,
                                    .self = t->cpu,
                                    .read = dwt_read,
                                    .write = dwt_write,
                                    .reset = dwt_reset};
    twin_periph_add(t, &dwt);
}
