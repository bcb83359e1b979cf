/* SPDX-License-Identifier: MIT */
/*
 * A board on its way through life: who has it, what its host and its application were about to do,
 * and the steps that either may take, sensible or not. Everything follows from the random numbers
 * of the walk.
 */
#ifndef WALK_BOARD_H
#define WALK_BOARD_H

#include "promise.h"
#include "survey_scenery.h"

enum { WALK_TOLD = 16, WALK_TEXT = 72 };

struct walk_board {
    struct promise promise;
    uint64_t random;
    bool running;   /* an application; else the loader listens */
    bool wild;      /* code that nobody knows was started by GO: only a reset helps */
    bool unsettled; /* the supply went in the middle of something */
    /* A transfer under way. */
    const uint8_t *package;
    uint32_t package_len, next;
    char forged[4]; /* why an application that was started breaks P3; empty: it does not */
    char told[WALK_TOLD][WALK_TEXT]; /* the last steps */
    unsigned steps;
    uint32_t now_us;            /* of streams */
    unsigned streamed;          /* streams that came to their end */
    uint8_t spoiled[16 * 1024]; /* a package that nobody signed */
};

void walk_open(struct walk_board *w, const struct survey_scenery *scenery, uint64_t seed);
void walk_close(struct walk_board *w);
uint64_t walk_random(struct walk_board *w);
/* One of n. */
unsigned walk_pick(struct walk_board *w, unsigned n);
/* Adds a line to what is told; the text of the step under way. */
void walk_tell(struct walk_board *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* One step, whoever has the board. False: an application was started that must not be. */
bool walk_step(struct walk_board *w);
/* Power comes back, and the board starts; the button may be down. */
void walk_power_on(struct walk_board *w);

/* The steps, for walk_board.c. */
void walk_command(struct walk_board *w);
void walk_application(struct walk_board *w);
void walk_stream(struct walk_board *w);
/* A request, and what it was answered with. */
enum reason walk_send(struct walk_board *w, uint8_t code, const void *payload, size_t len);
/* One of the scenery's packages, or one with a bit turned round. */
void walk_choose_package(struct walk_board *w);
/* A reset of some kind. */
void walk_reset(struct walk_board *w, const struct loader_rig_reset *how);

#endif
