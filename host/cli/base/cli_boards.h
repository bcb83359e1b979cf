/* SPDX-License-Identifier: MIT */
/* Several boards at once. */
#ifndef ARAREXT_CLI_BOARDS_H
#define ARAREXT_CLI_BOARDS_H

#include "cli.h"

/* Does the same to the boards of all --port at once, each in a thread with a cli of its own: its
 * session, its document and its failure. One verdict: the code of the worst. */
typedef int cli_board_fn(struct cli *board, void *ctx);
ARAREXT_CHECKED int cli_run_boards(struct cli *cli, cli_board_fn *run, void *ctx);

#endif
