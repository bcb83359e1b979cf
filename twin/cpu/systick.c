/* SPDX-License-Identifier: MIT */
/*
 * SysTick: a 24-bit down-counter on HCLK or HCLK/8. Not counted cycle by cycle: it keeps the cycle
 * at which it was last 0 and computes the rest.
 *
 * Source: PM0214 section 4.5; ARMv7-M B3.3.
 */
#include "cpu.h"

#define CTRL_ENABLE    (1U << 0)
#define CTRL_TICKINT   (1U << 1)
#define CTRL_CLKSOURCE (1U << 2)
#define CTRL_COUNTFLAG (1U << 16)

enum { REG_CTRL = 0, REG_LOAD = 4, REG_VAL = 8, REG_CALIB = 12 };

static uint32_t divider(const struct twin_cpu *c)
{
    return (c->systick_ctrl & CTRL_CLKSOURCE) != 0 ? 1 : 8;
}

static bool runs(const struct twin_cpu *c)
{
    return (c->systick_ctrl & CTRL_ENABLE) != 0;
}

static void arm(struct twin *t);

/* The counter has gone from 1 to 0. */
static void on_zero(struct twin *t, void *ctx)
{
    struct twin_cpu *c = ctx;
    c->systick_ctrl |= CTRL_COUNTFLAG;
    if ((c->systick_ctrl & CTRL_TICKINT) != 0) {
        nvic_pend(t, EXC_SYSTICK);
    }
    if (c->systick_load == 0) {
        c->systick_value = 0;
        return; /* reload 0: stays at 0 */
    }
    c->systick_zero += (uint64_t)(c->systick_load + 1) * divider(c);
    arm(t);
}

static void arm(struct twin *t)
{
    struct twin_cpu *c = t->cpu;
    twin_event_at(t, &c->systick_event, sched_ps_at(t, c->systick_zero));
}

/* Value at this moment, 0 to LOAD. */
static uint32_t current(struct twin *t)
{
    const struct twin_cpu *c = t->cpu;
    if (!runs(c) || !c->systick_event.pending) {
        return c->systick_value;
    }
    uint64_t now = t->sched->cycles;
    if (now >= c->systick_zero) {
        return 0; /* the event is due */
    }
    uint64_t left = (c->systick_zero - now + divider(c) - 1) / divider(c);
    return left > c->systick_load ? 0 : (uint32_t)left; /* the tick before the first reload */
}

/* Counts down from value; from 0 the first tick reloads. */
static void start(struct twin *t, uint32_t value)
{
    struct twin_cpu *c = t->cpu;
    uint64_t ticks = value != 0 ? value : (uint64_t)c->systick_load + 1;
    if (value == 0 && c->systick_load == 0) {
        twin_event_cancel(t, &c->systick_event);
        c->systick_value = 0;
        return;
    }
    c->systick_zero = t->sched->cycles + ticks * divider(c);
    arm(t);
}

void systick_reset(struct twin *t)
{
    struct twin_cpu *c = t->cpu;
    twin_event_cancel(t, &c->systick_event);
    c->systick_event.fn = on_zero;
    c->systick_event.ctx = c;
    c->systick_ctrl = 0;
    c->systick_load = 0;
    c->systick_value = 0;
}

void systick_clock_changed(struct twin *t)
{
    if (t->cpu->systick_event.pending) {
        arm(t); /* the same cycle is another time now */
    }
}

void systick_freeze(struct twin *t, bool frozen)
{
    struct twin_cpu *c = t->cpu;
    if (frozen) {
        c->systick_value = current(t);
        twin_event_cancel(t, &c->systick_event);
    } else if (runs(c)) {
        start(t, c->systick_value);
    }
}

uint32_t systick_read(struct twin *t, uint32_t offset)
{
    struct twin_cpu *c = t->cpu;
    switch (offset) {
    case REG_CTRL: {
        uint32_t value = c->systick_ctrl;
        c->systick_ctrl &= ~CTRL_COUNTFLAG;
        return value;
    }
    case REG_LOAD:
        return c->systick_load;
    case REG_VAL:
        return current(t);
    case REG_CALIB:
        return 0x40000000U | 18750; /* RM0090 12.1.4: SKEW; 18750 for 1 ms at HCLK/8 = 18.75 MHz */
    default:
        return 0;
    }
}

void systick_write(struct twin *t, uint32_t offset, uint32_t value)
{
    struct twin_cpu *c = t->cpu;
    uint32_t now = current(t);
    switch (offset) {
    case REG_CTRL:
        twin_event_cancel(t, &c->systick_event);
        c->systick_value = now;
        c->systick_ctrl = (c->systick_ctrl & CTRL_COUNTFLAG) | (value & 7);
        if (runs(c)) {
            start(t, now);
        }
        break;
    case REG_LOAD:
        c->systick_load = value & 0xFFFFFF;
        break;
    case REG_VAL:
        c->systick_ctrl &= ~CTRL_COUNTFLAG;
        c->systick_value = 0;
        if (runs(c)) {
            start(t, 0);
        }
        break;
    default:
        break;
    }
}
