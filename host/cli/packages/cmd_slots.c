/* SPDX-License-Identifier: MIT */
/* ararext slots: what packages the board has, and whom it trusts. Changes nothing. */
#include "cli.h"

#include "cli_connect.h"
#include "cli_options.h"
#include "cli_package.h"

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct cli_options options = {0};
    struct ararext_slots slots;
    uint8_t hashes[ARAREXT_KEYS_MAX][ARAREXT_DIGEST_SIZE];
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    rc = cli_connect(cli);
    if (rc == ARAREXT_OK) {
        rc = cli_session_error(cli, ararext_get_slots(cli->session, &slots));
    }
    if (rc == ARAREXT_OK) {
        bool known = slots.keys != 0 && cli_read_key_hashes(cli, hashes);
        cli_print(cli, "Board on %s\n", cli->port_path);
        cli_show_trust(cli, &slots, known ? hashes : NULL);
        cli_show_slots(cli, &slots);
    }
    return rc;
}

const struct cli_command cmd_slots = {
    .name = "slots",
    .run = run,
    .summary = "Show the board's packages, and whom it trusts",
    .arguments = "[OPTION...]",
    .help = "A running application that links libararext-app may answer, too.\n",
    .example = "ararext slots",
};
