/* SPDX-License-Identifier: MIT */
/*
 * External interrupts and the system configuration controller, RM0090 sections 12.2 and 9.
 *
 * Lines 0 to 15 are edges of pins, chosen by SYSCFG_EXTICR, in whatever mode the pin is but analog.
 * Lines 17 (alarms) and 22 (wake-up timer) are the RTC's; nothing in the twin drives the others
 * from 16 on. An edge sets
 * PR whether or not IMR lets it through. Remapping other memories to address 0 is not done here.
 * What else SYSCFG switches (Ethernet's interface, the compensation cell) is not there: reported.
 */
#include "internal.h"
#include "reg.h"

#include <stdlib.h>

enum { EXTI_LINES = 23 };
enum {
    EXTI_IMR = 0x00,
    EXTI_EMR = 0x04,
    EXTI_RTSR = 0x08,
    EXTI_FTSR = 0x0C,
    EXTI_SWIER = 0x10,
    EXTI_PR = 0x14,
};
enum {
    SYSCFG_MEMRMP = 0x00,
    SYSCFG_PMC = 0x04,
    SYSCFG_EXTICR1 = 0x08,
    SYSCFG_EXTICR4 = 0x14,
    SYSCFG_CMPCR = 0x20,
};
#define EXTI_MASK   ((1u << EXTI_LINES) - 1)
#define SYSCFG_BASE 0x40013800u

struct twin_exti {
    uint32_t imr, emr, rtsr, ftsr, swier, pr;
    uint32_t driven; /* levels of lines 16 to 22 */
    uint32_t memrmp, pmc, cmpcr;
    uint32_t exticr[4];
    bool told_memrmp;
};

/* RM0090 table 62: the interrupt of each line. */
static const uint8_t line_irq[EXTI_LINES] = {
    6,  7,  8,  9,  10, 23, 23, 23, 23, 23, /* EXTI0 to 4, EXTI9_5 */
    40, 40, 40, 40, 40, 40,                 /* EXTI15_10 */
    1,  41, 42, 62, 76, 2,  3, /* PVD, alarm, OTG FS, Ethernet, OTG HS, tamper, wake-up */
};

/* Several lines share an interrupt: it is high while any of them is pending and unmasked. */
static void update_irqs(struct twin *t)
{
    const struct twin_exti *e = t->exti;
    for (unsigned line = 0; line < EXTI_LINES; line++) {
        bool level = false;
        for (unsigned other = 0; other < EXTI_LINES; other++) {
            level = level ||
                    (line_irq[other] == line_irq[line] && ((e->pr & e->imr) >> other & 1) != 0);
        }
        twin_irq_set(t, line_irq[line], level);
    }
}

static void line_fires(struct twin *t, unsigned line)
{
    struct twin_exti *e = t->exti;
    e->pr |= 1u << line;
    update_irqs(t);
    if ((e->emr >> line & 1) != 0) {
        twin_core_event(t);
    }
}

void twin_exti_pin_changed(struct twin *t, char port, unsigned pin, bool level)
{
    const struct twin_exti *e = t->exti;
    if (e == NULL) {
        return; /* the ports are made first */
    }
    unsigned chosen = (e->exticr[pin / 4] >> (4 * (pin % 4))) & 15;
    uint32_t edges = level ? e->rtsr : e->ftsr;
    if (chosen == (unsigned)(port - 'A') && (edges >> pin & 1) != 0) {
        line_fires(t, pin);
    }
}

void twin_exti_line(struct twin *t, unsigned line, bool level)
{
    struct twin_exti *e = t->exti;
    if (e == NULL || (e->driven >> line & 1) == (level ? 1u : 0u)) {
        return;
    }
    e->driven ^= 1u << line;
    if (((level ? e->rtsr : e->ftsr) >> line & 1) != 0) {
        line_fires(t, line);
    }
}

bool twin_exti_asks(const struct twin *t)
{
    return (t->exti->pr & t->exti->imr) != 0;
}

static uint32_t exti_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    const struct twin_exti *e = self;
    const uint32_t regs[] = {e->imr, e->emr, e->rtsr, e->ftsr, e->swier, e->pr};
    (void)t;
    uint32_t word = offset / 4 < sizeof regs / sizeof regs[0] ? regs[offset / 4] : 0;
    return reg_extract(word, offset, width);
}

static void swier_write(struct twin *t, struct twin_exti *e, uint32_t value)
{
    uint32_t rising = value & ~e->swier;
    e->swier |= value; /* cleared through PR only */
    for (unsigned line = 0; line < EXTI_LINES; line++) {
        if ((rising >> line & 1) != 0) {
            line_fires(t, line);
        }
    }
}

