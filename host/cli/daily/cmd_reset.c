/* SPDX-License-Identifier: MIT */
/* ararext reset: resets the chip. */
#include "cli.h"

#include "cli_connect.h"
#include "cli_document.h"
#include "cli_file.h"
#include "cli_options.h"

enum { OPT_BOOTLOADER = OPT_OWN };

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    bool *to_bootloader = ctx;
    (void)value;
    if (code != OPT_BOOTLOADER) {
        return cli_error(cli, ARAREXT_ERR_ARGUMENT, "option '-%c' is not known here", code);
    }
    *to_bootloader = true;
    return ARAREXT_OK;
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
    rc = cli_connect(cli);
    if (rc == ARAREXT_OK) {
        rc = cli_session_error(cli, ararext_reset(cli->session, to_bootloader));
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
    .help = "Works while the bootloader answers. Needs its extension commands.\n\n"
            "Options:\n"
            "      --bootloader     come back in the bootloader, whatever the button says\n",
    .example = "ararext reset",
};
