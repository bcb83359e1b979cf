/* SPDX-License-Identifier: MIT */
/*
 * One fault, everywhere: a scenario is run again and again, and each time the twin leaves out one
 * execution of one instruction, or spoils its result (twin.h). The scenario judges what came of it.
 */
#ifndef SKIP_ENGINE_H
#define SKIP_ENGINE_H

#include "skip_board.h"

struct scenario {
    const char *name;
    void (*prepare)(struct board *b); /* what lies in flash; the board is off */
    /* From there to where faults begin, which may be with the board off; NULL: nothing. */
    void (*approach)(struct board *b);
    /* What the fault hits, and all that it may lead to. */
    void (*act)(struct board *b);
    /* NULL: the promise held; else what broke. */
    const char *(*judge)(struct board *b);
    bool telling;    /* the judge would say so on an open board, without any fault */
    bool slow;       /* reaches the signature */
    unsigned stride; /* of the faults tried in a quick run */
    /* What the judge would say so of, where that is not `act` itself. */
    void (*provoke)(struct board *b);
};

struct tally {
    uint64_t tried, passed;
};

/* Prints a line, and one for each fault that passed. every is 1 for all faults, 0 for the
 * scenario's own sample. */
void engine_run(const struct scenario *s, unsigned every, uint64_t seed, struct tally *t);
/* One fault alone; kind is 0 to 2. Prints what came of it and what the board sent. */
void engine_run_one(const struct scenario *s, uint32_t addr, uint64_t nth, unsigned kind,
                    struct tally *t);

/* Starts with something forged in flash, and commands to a provisioned board, in ST's protocol as
 * well. */
extern const struct scenario start_scenarios[], command_scenarios[], rom_scenarios[];
extern const unsigned start_scenario_count, command_scenario_count, rom_scenario_count;

#endif
