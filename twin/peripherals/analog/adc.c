/* SPDX-License-Identifier: MIT */
/*
 * Conversions of ADC1 to ADC3, RM0090 section 13: sequences and their times, end of conversion and
 * overrun, analog watchdog, DMA, triggers by timers. What is converted is what the owner of the
 * board says (twin_analog_set): there are no voltages.
 */
#include "adc.h"

#define PS_PER_S UINT64_C(1000000000000)

enum { ADC_IRQ = 18, CHANNEL_TEMPERATURE = 16, CHANNEL_VREF = 17, CHANNEL_VBAT = 18 };
enum { ADCCLK_MAX_HZ = 36000000 };

static uint32_t get(const struct adc *a, uint32_t reg)
{
    return a->reg[reg / 4];
}

void adc_tell_unmodelled(struct twin *t, struct adc *a, uint32_t reg, const char *what)
{
    if ((a->told >> (reg / 4) & 1) == 0) {
        a->told |= 1u << (reg / 4);
        twin_report(t, TWIN_REPORT_UNMODELLED, ADC_BASE + ADC_STEP * (a->number - 1) + reg,
                    "ADC%u: %s not modelled", a->number, what);
    }
}

/* ---- interrupts and DMA ---- */

void adc_update_irq(struct twin *t)
{
    bool level = false;
    for (unsigned i = 0; i < ADC_UNITS; i++) {
        const struct adc *a = &t->adc->unit[i];
        uint32_t sr = get(a, ADC_SR), cr1 = get(a, ADC_CR1);
        level = level || ((sr & SR_EOC) != 0 && (cr1 & CR1_EOCIE) != 0) ||
                ((sr & SR_AWD) != 0 && (cr1 & CR1_AWDIE) != 0) ||
                ((sr & SR_JEOC) != 0 && (cr1 & CR1_JEOCIE) != 0) ||
                ((sr & SR_OVR) != 0 && (cr1 & CR1_OVRIE) != 0);
    }
    twin_irq_set(t, ADC_IRQ, level);
}

/* RM0090 table 43. Without DDS the request of the stream's last item is the last. */
static void request_dma(struct twin *t, struct adc *a)
{
    static const struct {
        uint8_t stream, channel;
    } streams[ADC_UNITS][2] = {{{0, 0}, {4, 0}}, {{2, 1}, {3, 1}}, {{0, 2}, {1, 2}}};
    if (a->requests_over) {
        return;
    }
    for (unsigned i = 0; i < 2; i++) {
        unsigned stream = streams[a->number - 1][i].stream;
        unsigned channel = streams[a->number - 1][i].channel;
        unsigned left = twin_dma_items_left(t, 2, stream, channel);
        if (left == 1 && (get(a, ADC_CR2) & CR2_DDS) == 0) {
            a->requests_over = true;
        }
        twin_dma_pulse(t, 2, stream, channel);
    }
}

/* ---- times and sequences ---- */

static uint32_t adcclk_hz(const struct twin *t)
{
    return twin_pclk2_hz(t) / (2 * ((t->adc->ccr >> 16 & 3) + 1));
}

static unsigned sampling_cycles(const struct adc *a, unsigned channel)
{
    static const uint16_t cycles[8] = {3, 15, 28, 56, 84, 112, 144, 480};
    uint32_t smpr = channel < 10 ? get(a, ADC_SMPR2) : get(a, ADC_SMPR1);
    return cycles[smpr >> (3 * (channel % 10)) & 7];
}

static unsigned bits_of(const struct adc *a)
{
    return 12 - 2 * (get(a, ADC_CR1) >> 24 & 3);
}

static unsigned regular_length(const struct adc *a)
{
    bool scan = (get(a, ADC_CR1) & CR1_SCAN) != 0;
    return scan ? (get(a, ADC_SQR1) >> 20 & 15) + 1 : 1;
}

static unsigned injected_length(const struct adc *a)
{
    bool scan = (get(a, ADC_CR1) & CR1_SCAN) != 0;
    return scan ? (get(a, ADC_JSQR) >> 20 & 3) + 1 : 1;
}

