/* SPDX-License-Identifier: MIT */
/*
 * Registers of ADC1 to ADC3 and those that they share, RM0090 13.13. Discontinuous, dual and triple
 * modes, and injected sequences started by a timer are not modelled: told at their first use.
 */
#include "adc.h"
#include "reg.h"

#include <stdlib.h>

enum { COMMON = 0x300, COMMON_CSR = 0x300, COMMON_CCR = 0x304 };

static const uint32_t masks[ADC_REGS] = {
    [ADC_CR1 / 4] = 0x07C0FFFF,   [ADC_CR2 / 4] = 0x3F3F0F03,  [ADC_SMPR1 / 4] = 0x07FFFFFF,
    [ADC_SMPR2 / 4] = 0x3FFFFFFF, [ADC_JOFR1 / 4] = 0xFFF,     [ADC_JOFR1 / 4 + 1] = 0xFFF,
    [ADC_JOFR1 / 4 + 2] = 0xFFF,  [ADC_JOFR1 / 4 + 3] = 0xFFF, [ADC_HTR / 4] = 0xFFF,
    [ADC_LTR / 4] = 0xFFF,        [ADC_SQR1 / 4] = 0x00FFFFFF, [ADC_SQR2 / 4] = 0x3FFFFFFF,
    [ADC_SQR3 / 4] = 0x3FFFFFFF,  [ADC_JSQR / 4] = 0x003FFFFF,
};

/* One gate each; a read of one that is off gives 0. */
static bool clocked(struct twin *t, const struct adc *a, const char *what)
{
    if (twin_rcc_clock_on(t, 0x44, 7 + a->number)) {
        return true;
    }
    twin_report(t, TWIN_REPORT_CLOCK_OFF, ADC_BASE + ADC_STEP * (a->number - 1),
                "%s of ADC%u while its clock is off", what, a->number);
    return false;
}

static uint32_t read_unit(struct twin *t, struct adc *a, uint32_t reg)
{
    if (reg / 4 >= ADC_REGS || !clocked(t, a, "read")) {
        return 0;
    }
    uint32_t value = a->reg[reg / 4];
    if (reg == ADC_DR) {
        a->reg[ADC_SR / 4] &= ~(uint32_t)SR_EOC;
        adc_update_irq(t);
    }
    return value;
}

static uint32_t read_common(const struct twin *t, uint32_t reg)
{
    if (reg == COMMON_CCR) {
        return t->adc->ccr;
    }
    uint32_t csr = 0;
    for (unsigned i = 0; i < ADC_UNITS && reg == COMMON_CSR; i++) {
        csr |= (t->adc->unit[i].reg[ADC_SR / 4] & 0x3F) << (8 * i);
    }
    return csr;
}

static uint32_t adc_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    struct twin_adc *all = self;
    uint32_t reg = offset & ~3u;
    uint32_t word = reg >= COMMON ? read_common(t, reg)
                                  : read_unit(t, &all->unit[reg / ADC_STEP], reg % ADC_STEP);
    return reg_extract(word, offset, width);
}

static void cr1_write(struct twin *t, struct adc *a, uint32_t value)
{
    a->reg[ADC_CR1 / 4] = value;
    if ((value & (CR1_DISCEN | CR1_JDISCEN)) != 0) {
        adc_tell_unmodelled(t, a, ADC_CR1, "discontinuous mode is");
    }
}

static void cr2_write(struct twin *t, struct adc *a, uint32_t value)
{
    uint32_t old = a->reg[ADC_CR2 / 4];
    a->reg[ADC_CR2 / 4] = value & masks[ADC_CR2 / 4];
    if ((value & CR2_ADON) == 0 && (old & CR2_ADON) != 0) {
        adc_stop(t, a);
    }
    if ((value & CR2_DMA) == 0) {
        a->requests_over = false;
    }
    if ((value >> 20 & 3) != 0) {
        adc_tell_unmodelled(t, a, ADC_CR2, "an injected start by a timer is");
    }
    adc_choose_trigger(t, a);
    if ((value & CR2_JSWSTART) != 0) {
        adc_inject(t, a);
    }
    if ((value & CR2_SWSTART) != 0) {
        adc_start(t, a);
    }
}

static void write_unit(struct twin *t, struct adc *a, uint32_t reg, uint32_t value)
{
    if (reg / 4 >= ADC_REGS || !clocked(t, a, "write")) {
        return;
    }
    switch (reg) {
    case ADC_SR: /* written 0 clears */
        a->reg[ADC_SR / 4] &= value;
        break;
    case ADC_CR1:
        cr1_write(t, a, value & masks[ADC_CR1 / 4]);
        break;
    case ADC_CR2:
        cr2_write(t, a, value);
        break;
    default:
        if (masks[reg / 4] != 0) {
            a->reg[reg / 4] = value & masks[reg / 4];
        }
        break;
    }
    adc_update_irq(t);
}

static void adc_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    struct twin_adc *all = self;
    uint32_t reg = offset & ~3u;
    value = reg_repeat(width, value);
    if (reg < COMMON) {
        write_unit(t, &all->unit[reg / ADC_STEP], reg % ADC_STEP, value);
    } else if (reg == COMMON_CCR) {
        all->ccr = value & 0x00C3EF1F;
        if ((all->ccr & 0xC01F) != 0) {
            adc_tell_unmodelled(t, &all->unit[0], 0x7C, "dual and triple modes are");
        }
    }
}

static void adc_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct twin_adc *all = self;
    (void)kind;
    for (unsigned i = 0; i < ADC_UNITS; i++) {
        struct adc *a = &all->unit[i];
        adc_stop(t, a);
        for (unsigned k = 0; k < ADC_REGS; k++) {
            a->reg[k] = k == ADC_HTR / 4 ? 0xFFF : 0;
        }
        a->told = 0;
        a->requests_over = false;
        adc_choose_trigger(t, a);
    }
    all->ccr = 0;
    all->told_fast = false;
    adc_update_irq(t);
}

void twin_analog_set(struct twin *t, unsigned channel, unsigned value)
{
    if (channel < ADC_CHANNELS) {
        t->adc->level[channel] = (uint16_t)(value > 4095 ? 4095 : value);
    }
}

static void adc_destroy(struct twin *t, void *self)
{
    free(self);
    t->adc = NULL;
}

int twin_adc_create(struct twin *t)
{
    struct twin_adc *all = calloc(1, sizeof *all);
    t->adc = all;
    if (all == NULL) {
        return TWIN_ERR_MEMORY;
    }
    /* 25 degrees (0.76 V), 1.21 V, half of a battery of 3 V; VDDA is 3.3 V. */
    all->level[16] = 943;
    all->level[17] = 1502;
    all->level[18] = 1861;
    for (unsigned i = 0; i < ADC_UNITS; i++) {
        struct adc *a = &all->unit[i];
        a->number = i + 1;
        a->reg[ADC_HTR / 4] = 0xFFF;
        adc_create_events(a);
        twin_trigger_watch(t, &a->trigger);
    }
    twin_periph_add(t, &(struct twin_periph){.name = "ADC",
                                             .base = ADC_BASE,
                                             .size = 0x400,
                                             .enr = 0x44,
                                             .enr_bit = 8,
                                             .own_gates = true,
                                             .self = all,
                                             .read = adc_read,
                                             .write = adc_write,
                                             .reset = adc_reset,
                                             .destroy = adc_destroy});
    return TWIN_OK;
}
