/* SPDX-License-Identifier: MIT */
/*
 * ararext unprotect: takes write protection off the application's sectors. The bootloader keeps its
 * own as they are. Never touches read protection.
 */
#include "cli.h"

#include "cli_connect.h"
#include "cli_document.h"
#include "cli_file.h"
#include "cli_options.h"

enum { OPT_KEEP = OPT_OWN, NWRP_BITS = 12, NWRP_ALL = 0xFFF };

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    bool *keep = ctx;
    (void)value;
    (void)cli;
    (void)code;
    *keep = true;
    return ARAREXT_OK;
}

/* Bits of the sectors before the application area. */
static uint16_t bootloader_sectors(const struct ararext_info *info)
{
    uint16_t bits = 0;
    for (size_t i = 0; i < info->sector_count && i < NWRP_BITS; i++) {
        if (info->sectors[i].addr < info->app_base) {
            bits = (uint16_t)(bits | 1u << i);
        }
    }
    return bits;
}

/* A protected sector's bit in nwrp is 0. */
static int judge(struct cli *cli, uint16_t nwrp, uint16_t own)
{
    if (((nwrp | own) & NWRP_ALL) != NWRP_ALL) {
        return cli_error(
            cli, ARAREXT_ERR_VERIFY,
            "the board accepted it, but reports nWRP %03X: sectors are still protected", nwrp);
    }
    json_number(cli->doc, "nwrp", nwrp);
    if ((nwrp & own) == own) {
        cli_say(cli, "No sector is write-protected any more.\n");
        return ARAREXT_OK;
    }
    cli_say(cli, "No sector of the application is write-protected any more; the bootloader's stay "
                 "so:");
    for (unsigned i = 0; i < NWRP_BITS; i++) {
        if ((own >> i & 1) != 0 && (nwrp >> i & 1) == 0) {
            cli_say(cli, " %u", i);
        }
    }
    cli_say(cli, "\n");
    return ARAREXT_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct option own[] = {{"keep-read-protection", no_argument, NULL, OPT_KEEP}, {0}};
    bool keep = false;
    const struct cli_options options = {.own = own, .take = take, .ctx = &keep};
    struct ararext_info info;
    uint16_t nwrp = 0;
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    rc = cli_connect_info(cli, &info);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    rc = ararext_unprotect(cli->session, keep);
    if (rc == ARAREXT_OK) {
        rc = ararext_get_protection(cli->session, &nwrp);
    }
    rc = cli_session_error(cli, rc);
    return rc == ARAREXT_OK ? judge(cli, nwrp, bootloader_sectors(&info)) : rc;
}

const struct cli_command cmd_unprotect = {
    .name = "unprotect",
    .run = run,
    .summary = "Take write protection off the application's sectors",
    .arguments = "[OPTION...]",
    .help = "Where the bootloader's own sectors were protected with a programmer, they stay\n"
            "so.\n\n"
            "Options:\n"
            "      --keep-read-protection  on a read-protected chip, take off write\n"
            "                              protection alone; without it the board refuses\n",
    .example = "ararext unprotect",
};
