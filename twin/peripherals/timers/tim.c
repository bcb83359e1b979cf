/* SPDX-License-Identifier: MIT */
/*
 * TIM1 to TIM14: registers, and which bits of them each kind of timer has. RM0090 17.4 (TIM1, 8),
 * 18.4 (TIM2 to 5), 19.4 and 19.5 (TIM9 to 14), 20.4 (TIM6, 7).
 *
 * Gated and encoder modes, ETR, TRC and remapped inputs, preloaded channel enables (CCPC), the
 * break input and dead time are not modelled: their registers hold what is written, and the first
 * use of each is reported.
 */
#include "tim.h"
#include "reg.h"

#include <stdlib.h>
#include <string.h>

/* ---- which bits there are ---- */

/* By kind: basic, one channel, two, four, advanced. */
static const struct {
    uint8_t offset;
    uint32_t bits[5];
} masks[] = {
    {TIM_CR1, {0x8F, 0x387, 0x38F, 0x3FF, 0x3FF}},
    {TIM_CR2, {0x70, 0, 0x70, 0xF8, 0x7FFD}},
    {TIM_SMCR, {0, 0, 0xF7, 0xFFF7, 0xFFF7}},
    {TIM_DIER, {0x101, 0x3, 0x47, 0x5F5F, 0x7FFF}},
    {TIM_EGR, {0x1, 0x3, 0x47, 0x5F, 0xFF}},
    {TIM_CCMR1, {0, 0xFF, 0xFFFF, 0xFFFF, 0xFFFF}},
    {TIM_CCMR2, {0, 0, 0, 0xFFFF, 0xFFFF}},
    {TIM_CCER, {0, 0xB, 0xBB, 0xBBBB, 0x3FFF}},
    {TIM_PSC, {0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}},
    {TIM_RCR, {0, 0, 0, 0, 0xFF}},
    {TIM_BDTR, {0, 0, 0, 0, 0xFFFF}},
    {TIM_DCR, {0, 0, 0, 0x1F1F, 0x1F1F}},
    {TIM_DMAR, {0, 0, 0, 0xFFFF, 0xFFFF}},
};

static uint32_t option_bits(const struct tim *m)
{
    switch (m->unit->number) {
    case 2: /* ITR1_RMP */
        return 0x0C00;
    case 5: /* TI4_RMP */
        return 0x00C0;
    case 11: /* TI1_RMP */
        return 0x0003;
    default:
        return 0;
    }
}

static uint32_t bits_of(const struct tim *m, uint32_t offset)
{
    if (offset >= TIM_CCR1 && offset <= TIM_CCR4) {
        return (offset - TIM_CCR1) / 4 < tim_channels(m) ? m->unit->max : 0;
    }
    if (offset == TIM_ARR || offset == TIM_CNT) {
        return m->unit->max;
    }
    if (offset == TIM_OR) {
        return option_bits(m);
    }
    for (size_t i = 0; i < sizeof masks / sizeof masks[0]; i++) {
        if (masks[i].offset == offset) {
            return masks[i].bits[m->unit->kind];
        }
    }
    return 0;
}

/* BDTR.LOCK: what can be changed no more until a reset (RM0090 17.4.18). */
static uint32_t locked_bits(const struct tim *m, uint32_t offset)
{
    unsigned level = m->reg[TIM_BDTR / 4] >> 8 & 3;
    uint32_t bits = 0;
    if (level >= 1) {
        bits |= offset == TIM_BDTR ? 0x73FFu : offset == TIM_CR2 ? 0x7F00u : 0;
    }
    if (level >= 2) {
        bits |= offset == TIM_BDTR ? 0x0C00u : offset == TIM_CCER ? 0x2AAAu : 0;
    }
    if (level >= 3) {
        bits |= offset == TIM_CCMR1 || offset == TIM_CCMR2 ? 0x7878u : 0;
    }
    return bits;
}

/* ---- what is held, and does nothing ---- */

static void tell_unmodelled(struct twin *t, struct tim *m, uint32_t offset, const char *what)
{
    uint32_t bit = 1u << (offset / 4);
    if ((m->told & bit) == 0) {
        m->told |= bit;
        twin_report(t, TWIN_REPORT_UNMODELLED, m->unit->base + offset, "%s: %s not modelled",
                    m->unit->name, what);
    }
}

