/* SPDX-License-Identifier: MIT */
/*
 * The tool itself against the release binary in the twin, all in one process: its main() runs in a
 * forked copy of tool and board, so that a run leaves nothing behind, and one bit on the line may
 * be flipped. What the copy printed and what its board then holds comes back.
 */
#ifndef TESTS_FLIP_RIG_H
#define TESTS_FLIP_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { FLIP_TEXT_MAX = 65536 };

/* One bit of what goes over the line: from 0, in the order of the bytes. */
struct flip {
    bool on, from_board;
    uint64_t byte;
    unsigned bit;
};

struct flip_run {
    int status;        /* of the tool; 128 and the signal that ended it */
    bool flipped;      /* the fault happened */
    uint64_t bytes[2]; /* to the board, and from it */
    uint32_t state;    /* CRC of flash, option bytes, OTP and the RAM that the rows write to */
    bool app_started;  /* its reset handler was executed */
    char out[FLIP_TEXT_MAX], err[FLIP_TEXT_MAX];
};

/* A board with an erased application area, in the bootloader by its button. */
void flip_rig_open(void);
/* Runs the tool with these words (separated by blanks; "$A" is the folder of the applications) on
 * the board itself, with what that changes. Returns the tool's exit status. */
int flip_rig_do(const char *words);
/* Runs it on a copy. out is filled in. */
void flip_rig_try(const char *words, const struct flip *flip, struct flip_run *out);
/* The button, and what follows a reset by the pin. */
void flip_rig_reset(bool button);
/* What the board itself holds, as flip_run.state. */
uint32_t flip_rig_state(void);
/* The program: what the tool's main would be. */
int flip_main(int argc, char **argv);

#endif
