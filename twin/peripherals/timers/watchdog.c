/* SPDX-License-Identifier: MIT */
/*
 * The two watchdogs. The independent one counts LSI cycles and, once started, stops at nothing but
 * a reset; the window one counts APB1 cycles and also bites when it is fed too early. Neither can
 * be turned off by software, and neither is frozen: there is no debugger.
 *
 * RM0090 21 (IWDG), 22 (WWDG), 3.6.1 (option bit WDG_SW). LSI is taken at its typical 32 kHz (17 to
 * 47).
 */
#include "internal.h"
#include "reg.h"

#include <stdlib.h>

#define PS_PER_S   UINT64_C(1000000000000)
#define LSI_CYCLE  (PS_PER_S / 32000)
#define LSI_UPDATE (5 * LSI_CYCLE) /* PR and RLR reach the LSI domain: RM0090 21.4.4 */

enum {
    IWDG_REGS = 0x40003000,
    IWDG_KR = 0x00,
    IWDG_PR = 0x04,
    IWDG_RLR = 0x08,
    IWDG_SR = 0x0C,
    IWDG_FLAG = 29, /* bits of RCC_CSR */
    WWDG_FLAG = 30,
    SR_PVU = 1,
    SR_RVU = 2,
    KEY_UNLOCK = 0x5555,
    KEY_RELOAD = 0xAAAA,
    KEY_START = 0xCCCC,
    WWDG_REGS = 0x40002C00,
    WWDG_CR = 0x00,
    WWDG_CFR = 0x04,
    WWDG_SR = 0x08,
    WWDG_IRQ = 0,
    WWDG_WDGA = 0x80,
    WWDG_EWI = 0x200,
    WWDG_T6 = 0x40,
};

struct twin_iwdg {
    bool running, unlocked;
    uint32_t pr, rlr;           /* as written */
    uint32_t pr_used, rlr_used; /* as the LSI domain has them */
    uint32_t sr;
    uint32_t counter; /* at since_ps */
    uint64_t since_ps;
    struct twin_event bite, update, start;
};

struct twin_wwdg {
    uint32_t cr, cfr, sr; /* cr without the counter */
    uint32_t counter;     /* at since_ps, 7 bits */
    uint64_t since_ps, tick_ps;
    bool counting; /* clock gate open */
    struct twin_event step;
};

struct twin_watchdog {
    struct twin_iwdg iwdg;
    struct twin_wwdg wwdg;
};

/* ---- independent watchdog ---- */
static uint64_t iwdg_tick_ps(const struct twin_iwdg *w)
{
    uint32_t pr = w->pr_used < 6 ? w->pr_used : 6;
    return LSI_CYCLE * (4u << pr);
}

static void iwdg_count_from(struct twin *t, struct twin_iwdg *w, uint32_t counter)
{
    w->counter = counter;
    w->since_ps = twin_now_ps(t);
    if (w->running) {
        /* The reset comes with the step after 0. */
        twin_event_at(t, &w->bite, w->since_ps + (counter + UINT64_C(1)) * iwdg_tick_ps(w));
    }
}

static uint32_t iwdg_counter(struct twin *t, const struct twin_iwdg *w)
{
    uint64_t steps = (twin_now_ps(t) - w->since_ps) / iwdg_tick_ps(w);
    return steps >= w->counter ? 0 : w->counter - (uint32_t)steps;
}

static void iwdg_bite(struct twin *t, void *ctx)
{
    (void)ctx;
    twin_report(t, TWIN_REPORT_WATCHDOG, 0, "the independent watchdog was not fed in time: reset");
    twin_request_reset(t, IWDG_FLAG, "independent watchdog");
}

static void iwdg_update(struct twin *t, void *ctx)
{
    struct twin_iwdg *w = ctx;
    uint32_t counter = w->running ? iwdg_counter(t, w) : w->counter;
    bool prescaler_changed = w->pr_used != w->pr;
    w->pr_used = w->pr;
    w->rlr_used = w->rlr;
    w->sr = 0;
    if (prescaler_changed) {
        iwdg_count_from(t, w, counter);
    }
}

static void iwdg_plan_update(struct twin *t, struct twin_iwdg *w, uint32_t flag)
{
    w->sr |= flag;
    if (twin_rcc_lsi_on(t)) {
        twin_event_at(t, &w->update, twin_now_ps(t) + LSI_UPDATE);
    } /* else when LSI starts: the flag stays */
}

static void iwdg_start(struct twin *t, struct twin_iwdg *w)
{
    if (w->running) {
        return;
    }
    w->running = true;
    twin_rcc_force_lsi(t);
    iwdg_count_from(t, w, 0xFFF);
    if (w->sr != 0) {
        iwdg_plan_update(t, w, 0);
    }
}

