/* SPDX-License-Identifier: MIT */
/* Something that is done again each time a file changes. */
#ifndef ARAREXT_CLI_WATCH_H
#define ARAREXT_CLI_WATCH_H

#include <sys/stat.h>

#include "cli.h"

/* A file, as it was when it was looked at last. */
struct cli_watched {
    const char *path;
    struct stat was;
    uint64_t looked_ms;
    bool changed;
};

/* Whether it has changed since; ctx is a struct cli_watched. */
bool cli_watched_changed(void *ctx);
typedef int cli_watch_fn(struct cli *cli, const char *path, void *ctx);
/* Does it, and again whenever the file has changed and stays as it is for a moment, until a signal
 * comes: INTERRUPTED. Failures are told and change nothing about that. */
ARAREXT_CHECKED int cli_watch(struct cli *cli, struct cli_watched *w, cli_watch_fn *run, void *ctx);

#endif