static void exti_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    struct twin_exti *e = self;
    value = reg_repeat(width, value) & EXTI_MASK;
    switch (offset & ~3u) {
    case EXTI_IMR:
        e->imr = value;
        break;
    case EXTI_EMR:
        e->emr = value;
        break;
    case EXTI_RTSR:
        e->rtsr = value;
        break;
    case EXTI_FTSR:
        e->ftsr = value;
        break;
    case EXTI_SWIER:
        swier_write(t, e, value);
        break;
    case EXTI_PR:
        e->pr &= ~value;
        e->swier &= ~value;
        break;
    default:
        return;
    }
    update_irqs(t);
}

static void exti_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct twin_exti *e = self;
    (void)kind;
    e->imr = e->emr = e->rtsr = e->ftsr = e->swier = e->pr = 0;
    update_irqs(t);
}

static uint32_t syscfg_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    const struct twin_exti *e = self;
    uint32_t word = 0;
    (void)t;
    switch (offset & ~3u) {
    case SYSCFG_MEMRMP:
        word = e->memrmp;
        break;
    case SYSCFG_PMC:
        word = e->pmc;
        break;
    case SYSCFG_CMPCR:
        word = e->cmpcr;
        break;
    default:
        if (offset >= SYSCFG_EXTICR1 && offset < SYSCFG_EXTICR4 + 4) {
            word = e->exticr[(offset - SYSCFG_EXTICR1) / 4];
        }
        break;
    }
    return reg_extract(word, offset, width);
}

static void memrmp_write(struct twin *t, struct twin_exti *e, uint32_t value)
{
    e->memrmp = value & 3;
    if (e->memrmp != 0 && !e->told_memrmp) {
        e->told_memrmp = true;
        twin_report(t, TWIN_REPORT_UNMODELLED, SYSCFG_BASE,
                    "SYSCFG_MEMRMP = %u: address 0 stays main flash in the twin", e->memrmp);
    }
}

static void report_use(struct twin *t, uint32_t offset, uint32_t value, const char *name)
{
    if (value != 0) {
        twin_report_unmodelled(t, SYSCFG_BASE + offset, name);
    }
}

static void syscfg_write(struct twin *t, void *self, uint32_t offset, unsigned width,
                         uint32_t value)
{
    struct twin_exti *e = self;
    value = reg_repeat(width, value);
    switch (offset & ~3u) {
    case SYSCFG_MEMRMP:
        memrmp_write(t, e, value);
        break;
    case SYSCFG_PMC:
        e->pmc = value & 0x00800000u;
        report_use(t, SYSCFG_PMC, e->pmc, "SYSCFG_PMC");
        break;
    case SYSCFG_CMPCR: /* READY follows at once */
        e->cmpcr = (value & 1) != 0 ? 0x101 : 0;
        report_use(t, SYSCFG_CMPCR, e->cmpcr, "SYSCFG_CMPCR");
        break;
    default:
        if (offset >= SYSCFG_EXTICR1 && offset < SYSCFG_EXTICR4 + 4) {
            e->exticr[(offset - SYSCFG_EXTICR1) / 4] = value & 0xFFFF;
        }
        break;
    }
}

static void syscfg_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct twin_exti *e = self;
    (void)t;
    (void)kind;
    e->memrmp = e->pmc = e->cmpcr = 0;
    e->exticr[0] = e->exticr[1] = e->exticr[2] = e->exticr[3] = 0;
}

static void exti_destroy(struct twin *t, void *self)
{
    (void)self;
    free(t->exti);
    t->exti = NULL;
}

int twin_exti_create(struct twin *t)
{
    t->exti = calloc(1, sizeof *t->exti);
    if (t->exti == NULL) {
        return TWIN_ERR_MEMORY;
    }
    /* EXTI has no clock gate of its own; SYSCFG has. */
    twin_periph_add(t, &(struct twin_periph){
                           .name = "EXTI",
                           .base = 0x40013C00,
                           .size = 0x400,
                           .self = t->exti,
                           .read = exti_read,
                           .write = exti_write,
                           .reset = exti_reset,
                           .destroy = exti_destroy,
                       });
    twin_periph_add(t, &(struct twin_periph){
                           .name = "SYSCFG",
                           .base = SYSCFG_BASE,
                           .size = 0x400,
                           .enr = 0x44,
                           .enr_bit = 14,
                           .self = t->exti,
                           .read = syscfg_read,
                           .write = syscfg_write,
                           .reset = syscfg_reset,
                       });
    return TWIN_OK;
}
