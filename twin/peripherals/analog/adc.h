/* SPDX-License-Identifier: MIT */
/*
 * Inside the ADCs: adc.c (conversions) and adc_regs.c (registers). Nobody else includes it.
 */
#ifndef TWIN_ADC_H
#define TWIN_ADC_H

#include "internal.h"

enum { ADC_UNITS = 3, ADC_CHANNELS = 19, ADC_REGS = 20, ADC_STEP = 0x100 };
enum {
    ADC_SR = 0x00,
    ADC_CR1 = 0x04,
    ADC_CR2 = 0x08,
    ADC_SMPR1 = 0x0C,
    ADC_SMPR2 = 0x10,
    ADC_JOFR1 = 0x14,
    ADC_HTR = 0x24,
    ADC_LTR = 0x28,
    ADC_SQR1 = 0x2C,
    ADC_SQR2 = 0x30,
    ADC_SQR3 = 0x34,
    ADC_JSQR = 0x38,
    ADC_JDR1 = 0x3C,
    ADC_DR = 0x4C,
};
enum {
    SR_AWD = 1 << 0,
    SR_EOC = 1 << 1,
    SR_JEOC = 1 << 2,
    SR_JSTRT = 1 << 3,
    SR_STRT = 1 << 4,
    SR_OVR = 1 << 5,
    CR1_EOCIE = 1 << 5,
    CR1_AWDIE = 1 << 6,
    CR1_JEOCIE = 1 << 7,
    CR1_SCAN = 1 << 8,
    CR1_AWDSGL = 1 << 9,
    CR1_JAUTO = 1 << 10,
    CR1_DISCEN = 1 << 11,
    CR1_JDISCEN = 1 << 12,
    CR1_JAWDEN = 1 << 22,
    CR1_AWDEN = 1 << 23,
    CR1_OVRIE = 1 << 26,
    CR2_ADON = 1 << 0,
    CR2_CONT = 1 << 1,
    CR2_DMA = 1 << 8,
    CR2_DDS = 1 << 9,
    CR2_EOCS = 1 << 10,
    CR2_ALIGN = 1 << 11,
    CR2_JSWSTART = 1 << 22,
    CR2_SWSTART = 1 << 30,
    CCR_VBATE = 1 << 22,
    CCR_TSVREFE = 1 << 23,
};

#define ADC_BASE UINT32_C(0x40012000)

struct adc {
    unsigned number; /* 1 to 3 */
    uint32_t reg[ADC_REGS];
    bool converting, injecting; /* what the event ends */
    unsigned at;                /* rank within the sequence */
    bool requests_over;         /* the last DMA transfer was asked for, and DDS is 0 */
    uint32_t told;
    struct twin_event end;
    struct twin_trigger trigger;
};

struct twin_adc {
    struct adc unit[ADC_UNITS];
    uint32_t ccr;
    uint16_t level[ADC_CHANNELS]; /* of 4095, at the pins; the last three are inside the chip */
    bool told_fast;
};

/* adc.c */
void adc_start(struct twin *t, struct adc *a);  /* a regular sequence */
void adc_inject(struct twin *t, struct adc *a); /* an injected one, before the rest of the other */
void adc_stop(struct twin *t, struct adc *a);   /* ADON went to 0 */
void adc_update_irq(struct twin *t);            /* all three share one */
void adc_choose_trigger(struct twin *t, struct adc *a); /* EXTEN or EXTSEL changed */
void adc_create_events(struct adc *a);
void adc_tell_unmodelled(struct twin *t, struct adc *a, uint32_t reg, const char *what);

#endif
