/* SPDX-License-Identifier: MIT */
/* Something that is done again each time a file changes. */
#ifndef ARAREXT_CLI_WATCH_H
#define ARAREXT_CLI_WATCH_H

#include "cli.h"
#include "cli_monitor.h"

typedef int cli_watch_fn(struct cli *cli, const char *path, void *ctx);
/* Does it, and again whenever the file has changed and stays as it is for a moment, until a signal
 * comes: INTERRUPTED. Failures are told and change nothing about that. console ends when the file
 * has changed. */
ARAREXT_CHECKED int cli_watch(struct cli *cli, const char *path, cli_watch_fn *run, void *ctx,
                              struct cli_monitor_options *console);

#endif
