/* SPDX-License-Identifier: MIT */
/*
 * Time base of TIM2 to TIM7, RM0090 sections 18 and 20: prescaler, counter, auto-reload, update
 * event, interrupt and DMA request.
 *
 * The counter is computed from virtual time when somebody looks; only the next update is an event.
 * Capture, compare, PWM, slave modes, centre-aligned counting and outputs are not modelled: their
 * registers hold what is written, and the first use of each is reported. Nor are their flags: the
 * chip sets CCxIF on a match even with all channels off.
 */
#include "internal.h"
#include "reg.h"

#include <stdlib.h>

enum { TIM_COUNT = 6, TIM_CHANNEL_REGS = 21 };
enum {
    TIM_CR1 = 0x00,
    TIM_CR2 = 0x04,
    TIM_SMCR = 0x08,
    TIM_DIER = 0x0C,
    TIM_SR = 0x10,
    TIM_EGR = 0x14,
    TIM_CNT = 0x24,
    TIM_PSC = 0x28,
    TIM_ARR = 0x2C,
    TIM_OR = 0x50,
    TIM_END = 0x54,
};
enum {
    CR1_CEN = 1 << 0,
    CR1_UDIS = 1 << 1,
    CR1_URS = 1 << 2,
    CR1_OPM = 1 << 3,
    CR1_DIR = 1 << 4,
    CR1_CMS = 3 << 5,
    CR1_ARPE = 1 << 7,
    SR_UIF = 1 << 0,
    DIER_UIE = 1 << 0,
    DIER_UDE = 1 << 8,
    EGR_UG = 1 << 0,
};
#define PS_PER_S UINT64_C(1000000000000)

__extension__ typedef unsigned __int128 wide;

struct tim {
    uint8_t number; /* 2 to 7 */
    uint8_t irq;
    uint8_t dma_stream[2], dma_channel; /* of the update request, on DMA1 */
    uint32_t max;                       /* widest counter value */
    uint32_t cr1, dier, sr;
    uint32_t psc, psc_active;          /* psc takes effect at the next update */
    uint32_t arr, arr_active;          /* arr does so too when ARPE is set */
    uint32_t others[TIM_CHANNEL_REGS]; /* registers of what is not modelled, as written */
    uint64_t base_ps;                  /* when the counter was base_cnt and the prescaler 0 */
    uint32_t base_cnt;
    uint32_t clock_hz;
    uint32_t told; /* a bit for each register that has been reported */
    struct twin_event update;
};

struct tims {
    struct tim tim[TIM_COUNT];
};

static bool is_basic(const struct tim *m)
{
    return m->number >= 6;
}

static bool running(const struct tim *m)
{
    return (m->cr1 & CR1_CEN) != 0 && m->arr_active != 0 && m->clock_hz != 0;
}

static bool counts_down(const struct tim *m)
{
    return !is_basic(m) && (m->cr1 & CR1_DIR) != 0;
}

/* Counter steps since the base. */
static uint64_t steps(const struct tim *m, uint64_t now_ps)
{
    wide ticks = (wide)(now_ps - m->base_ps) * m->clock_hz / PS_PER_S;
    return (uint64_t)(ticks / ((uint64_t)m->psc_active + 1));
}

/* Steps from a counter value to the update event. Above the reload value the counter runs to the
 * end of its width first. */
static uint64_t steps_to_update(const struct tim *m, uint32_t cnt)
{
    if (counts_down(m)) {
        return (uint64_t)cnt + 1;
    }
    uint64_t top = cnt <= m->arr_active ? m->arr_active : (uint64_t)m->max + 1 + m->arr_active;
    return top - cnt + 1;
}

static uint32_t counter(const struct tim *m, uint64_t now_ps)
{
    if (!running(m)) {
        return m->base_cnt;
    }
    uint64_t n = steps(m, now_ps);
    return (uint32_t)(counts_down(m) ? m->base_cnt - n : m->base_cnt + n) & m->max;
}

static uint64_t time_of_step(const struct tim *m, uint64_t n)
{
    wide ticks = (wide)n * ((uint64_t)m->psc_active + 1);
    return m->base_ps + (uint64_t)((ticks * PS_PER_S + m->clock_hz - 1) / m->clock_hz);
}

static void schedule(struct twin *t, struct tim *m)
{
    if (!running(m)) {
        twin_event_cancel(t, &m->update);
        return;
    }
    twin_event_at(t, &m->update, time_of_step(m, steps_to_update(m, m->base_cnt)));
}

/* Makes now the base, so that registers may change. The fraction of a step that has passed is kept.
 */
static void rebase(struct tim *m, uint64_t now_ps)
{
    if (running(m)) {
        uint64_t n = steps(m, now_ps);
        m->base_cnt = counter(m, now_ps);
        m->base_ps = n == 0 ? m->base_ps : time_of_step(m, n);
    } else {
        m->base_ps = now_ps;
    }
}

