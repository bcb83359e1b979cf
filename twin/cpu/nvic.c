/* SPDX-License-Identifier: MIT */
/*
 * Which exception comes next: pending, enabled, active, priorities, and the lines of the
 * peripherals. It decides only; exception.c enters and returns. Four priority bits, as the STM32F4
 * has.
 *
 * Source: PM0214 section 4.3 (NVIC), ARMv7-M architecture reference manual B1.5.2 to B1.5.4, B3.4;
 * RM0090 table 61 (vectors).
 */
#include "cpu.h"

#include <string.h>

#define PRIORITY_MASK 0xF0U
#define NO_PRIORITY   256 /* lower than any exception: Thread mode */

bool nvic_bit(const uint32_t *words, unsigned n)
{
    return (words[n / 32] >> (n % 32) & 1) != 0;
}

void nvic_assign(uint32_t *words, unsigned n, bool value)
{
    uint32_t bit = 1U << (n % 32);
    words[n / 32] = value ? words[n / 32] | bit : words[n / 32] & ~bit;
}

void nvic_reset(struct twin_cpu *c)
{
    memset(c->pending, 0, sizeof c->pending);
    memset(c->active, 0, sizeof c->active);
    memset(c->enabled, 0, sizeof c->enabled);
    memset(c->priority, 0, sizeof c->priority);
    c->active_count = 0;
    c->prigroup = 0;
    static const uint8_t always[] = {EXC_NMI, EXC_HARDFAULT, EXC_SVC, EXC_PENDSV, EXC_SYSTICK};
    for (unsigned i = 0; i < sizeof always; i++) {
        nvic_assign(c->enabled, always[i], true);
    }
}

int nvic_priority(const struct twin_cpu *c, unsigned exception)
{
    switch (exception) {
    case EXC_RESET:
        return -3;
    case EXC_NMI:
        return -2;
    case EXC_HARDFAULT:
        return -1;
    default:
        return c->priority[exception];
    }
}

/* PRIGROUP n: bits 7 to n+1 are the group. */
int nvic_group_priority(const struct twin_cpu *c, int priority)
{
    return priority < 0 ? priority : priority & (int)(0xFFFFFF00U >> (7 - c->prigroup) & 0xFF);
}

int nvic_active_priority(const struct twin_cpu *c, bool with_masks)
{
    int best = NO_PRIORITY;
    if (c->active_count != 0) {
        for (unsigned n = EXC_NMI; n < EXC_COUNT; n++) {
            if (nvic_bit(c->active, n)) {
                int p = nvic_group_priority(c, nvic_priority(c, n));
                best = p < best ? p : best;
            }
        }
    }
    if (!with_masks) {
        return best;
    }
    uint32_t basepri = engine_reg(c, UC_ARM_REG_BASEPRI) & 0xFF;
    if (basepri != 0) {
        int p = nvic_group_priority(c, (int)basepri);
        best = p < best ? p : best;
    }
    if ((engine_reg(c, UC_ARM_REG_PRIMASK) & 1) != 0 && best > 0) {
        best = 0;
    }
    if ((engine_reg(c, UC_ARM_REG_FAULTMASK) & 1) != 0 && best > -1) {
        best = -1;
    }
    return best;
}

int nvic_execution_priority(const struct twin_cpu *c)
{
    return nvic_active_priority(c, true);
}

unsigned nvic_most_urgent(const struct twin_cpu *c)
{
    unsigned best = 0;
    int best_priority = NO_PRIORITY;
    for (unsigned w = 0; w < EXC_WORDS; w++) {
        uint32_t ready = c->pending[w] & c->enabled[w];
        for (unsigned b = 0; ready != 0; b++, ready >>= 1) {
            int p = (ready & 1) != 0 ? nvic_priority(c, 32 * w + b) : NO_PRIORITY;
            if (p < best_priority) {
                best = 32 * w + b;
                best_priority = p;
            }
        }
    }
    return best;
}

/* PRIMASK does not keep WFI from waking: ARMv7-M B1.5.17. */
bool nvic_wakes(const struct twin_cpu *c)
{
    unsigned n = nvic_most_urgent(c);
    if (n == 0) {
        return false;
    }
    int running = nvic_active_priority(c, false);
    uint32_t basepri = engine_reg(c, UC_ARM_REG_BASEPRI) & 0xFF;
    if (basepri != 0 && nvic_group_priority(c, (int)basepri) < running) {
        running = nvic_group_priority(c, (int)basepri);
    }
    if ((engine_reg(c, UC_ARM_REG_FAULTMASK) & 1) != 0 && running > -1) {
        running = -1;
    }
    return nvic_group_priority(c, nvic_priority(c, n)) < running;
}

static void changed(struct twin *t)
{
    sched_attend(t, SCHED_ATTEND_CORE);
}

void nvic_pend(struct twin *t, unsigned exception)
{
    struct twin_cpu *c = t->cpu;
    if (nvic_bit(c->pending, exception)) {
        return;
    }
    nvic_assign(c->pending, exception, true);
    if ((c->scr & SCR_SEVONPEND) != 0) {
        c->event_register = true; /* also when it is not enabled */
    }
    changed(t);
}