/* WDG_SW = 0 in the option bytes: looked at when every part has been reset. */
static void iwdg_start_in_hardware(struct twin *t, void *ctx)
{
    if (t->powered && twin_flash_iwdg_in_hardware(t)) {
        iwdg_start(t, ctx);
    }
}

static void iwdg_key(struct twin *t, struct twin_iwdg *w, uint32_t key)
{
    w->unlocked = key == KEY_UNLOCK;
    if (key == KEY_RELOAD) {
        iwdg_count_from(t, w, w->rlr_used);
    } else if (key == KEY_START) {
        iwdg_start(t, w);
    }
}

static void iwdg_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    struct twin_iwdg *w = self;
    uint32_t reg = offset & ~3u;
    uint32_t word = reg_repeat(width, value) & 0xFFFF;
    if (reg == IWDG_KR) {
        iwdg_key(t, w, word);
        return;
    }
    uint32_t flag = reg == IWDG_PR ? SR_PVU : SR_RVU;
    if (reg != IWDG_PR && reg != IWDG_RLR) {
        return;
    }
    if (!w->unlocked) {
        twin_report(t, TWIN_REPORT_WATCHDOG, IWDG_REGS + reg,
                    "IWDG_%s written without 5555 in IWDG_KR before: ignored",
                    reg == IWDG_PR ? "PR" : "RLR");
        return;
    }
    if ((w->sr & flag) != 0) {
        twin_report(t, TWIN_REPORT_WATCHDOG, IWDG_REGS + reg,
                    "IWDG register written while its last update is under way: ignored");
        return;
    }
    if (reg == IWDG_PR) {
        w->pr = word & 7;
    } else {
        w->rlr = word & 0xFFF;
    }
    iwdg_plan_update(t, w, flag);
}

static uint32_t iwdg_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    struct twin_iwdg *w = self;
    uint32_t word = 0;
    if (w->sr != 0 && !w->update.pending && twin_rcc_lsi_on(t)) {
        iwdg_plan_update(t, w, 0); /* LSI was turned on since */
    }
    switch (offset & ~3u) {
    case IWDG_PR:
        word = w->pr;
        break;
    case IWDG_RLR:
        word = w->rlr;
        break;
    case IWDG_SR:
        word = w->sr;
        break;
    default:
        break;
    }
    return reg_extract(word, offset, width);
}

static void iwdg_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct twin_iwdg *w = self;
    (void)kind;
    twin_event_cancel(t, &w->bite);
    twin_event_cancel(t, &w->update);
    w->running = false;
    w->unlocked = false;
    w->pr = 0;
    w->rlr = 0xFFF;
    w->pr_used = 0;
    w->rlr_used = 0xFFF;
    w->counter = 0xFFF;
    w->sr = 0;
    twin_event_at(t, &w->start, twin_now_ps(t));
}

/* ---- window watchdog ---- */
static uint64_t wwdg_tick_ps(const struct twin *t, const struct twin_wwdg *w)
{
    uint64_t clocks = UINT64_C(4096) << (w->cfr >> 7 & 3);
    return clocks * PS_PER_S / twin_pclk1_hz(t);
}

static uint32_t wwdg_counter(const struct twin *t, const struct twin_wwdg *w)
{
    if (!w->counting) {
        return w->counter;
    }
    uint64_t steps = (twin_now_ps(t) - w->since_ps) / w->tick_ps;
    return (w->counter - (uint32_t)steps) & 0x7F;
}

static void wwdg_irq(struct twin *t, const struct twin_wwdg *w)
{
    twin_irq_set(t, WWDG_IRQ, w->sr != 0 && (w->cfr & WWDG_EWI) != 0);
}

/* The next thing that happens: the counter reaches 0x40 (early warning), or leaves it (reset). */
static void wwdg_plan(struct twin *t, struct twin_wwdg *w)
{
    twin_event_cancel(t, &w->step);
    if (!w->counting) {
        return;
    }
    uint32_t steps = w->counter > WWDG_T6 ? w->counter - WWDG_T6 : 1;
    if (w->counter < WWDG_T6) {
        steps = (w->counter - WWDG_T6) & 0x7F; /* not active, counting freely */
    }
    twin_event_at(t, &w->step, w->since_ps + steps * w->tick_ps);
}

static void wwdg_count_from(struct twin *t, struct twin_wwdg *w, uint32_t counter)
{
    w->counter = counter;
    w->since_ps = twin_now_ps(t);
    w->tick_ps = wwdg_tick_ps(t, w);
    wwdg_plan(t, w);
}

static void wwdg_bite(struct twin *t, const char *why)
{
    twin_report(t, TWIN_REPORT_WATCHDOG, WWDG_REGS, "window watchdog: %s: reset", why);
    twin_request_reset(t, WWDG_FLAG, "window watchdog");
}

