/* ararext unprotect: takes write protection off all sectors. Never touches read protection. */
#include "cli.h"

enum { OPT_KEEP = OPT_OWN };

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    bool *keep = ctx;
    (void)value;
    if (code != OPT_KEEP) {
        return cli_error(cli, ARAREXT_ERR_ARGUMENT, "option '-%c' is not known here", code);
    }
    *keep = true;
    return ARAREXT_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct option own[] = {{"keep-read-protection", no_argument, NULL, OPT_KEEP}, {0}};
    bool keep = false;
    const struct cli_options options = {.own = own, .take = take, .ctx = &keep};
    uint16_t nwrp = 0;
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    rc = cli_connect(cli);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    rc = ararext_unprotect(cli->session, keep);
    if (rc == ARAREXT_OK) {
        rc = ararext_get_protection(cli->session, &nwrp);
    }
    rc = cli_session_error(cli, rc);
    if (rc == ARAREXT_OK && (nwrp & 0xFFF) != 0xFFF) {
        return cli_error(
            cli, ARAREXT_ERR_VERIFY,
            "the board accepted it, but reports nWRP %03X: sectors are still protected", nwrp);
    }
    if (rc == ARAREXT_OK) {
        json_number(cli->doc, "nwrp", nwrp);
        cli_say(cli, "No sector is write-protected any more.\n");
    }
    return rc;
}

const struct cli_command cmd_unprotect = {
    .name = "unprotect",
    .run = run,
    .summary = "Take write protection off all sectors",
    .arguments = "[OPTION...]",
    .help = "Options:\n"
            "      --keep-read-protection  on a read-protected chip, take off write\n"
            "                              protection alone; without it the board refuses\n",
};
