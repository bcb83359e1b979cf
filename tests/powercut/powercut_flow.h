/* SPDX-License-Identifier: MIT */
/*
 * What the campaigns cut: flows as data. A flow prepares a board, runs one operation under the cut,
 * and says what may run afterwards. The same names serve the PC and the twin.
 */
#ifndef POWERCUT_FLOW_H
#define POWERCUT_FLOW_H

#include <stdbool.h>
#include <stdint.h>

#include "powercut_rig.h"

/* The applications of a scenery. */
enum who {
    WHO_NOBODY, /* nothing is started: the bootloader stays */
    WHO_PLAIN,  /* flashed directly, no package */
    WHO_FIRST,
    WHO_SECOND,
    WHO_THIRD,
    WHO_COUNT,
    WHO_WRONG = WHO_COUNT /* started, but is none of them, or not firmly */
};

/* Boots on trial of every package but `unasked`. */
enum { SCENERY_TRIALS = 3 };

/* A part, a kind of board, and packages. */
struct scenery_plan {
    const char *name;
    uint32_t flash_kib;
    bool enforced;     /* provisioned: the second package's confirmation raises the counter */
    bool revokes;      /* ... and revokes the key of the first */
    bool small;        /* small enough for second cuts */
    bool first_packed; /* LZMA2 with the ARM-Thumb filter; else plain */
    bool second_packed;
    bool level; /* the second package's counter is not above the first's */
    uint32_t first_len, second_len, third_len; /* of the contents; with app, at least so long */
    const char
        *app; /* path of a binary: the contents are it, each with a tail of its own; or NULL */
};

struct scenery {
    const struct scenery_plan *plan;
    struct side sides[WHO_COUNT];
    struct side unasked; /* second's content in a package that needs no confirmation */
    uint8_t hashes[2][32];
};

/* Ends the program if the application's file cannot be read. */
void scenery_open(struct scenery *s, const struct scenery_plan *plan); /* plan is kept */
void scenery_close(struct scenery *s);

/* Provisions the board, if the scenery is of that kind. */
enum reason scenery_provision(struct rig *rig, const struct scenery *s);

#define ALLOW(who) (1u << (who))

/* Where a flow may be used. */
enum flow_on { ON_ANY, ON_OPEN, ON_SIGNED };

struct flow {
    const char *name;
    /* Without cuts; false if the board did not get there. */
    bool (*prepare)(struct rig *rig, const struct scenery *s);
    /* The operation under the cut; arg is the scenery. */
    rig_step_fn *run;
    enum who fresh; /* "new" in the figures; "old" is whatever else may run */
    enum who done;  /* who runs when nothing was cut */
    unsigned first; /* ALLOW bits: what may run at the first start after one cut */
    unsigned later; /* ... and at later ones, or after two cuts */
    bool late;      /* old may be followed by new with nobody asking: a torn record came to
                       light */
    bool bare;      /* the area may be started without a package */
    enum flow_on on;
    /* The operation asked for again after those starts; NULL: nothing but flow_board_lives. */
    bool (*again)(struct rig *rig, const struct scenery *s, enum who *running);
};
extern const struct flow flows[];
extern const unsigned flow_count;

bool flow_fits(const struct flow *flow, const struct scenery_plan *plan);
const struct flow *flow_find(const char *name);
/* Starts the board once, after rig_power_on: who runs. */
enum who flow_start(struct rig *rig, const struct scenery *s, bool bare,
                    struct update_result *result);
/* Whatever the cut left: the second package can be staged, started, confirmed, and then stays, its
 * counter firm. */
bool flow_board_lives(struct rig *rig, const struct scenery *s, const struct flow *flow,
                      enum who running);

#endif