static void wwdg_step(struct twin *t, void *ctx)
{
    struct twin_wwdg *w = ctx;
    uint32_t counter = wwdg_counter(t, w);
    if (counter == WWDG_T6) {
        w->sr = 1;
        wwdg_irq(t, w);
    } else if ((w->cr & WWDG_WDGA) != 0 && counter < WWDG_T6) {
        wwdg_bite(t, "the counter ran out");
    }
    wwdg_count_from(t, w, counter);
}

static void wwdg_write_cr(struct twin *t, struct twin_wwdg *w, uint32_t value)
{
    bool was_active = (w->cr & WWDG_WDGA) != 0;
    uint32_t counter = wwdg_counter(t, w);
    w->cr |= value & WWDG_WDGA;
    if (was_active && counter > (w->cfr & 0x7F)) {
        wwdg_bite(t, "fed outside of its window");
    } else if ((w->cr & WWDG_WDGA) != 0 && (value & WWDG_T6) == 0) {
        wwdg_bite(t, "CR written with T6 = 0");
    }
    wwdg_count_from(t, w, value & 0x7F);
}

static void wwdg_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    struct twin_wwdg *w = self;
    uint32_t word = reg_repeat(width, value);
    uint32_t counter = wwdg_counter(t, w);
    switch (offset & ~3u) {
    case WWDG_CR:
        wwdg_write_cr(t, w, word);
        break;
    case WWDG_CFR:
        w->cfr = (word & 0x3FF) | (w->cfr & WWDG_EWI); /* EWI is cleared by reset only */
        wwdg_count_from(t, w, counter);
        wwdg_irq(t, w);
        break;
    case WWDG_SR:
        w->sr &= word; /* written with 0 to clear */
        wwdg_irq(t, w);
        break;
    default:
        break;
    }
}

static uint32_t wwdg_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    const struct twin_wwdg *w = self;
    uint32_t word = 0;
    switch (offset & ~3u) {
    case WWDG_CR:
        word = w->cr | wwdg_counter(t, w);
        break;
    case WWDG_CFR:
        word = w->cfr;
        break;
    case WWDG_SR:
        word = w->sr;
        break;
    default:
        break;
    }
    return reg_extract(word, offset, width);
}

/* The new tick holds from now on; the part of a tick already counted is dropped. */
static void wwdg_clock_changed(struct twin *t, void *self)
{
    struct twin_wwdg *w = self;
    bool counting = t->powered && twin_rcc_clock_on(t, 0x40, 11);
    if (counting == w->counting && wwdg_tick_ps(t, w) == w->tick_ps) {
        return;
    }
    wwdg_count_from(t, w, wwdg_counter(t, w));
    w->counting = counting;
    wwdg_plan(t, w);
}

static void wwdg_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct twin_wwdg *w = self;
    twin_event_cancel(t, &w->step);
    w->cr = 0;
    w->cfr = 0x7F;
    w->sr = 0;
    if (kind != TWIN_RESET_PERIPHERAL) {
        w->counting = false; /* the gate is closed by the same reset */
    }
    wwdg_count_from(t, w, 0x7F);
    wwdg_irq(t, w);
}

static void on_destroy(struct twin *t, void *self)
{
    (void)self;
    free(t->watchdog);
    t->watchdog = NULL;
}

int twin_watchdog_create(struct twin *t)
{
    struct twin_watchdog *w = calloc(1, sizeof *w);
    t->watchdog = w;
    if (w == NULL) {
        return TWIN_ERR_MEMORY;
    }
    w->iwdg.bite.fn = iwdg_bite;
    w->iwdg.update = (struct twin_event){.fn = iwdg_update, .ctx = &w->iwdg};
    w->iwdg.start = (struct twin_event){.fn = iwdg_start_in_hardware, .ctx = &w->iwdg};
    w->wwdg.step = (struct twin_event){.fn = wwdg_step, .ctx = &w->wwdg};
    const struct twin_periph parts[] = {
        {.name = "IWDG",
         .base = IWDG_REGS,
         .size = 0x400,
         .self = &w->iwdg,
         .read = iwdg_read,
         .write = iwdg_write,
         .reset = iwdg_reset},
        {.name = "WWDG",
         .base = WWDG_REGS,
         .size = 0x400,
         .enr = 0x40,
         .enr_bit = 11,
         .self = &w->wwdg,
         .read = wwdg_read,
         .write = wwdg_write,
         .reset = wwdg_reset,
         .clock_changed = wwdg_clock_changed,
         .destroy = on_destroy},
    };
    twin_periph_add(t, &parts[0]);
    twin_periph_add(t, &parts[1]);
    return TWIN_OK;
}
