/* SPDX-License-Identifier: MIT */
/* ararext go: starts what is in memory. The bootloader answers first, then it is gone. */
#include "cli.h"

#include "cli_connect.h"
#include "cli_document.h"
#include "cli_lines.h"
#include "cli_options.h"

static int go(struct cli *cli, uint32_t addr)
{
    int rc = cli_connect_bootloader(cli);
    cli->stay = true; /* what starts is what go names */
    return rc == ARAREXT_OK ? cli_session_error(cli, ararext_go(cli->session, addr)) : rc;
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct cli_options options = {.max = 1};
    uint32_t addr = ARAREXT_APP_BASE;
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    if (first < argc) {
        rc = cli_number(cli, "address", argv[first], &addr);
    }
    bool done = false;
    json_addr(cli->doc, "address", addr);
    if (rc == ARAREXT_OK && first == argc) {
        rc = cli_reset_by_lines(cli, &done);
    }
    if (rc == ARAREXT_OK && !done) {
        rc = go(cli, addr);
    }
    if (rc == ARAREXT_OK) {
        cli_say(cli, "Started 0x%08X.\n", (unsigned)addr);
    }
    return rc;
}

const struct cli_command cmd_go = {
    .name = "go",
    .run = run,
    .summary = "Start the application, or code at an address",
    .arguments = "[ADDR] [OPTION...]",
    .help = "Without ADDR the application at 0x08008000. An address that holds a vector table\n"
            "is started as an image, any other as Thumb code. With a wiring (--wiring) and\n"
            "without ADDR the board is reset by its line instead.\n",
    .example = "ararext go",
};
