/* SPDX-License-Identifier: MIT */
/*
 * How virtual time follows the wall clock.
 *
 * The board's time-outs are virtual, the host's are not. So whenever the board waits for a host,
 * its clock must not run away: a host that the operating system holds up for a moment would find
 * the board timed out. At --speed max the clock is therefore let go only while it is the board's
 * turn (bytes on a line, flash busy, and a moment after); otherwise virtual time is kept to a
 * multiple of wall time:
 *
 *   speed  a host has a port open   core      virtual time per wall time
 *   real   -                        -         1
 *   max    yes                      asleep    1
 *   max    yes                      awake     2
 *   max    no                       asleep    10, or unlimited with --run-for
 *   max    no                       awake     unlimited
 *
 * Idle costs next to nothing: it waits in poll() and runs the board in slices.
 */
#include "cli.h"

#include "internal.h"

#include <time.h>

#define MS_NS UINT64_C(1000000)

enum {
    SLICE_MS = 2,       /* longest slice while bytes move: what a host waits at most */
    IDLE_SLICE_MS = 10, /* and when nothing happens */
    GRACE_MS = 50,      /* of virtual time after traffic that the board may race through */
    DEBT_MS = 250,      /* of wall time that is made up for after a hold-up */
};

uint64_t wall_now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Virtual time per wall time; 0: no limit. */
static unsigned factor(const struct pace *p, const struct traffic *traffic)
{
    if (!p->max) {
        return 1;
    }
    if (traffic->host_present) {
        return p->asleep ? 1 : 2;
    }
    if (!p->asleep || traffic->bounded) {
        return 0;
    }
    return 10;
}

static void fill_allowance(struct pace *p, unsigned k)
{
    uint64_t now = wall_now_ns();
    uint64_t passed = p->wall_ns == 0 ? 0 : now - p->wall_ns;
    p->wall_ns = now;
    p->allowed_ns += passed * k;
    if (p->allowed_ns > DEBT_MS * MS_NS * k) {
        p->lost_ns += (p->allowed_ns - DEBT_MS * MS_NS * k) / k;
        p->allowed_ns = DEBT_MS * MS_NS * k;
    }
}

/* The board's turn: nobody else's clock matters. */
static bool let_go(struct pace *p, const struct twin *t, const struct traffic *traffic)
{
    uint64_t now = twin_now_ns(t);
    if (traffic->moving || twin_flash_busy_until_ps(t) > twin_now_ps(t)) {
        p->busy_ns = now;
        return true;
    }
    return p->busy_ns != 0 && now - p->busy_ns < GRACE_MS * MS_NS;
}

uint64_t pace_slice(struct pace *p, const struct twin *t, const struct traffic *traffic,
                    int *wait_ms)
{
    uint64_t slice = traffic->recent ? SLICE_MS * MS_NS : IDLE_SLICE_MS * MS_NS;
    unsigned k = factor(p, traffic);
    *wait_ms = 0;
    if (k == 0 || (p->max && let_go(p, t, traffic))) {
        p->wall_ns = wall_now_ns(); /* time that passes meanwhile is not owed */
        return slice;
    }
    fill_allowance(p, k);
    uint64_t least = slice / 2;
    if (p->allowed_ns < least) {
        *wait_ms = (int)((least - p->allowed_ns) / k / MS_NS) + 1;
        return 0;
    }
    uint64_t run = p->allowed_ns < slice * k ? p->allowed_ns : slice * k;
    p->allowed_ns -= run;
    return run;
}

void pace_ran(struct pace *p, const struct twin *t)
{
    struct twin_counters now;
    twin_get_counters(t, &now);
    uint64_t cycles = now.cycles - p->before.cycles;
    uint64_t instructions = now.instructions - p->before.instructions;
    if (cycles != 0) {
        p->asleep = instructions < cycles / 8;
    }
    p->before = now;
}
