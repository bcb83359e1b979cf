/* SPDX-License-Identifier: MIT */
/*
 * ararext lock: write-protects the bootloader's own sectors, so that no code that runs on the board
 * can erase it. No command takes that off again, so it says that and asks.
 */
#include "cli.h"

#include "cli_confirm.h"
#include "cli_connect.h"
#include "cli_document.h"
#include "cli_file.h"
#include "cli_options.h"

enum { OPT_YES = OPT_OWN, LOADER_SECTORS = 3 };

static const char WARNING[] =
    "This write-protects sectors 0 and 1, where the bootloader is, against everything that runs "
    "on\n"
    "the board. No command takes it off again: only a programmer (ST-LINK) can, or replace the\n"
    "bootloader afterwards. Applications and updates go on as before.";

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    bool *yes = ctx;
    (void)value;
    (void)cli;
    (void)code;
    *yes = true;
    return ARAREXT_OK;
}

static int lock(struct cli *cli, bool yes)
{
    struct ararext_info info;
    uint16_t nwrp = 0;
    int rc = cli_connect_info(cli, &info);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    bool done = (info.nwrp & LOADER_SECTORS) == 0;
    json_bool(cli->doc, "locked", done);
    if (done) {
        cli_say(cli, "Sectors 0 and 1 are write-protected already.\n");
        return ARAREXT_OK;
    }
    if ((info.features & ARAREXT_FEATURE_LOCK) == 0) {
        rc = cli_error(cli, ARAREXT_ERR_UNSUPPORTED, "this bootloader cannot do that");
        cli_advise(cli, "use a programmer: openocd ... -c \"flash protect 0 0 1 on\" (see README)");
        return rc;
    }
    rc = cli_confirm(cli, WARNING, "lock", yes);
    if (rc == ARAREXT_OK) {
        rc = cli_session_error(cli, ararext_lock(cli->session));
    }
    if (rc == ARAREXT_OK) {
        rc = cli_session_error(cli, ararext_get_protection(cli->session, &nwrp));
    }
    if (rc == ARAREXT_OK && (nwrp & LOADER_SECTORS) != 0) {
        return cli_error(cli, ARAREXT_ERR_VERIFY,
                         "the board accepted it, but reports nWRP %03X: not both are protected",
                         nwrp);
    }
    if (rc == ARAREXT_OK) {
        json_bool(cli->doc, "locked", true);
        cli_say(cli, "Locked: the bootloader's sectors are write-protected.\n");
    }
    return rc;
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct option own[] = {{"yes", no_argument, NULL, OPT_YES}, {0}};
    bool yes = false;
    const struct cli_options options = {.own = own, .take = take, .ctx = &yes};
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    return rc != ARAREXT_OK || cli->help ? rc : lock(cli, yes);
}

const struct cli_command cmd_lock = {
    .name = "lock",
    .run = run,
    .summary = "Write-protect the bootloader itself, for good",
    .arguments = "[OPTION...]",
    .help = "For boards that leave the house: without it, stray code on an open board\n"
            "(sent to SRAM, or an application gone wrong) could erase the bootloader.\n"
            "No command takes it off again.\n\n"
            "Options:\n"
            "  -y, --yes            do not ask\n",
    .example = "ararext lock",
};