static void update_lines(struct twin *t, const struct tim *m)
{
    twin_irq_set(t, m->irq, (m->sr & SR_UIF) != 0 && (m->dier & DIER_UIE) != 0);
}

/* The update event: preloaded registers take effect, the counter starts again. */
static void update_event(struct twin *t, struct tim *m, uint64_t at_ps, bool by_software)
{
    m->base_ps = at_ps;
    if ((m->cr1 & CR1_UDIS) == 0) {
        m->psc_active = m->psc;
        m->arr_active = m->arr;
        if (!by_software || (m->cr1 & CR1_URS) == 0) {
            m->sr |= SR_UIF;
            if ((m->dier & DIER_UDE) != 0) {
                twin_dma_pulse(t, 1, m->dma_stream[0], m->dma_channel);
                if (m->dma_stream[1] != m->dma_stream[0]) {
                    twin_dma_pulse(t, 1, m->dma_stream[1], m->dma_channel);
                }
            }
        }
    }
    m->base_cnt = counts_down(m) ? m->arr_active : 0;
    if (!by_software && (m->cr1 & CR1_OPM) != 0) {
        m->cr1 &= ~(uint32_t)CR1_CEN;
    }
    update_lines(t, m);
    schedule(t, m);
}

static void on_update(struct twin *t, void *ctx)
{
    struct tim *m = ctx;
    update_event(t, m, m->update.at_ps, false);
}

/* Somebody looks before the event has been served: the run loop is a few cycles behind the clock.
 */
static void catch_up(struct twin *t, struct tim *m)
{
    uint64_t now_ps = twin_now_ps(t);
    while (m->update.pending && m->update.at_ps <= now_ps) {
        twin_event_cancel(t, &m->update);
        update_event(t, m, m->update.at_ps, false);
    }
}

static void tell_unmodelled(struct twin *t, struct tim *m, uint32_t offset, const char *what)
{
    uint32_t bit = 1u << (offset / 4);
    if ((m->told & bit) == 0) {
        m->told |= bit;
        twin_report(t, TWIN_REPORT_UNMODELLED, 0x40000000u + 0x400u * (m->number - 2u) + offset,
                    "TIM%u: %s not modelled, only the time base is", m->number, what);
    }
}

static uint32_t tim_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    struct tim *m = self;
    uint32_t word = 0;
    catch_up(t, m);
    switch (offset & ~3u) {
    case TIM_CR1:
        word = m->cr1;
        break;
    case TIM_DIER:
        word = m->dier;
        break;
    case TIM_SR:
        word = m->sr;
        break;
    case TIM_EGR:
        break;
    case TIM_CNT:
        word = counter(m, twin_now_ps(t));
        break;
    case TIM_PSC:
        word = m->psc;
        break;
    case TIM_ARR:
        word = m->arr;
        break;
    default:
        word = offset < TIM_END ? m->others[offset / 4] : 0;
        break;
    }
    return reg_extract(word, offset, width);
}

static void cr1_write(struct twin *t, struct tim *m, uint32_t value)
{
    uint32_t bits = is_basic(m) ? CR1_CEN | CR1_UDIS | CR1_URS | CR1_OPM | CR1_ARPE : 0x3FFu;
    if ((value & bits & CR1_CMS) != 0) {
        tell_unmodelled(t, m, TIM_CR1, "centre-aligned counting is");
    }
    m->cr1 = value & bits;
}

/* Registers of capture, compare, slave modes and outputs: kept, and reported when put to use. */
static const struct {
    uint16_t bits;
    const char *what;
} other_registers[TIM_CHANNEL_REGS] = {
    [TIM_CR2 / 4] = {0x00F8, "trigger output, CCDS and TI1S are"},
    [TIM_SMCR / 4] = {0xFFF7, "slave modes and external clocks are"},
    [0x18 / 4] = {0xFFFF, "capture and compare modes are"},
    [0x1C / 4] = {0xFFFF, "capture and compare modes are"},
    [0x20 / 4] = {0xBBBB, "capture and compare channels are"},
    [0x34 / 4] = {0xFFFF, "compare values are"},
    [0x38 / 4] = {0xFFFF, "compare values are"},
    [0x3C / 4] = {0xFFFF, "compare values are"},
    [0x40 / 4] = {0xFFFF, "compare values are"},
    [0x48 / 4] = {0x1F1F, "DMA bursts are"},
    [0x4C / 4] = {0xFFFF, "DMA bursts are"},
    [TIM_OR / 4] = {0, "remapped inputs are"},
};

static uint32_t other_bits(const struct tim *m, uint32_t offset)
{
    if (is_basic(m)) {
        return offset == TIM_CR2 ? 0x70 : 0;
    }
    if (offset == TIM_OR) { /* ITR1_RMP, TI4_RMP */
        return m->number == 2 ? 0x0C00 : m->number == 5 ? 0x00C0 : 0;
    }
    return offset >= 0x34 && offset <= 0x40 ? m->max : other_registers[offset / 4].bits;
}

