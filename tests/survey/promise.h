/* SPDX-License-Identifier: MIT */
/*
 * The three properties of DESIGN.md, "No dead ends", asked of a board on the PC: P1 a package that
 * verifies is started, P2 the loader takes a new one, P3 a provisioned board starts nothing that is
 * not signed. What verifies is decided here from FORMAT.md, and from knowing byte for byte what the
 * test put there: none of core's judgements is used for it.
 */
#ifndef PROMISE_H
#define PROMISE_H

#include <stdbool.h>
#include <stdint.h>

#include "loader_rig.h"
#include "powercut_flow.h"

/* A package that a test may find in a slot, or send. */
struct promise_package {
    const struct side *side;
    unsigned key; /* that signed it; provisioned boards know keys 0 and 1 */
    unsigned trials;
};

enum { PROMISE_RESCUES = 4, PROMISE_KNOWN = WHO_COUNT - WHO_FIRST + 1 + PROMISE_RESCUES };

struct promise {
    struct loader_rig rig;
    struct scenery scenery;
    struct side rescues[PROMISE_RESCUES];
    struct promise_package known[PROMISE_KNOWN]; /* the rescues are the last of them */
    char broken[200]; /* what, for people; of the last promise that did not hold */
};

void promise_open(struct promise *p, const struct scenery_plan *plan); /* plan is kept */
void promise_close(struct promise *p);

/* Facts, from cells and FORMAT.md. */
bool promise_is_provisioned(const struct promise *p); /* for certain */
bool promise_is_open(const struct promise *p);        /* the same */
/* Whether P1 asks for a start: a package that verifies is on record as one to be booted, or the
 * plain application lies on an open board whose slots hold none. */
bool promise_must_start(const struct promise *p);

/* Each begins with the board as it is, under good power; false: broken says why. They leave the
 * board somewhere else. */
/* P1 and P3, at a reset of this kind and the one after it. */
bool promise_starts(struct promise *p, const struct loader_rig_reset *how, uint64_t seed);
/* P2, from the loader that listens: a new package. */
bool promise_takes_package(struct promise *p, uint64_t seed);
/* P2 on an open board: an application, flashed directly. */
bool promise_takes_application(struct promise *p, uint64_t seed);
/* The same two by the loader as it listens already, whatever it was doing. */
bool promise_takes_package_now(struct promise *p, uint64_t seed);
bool promise_takes_application_now(struct promise *p, uint64_t seed);
/* P3 of an application that was started just now; SLOT_NONE: none of a package. */
bool promise_may_run(struct promise *p, uint8_t slot);

#endif