static void check_channels(struct twin *t, struct tim *m, uint32_t offset, uint32_t value)
{
    for (unsigned i = 0; i < 2; i++) {
        uint32_t half = value >> (8 * i) & 0xFF;
        if ((half & 3) == 3) {
            tell_unmodelled(t, m, offset, "a channel on TRC is");
        } else if ((half & 0x83) == 0x80) {
            tell_unmodelled(t, m, offset, "clearing a reference from outside (OCxCE) is");
        }
    }
}

static void check_use(struct twin *t, struct tim *m, uint32_t offset, uint32_t value)
{
    switch (offset) {
    case TIM_CR2:
        if ((value & (CR2_CCPC | 1u << 7)) != 0) {
            tell_unmodelled(t, m, offset, "CCPC and TI1S are");
        }
        break;
    case TIM_SMCR:
        if (!tim_slave_is_modelled(m)) {
            tell_unmodelled(t, m, offset,
                            "slave modes that are gated, or with ETR or an encoder are");
        }
        break;
    case TIM_CCMR1:
    case TIM_CCMR2:
        check_channels(t, m, offset, value);
        break;
    case TIM_BDTR:
        if ((value & (BDTR_BKE | 0xFFu)) != 0) {
            tell_unmodelled(t, m, offset, "the break input and dead time are");
        }
        break;
    case TIM_OR:
        if (value != 0) {
            tell_unmodelled(t, m, offset, "remapped inputs are");
        }
        break;
    default:
        break;
    }
}

/* ---- registers ---- */

static uint32_t register_value(struct twin *t, const struct tim *m, uint32_t offset)
{
    switch (offset) {
    case TIM_SR:
        return m->sr;
    case TIM_EGR:
        return 0;
    case TIM_CNT:
        return tim_counter(m, twin_now_ps(t));
    default:
        return m->reg[offset / 4];
    }
}

static uint32_t tim_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    struct tim *m = self;
    uint32_t reg = offset & ~3u;
    bool burst = reg == TIM_DMAR && bits_of(m, TIM_DCR) != 0;
    tim_catch_up(t, m);
    tim_plan(t, m);
    reg = burst ? tim_burst_register(m) : reg;
    uint32_t word = reg < TIM_END ? register_value(t, m, reg) : 0;
    if (reg >= TIM_CCR1 && reg <= TIM_CCR4 && (reg - TIM_CCR1) / 4 < tim_channels(m)) {
        tim_capture_was_read(t, m, (reg - TIM_CCR1) / 4);
    }
    if (burst) {
        tim_burst_step(t, m);
    }
    return reg_extract(word, offset, width);
}

static void cr1_write(struct twin *t, struct tim *m, uint32_t value)
{
    uint32_t *cr1 = &m->reg[TIM_CR1 / 4];
    uint32_t old = *cr1;
    bool centred = (value & CR1_CMS & bits_of(m, TIM_CR1)) != 0;
    if (centred && (old & CR1_CMS) != 0) {
        value = (value & ~(uint32_t)CR1_DIR) | (old & CR1_DIR); /* read-only there */
    }
    *cr1 = value;
    if ((value & ~old & CR1_CEN) != 0) {
        tim_restart(m, twin_now_ps(t));
        tim_trigger_output(t, m, MMS_ENABLE);
    }
}

static void break_now(struct tim *m)
{
    m->sr |= SR_BIF;
    m->reg[TIM_BDTR / 4] &= ~(uint32_t)BDTR_MOE;
}

static void egr_write(struct twin *t, struct tim *m, uint32_t value)
{
    if ((value & SR_UIF) != 0) {
        tim_update_by_software(t, m);
    }
    for (unsigned i = 1; i <= tim_channels(m); i++) {
        if ((value >> i & 1) == 0) {
            continue;
        }
        if (tim_is_output(m, i - 1)) {
            tim_set_flag(t, m, i);
        } else {
            tim_capture(t, m, i - 1);
        }
    }
    if ((value & SR_COMIF) != 0) {
        tim_set_flag(t, m, 5);
    }
    if ((value & SR_TIF) != 0) {
        tim_set_flag(t, m, 6);
    }
    if ((value & SR_BIF) != 0) { /* a break by software needs no BKE */
        break_now(m);
    }
}

