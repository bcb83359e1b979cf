/* SPDX-License-Identifier: MIT */
/* What happens to a board from outside, and which step comes next; see walk_board.h. */
#include "walk_board.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { CUT_ONE_IN = 6, RESTARTS = 4 };

uint64_t walk_random(struct walk_board *w)
{
    uint64_t z = (w->random += 0x9E3779B97F4A7C15u); /* splitmix64 */

    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

unsigned walk_pick(struct walk_board *w, unsigned n)
{
    return (unsigned)(walk_random(w) >> 16) % n;
}

void walk_tell(struct walk_board *w, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)vsnprintf(w->told[w->steps % WALK_TOLD], WALK_TEXT, format, args);
    va_end(args);
    w->steps++;
}

void walk_open(struct walk_board *w, const struct survey_scenery *scenery, uint64_t seed)
{
    bool prepared;

    memset(w, 0, sizeof *w);
    w->random = seed;
    promise_open(&w->promise, scenery->plan);
    prepared = scenery->prepare(&w->promise.rig.rig, &w->promise.scenery);
    assert(prepared);
    (void)prepared;
    loader_rig_listen(&w->promise.rig);
}

void walk_close(struct walk_board *w)
{
    promise_close(&w->promise);
}

void walk_reset(struct walk_board *w, const struct loader_rig_reset *how)
{
    struct loader_rig_start start;

    w->package = NULL;
    w->wild = false;
    w->running = false;
    loader_rig_reset(&w->promise.rig, how, &start);
    w->running = start.started;
    walk_tell(w, "  reset%s%s request %u: %s, slot %u, stay %u", how->button ? " button" : "",
              how->software ? " by software" : "", (unsigned)how->request,
              start.started ? "starts" : "listens", start.slot, (unsigned)start.stay);
    if (start.started && !promise_may_run(&w->promise, start.slot)) {
        (void)snprintf(w->forged, sizeof w->forged, "P3");
    }
}

/* ---- under a supply that may go ---- */

typedef void walk_action(struct walk_board *w);

struct walk_call {
    struct walk_board *w;
    walk_action *action;
};

static void make_call(void *arg)
{
    struct walk_call *call = arg;

    call->action(call->w);
}

/* False: the supply went. */
static bool run_action(struct walk_board *w, walk_action *action)
{
    static const unsigned far[] = {3, 12, 60, 700};
    struct flash_model *m = w->promise.rig.rig.model;
    struct walk_call call = {w, action};
    unsigned cuts = m->cuts;
    bool ended;

    m->cut_at = 0;
    if (walk_pick(w, CUT_ONE_IN) == 0) {
        m->cut_at = m->operations + 1 + walk_pick(w, far[walk_pick(w, 4)]);
        m->cut = (enum flash_model_cut)walk_pick(w, 3);
    }
    ended = flash_model_run(m, make_call, &call);
    assert(ended == (m->cuts == cuts));
    (void)cuts;
    m->cut_at = 0;
    return ended;
}

static void start_after_power_on(struct walk_board *w)
{
    const struct loader_rig_reset how = {walk_pick(w, 4) == 0, false, 0};

    walk_reset(w, &how);
}

void walk_power_on(struct walk_board *w)
{
    unsigned tries = 0;

    do {
        rig_power_on(&w->promise.rig.rig, walk_random(w));
        w->package = NULL;
        w->running = false;
        w->unsettled = !run_action(w, start_after_power_on);
        if (w->unsettled) {
            walk_tell(w, "  cut while it started");
        }
    } while (w->unsettled && ++tries < RESTARTS);
    if (w->unsettled) { /* off for long, then with the button down */
        rig_power_on(&w->promise.rig.rig, walk_random(w));
        loader_rig_listen(&w->promise.rig);
    }
}

static void reset_by_pin(struct walk_board *w)
{
    const struct loader_rig_reset how = {walk_pick(w, 2) == 0, false, 0};

    walk_reset(w, &how);
}

bool walk_step(struct walk_board *w)
{
    bool ended;

    w->forged[0] = 0;
    switch (walk_pick(w, 16)) {
    case 0:
        walk_tell(w, "power cycle");
        walk_power_on(w);
        return w->forged[0] == 0;
    case 1:
        walk_tell(w, "pin");
        ended = run_action(w, reset_by_pin);
        break;
    default:
        ended = run_action(w, w->running ? walk_application : walk_command);
        break;
    }
    if (!ended) {
        walk_tell(w, "  cut");
        walk_power_on(w);
    }
    return w->forged[0] == 0;
}
