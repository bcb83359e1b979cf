/* SPDX-License-Identifier: MIT */
/* How far it has come, as a person sees it. */
#ifndef ARAREXT_CLI_PROGRESS_H
#define ARAREXT_CLI_PROGRESS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli.h"

struct cli_progress {
    const struct cli *cli;
    bool terminal;
    bool reading; /* set by a command that reads and compares nothing */
    int phase;    /* enum ararext_phase, -1 before the first */
    uint64_t start_ms, shown_ms;
    uint32_t done, total;
};
void cli_progress_start(struct cli_progress *p, const struct cli *cli);
/* For ararext_flash_options; ctx is the cli_progress. */
void cli_progress_show(void *ctx, enum ararext_phase phase, uint32_t done, uint32_t total);
/* Leaves the terminal on a fresh line. */
void cli_progress_end(struct cli_progress *p);
const char *cli_phase_word(enum ararext_phase phase); /* "writing" */
/* Of the terminal that stderr is, as many as can be filled without a wrap; 79 if it is none. */
int cli_columns(void);

/* How far one of several boards is: written by its thread, shown by the one that prints. */
struct cli_shown {
    pthread_mutex_t *lock; /* guards what follows */
    int phase;             /* enum ararext_phase, -1 before the first */
    uint32_t done, total;
    bool lost;
};
void cli_show_board(struct cli_shown *shown, enum ararext_phase phase, uint32_t done,
                    uint32_t total);
/* It, or its port, does not answer for the moment. */
void cli_show_board_lost(struct cli_shown *shown);

#endif