void twin_tim_clock_failed(struct twin *t)
{
    for (unsigned i = 0; i < TIM_COUNT; i++) {
        struct tim *m = &t->tims->tim[i];
        if ((m->reg[TIM_BDTR / 4] & BDTR_BKE) != 0) {
            tim_catch_up(t, m);
            break_now(m);
            tim_drive_pins(t, m);
            tim_update_irq(t, m);
        }
    }
}

static void ccr_write(struct tim *m, unsigned channel, uint32_t value)
{
    if (!tim_is_output(m, channel)) {
        return; /* a captured value is read-only */
    }
    m->reg[TIM_CCR1 / 4 + channel] = value;
    bool preload = (m->reg[TIM_CCMR1 / 4 + channel / 2] >> (8 * (channel & 1) + 3) & 1) != 0;
    if (!preload) {
        m->ccr_active[channel] = value;
    }
}

static void bdtr_write(struct tim *m, uint32_t value)
{
    uint32_t *bdtr = &m->reg[TIM_BDTR / 4];
    if ((*bdtr & BDTR_LOCK) != 0) { /* can be written once after a reset */
        value = (value & ~(uint32_t)BDTR_LOCK) | (*bdtr & BDTR_LOCK);
    }
    *bdtr = value;
}

static void register_write(struct twin *t, struct tim *m, uint32_t offset, uint32_t value)
{
    uint32_t frozen = locked_bits(m, offset);
    value = (value & ~frozen) | (m->reg[offset / 4] & frozen);
    switch (offset) {
    case TIM_CR1:
        cr1_write(t, m, value);
        break;
    case TIM_EGR:
        egr_write(t, m, value);
        break;
    case TIM_CNT:
        tim_restart(m, twin_now_ps(t));
        m->base_cnt = value;
        break;
    case TIM_ARR:
        m->reg[TIM_ARR / 4] = value;
        m->arr_active = (m->reg[TIM_CR1 / 4] & CR1_ARPE) != 0 ? m->arr_active : value;
        break;
    case TIM_CCR1:
    case TIM_CCR1 + 4:
    case TIM_CCR1 + 8:
    case TIM_CCR4:
        ccr_write(m, (offset - TIM_CCR1) / 4, value);
        break;
    case TIM_BDTR:
        bdtr_write(m, value);
        break;
    case TIM_DCR:
        m->reg[TIM_DCR / 4] = value;
        m->burst_index = 0;
        break;
    case TIM_CCER:
        m->reg[TIM_CCER / 4] = value;
        for (unsigned i = 0; i < TIM_CHANNELS; i++) { /* the prescaler begins anew */
            m->edges[i] = (value >> (4 * i) & 1) != 0 ? m->edges[i] : 0;
        }
        break;
    case TIM_SMCR:
        m->reg[TIM_SMCR / 4] = value;
        tim_slave_changed(t, m);
        tim_restart(m, twin_now_ps(t));
        break;
    default:
        m->reg[offset / 4] = value;
        break;
    }
}

static void tim_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    struct tim *m = self;
    uint32_t reg = offset & ~3u;
    bool burst = reg == TIM_DMAR && bits_of(m, TIM_DCR) != 0;
    value = reg_repeat(width, value);
    reg = burst ? tim_burst_register(m) : reg;
    if (reg >= TIM_END) {
        return;
    }
    tim_catch_up(t, m);
    tim_rebase(m, twin_now_ps(t));
    if (reg == TIM_SR) {
        m->sr &= value; /* written 0 clears, 1 does nothing */
    } else {
        value &= bits_of(m, reg);
        register_write(t, m, reg, value);
        check_use(t, m, reg, value);
    }
    tim_force(t, m);
    tim_follow_pwm(t, m, m->base_cnt, tim_counts_down(m));
    tim_drive_pins(t, m);
    tim_update_irq(t, m);
    tim_plan(t, m);
    if (burst) {
        tim_burst_step(t, m);
    }
}