void nvic_unpend(struct twin *t, unsigned exception)
{
    nvic_assign(t->cpu->pending, exception, false);
}

void nvic_activate(struct twin_cpu *c, unsigned exception)
{
    nvic_assign(c->pending, exception, false);
    if (!nvic_bit(c->active, exception)) {
        nvic_assign(c->active, exception, true);
        c->active_count++;
    }
}

/* A line that is still high pends its interrupt again: ARMv7-M B3.4.1. */
void nvic_deactivate(struct twin_cpu *c, unsigned exception)
{
    if (!nvic_bit(c->active, exception)) {
        return;
    }
    nvic_assign(c->active, exception, false);
    c->active_count--;
    if (nvic_bit(c->level, exception)) {
        nvic_assign(c->pending, exception, true);
    }
}

void twin_core_event(struct twin *t)
{
    t->cpu->event_register = true;
}

void twin_irq_set(struct twin *t, unsigned irq, bool level)
{
    struct twin_cpu *c = t->cpu;
    unsigned n = EXC_IRQ0 + irq;
    if (c == NULL || nvic_bit(c->level, n) == level) {
        return;
    }
    nvic_assign(c->level, n, level);
    if (level) {
        nvic_pend(t, n);
    }
}

void twin_irq_set_source(struct twin *t, unsigned irq, unsigned source, bool level)
{
    struct twin_cpu *c = t->cpu;
    if (c != NULL) {
        uint8_t bit = (uint8_t)(1U << source);
        c->sources[irq] = level ? c->sources[irq] | bit : c->sources[irq] & (uint8_t)~bit;
        twin_irq_set(t, irq, c->sources[irq] != 0);
    }
}

void twin_nmi_set(struct twin *t, bool level)
{
    struct twin_cpu *c = t->cpu;
    if (c != NULL && nvic_bit(c->level, EXC_NMI) != level) {
        nvic_assign(c->level, EXC_NMI, level);
        if (level) {
            nvic_pend(t, EXC_NMI);
        }
    }
}

/* ---- registers 0xE000E100 to 0xE000E4EF; offset from 0xE000E100 ---- */

enum { ISER = 0x000, ICER = 0x080, ISPR = 0x100, ICPR = 0x180, IABR = 0x200, IPR = 0x300 };

/* Exceptions 16 + 32 i and up as the register word i shows them. */
static uint32_t irq_word(const uint32_t *words, unsigned i)
{
    uint32_t value = words[i] >> 16;
    return i + 1 < EXC_WORDS ? value | words[i + 1] << 16 : value;
}

uint32_t nvic_read(struct twin *t, uint32_t offset)
{
    const struct twin_cpu *c = t->cpu;
    unsigned i = (offset & 0x7F) / 4;
    if (offset >= IPR) {
        uint32_t value = 0;
        for (unsigned b = 0; b < 4; b++) {
            unsigned n = EXC_IRQ0 + (offset - IPR) + b;
            value |= n < EXC_COUNT ? (uint32_t)c->priority[n] << (8 * b) : 0;
        }
        return value;
    }
    if (i + 1 >= EXC_WORDS) {
        return 0;
    }
    switch (offset & ~0x7FU) {
    case ISER:
    case ICER:
        return irq_word(c->enabled, i);
    case ISPR:
    case ICPR:
        return irq_word(c->pending, i);
    case IABR:
        return irq_word(c->active, i);
    default:
        return 0;
    }
}

static void write_bits(struct twin *t, uint32_t offset, uint32_t value)
{
    struct twin_cpu *c = t->cpu;
    for (unsigned b = 0; b < 32; b++) {
        unsigned n = EXC_IRQ0 + 32 * ((offset & 0x7F) / 4) + b;
        if ((value >> b & 1) == 0 || n >= EXC_COUNT) {
            continue;
        }
        switch (offset & ~0x7FU) {
        case ISER:
            nvic_assign(c->enabled, n, true);
            break;
        case ICER:
            nvic_assign(c->enabled, n, false);
            break;
        case ISPR:
            nvic_pend(t, n);
            break;
        case ICPR:
            /* A line that is high keeps its interrupt pending: the clear has no effect. */
            if (!nvic_bit(c->level, n) || nvic_bit(c->active, n)) {
                nvic_unpend(t, n);
            }
            break;
        default:
            break;
        }
    }
}

void nvic_write(struct twin *t, uint32_t offset, unsigned width, uint32_t value)
{
    if (offset >= IPR) {
        for (unsigned b = 0; b < width; b++) {
            unsigned n = EXC_IRQ0 + (offset - IPR) + b;
            if (n < EXC_COUNT) {
                t->cpu->priority[n] = (uint8_t)(value >> (8 * b) & PRIORITY_MASK);
            }
        }
    } else {
        write_bits(t, offset & ~3U, value);
    }
    changed(t);
}