static unsigned channel_now(const struct adc *a)
{
    if (a->injecting) { /* the last ranks are the ones in use: 13.13.12 */
        unsigned first = 3 - (get(a, ADC_JSQR) >> 20 & 3);
        return get(a, ADC_JSQR) >> (5 * (first + a->at)) & 31;
    }
    static const uint8_t regs[3] = {ADC_SQR3, ADC_SQR2, ADC_SQR1};
    return get(a, regs[a->at / 6]) >> (5 * (a->at % 6)) & 31;
}

static void begin(struct twin *t, struct adc *a)
{
    uint32_t hz = adcclk_hz(t);
    if (hz > ADCCLK_MAX_HZ && !t->adc->told_fast) {
        t->adc->told_fast = true;
        twin_report(t, TWIN_REPORT_PLL, 0x40012304, "ADCCLK of %u Hz is above 36 MHz",
                    (unsigned)hz);
    }
    unsigned cycles = sampling_cycles(a, channel_now(a)) + bits_of(a);
    twin_event_at(t, &a->end, twin_now_ps(t) + cycles * PS_PER_S / hz);
}

void adc_start(struct twin *t, struct adc *a)
{
    if ((get(a, ADC_CR2) & CR2_ADON) == 0) {
        twin_report(t, TWIN_REPORT_OTHER, 0, "ADC%u started with ADON = 0: nothing happens",
                    a->number);
        return;
    }
    if (a->converting || a->injecting) {
        return; /* a start meanwhile is lost */
    }
    a->reg[ADC_SR / 4] |= SR_STRT;
    a->converting = true;
    a->at = 0;
    begin(t, a);
}

void adc_inject(struct twin *t, struct adc *a)
{
    if ((get(a, ADC_CR2) & CR2_ADON) == 0) {
        twin_report(t, TWIN_REPORT_OTHER, 0, "ADC%u started with ADON = 0: nothing happens",
                    a->number);
        return;
    }
    if (a->injecting) {
        return;
    }
    a->reg[ADC_SR / 4] |= SR_JSTRT;
    a->injecting = true; /* a regular sequence under way begins anew afterwards (simplified) */
    a->at = 0;
    begin(t, a);
}

void adc_stop(struct twin *t, struct adc *a)
{
    twin_event_cancel(t, &a->end);
    a->converting = a->injecting = false;
}

/* ---- results ---- */

/* Inside the chip, and only of ADC1; with VBATE, channel 18 takes part (F407: its own input). */
static uint32_t level_of(const struct twin *t, const struct adc *a, unsigned channel)
{
    if (channel >= ADC_CHANNELS) {
        return 0;
    }
    bool inside = channel >= CHANNEL_TEMPERATURE;
    uint32_t needed = channel == CHANNEL_VBAT ? CCR_VBATE : CCR_TSVREFE;
    if (inside && (a->number != 1 || (t->adc->ccr & needed) == 0)) {
        return 0;
    }
    return t->adc->level[channel];
}

static void watch(struct adc *a, unsigned channel, uint32_t level)
{
    uint32_t cr1 = get(a, ADC_CR1);
    bool on = (cr1 & (a->injecting ? CR1_JAWDEN : CR1_AWDEN)) != 0;
    bool this_one = (cr1 & CR1_AWDSGL) == 0 || (cr1 & 31) == channel;
    if (on && this_one && (level > get(a, ADC_HTR) || level < get(a, ADC_LTR))) {
        a->reg[ADC_SR / 4] |= SR_AWD;
    }
}

static uint32_t aligned(const struct adc *a, uint32_t value)
{
    bool left = (get(a, ADC_CR2) & CR2_ALIGN) != 0;
    unsigned shift = bits_of(a) == 6 ? 2 : 16 - bits_of(a);
    return left ? value << shift & 0xFFFF : value;
}

