/* SPDX-License-Identifier: MIT */
/* ararext confirm: confirms the package that the application area holds, in its application's
 * place. */
#include "cli.h"

#include "ararext_package.h"
#include "cli_connect.h"
#include "cli_document.h"
#include "cli_options.h"

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct cli_options options = {0};
    struct ararext_slots slots;
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    rc = cli_connect(cli);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    rc = cli_session_error(cli, ararext_confirm(cli->session));
    /* Where the answer was lost the slots tell. */
    bool lost = rc == ARAREXT_ERR_TIMEOUT || rc == ARAREXT_ERR_GARBLED;
    if (rc != ARAREXT_OK && !lost) {
        return rc;
    }
    int asked = ararext_get_slots(cli->session, &slots);
    if (asked != ARAREXT_OK) {
        return lost ? rc : cli_session_error(cli, asked);
    }
    bool good = slots.installed < ARAREXT_SLOT_COUNT &&
                slots.slots[slots.installed].state == ARAREXT_SLOT_CONFIRMED;
    if (!good && lost) {
        return rc;
    }
    if (!good) {
        return cli_error(cli, ARAREXT_ERR_VERIFY,
                         "the board accepted it, but reports no confirmed package");
    }
    char version[32];
    ararext_version_text(&slots.slots[slots.installed].version, version, sizeof version);
    json_string(cli->doc, "slot", slots.installed == 0 ? "A" : "B");
    json_string(cli->doc, "version", version);
    cli_say(cli, "Confirmed: version %s in slot %c.\n", version, "AB"[slots.installed]);
    return ARAREXT_OK;
}

const struct cli_command cmd_confirm = {
    .name = "confirm",
    .run = run,
    .summary = "Confirm the package that the application area holds",
    .arguments = "[OPTION...]",
    .help = "For applications that do not confirm themselves. On a provisioned board the\n"
            "package's security counter and revocations go to OTP, for good.\n",
    .example = "ararext confirm",
};
