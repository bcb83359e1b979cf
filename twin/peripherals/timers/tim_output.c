/* SPDX-License-Identifier: MIT */
/*
 * What a timer drives: its interrupt lines, the reference of each channel, and from it the pins
 * with polarity, main output enable and idle level. RM0090 17.3.7 to 17.3.13, tables 93 and 96.
 *
 * Dead time is not modelled (reported): a complementary output switches with its channel.
 */
#include "tim.h"

enum {
    MODE_FROZEN,
    MODE_ACTIVE_ON_MATCH,
    MODE_INACTIVE_ON_MATCH,
    MODE_TOGGLE,
    MODE_FORCE_INACTIVE,
    MODE_FORCE_ACTIVE,
    MODE_PWM1,
    MODE_PWM2,
};

/* ---- interrupts ---- */

void tim_update_irq(struct twin *t, const struct tim *m)
{
    const struct tim_unit *u = m->unit;
    uint32_t asked = m->sr & m->reg[TIM_DIER / 4];
    if (u->kind != TIM_ADVANCED) {
        twin_irq_set_source(t, u->irq, u->irq_source, (asked & 0x5F) != 0);
        return;
    }
    static const uint8_t lines[4] = {SR_BIF, SR_UIF, SR_COMIF | SR_TIF, 0x1E};
    for (unsigned i = 0; i < 4; i++) {
        twin_irq_set_source(t, u->irq + i, u->irq_source, (asked & lines[i]) != 0);
    }
}

/* ---- references ---- */

static unsigned mode_of(const struct tim *m, unsigned channel)
{
    return m->reg[TIM_CCMR1 / 4 + channel / 2] >> (8 * (channel & 1) + 4) & 7;
}

static void set_reference(struct twin *t, struct tim *m, unsigned channel, bool active)
{
    bool rises = active && !m->reference[channel];
    m->reference[channel] = active;
    if (rises) {
        tim_trigger_output(t, m, (enum tim_mms)(MMS_REFERENCE + channel));
    }
}

void tim_match(struct twin *t, struct tim *m, unsigned channel)
{
    switch (mode_of(m, channel)) {
    case MODE_ACTIVE_ON_MATCH:
        set_reference(t, m, channel, true);
        break;
    case MODE_INACTIVE_ON_MATCH:
        set_reference(t, m, channel, false);
        break;
    case MODE_TOGGLE:
        set_reference(t, m, channel, !m->reference[channel]);
        break;
    default:
        break; /* the others do not hang on a match */
    }
}

void tim_follow_pwm(struct twin *t, struct tim *m, uint32_t cnt, bool down)
{
    for (unsigned i = 0; i < tim_channels(m); i++) {
        unsigned mode = mode_of(m, i);
        if (tim_is_output(m, i) && mode >= MODE_PWM1) {
            bool active = down ? cnt <= m->ccr_active[i] : cnt < m->ccr_active[i];
            set_reference(t, m, i, active == (mode == MODE_PWM1));
        }
    }
}

void tim_force(struct twin *t, struct tim *m)
{
    for (unsigned i = 0; i < tim_channels(m); i++) {
        unsigned mode = mode_of(m, i);
        if (tim_is_output(m, i) && (mode == MODE_FORCE_ACTIVE || mode == MODE_FORCE_INACTIVE)) {
            set_reference(t, m, i, mode == MODE_FORCE_ACTIVE);
        }
    }
}

/* ---- pins ---- */

struct output {
    bool enabled, level;
};

static bool bit(uint32_t word, unsigned n)
{
    return (word >> n & 1) != 0;
}

static struct output idle(const struct tim *m, unsigned channel, unsigned n)
{
    bool on = (m->reg[TIM_BDTR / 4] & BDTR_OSSI) != 0;
    return (struct output){on, bit(m->reg[TIM_CR2 / 4], 8 + 2 * channel + n)};
}

/* Output n = 0: OCx, 1: OCxN. */
static struct output output_of(const struct tim *m, unsigned channel, unsigned n)
{
    uint32_t ccer = m->reg[TIM_CCER / 4] >> (4 * channel);
    bool own = bit(ccer, 2 * n);
    bool other = bit(ccer, 2 - 2 * n);
    bool inverted = bit(ccer, 1 + 2 * n);
    bool advanced = m->unit->kind == TIM_ADVANCED;
    if (!tim_is_output(m, channel)) {
        return (struct output){false, false};
    }
    if (advanced && (m->reg[TIM_BDTR / 4] & BDTR_MOE) == 0) {
        return idle(m, channel, n);
    }
    if (!own) {
        bool held = advanced && other && (m->reg[TIM_BDTR / 4] & BDTR_OSSR) != 0;
        return (struct output){held, inverted};
    }
    bool complement = n == 1 && other;
    return (struct output){true, (m->reference[channel] != complement) != inverted};
}

