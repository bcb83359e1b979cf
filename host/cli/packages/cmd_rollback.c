/* SPDX-License-Identifier: MIT */
/* ararext rollback: rejects the package that would run; the other one takes its place at the next
 * start. */
#include "cli.h"

#include "ararext_package.h"
#include "cli_connect.h"
#include "cli_document.h"
#include "cli_options.h"

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct cli_options options = {0};
    struct ararext_slots slots;
    char version[32];
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    rc = cli_connect(cli);
    if (rc == ARAREXT_OK) {
        rc = cli_session_error(cli, ararext_rollback(cli->session));
    }
    if (rc == ARAREXT_ERR_TIMEOUT || rc == ARAREXT_ERR_GARBLED) {
        cli_advise(cli, "whether it was carried out is not known: 'ararext slots' tells");
    }
    if (rc == ARAREXT_OK) {
        rc = cli_session_error(cli, ararext_get_slots(cli->session, &slots));
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    if (slots.target >= ARAREXT_SLOT_COUNT) {
        return cli_error(cli, ARAREXT_ERR_VERIFY,
                         "the board accepted it, but reports nothing that it would start");
    }
    ararext_version_text(&slots.slots[slots.target].version, version, sizeof version);
    json_string(cli->doc, "slot", slots.target == 0 ? "A" : "B");
    json_string(cli->doc, "version", version);
    cli_say(cli, "Version %s in slot %c is installed at the next start: 'ararext reset'.\n",
            version, "AB"[slots.target]);
    return ARAREXT_OK;
}

const struct cli_command cmd_rollback = {
    .name = "rollback",
    .run = run,
    .summary = "Go back to the package in the other slot",
    .arguments = "[OPTION...]",
    .help = "The package that would run is rejected for good: to have it again, it has to be\n"
            "sent again with 'ararext update'.\n",
    .example = "ararext rollback",
};