static void other_write(struct twin *t, struct tim *m, uint32_t offset, uint32_t value)
{
    value &= other_bits(m, offset);
    m->others[offset / 4] = value;
    if (value != 0) {
        tell_unmodelled(t, m, offset, other_registers[offset / 4].what);
    }
}

static void dier_write(struct twin *t, struct tim *m, uint32_t value)
{
    m->dier = value & (is_basic(m) ? 0x101u : 0x5F5Fu);
    if ((m->dier & ~(uint32_t)(DIER_UIE | DIER_UDE)) != 0) {
        tell_unmodelled(t, m, TIM_DIER, "capture, compare and trigger interrupts are");
    }
}

static void egr_write(struct twin *t, struct tim *m, uint32_t value)
{
    if ((value & EGR_UG) != 0) {
        update_event(t, m, twin_now_ps(t), true);
    }
    if (!is_basic(m) && (value & 0x5E) != 0) {
        tell_unmodelled(t, m, TIM_EGR, "capture, compare and trigger events are");
    }
}

static void arr_write(struct tim *m, uint32_t value)
{
    m->arr = value & m->max;
    if ((m->cr1 & CR1_ARPE) == 0) {
        m->arr_active = m->arr;
    }
}

static void tim_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    struct tim *m = self;
    value = reg_repeat(width, value);
    catch_up(t, m);
    rebase(m, twin_now_ps(t));
    switch (offset & ~3u) {
    case TIM_CR1:
        cr1_write(t, m, value);
        break;
    case TIM_DIER:
        dier_write(t, m, value);
        break;
    case TIM_SR:
        m->sr &= value; /* written 0 clears, 1 does nothing */
        break;
    case TIM_EGR:
        egr_write(t, m, value);
        break;
    case TIM_CNT:
        m->base_cnt = value & m->max;
        m->base_ps = twin_now_ps(t);
        break;
    case TIM_PSC:
        m->psc = value & 0xFFFF;
        break;
    case TIM_ARR:
        arr_write(m, value);
        break;
    default:
        if (offset < TIM_END) {
            other_write(t, m, offset & ~3u, value);
        }
        break;
    }
    update_lines(t, m);
    schedule(t, m);
}

static void tim_clock_changed(struct twin *t, void *self)
{
    struct tim *m = self;
    uint32_t hz = twin_rcc_clock_on(t, 0x40, m->number - 2u) ? twin_timclk_hz(t, 1) : 0;
    if (hz == m->clock_hz) {
        return;
    }
    catch_up(t, m);
    rebase(m, twin_now_ps(t));
    m->base_ps = twin_now_ps(t); /* the fraction of a step under way starts again */
    m->clock_hz = hz;
    schedule(t, m);
}

static void tim_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct tim *m = self;
    (void)kind;
    m->cr1 = m->dier = m->sr = 0;
    m->psc = m->psc_active = m->arr = m->arr_active = 0;
    m->base_cnt = 0;
    m->told = 0;
    for (unsigned i = 0; i < TIM_CHANNEL_REGS; i++) {
        m->others[i] = 0;
    }
    twin_event_cancel(t, &m->update);
    update_lines(t, m);
    tim_clock_changed(t, m);
}

static void tim_destroy(struct twin *t, void *self)
{
    (void)t;
    free(self); /* of the first: it opens the block */
}

int twin_tim_create(struct twin *t)
{
    static const struct {
        const char *name;
        uint8_t irq, stream[2], channel; /* RM0090 tables 61 and 42 */
    } units[TIM_COUNT] = {
        {"TIM2", 28, {1, 7}, 3}, {"TIM3", 29, {2, 2}, 5}, {"TIM4", 30, {6, 6}, 2},
        {"TIM5", 50, {0, 6}, 6}, {"TIM6", 54, {1, 1}, 7}, {"TIM7", 55, {2, 4}, 1},
    };
    struct tims *all = calloc(1, sizeof *all);
    if (all == NULL) {
        return TWIN_ERR_MEMORY;
    }
    for (unsigned i = 0; i < TIM_COUNT; i++) {
        struct tim *m = &all->tim[i];
        m->number = (uint8_t)(i + 2);
        m->irq = units[i].irq;
        m->dma_stream[0] = units[i].stream[0];
        m->dma_stream[1] = units[i].stream[1];
        m->dma_channel = units[i].channel;
        m->max = m->number == 2 || m->number == 5 ? UINT32_MAX : 0xFFFF;
        m->update.fn = on_update;
        m->update.ctx = m;
        twin_periph_add(t, &(struct twin_periph){
                               .name = units[i].name,
                               .base = 0x40000000u + 0x400u * i,
                               .size = 0x400,
                               .enr = 0x40,
                               .enr_bit = (uint8_t)i,
                               .self = m,
                               .read = tim_read,
                               .write = tim_write,
                               .reset = tim_reset,
                               .clock_changed = tim_clock_changed,
                               .destroy = i == 0 ? tim_destroy : NULL,
                           });
    }
    return TWIN_OK;
}