static bool ours(const struct twin *t, const struct tim *m, const struct tim_pin *p)
{
    return p->port != 0 && twin_gpio_has_af(t, p->port, p->pin, m->unit->af);
}

/* Brings what is told of an output to what it is, at the pins that it has. */
static void drive(struct twin *t, struct tim *m, unsigned channel, unsigned n)
{
    struct tim_drive *d = &m->drive[channel][n];
    const struct output now = output_of(m, channel, n);
    if (d->held == 0 || (now.enabled == d->on && now.level == d->level)) {
        return;
    }
    d->on = now.enabled;
    d->level = now.level;
    for (unsigned i = 0; i < TIM_PINS; i++) {
        const struct tim_pin *p = &m->unit->pin[channel][n][i];
        if (!bit(d->held, i)) {
            continue;
        }
        if (now.enabled) {
            twin_gpio_drive_af(t, p->port, p->pin, now.level);
        } else {
            twin_gpio_release_af(t, p->port, p->pin);
        }
    }
}

void tim_drive_pins(struct twin *t, struct tim *m)
{
    for (unsigned i = 0; i < tim_channels(m); i++) {
        drive(t, m, i, 0);
        drive(t, m, i, 1);
    }
}

void tim_leave_pins(struct twin *t, struct tim *m)
{
    for (unsigned i = 0; i < 2 * TIM_CHANNELS * TIM_PINS; i++) {
        const struct tim_pin *p = &m->unit->pin[i / 2 / TIM_PINS][i / TIM_PINS % 2][i % TIM_PINS];
        struct tim_drive *d = &m->drive[i / 2 / TIM_PINS][i / TIM_PINS % 2];
        if (bit(d->held, i % TIM_PINS) && !ours(t, m, p)) {
            d->held &= (uint8_t) ~(1u << i % TIM_PINS);
            twin_gpio_release_af(t, p->port, p->pin);
        }
    }
}

void tim_take_pins(struct twin *t, struct tim *m)
{
    for (unsigned i = 0; i < 2 * TIM_CHANNELS * TIM_PINS; i++) {
        const struct tim_pin *p = &m->unit->pin[i / 2 / TIM_PINS][i / TIM_PINS % 2][i % TIM_PINS];
        struct tim_drive *d = &m->drive[i / 2 / TIM_PINS][i / TIM_PINS % 2];
        if (!bit(d->held, i % TIM_PINS) && ours(t, m, p)) {
            d->held |= (uint8_t)(1u << i % TIM_PINS);
            if (d->on) {
                twin_gpio_drive_af(t, p->port, p->pin, d->level);
            }
        }
    }
    tim_drive_pins(t, m);
}

/* ---- triggers ---- */

static bool watched(const struct twin *t, unsigned timer, unsigned kind)
{
    for (const struct twin_trigger *w = t->tims->watchers; w != NULL; w = w->next) {
        if (bit(w->wanted[kind], timer)) {
            return true;
        }
    }
    return false;
}

static void fire(struct twin *t, unsigned timer, unsigned kind)
{
    for (struct twin_trigger *w = t->tims->watchers; w != NULL; w = w->next) {
        if (bit(w->wanted[kind], timer)) {
            w->fn(t, w->ctx, timer, kind);
        }
    }
}

static unsigned mms(const struct tim *m)
{
    return m->reg[TIM_CR2 / 4] >> 4 & 7;
}

void tim_trigger_output(struct twin *t, const struct tim *m, enum tim_mms event)
{
    if (mms(m) == event && m->unit->kind != TIM_ONE) {
        fire(t, m->unit->number, TWIN_TRGO);
    }
}

void tim_trigger_compare(struct twin *t, const struct tim *m, unsigned channel)
{
    fire(t, m->unit->number, TWIN_TRIGGER_CC1 + channel);
    if (channel == 0) {
        tim_trigger_output(t, m, MMS_COMPARE);
    }
}

/* Kind 0: an update is a trigger that somebody wants; 1 to 4: a match of that channel is. */
bool tim_trigger_wanted(const struct twin *t, const struct tim *m, unsigned kind)
{
    unsigned number = m->unit->number;
    bool output = watched(t, number, TWIN_TRGO) && m->unit->kind != TIM_ONE;
    if (kind == 0) {
        return output && mms(m) == MMS_UPDATE;
    }
    return watched(t, number, kind) || (output && kind == 1 && mms(m) == MMS_COMPARE);
}

bool tim_reference_is_seen(const struct twin *t, const struct tim *m, unsigned channel)
{
    for (unsigned n = 0; n < 2; n++) {
        if (m->drive[channel][n].held != 0 && output_of(m, channel, n).enabled) {
            return true;
        }
    }
    return mms(m) == MMS_REFERENCE + channel && watched(t, m->unit->number, TWIN_TRGO);
}
