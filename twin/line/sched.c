/* SPDX-License-Identifier: MIT */
/*
 * The virtual clock and the event queue. Events fire in order of time, those of the same time in
 * the order they were asked for; one never fires early and never twice.
 */
#include "sched.h"

#include <assert.h>
#include <stdlib.h>

#define PS_PER_S UINT64_C(1000000000000)

__extension__ typedef unsigned __int128 wide;

static uint64_t ps_of_cycles(const struct twin_sched *s, uint64_t cycles)
{
    if (cycles < UINT64_MAX / PS_PER_S) {
        return cycles * PS_PER_S / s->hclk_hz; /* nearly always: see move_base */
    }
    return (uint64_t)((wide)cycles * PS_PER_S / s->hclk_hz);
}

/* Moves the base closer by whole sixteenths of a second, which are whole cycles for every clock
 * that divides so, and whole picoseconds: nothing is rounded. */
static void move_base(struct twin_sched *s)
{
    uint32_t step = s->hclk_hz / 16;
    if (s->hclk_hz % 16 == 0 && s->cycles - s->base_cycles >= step) {
        uint64_t n = (s->cycles - s->base_cycles) / step;
        s->base_cycles += n * step;
        s->base_ps += n * (PS_PER_S / 16);
    }
}

static uint64_t core_ps(const struct twin_sched *s)
{
    return s->base_ps + ps_of_cycles(s, s->cycles - s->base_cycles);
}

uint64_t sched_cycles_at(const struct twin *t, uint64_t at_ps)
{
    const struct twin_sched *s = t->sched;
    if (at_ps <= s->base_ps) {
        return s->base_cycles;
    }
    if (at_ps == SCHED_NEVER) {
        return SCHED_NEVER;
    }
    uint64_t distance = at_ps - s->base_ps;
    if (distance < (UINT64_MAX - PS_PER_S) / s->hclk_hz) {
        return s->base_cycles + (distance * s->hclk_hz + PS_PER_S - 1) / PS_PER_S;
    }
    wide n = (wide)distance * s->hclk_hz;
    return s->base_cycles + (uint64_t)((n + PS_PER_S - 1) / PS_PER_S);
}

uint64_t sched_ps_at(const struct twin *t, uint64_t cycles)
{
    const struct twin_sched *s = t->sched;
    if (cycles <= s->base_cycles) {
        return s->base_ps;
    }
    wide n = (wide)(cycles - s->base_cycles) * PS_PER_S;
    return s->base_ps + (uint64_t)((n + s->hclk_hz - 1) / s->hclk_hz);
}

static void update_deadline(struct twin *t)
{
    struct twin_sched *s = t->sched;
    s->deadline = s->attention != 0 ? 0 : sched_cycles_at(t, sched_next_ps(t));
}

void sched_attend(struct twin *t, unsigned bits)
{
    t->sched->attention |= bits;
    t->sched->deadline = 0;
}

void sched_attended(struct twin *t, unsigned bits)
{
    t->sched->attention &= ~bits;
    update_deadline(t);
}

uint64_t twin_now_ps(const struct twin *t)
{
    struct twin_sched *s = t->sched;
    uint64_t now = s->event_ps != SCHED_NEVER ? s->event_ps : core_ps(s);
    if (now < s->told_ps) {
        now = s->told_ps;
    }
    s->told_ps = now;
    return now;
}

uint64_t sched_next_ps(const struct twin *t)
{
    const struct twin_sched *s = t->sched;
    return s->head != NULL && s->head->at_ps < s->limit_ps ? s->head->at_ps : s->limit_ps;
}

void sched_set_limit(struct twin *t, uint64_t limit_ps)
{
    t->sched->limit_ps = limit_ps;
    update_deadline(t);
}

void sched_advance_to(struct twin *t, uint64_t at_ps)
{
    struct twin_sched *s = t->sched;
    uint64_t cycles = sched_cycles_at(t, at_ps);
    if (cycles > s->cycles) {
        s->cycles = cycles;
    }
}

void twin_event_at(struct twin *t, struct twin_event *ev, uint64_t at_ps)
{
    twin_event_cancel(t, ev);
    ev->at_ps = at_ps;
    ev->pending = true;
    struct twin_event **link = &t->sched->head;
    while (*link != NULL && (*link)->at_ps <= at_ps) {
        link = &(*link)->next;
    }
    ev->next = *link;
    *link = ev;
    update_deadline(t);
}

void twin_event_cancel(struct twin *t, struct twin_event *ev)
{
    if (!ev->pending) {
        return;
    }
    struct twin_event **link = &t->sched->head;
    while (*link != ev) {
        assert(*link != NULL);
        link = &(*link)->next;
    }
    *link = ev->next;
    ev->next = NULL;
    ev->pending = false;
    update_deadline(t);
}

void sched_run_due(struct twin *t)
{
    struct twin_sched *s = t->sched;
    move_base(s);
    while (s->head != NULL && s->head->at_ps <= core_ps(s)) {
        struct twin_event *ev = s->head;
        s->head = ev->next;
        ev->next = NULL;
        ev->pending = false;
        s->event_ps = ev->at_ps;
        ev->fn(t, ev->ctx);
        s->event_ps = SCHED_NEVER;
    }
    update_deadline(t);
}

/* Moving the base loses the fraction of a picosecond that base_cycles lay behind: it is dropped at
 * a clock change only, where the hardware's own switching takes far longer. */
static void rebase(struct twin_sched *s, uint32_t hclk_hz)
{
    s->base_ps = core_ps(s);
    s->base_cycles = s->cycles;
    s->hclk_hz = hclk_hz;
}

void twin_clock_changed(struct twin *t)
{
    uint32_t hclk_hz = twin_hclk_hz(t);
    if (hclk_hz != t->sched->hclk_hz) {
        rebase(t->sched, hclk_hz);
        update_deadline(t);
    }
    twin_bus_clock_changed(t);
}

int twin_sched_create(struct twin *t)
{
    t->sched = calloc(1, sizeof *t->sched);
    if (t->sched == NULL) {
        return TWIN_ERR_MEMORY;
    }
    t->sched->hclk_hz = 16000000; /* HSI, until rcc.c tells better */
    t->sched->event_ps = SCHED_NEVER;
    return TWIN_OK;
}

void twin_sched_destroy(struct twin *t)
{
    free(t->sched);
    t->sched = NULL;
}
