/* SPDX-License-Identifier: MIT */
/*
 * ararext protect: write protection of sectors, and read protection of the whole chip. The second
 * has no way back that leaves anything on the chip, so it says that and asks.
 */
#include "cli.h"

#include "cli_confirm.h"
#include "cli_connect.h"
#include "cli_document.h"
#include "cli_file.h"
#include "cli_options.h"

enum { OPT_SECTORS = OPT_OWN, OPT_READ, OPT_YES };

struct protect_options {
    uint16_t sectors;
    bool reading, yes;
};

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    struct protect_options *o = ctx;
    switch (code) {
    case OPT_SECTORS:
        return cli_sectors(cli, value, &o->sectors);
    case OPT_READ:
        o->reading = true;
        return ARAREXT_OK;
    case OPT_YES:
        o->yes = true;
        return ARAREXT_OK;
    default:
        return ARAREXT_ERR_ARGUMENT; /* the table has no other */
    }
}

static const char READ_WARNING[] =
    "This sets read protection level 1 for the whole chip: a debugger can no longer read or "
    "change\n"
    "its flash. The bootloader goes on working, but cannot take it back. The only way back is a\n"
    "debugger that returns to level 0, and that ERASES THE WHOLE CHIP, the bootloader included.";

static int protect(struct cli *cli, const struct protect_options *o)
{
    uint16_t nwrp = 0;
    uint8_t rdp = 0;
    int rc = cli_connect_bootloader(cli);
    if (rc == ARAREXT_OK && o->reading) {
        rc = cli_confirm(cli, READ_WARNING, "protect", o->yes);
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    rc = o->reading ? ararext_protect_reading(cli->session, o->sectors)
                    : ararext_protect(cli->session, o->sectors);
    if (rc == ARAREXT_OK) {
        rc = ararext_get_protection(cli->session, &nwrp);
    }
    if (rc == ARAREXT_OK) {
        rc = ararext_get_rdp(cli->session, &rdp);
    }
    rc = cli_session_error(cli, rc);
    if (rc == ARAREXT_OK && (nwrp & o->sectors) != 0) {
        return cli_error(
            cli, ARAREXT_ERR_VERIFY,
            "the board accepted it, but reports nWRP %03X: not all sectors are protected", nwrp);
    }
    unsigned level = rdp == 0xAA ? 0 : rdp == 0xCC ? 2 : 1; /* PROTOCOL.md, GET_RDP_STATUS */
    if (rc == ARAREXT_OK && o->reading && level == 0) {
        return cli_error(cli, ARAREXT_ERR_VERIFY,
                         "the board accepted it, but reports read protection level 0");
    }
    if (rc == ARAREXT_OK) {
        json_number(cli->doc, "nwrp", nwrp);
        json_number(cli->doc, "rdp_level", level);
        cli_say(cli, "Write-protected sectors:");
        for (unsigned i = 0; i < 12; i++) {
            if ((nwrp >> i & 1) == 0) {
                cli_say(cli, " %u", i);
            }
        }
        cli_say(cli, (nwrp & 0xFFF) == 0xFFF ? " none\n" : "\n");
        cli_say(cli, o->reading ? "The chip is read-protected at level 1.\n" : "");
    }
    return rc;
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct option own[] = {
        {"sectors", required_argument, NULL, OPT_SECTORS},
        {"sector", required_argument, NULL, OPT_SECTORS},
        {"read-protection", no_argument, NULL, OPT_READ},
        {"yes", no_argument, NULL, OPT_YES},
        {0},
    };
    struct protect_options o = {0};
    const struct cli_options options = {.own = own, .take = take, .ctx = &o};
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    if (o.sectors == 0 && !o.reading) {
        return cli_error(cli, ARAREXT_ERR_ARGUMENT,
                         "protect: give --sectors LIST, --read-protection, or both");
    }
    return protect(cli, &o);
}

const struct cli_command cmd_protect = {
    .name = "protect",
    .run = run,
    .summary = "Protect sectors from writing, or the chip from reading",
    .arguments = "--sectors LIST | --read-protection [OPTION...]",
    .help = "Both may be given.\n\n"
            "Options:\n"
            "      --sectors LIST     write-protect sectors, like 2, 2-5 or 2,4-6, beside\n"
            "                         those that are protected already\n"
            "      --read-protection  read protection level 1 for the whole chip; asks first,\n"
            "                         because leaving it erases the chip and the bootloader\n"
            "  -y, --yes              do not ask\n",
    .example = "ararext protect --sectors 4,5",
};
