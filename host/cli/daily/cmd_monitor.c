/* SPDX-License-Identifier: MIT */
/* ararext monitor: a serial console. */
#include "cli.h"

#include "cli_document.h"
#include "cli_lines.h"
#include "cli_monitor.h"
#include "cli_options.h"

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    return cli_take_monitor_option(cli, ctx, code, value);
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct option own[] = {CLI_MONITOR_OPTIONS, {0}};
    struct cli_monitor_options o = {0};
    const struct cli_options options = {.own = own, .take = take, .ctx = &o};
    struct ararext_transport port;
    char path[256] = "";
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    rc = cli_open_any_transport(cli, &port, path);
    if (rc == ARAREXT_OK) {
        json_string(cli->doc, "port", path);
        rc = cli_monitor(cli, &o, &port, path);
    }
    return rc;
}

const struct cli_command cmd_monitor = {
    .name = "monitor",
    .run = run,
    .summary = "Serial console",
    .arguments = "[OPTION...]",
    .help = "At a terminal all keys go to the board but Ctrl-], which takes one more: q or\n"
            "Ctrl-] ends, r resets the board, b brings it into the bootloader (both by\n"
            "the modem lines where there is a wiring, see 'config'), k sends a break, s sends\n"
            "Ctrl-] itself, ? tells this. A port that goes away is waited for.\n\n"
            "Options:\n" CLI_MONITOR_HELP,
    .example = "ararext monitor --for 10 --until ready",
};
