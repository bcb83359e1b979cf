/* SPDX-License-Identifier: MIT */
/* The serial console: of 'monitor', and of what flashes first. */
#ifndef ARAREXT_CLI_MONITOR_H
#define ARAREXT_CLI_MONITOR_H

#include <getopt.h>

#include "cli.h"

enum {
    OPT_MONITOR_FIRST = 600,
    OPT_FOR = OPT_MONITOR_FIRST,
    OPT_UNTIL,
    OPT_TIMESTAMPS,
    OPT_LOG,
    OPT_HEX,
    OPT_EOL,
    OPT_NO_RECONNECT,
    OPT_MONITOR_END,
};
#define CLI_MONITOR_OPTIONS                                                                        \
    {"for", required_argument, NULL, OPT_FOR}, {"until", required_argument, NULL, OPT_UNTIL},      \
        {"timestamps", no_argument, NULL, OPT_TIMESTAMPS},                                         \
        {"log", required_argument, NULL, OPT_LOG}, {"hex", no_argument, NULL, OPT_HEX},            \
        {"eol", required_argument, NULL, OPT_EOL},                                                 \
    {                                                                                              \
        "no-reconnect", no_argument, NULL, OPT_NO_RECONNECT                                        \
    }
#define CLI_MONITOR_HELP                                                                           \
    "      --for SECONDS    end after that time\n"                                                 \
    "      --until TEXT     end when TEXT has come; with --for, fail if it has not\n"              \
    "      --timestamps     the time before each line\n"                                           \
    "      --hex            bytes in hexadecimal, and as text beside that\n"                       \
    "      --log FILE       append what is shown to FILE, too\n"                                   \
    "      --eol E          what Enter sends: cr, lf or crlf; else what is typed\n"                \
    "      --no-reconnect   end when the port goes away, instead of waiting for it\n"

enum cli_eol { CLI_EOL_AS_TYPED, CLI_EOL_CR, CLI_EOL_LF, CLI_EOL_CRLF };
enum { CLI_UNTIL_MAX = 200 };
struct cli_monitor_options {
    uint32_t seconds; /* 0 = for ever */
    const char *until, *log;
    bool timestamps, hex, no_reconnect;
    enum cli_eol eol;
    /* NULL, or: asked often; true ends it. */
    bool (*enough)(void *ctx);
    void *ctx;
};

/* Takes an option of the group; see cli_option_fn. */
int cli_take_monitor_option(struct cli *cli, struct cli_monitor_options *o, int code,
                            const char *value);
/* Shows what comes from an open port, whose path that is, and sends what is typed, until the
 * options, a key or a signal end it. Closes the port. */
ARAREXT_CHECKED int cli_monitor(struct cli *cli, const struct cli_monitor_options *o,
                                struct ararext_transport *port, const char *path);

#endif