/* ---- clock, reset, pins ---- */

static void tim_clock_changed(struct twin *t, void *self)
{
    struct tim *m = self;
    const struct tim_unit *u = m->unit;
    bool on = twin_rcc_clock_on(t, u->enr, u->enr_bit);
    uint32_t hz = on ? twin_timclk_hz(t, u->enr == 0x40 ? 1 : 2) : 0;
    if (hz == m->clock_hz) {
        return;
    }
    tim_catch_up(t, m);
    tim_rebase(m, twin_now_ps(t));
    tim_restart(m, twin_now_ps(t)); /* the fraction of a step under way starts again */
    m->clock_hz = hz;
    tim_plan(t, m);
}

/* ARR: the vendor's register list has 0, with which a counter would stand still; on silicon one
 * that was only switched on counts. */
static void tim_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct tim *m = self;
    (void)kind;
    m->sr = 0;
    m->psc_active = 0;
    m->base_cnt = 0;
    m->repetition = 0;
    m->told = 0;
    m->burst_index = m->burst_flag = 0;
    memset(m->edges, 0, sizeof m->edges);
    for (unsigned i = 0; i < TIM_REGS; i++) {
        m->reg[i] = 0;
    }
    m->reg[TIM_ARR / 4] = m->arr_active = m->unit->max;
    tim_slave_changed(t, m);
    for (unsigned i = 0; i < TIM_CHANNELS; i++) {
        m->ccr_active[i] = 0;
        m->reference[i] = false;
    }
    tim_restart(m, twin_now_ps(t));
    tim_drive_pins(t, m);
    tim_update_irq(t, m);
    tim_plan(t, m);
    tim_clock_changed(t, m);
}

static void pins_changed(struct twin *t, enum twin_routing what)
{
    for (unsigned i = 0; i < TIM_COUNT; i++) {
        struct tim *m = &t->tims->tim[i];
        if (what == TWIN_PINS_LEFT) {
            tim_leave_pins(t, m);
        } else {
            tim_catch_up(t, m);
            tim_take_pins(t, m);
            tim_plan(t, m);
        }
    }
}

void twin_trigger_watch(struct twin *t, struct twin_trigger *watcher)
{
    watcher->next = t->tims->watchers;
    t->tims->watchers = watcher;
}

void twin_trigger_want(struct twin *t, struct twin_trigger *watcher,
                       const uint16_t wanted[TWIN_TRIGGER_KINDS])
{
    if (memcmp(watcher->wanted, wanted, sizeof watcher->wanted) == 0) {
        return;
    }
    for (unsigned i = 0; i < TIM_COUNT; i++) {
        tim_catch_up(t, &t->tims->tim[i]); /* what was before is nobody's */
    }
    memcpy(watcher->wanted, wanted, sizeof watcher->wanted);
    for (unsigned i = 0; i < TIM_COUNT; i++) {
        tim_plan(t, &t->tims->tim[i]);
    }
}

static void tim_destroy(struct twin *t, void *self)
{
    (void)self;
    free(t->tims);
    t->tims = NULL;
}

int twin_tim_create(struct twin *t)
{
    t->tims = calloc(1, sizeof *t->tims);
    if (t->tims == NULL) {
        return TWIN_ERR_MEMORY;
    }
    for (unsigned i = 0; i < TIM_COUNT; i++) {
        struct tim *m = &t->tims->tim[i];
        m->unit = &tim_units[i];
        m->reg[TIM_ARR / 4] = m->arr_active = m->unit->max;
        tim_create_events(m);
        tim_slave_create(t, m);
        twin_periph_add(t, &(struct twin_periph){
                               .name = m->unit->name,
                               .base = m->unit->base,
                               .size = 0x400,
                               .enr = m->unit->enr,
                               .enr_bit = m->unit->enr_bit,
                               .self = m,
                               .read = tim_read,
                               .write = tim_write,
                               .reset = tim_reset,
                               .clock_changed = tim_clock_changed,
                               .destroy = i == 0 ? tim_destroy : NULL,
                           });
    }
    twin_gpio_watch_routing(t, pins_changed);
    return TWIN_OK;
}
