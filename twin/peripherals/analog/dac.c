/* SPDX-License-Identifier: MIT */
/*
 * Digital to analog converter, RM0090 section 14: two channels with their holding registers,
 * triggers by timers and software, DMA and its underrun. What comes out is a number that the owner
 * of the board can ask for. Noise and triangle waves, and EXTI line 9, are not modelled (reported).
 */
#include "internal.h"
#include "reg.h"

#include <stdlib.h>

enum {
    DAC_CR = 0x00,
    DAC_SWTRIGR = 0x04,
    DAC_DHR12R1 = 0x08, /* 12 right, 12 left, 8 right of channel 1, of channel 2, of both */
    DAC_DHR8RD = 0x28,
    DAC_DOR1 = 0x2C,
    DAC_DOR2 = 0x30,
    DAC_SR = 0x34,
};
enum {
    CR_EN = 1 << 0,
    CR_TEN = 1 << 2,
    CR_DMAEN = 1 << 12,
    CR_DMAUDRIE = 1 << 13,
    SR_DMAUDR = 1 << 13,
    BY_EXTI = 6,
    BY_SOFTWARE = 7,
    DAC_IRQ = 54,
    IRQ_SOURCE = 1, /* TIM6 is the other */
    CHANNELS = 2,
};
#define DAC_REGS UINT32_C(0x40007400)

struct twin_dac {
    uint32_t cr, sr;
    uint16_t held[CHANNELS], out[CHANNELS];
    bool asked[CHANNELS]; /* DMA has not brought what was asked for */
    bool told_wave, told_exti;
    struct twin_trigger trigger;
};

/* A channel's part of CR or SR. */
static uint32_t of(uint32_t word, unsigned channel)
{
    return word >> (16 * channel) & 0xFFFF;
}

static unsigned source(const struct twin_dac *d, unsigned channel)
{
    return of(d->cr, channel) >> 3 & 7;
}

static void update_irq(struct twin *t, const struct twin_dac *d)
{
    twin_irq_set_source(t, DAC_IRQ, IRQ_SOURCE, (d->sr & d->cr & 0x20002000) != 0);
}

/* What is held goes out; on the chip one to three APB1 clocks later. */
static void convert(struct twin *t, struct twin_dac *d, unsigned channel)
{
    uint32_t cr = of(d->cr, channel);
    if ((cr & CR_EN) == 0) {
        return;
    }
    d->out[channel] = d->held[channel];
    if ((cr & CR_DMAEN) == 0 || (of(d->sr, channel) & SR_DMAUDR) != 0) {
        return;
    }
    if (d->asked[channel]) { /* a second request before the first was answered: 14.3.7 */
        d->sr |= (uint32_t)SR_DMAUDR << (16 * channel);
        update_irq(t, d);
        return;
    }
    d->asked[channel] = true;
    twin_dma_pulse(t, 1, 5 + channel, 7);
}

static void on_trigger(struct twin *t, void *ctx, unsigned timer, unsigned kind)
{
    static const uint8_t timers[BY_EXTI] = {6, 8, 7, 5, 2, 4};
    struct twin_dac *d = ctx;
    (void)kind;
    for (unsigned i = 0; i < CHANNELS; i++) {
        bool on = (of(d->cr, i) & CR_TEN) != 0 && source(d, i) < BY_EXTI;
        if (on && timers[source(d, i)] == timer) {
            convert(t, d, i);
        }
    }
}

static void choose_triggers(struct twin *t, struct twin_dac *d)
{
    static const uint8_t timers[BY_EXTI] = {6, 8, 7, 5, 2, 4};
    uint16_t wanted[TWIN_TRIGGER_KINDS] = {0};
    for (unsigned i = 0; i < CHANNELS; i++) {
        bool on = (of(d->cr, i) & (CR_EN | CR_TEN)) == (CR_EN | CR_TEN);
        if (on && source(d, i) < BY_EXTI) {
            wanted[TWIN_TRGO] |= (uint16_t)(1u << timers[source(d, i)]);
        } else if (on && source(d, i) == BY_EXTI && !d->told_exti) {
            d->told_exti = true;
            twin_report(t, TWIN_REPORT_UNMODELLED, DAC_REGS,
                        "DAC: a trigger by EXTI line 9 is not modelled");
        }
    }
    twin_trigger_want(t, &d->trigger, wanted);
}

static void write_cr(struct twin *t, struct twin_dac *d, uint32_t value)
{
    uint32_t old = d->cr;
    d->cr = value & 0x3FFF3FFF;
    for (unsigned i = 0; i < CHANNELS; i++) {
        uint32_t now = of(d->cr, i);
        if ((now >> 6 & 3) != 0 && (now & CR_EN) != 0 && !d->told_wave) {
            d->told_wave = true;
            twin_report(t, TWIN_REPORT_UNMODELLED, DAC_REGS,
                        "DAC: noise and triangle waves are not modelled");
        }
        if ((now & CR_DMAEN) == 0) {
            d->asked[i] = false;
        }
        if ((now & CR_TEN) == 0 && (now & ~of(old, i) & CR_EN) != 0) {
            d->out[i] = d->held[i];
        }
    }
    choose_triggers(t, d);
    update_irq(t, d);
}

