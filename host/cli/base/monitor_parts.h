/* SPDX-License-Identifier: MIT */
/* Inside the serial console: what its parts share. */
#ifndef ARAREXT_MONITOR_PARTS_H
#define ARAREXT_MONITOR_PARTS_H

#include <stdio.h>

#include "cli_monitor.h"

struct monitor {
    struct cli *cli;
    const struct cli_monitor_options *options;
    struct ararext_transport *port;
    const char *path;
    char window[2 * CLI_UNTIL_MAX]; /* end of what came, for until */
    size_t window_len;
    char *kept; /* what came, with --json */
    size_t kept_len;
    FILE *log;
    uint64_t received;
    bool in_line; /* something of a line is shown */
    bool stdin_open, terminal, seen, quit, in_menu;
};

enum { MONITOR_KEEP_MAX = 1024 * 1024 }; /* of the text in the JSON document */

/* ---- monitor_show.c ---- */

/* Shows what came. FILE when that cannot be written. */
ARAREXT_CHECKED int monitor_show(struct monitor *m, const uint8_t *data, size_t len);
/* A remark of the console itself, in a line of its own, to stderr. */
__attribute__((format(printf, 2, 3))) void monitor_remark(struct monitor *m, const char *fmt, ...);

/* ---- monitor_keys.c ---- */

/* Sends what was typed, or came on stdin; at a terminal Ctrl-] opens a menu. */
ARAREXT_CHECKED int monitor_take_keys(struct monitor *m);

#endif
