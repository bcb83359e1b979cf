/* SPDX-License-Identifier: MIT */
/*
 * Edges at the channels' pins: input capture, and TI1 and TI2 as trigger inputs, with which one
 * timer measures period and duty cycle; RM0090 17.3.5 to 17.3.7, 18.3.5 to 18.3.7, 19.3.4, 19.3.5.
 *
 * Simplified: synchronisation and the filters (ICxF) take no time, and let every edge through.
 */
#include "tim.h"

/* CCxS: what the channel is connected to. */
enum { INPUT_OWN = 1, INPUT_OTHER = 2 };
/* TS: from 4 on pins. */
enum { TS_TI1_BOTH = 4, TS_TI1 = 5, TS_TI2 = 6 };

static unsigned mode_bits(const struct tim *m, unsigned channel)
{
    return m->reg[TIM_CCMR1 / 4 + channel / 2] >> (8 * (channel & 1)) & 0xFF;
}

static bool is_enabled(const struct tim *m, unsigned channel)
{
    return (m->reg[TIM_CCER / 4] >> (4 * channel) & 1) != 0;
}

/* CCxP and CCxNP: rising, falling, and with both bits both. */
static bool edge_counts(const struct tim *m, unsigned channel, bool level)
{
    unsigned bits = m->reg[TIM_CCER / 4] >> (4 * channel);
    bool falling = (bits & 2) != 0, both = falling && (bits & 8) != 0;
    return both || level != falling;
}

void tim_capture(struct twin *t, struct tim *m, unsigned channel)
{
    unsigned flag = 1 + channel;
    m->reg[TIM_CCR1 / 4 + channel] = tim_counter(m, twin_now_ps(t));
    m->sr |= (m->sr >> flag & 1) << (8 + flag); /* twice without a look: CCxOF */
    tim_set_flag(t, m, flag);
}

void tim_capture_was_read(struct twin *t, struct tim *m, unsigned channel)
{
    if (!tim_is_output(m, channel)) {
        m->sr &= ~(2u << channel);
        tim_update_irq(t, m);
    }
}

/* An edge at the pin of channel `input`, for one of the two channels that may listen there. */
static void listen(struct twin *t, struct tim *m, unsigned channel, unsigned input, bool level)
{
    unsigned bits = mode_bits(m, channel);
    unsigned wanted = channel == input ? INPUT_OWN : INPUT_OTHER;
    if ((bits & 3) != wanted || !is_enabled(m, channel) || !edge_counts(m, channel, level)) {
        return;
    }
    unsigned every = 1u << (bits >> 2 & 3);
    if (++m->edges[channel] >= every) {
        m->edges[channel] = 0;
        tim_capture(t, m, channel);
    }
}

static bool triggers(const struct tim *m, unsigned input, bool level)
{
    switch (m->reg[TIM_SMCR / 4] >> 4 & 7) {
    case TS_TI1_BOTH:
        return input == 0;
    case TS_TI1:
        return input == 0 && edge_counts(m, 0, level);
    case TS_TI2:
        return input == 1 && edge_counts(m, 1, level);
    default:
        return false;
    }
}

static void input_changed(struct twin *t, struct tim *m, unsigned input, bool level)
{
    tim_catch_up(t, m);
    listen(t, m, input, input, level);
    if ((input ^ 1) < tim_channels(m)) {
        listen(t, m, input ^ 1, input, level);
    }
    if (triggers(m, input, level)) { /* after the capture: a reset by this edge comes later */
        tim_slave_edge(t, m);
    }
    tim_update_irq(t, m);
    tim_plan(t, m);
}

void twin_tim_pin_changed(struct twin *t, char port, unsigned pin, bool level)
{
    for (unsigned i = 0; i < TIM_COUNT && t->tims != NULL; i++) {
        struct tim *m = &t->tims->tim[i];
        for (unsigned k = 0; k < tim_channels(m) * TIM_PINS && m->clock_hz != 0; k++) {
            const struct tim_pin *p = &m->unit->pin[k / TIM_PINS][0][k % TIM_PINS];
            if (p->port == port && p->pin == pin && twin_gpio_has_af(t, port, pin, m->unit->af)) {
                input_changed(t, m, k / TIM_PINS, level);
            }
        }
    }
}
