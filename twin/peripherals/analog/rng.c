/* SPDX-License-Identifier: MIT */
/*
 * Random number generator, RM0090 section 24: a number every 40 periods of PLL48CLK, its clock
 * check, its interrupt. The numbers come from the board's seed. A seed error never happens.
 */
#include "internal.h"
#include "reg.h"

#include <stdlib.h>

enum { RNG_CR = 0x00, RNG_SR = 0x04, RNG_DR = 0x08 };
enum {
    CR_RNGEN = 1 << 2,
    CR_IE = 1 << 3,
    SR_DRDY = 1 << 0,
    SR_CECS = 1 << 1,
    SR_CEIS = 1 << 5,
    SR_SEIS = 1 << 6,
    RNG_IRQ = 80,
    PERIODS = 40,
};
#define RNG_REGS   UINT32_C(0x50060800)
#define RNG_MAX_HZ 48000000u
#define PS_PER_S   UINT64_C(1000000000000)

struct twin_rng {
    uint32_t cr, sr, dr;
    bool told_fast;
    struct twin_event ready;
};

static void update_irq(struct twin *t, const struct twin_rng *r)
{
    bool asked = (r->sr & (SR_DRDY | SR_CEIS | SR_SEIS)) != 0;
    twin_irq_set(t, RNG_IRQ, (r->cr & CR_IE) != 0 && asked);
}

/* RNG_CLK below HCLK / 16, or none: an error, and no numbers (RM0090 24.3.2). */
static void check_clock(struct twin *t, struct twin_rng *r)
{
    uint32_t hz = twin_pll48_hz(t);
    bool bad = (r->cr & CR_RNGEN) != 0 && hz < twin_hclk_hz(t) / 16 + 1;
    if (bad && (r->sr & SR_CECS) == 0) {
        r->sr |= SR_CECS | SR_CEIS;
    } else if (!bad) {
        r->sr &= ~(uint32_t)SR_CECS;
    }
    if ((r->cr & CR_RNGEN) != 0 && hz > RNG_MAX_HZ && !r->told_fast) {
        r->told_fast = true;
        twin_report(t, TWIN_REPORT_PLL, RNG_REGS, "RNG on a PLL48CLK of %u Hz, above 48 MHz", hz);
    }
}

/* The next number is under way when none is ready. */
static void plan(struct twin *t, struct twin_rng *r)
{
    check_clock(t, r);
    bool works = (r->cr & CR_RNGEN) != 0 && (r->sr & SR_CECS) == 0;
    if (!works || (r->sr & SR_DRDY) != 0) {
        twin_event_cancel(t, &r->ready);
    } else if (!r->ready.pending) {
        twin_event_at(t, &r->ready, twin_now_ps(t) + PERIODS * PS_PER_S / twin_pll48_hz(t));
    }
    update_irq(t, r);
}

static void on_ready(struct twin *t, void *ctx)
{
    struct twin_rng *r = ctx;
    r->dr = twin_random(t);
    r->sr |= SR_DRDY;
    update_irq(t, r);
}

static uint32_t read_data(struct twin *t, struct twin_rng *r)
{
    uint32_t value = r->dr;
    if ((r->sr & SR_DRDY) == 0) {
        twin_report(t, TWIN_REPORT_OTHER, RNG_REGS + RNG_DR,
                    "RNG_DR read while DRDY is 0: no number");
        return 0;
    }
    r->dr = 0;
    r->sr &= ~(uint32_t)SR_DRDY;
    plan(t, r);
    return value;
}

static uint32_t rng_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    struct twin_rng *r = self;
    uint32_t reg = offset & ~3u;
    uint32_t word = reg == RNG_CR   ? r->cr
                    : reg == RNG_SR ? r->sr
                    : reg == RNG_DR ? read_data(t, r)
                                    : 0;
    return reg_extract(word, offset, width);
}

static void rng_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    struct twin_rng *r = self;
    if ((offset & ~3u) == RNG_CR) {
        r->cr = reg_merge(r->cr, offset, width, value) & (CR_RNGEN | CR_IE);
    } else if ((offset & ~3u) == RNG_SR) { /* CEIS and SEIS: written 0 clears */
        r->sr &= reg_merge(UINT32_MAX, offset, width, value) | ~(uint32_t)(SR_CEIS | SR_SEIS);
    }
    plan(t, r);
}

static void rng_clock_changed(struct twin *t, void *self)
{
    plan(t, self);
}

static void rng_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct twin_rng *r = self;
    (void)kind;
    r->cr = r->sr = r->dr = 0;
    r->told_fast = false;
    plan(t, r);
}

static void rng_destroy(struct twin *t, void *self)
{
    (void)t;
    free(self);
}

int twin_rng_create(struct twin *t)
{
    struct twin_rng *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return TWIN_ERR_MEMORY;
    }
    r->ready.fn = on_ready;
    r->ready.ctx = r;
    twin_periph_add(t, &(struct twin_periph){.name = "RNG",
                                             .base = RNG_REGS,
                                             .size = 0x400,
                                             .enr = 0x34,
                                             .enr_bit = 6,
                                             .self = r,
                                             .read = rng_read,
                                             .write = rng_write,
                                             .reset = rng_reset,
                                             .clock_changed = rng_clock_changed,
                                             .destroy = rng_destroy});
    return TWIN_OK;
}
