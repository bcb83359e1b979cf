/* SPDX-License-Identifier: MIT */
/*
 * Saves the state when it has changed and then rests for a moment, and every few seconds while it
 * does not: what a program that is killed loses is no more than that. Nothing is written for a
 * board whose state stays.
 */
#include "cli.h"

enum { REST_MS = 150, LONGEST_MS = 5000 };

void checkpoint_tick(struct checkpoint *c, struct twin *t, struct show *s)
{
    uint64_t changes = twin_state_changes(t);
    if (twin_state_is_saved(t)) {
        c->changes = changes;
        return;
    }
    uint64_t now_ms = wall_now_ns() / 1000000;
    if (changes != c->changes) {
        c->changes = changes;
        c->changed_ms = now_ms;
    }
    uint64_t since_ms = now_ms - c->saved_ms;
    bool rests = now_ms - c->changed_ms >= REST_MS && (!c->told || since_ms >= LONGEST_MS);
    if (!rests && since_ms < LONGEST_MS) {
        return;
    }
    c->saved_ms = now_ms;
    bool failed = twin_checkpoint(t) != TWIN_OK;
    if (failed && !c->told) {
        show_line(s, "%s; what it held stays, and saving is tried again", twin_error_text(t));
    } else if (!failed && c->told) {
        show_line(s, "the state file could be written again");
    }
    c->told = failed;
}
