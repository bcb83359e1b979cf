/* SPDX-License-Identifier: MIT */
/*
 * Timers that hang on the trigger output of another, or on a pin of their first two channels:
 * reset, trigger and external clock mode 1, by ITR0 to ITR3, TI1 and TI2; RM0090 18.3.14, 18.3.15,
 * tables 93, 98, 101.
 *
 * Gated and encoder modes, ETR, and the channels of TIM10, 11, 13 and 14 as triggers are not
 * modelled: reported by tim.c.
 */
#include "tim.h"

enum { SMS_RESET = 4, SMS_TRIGGER = 6, SMS_CLOCK = 7 };

static unsigned mode_of(const struct tim *m)
{
    return m->reg[TIM_SMCR / 4] & 7;
}

/* The timer behind ITRx of this one; 0: none that is known here. */
static unsigned master_of(const struct tim *m)
{
    static const uint8_t masters[13][4] = {
        [1] = {5, 2, 3, 4}, [2] = {1, 8, 3, 4}, [3] = {1, 2, 5, 4}, [4] = {1, 2, 3, 8},
        [5] = {2, 3, 4, 8}, [8] = {1, 2, 4, 5}, [9] = {2, 3},       [12] = {4, 5},
    };
    unsigned input = m->reg[TIM_SMCR / 4] >> 4 & 7;
    unsigned number = m->unit->number;
    return input < 4 && number < 13 ? masters[number][input] : 0;
}

/* TI1F_ED, TI1FP1, TI2FP2. */
static bool trigger_is_a_pin(const struct tim *m)
{
    unsigned input = m->reg[TIM_SMCR / 4] >> 4 & 7;
    return input >= 4 && input <= 6;
}

bool tim_slave_is_modelled(const struct tim *m)
{
    enum { OUTSIDE = 0xFF00 }; /* ETF, ETPS, ECE, ETP */
    unsigned mode = mode_of(m);
    if ((m->reg[TIM_SMCR / 4] & OUTSIDE) != 0) {
        return false;
    }
    return mode == 0 || ((mode == SMS_RESET || mode >= SMS_TRIGGER) &&
                         (master_of(m) != 0 || trigger_is_a_pin(m)));
}

static void on_trigger(struct twin *t, void *ctx, unsigned timer, unsigned kind)
{
    struct tim *m = ctx;
    (void)timer;
    (void)kind;
    if (m->triggered) {
        return;
    }
    m->triggered = true;
    tim_catch_up(t, m);
    switch (mode_of(m)) {
    case SMS_RESET:
        tim_update_by_software(t, m);
        break;
    case SMS_TRIGGER:
        if ((m->reg[TIM_CR1 / 4] & CR1_CEN) == 0) {
            m->reg[TIM_CR1 / 4] |= CR1_CEN;
            tim_restart(m, twin_now_ps(t));
        }
        break;
    default:
        tim_step(t, m);
        break;
    }
    tim_set_flag(t, m, 6); /* TIF */
    tim_drive_pins(t, m);
    tim_update_irq(t, m);
    tim_plan(t, m);
    m->triggered = false;
}

void tim_slave_edge(struct twin *t, struct tim *m)
{
    if (mode_of(m) != 0 && tim_slave_is_modelled(m)) {
        on_trigger(t, m, 0, 0);
    } else {
        tim_set_flag(t, m, 6); /* TIF, whatever the mode */
    }
}

void tim_slave_changed(struct twin *t, struct tim *m)
{
    uint16_t wanted[TWIN_TRIGGER_KINDS] = {0};
    bool slave = mode_of(m) != 0 && tim_slave_is_modelled(m);
    m->stepped = mode_of(m) == SMS_CLOCK;
    if (slave && master_of(m) != 0) {
        wanted[TWIN_TRGO] = (uint16_t)(1u << master_of(m));
    }
    twin_trigger_want(t, &m->slave, wanted);
}

void tim_slave_create(struct twin *t, struct tim *m)
{
    m->slave.fn = on_trigger;
    m->slave.ctx = m;
    twin_trigger_watch(t, &m->slave);
}
