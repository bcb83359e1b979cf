/* SPDX-License-Identifier: MIT */
/* ararext page: the page for the browser, as a file that works without a network and without a
 * server. */
#include "cli.h"

#include <string.h>

#include "cli_document.h"
#include "cli_file.h"
#include "cli_options.h"
#include "cli_page.h"
#include "cli_save.h"

enum { OPT_OUTPUT = OPT_OWN };

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    const char **path = ctx;
    (void)cli;
    (void)code;
    *path = value;
    return ARAREXT_OK;
}

static int save(struct cli *cli, const char *path)
{
    struct cli_output out = {0};
    if (CLI_PAGE_LEN == 0) {
        int rc = cli_error(cli, ARAREXT_ERR_UNSUPPORTED, "this ararext was built without the page");
        cli_advise(
            cli,
            "take ararext.html from a release, or run scripts/setup web and scripts/build web");
        return rc;
    }
    int rc = cli_open_output(cli, path, &out);
    if (rc == ARAREXT_OK) {
        rc = cli_write_output(cli, &out, CLI_PAGE, CLI_PAGE_LEN);
    }
    if (rc == ARAREXT_OK && out.kind != CLI_OUTPUT_STANDARD) {
        cli_say(cli, "Wrote the page to %s: open it in Chrome or Edge.\n", path);
    }
    cli_discard_output(&out);
    return rc;
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct option own[] = {{"output", required_argument, NULL, OPT_OUTPUT}, {0}};
    const char *path = "ararext.html";
    const struct cli_options options = {.own = own, .take = take, .ctx = &path};
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    if (cli->json && strcmp(path, "-") == 0) {
        return cli_error(cli, ARAREXT_ERR_ARGUMENT,
                         "page: with --json it has to go to a file (-o FILE)");
    }
    json_string(cli->doc, "file", path);
    json_number(cli->doc, "bytes", (double)CLI_PAGE_LEN);
    return save(cli, path);
}

const struct cli_command cmd_page = {
    .name = "page",
    .run = run,
    .summary = "Save the page that flashes and watches a board from a browser",
    .arguments = "[OPTION...]",
    .help = "One file, which works from the disk and without a network, in browsers that have\n"
            "Web Serial: for computers that have nothing installed.\n\n"
            "Options:\n"
            "  -o, --output FILE    write it to FILE (- is stdout) instead of ararext.html\n",
    .example = "ararext page -o ararext.html",
};
