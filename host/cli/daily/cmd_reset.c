/* SPDX-License-Identifier: MIT */
/* ararext reset: resets the chip. */
#include "cli.h"

#include "cli_connect.h"
#include "cli_document.h"
#include "cli_file.h"
#include "cli_lines.h"
#include "cli_options.h"

enum { OPT_BOOTLOADER = OPT_OWN };

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    bool *to_bootloader = ctx;
    (void)value;
    (void)cli;
    (void)code;
    *to_bootloader = true;
    return ARAREXT_OK;
}

/* By the bootloader itself; one that modem lines have just brought there stays. */
static int reset_bootloader(struct cli *cli, bool to_bootloader)
{
    int rc = cli_connect(cli);
    bool there = cli->by_lines && to_bootloader;
    cli->stay = true; /* what comes now is what reset names */
    return rc == ARAREXT_OK && !there
               ? cli_session_error(cli, ararext_reset(cli->session, to_bootloader))
               : rc;
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct option own[] = {{"bootloader", no_argument, NULL, OPT_BOOTLOADER}, {0}};
    bool to_bootloader = false;
    const struct cli_options options = {.own = own, .take = take, .ctx = &to_bootloader};
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    bool done = false;
    rc = to_bootloader ? ARAREXT_OK : cli_reset_by_lines(cli, &done);
    if (rc == ARAREXT_OK && !done) {
        rc = reset_bootloader(cli, to_bootloader);
    }
    if (rc == ARAREXT_OK) {
        json_string(cli->doc, "to", to_bootloader ? "bootloader" : "boot");
        cli_say(cli, to_bootloader ? "Reset; the board stays in the bootloader.\n"
                                   : "Reset; the board boots.\n");
    }
    return rc;
}

const struct cli_command cmd_reset = {
    .name = "reset",
    .run = run,
    .summary = "Reset the board",
    .arguments = "[OPTION...]",
    .help = "Works while the bootloader answers (it needs its extension commands), and at any\n"
            "time with a wiring (--wiring) that has a reset line.\n\n"
            "Options:\n"
            "      --bootloader     come back in the bootloader, whatever the button says\n",
    .example = "ararext reset",
};