static void hold(struct twin *t, struct twin_dac *d, unsigned channel, uint32_t value)
{
    (void)t;
    d->held[channel] = (uint16_t)(value & 0xFFF);
    d->asked[channel] = false;
    if ((of(d->cr, channel) & (CR_EN | CR_TEN)) == CR_EN) {
        d->out[channel] = d->held[channel];
    }
}

/* 12 right, 12 left, 8 right. */
static uint32_t taken(unsigned format, uint32_t value)
{
    return format == 0 ? value & 0xFFF : format == 1 ? value >> 4 & 0xFFF : (value & 0xFF) << 4;
}

static uint32_t shown(unsigned format, uint32_t held)
{
    return format == 0 ? held : format == 1 ? held << 4 : held >> 4;
}

static void write_holding(struct twin *t, struct twin_dac *d, uint32_t reg, uint32_t value)
{
    unsigned format = (reg - DAC_DHR12R1) / 4 % 3, which = (reg - DAC_DHR12R1) / 12;
    if (which < CHANNELS) {
        hold(t, d, which, taken(format, value));
    } else {
        hold(t, d, 0, taken(format, value));
        hold(t, d, 1, taken(format, value >> (format == 2 ? 8 : 16)));
    }
}

static uint32_t read_holding(const struct twin_dac *d, uint32_t reg)
{
    unsigned format = (reg - DAC_DHR12R1) / 4 % 3, which = (reg - DAC_DHR12R1) / 12;
    if (which < CHANNELS) {
        return shown(format, d->held[which]);
    }
    return shown(format, d->held[0]) | shown(format, d->held[1]) << (format == 2 ? 8 : 16);
}

static uint32_t dac_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    const struct twin_dac *d = self;
    uint32_t reg = offset & ~3u, word = 0;
    (void)t;
    if (reg == DAC_CR) {
        word = d->cr;
    } else if (reg >= DAC_DHR12R1 && reg <= DAC_DHR8RD) {
        word = read_holding(d, reg);
    } else if (reg == DAC_DOR1 || reg == DAC_DOR2) {
        word = d->out[(reg - DAC_DOR1) / 4];
    } else if (reg == DAC_SR) {
        word = d->sr;
    }
    return reg_extract(word, offset, width);
}

static void dac_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    struct twin_dac *d = self;
    uint32_t reg = offset & ~3u;
    value = reg_repeat(width, value);
    if (reg == DAC_CR) {
        write_cr(t, d, value);
    } else if (reg >= DAC_DHR12R1 && reg <= DAC_DHR8RD) {
        write_holding(t, d, reg, value);
    } else if (reg == DAC_SWTRIGR) {
        for (unsigned i = 0; i < CHANNELS; i++) {
            bool by_software = (of(d->cr, i) & CR_TEN) != 0 && source(d, i) == BY_SOFTWARE;
            if ((value >> i & 1) != 0 && by_software) {
                convert(t, d, i);
            }
        }
    } else if (reg == DAC_SR) { /* written 1 clears */
        d->sr &= ~(value & 0x20002000);
        update_irq(t, d);
    }
}

static void dac_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct twin_dac *d = self;
    (void)kind;
    d->cr = d->sr = 0;
    for (unsigned i = 0; i < CHANNELS; i++) {
        d->held[i] = d->out[i] = 0;
        d->asked[i] = false;
    }
    d->told_wave = d->told_exti = false;
    choose_triggers(t, d);
    update_irq(t, d);
}

bool twin_dac_output(const struct twin *t, unsigned channel, unsigned *value)
{
    const struct twin_dac *d = t->dac;
    bool on = channel >= 1 && channel <= CHANNELS && (of(d->cr, channel - 1) & CR_EN) != 0;
    *value = on ? d->out[channel - 1] : 0;
    return on;
}

static void dac_destroy(struct twin *t, void *self)
{
    free(self);
    t->dac = NULL;
}

int twin_dac_create(struct twin *t)
{
    struct twin_dac *d = calloc(1, sizeof *d);
    t->dac = d;
    if (d == NULL) {
        return TWIN_ERR_MEMORY;
    }
    d->trigger.fn = on_trigger;
    d->trigger.ctx = d;
    twin_trigger_watch(t, &d->trigger);
    twin_periph_add(t, &(struct twin_periph){.name = "DAC",
                                             .base = DAC_REGS,
                                             .size = 0x400,
                                             .enr = 0x40,
                                             .enr_bit = 29,
                                             .self = d,
                                             .read = dac_read,
                                             .write = dac_write,
                                             .reset = dac_reset,
                                             .destroy = dac_destroy});
    return TWIN_OK;
}
