/* SPDX-License-Identifier: MIT */
/*
 * The virtual clock and the events waiting on it. Shared by the core's files only (cpu, twin,
 * sched).
 *
 * Time is exact: base_ps + (cycles - base_cycles) * 10^12 / hclk. It must never be kept as a sum of
 * rounded cycle times.
 */
#ifndef TWIN_SCHED_H
#define TWIN_SCHED_H

#include "internal.h"

#define SCHED_NEVER UINT64_MAX

struct twin_sched {
    uint64_t cycles;   /* core cycles since creation; the core adds to it */
    uint64_t deadline; /* value of cycles at which the next event, or the end of the run, is due */
    uint64_t base_cycles; /* the pair that ties cycles to time; moved at each clock change */
    uint64_t base_ps;
    uint32_t hclk_hz;
    uint64_t limit_ps;  /* end of the run */
    uint64_t told_ps;   /* the latest time that anybody was told */
    uint64_t event_ps;  /* time of the event whose fn is running; SCHED_NEVER if none is */
    unsigned attention; /* SCHED_ATTEND_...: deadline is 0 meanwhile */
    struct twin_event *head;
};

enum {
    SCHED_ATTEND_RUN = 1,  /* the run loop has something to do */
    SCHED_ATTEND_CORE = 2, /* masks or pending exceptions changed: cpu_hooks.c looks */
};
void sched_attend(struct twin *t, unsigned bits);
void sched_attended(struct twin *t, unsigned bits);

/* The run ends at limit_ps: the deadline is not later. */
void sched_set_limit(struct twin *t, uint64_t limit_ps);
/* Time of the next event or the limit, whichever is first. */
uint64_t sched_next_ps(const struct twin *t);
/* The core does nothing until at_ps: cycles go on. Does nothing when at_ps has passed. */
void sched_advance_to(struct twin *t, uint64_t at_ps);
/* Calls what is due. */
void sched_run_due(struct twin *t);
/* Time at which cycles will be that; for events that the core's clock drives. */
uint64_t sched_ps_at(const struct twin *t, uint64_t cycles);
/* Smallest value of cycles whose time is not before at_ps. */
uint64_t sched_cycles_at(const struct twin *t, uint64_t at_ps);

#endif