static void store_injected(struct adc *a, uint32_t value)
{
    unsigned offset = a->at;
    uint32_t difference = value - get(a, ADC_JOFR1 + 4 * offset);
    bool left = (get(a, ADC_CR2) & CR2_ALIGN) != 0;
    a->reg[ADC_JDR1 / 4 + a->at] = (left ? difference << 3 : difference) & 0xFFFF;
}

/* An overrun loses the new value, and ends DMA and conversions until OVR is cleared (13.8.1). */
static bool store_regular(struct twin *t, struct adc *a, uint32_t value, bool last)
{
    uint32_t cr2 = get(a, ADC_CR2);
    uint32_t *sr = &a->reg[ADC_SR / 4];
    bool checked = (cr2 & (CR2_DMA | CR2_EOCS)) != 0;
    if (checked && ((*sr & SR_OVR) != 0 || (*sr & SR_EOC) != 0)) {
        *sr |= SR_OVR;
        return false;
    }
    a->reg[ADC_DR / 4] = aligned(a, value);
    if ((cr2 & CR2_DMA) != 0) {
        *sr |= SR_EOC; /* goes when DMA reads DR */
        request_dma(t, a);
    } else if ((cr2 & CR2_EOCS) != 0 || last) {
        *sr |= SR_EOC;
    }
    return true;
}

static void end_injected(struct twin *t, struct adc *a)
{
    a->injecting = false;
    a->reg[ADC_SR / 4] |= SR_JEOC;
    if (a->converting) {
        a->at = 0;
        begin(t, a);
    }
}

static void end_regular(struct twin *t, struct adc *a)
{
    a->at = 0;
    a->converting = (get(a, ADC_CR2) & CR2_CONT) != 0;
    if ((get(a, ADC_CR1) & CR1_JAUTO) != 0) {
        adc_inject(t, a);
    } else if (a->converting) {
        begin(t, a);
    }
}

static void on_end(struct twin *t, void *ctx)
{
    struct adc *a = ctx;
    unsigned channel = channel_now(a);
    uint32_t level = level_of(t, a, channel) >> (12 - bits_of(a));
    unsigned length = a->injecting ? injected_length(a) : regular_length(a);
    bool last = a->at + 1 >= length;
    watch(a, channel, level);
    if (a->injecting) {
        store_injected(a, level);
    } else if (!store_regular(t, a, level, last)) {
        a->converting = false;
        adc_update_irq(t);
        return;
    }
    if (!last) {
        a->at++;
        begin(t, a);
    } else if (a->injecting) {
        end_injected(t, a);
    } else {
        end_regular(t, a);
    }
    adc_update_irq(t);
}

/* ---- triggers ---- */

static void on_trigger(struct twin *t, void *ctx, unsigned timer, unsigned kind)
{
    (void)timer;
    (void)kind;
    adc_start(t, ctx);
}

/* RM0090 13.13.3, EXTSEL: timer and channel of each; 0: TRGO. Line 11 of EXTI is the last. */
void adc_choose_trigger(struct twin *t, struct adc *a)
{
    static const struct {
        uint8_t timer, kind;
    } sources[15] = {{1, 1}, {1, 2}, {1, 3}, {2, 2}, {2, 3}, {2, 4}, {2, 0}, {3, 1},
                     {3, 0}, {4, 4}, {5, 1}, {5, 2}, {5, 3}, {8, 1}, {8, 0}};
    uint16_t wanted[TWIN_TRIGGER_KINDS] = {0};
    uint32_t cr2 = get(a, ADC_CR2);
    unsigned source = cr2 >> 24 & 15;
    if ((cr2 >> 28 & 3) != 0) {
        if (source == 15) {
            adc_tell_unmodelled(t, a, ADC_CR2, "a start by EXTI line 11 is");
        } else {
            wanted[sources[source].kind] = (uint16_t)(1u << sources[source].timer);
        }
    }
    twin_trigger_want(t, &a->trigger, wanted);
}

void adc_create_events(struct adc *a)
{
    a->end.fn = on_end;
    a->trigger.fn = on_trigger;
    a->end.ctx = a->trigger.ctx = a;
}
