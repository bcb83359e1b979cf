/* SPDX-License-Identifier: MIT */
/* ararext verify: whether flash holds an image. Changes nothing. */
#include "cli.h"

#include <string.h>

#include "cli_connect.h"
#include "cli_document.h"
#include "cli_file.h"
#include "cli_options.h"
#include "cli_progress.h"

enum { OPT_VERIFY = OPT_OWN };

struct verify_options {
    struct cli_image_options image;
    struct ararext_flash_options flash;
};

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    struct verify_options *o = ctx;
    if (code != OPT_VERIFY) {
        return cli_take_image_option(cli, &o->image, code, value);
    }
    if (strcmp(value, "read") != 0 && strcmp(value, "auto") != 0) {
        return cli_error(cli, ARAREXT_ERR_ARGUMENT, "verify '%s': expected auto or read", value);
    }
    o->flash.verify = value[0] == 'r' ? ARAREXT_VERIFY_READ : ARAREXT_VERIFY_AUTO;
    return ARAREXT_OK;
}

static int verify_image(struct cli *cli, struct verify_options *o,
                        const struct ararext_image *image)
{
    struct ararext_info info;
    struct ararext_flash_result result;
    struct cli_progress progress;
    int rc = cli_connect_info(cli, &info);
    if (rc == ARAREXT_OK) {
        rc = cli_check_image(cli, image, &info, &o->image);
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    cli_progress_start(&progress, cli);
    o->flash.progress = cli_progress_show;
    o->flash.ctx = &progress;
    rc = ararext_flash_verify(cli->session, image, &o->flash, &result);
    cli_progress_end(&progress);
    json_number(cli->doc, "bytes_verified", result.bytes_verified);
    if (rc == ARAREXT_ERR_VERIFY) {
        json_addr(cli->doc, "differs_at", result.bad_addr);
        cli_advise(cli, "run 'ararext flash' to write it");
        return cli_verify_error(cli, &result);
    }
    if (rc == ARAREXT_OK) {
        cli_say(cli, "Flash holds this image: %u bytes compared.\n",
                (unsigned)result.bytes_verified);
    }
    return cli_session_error(cli, rc);
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct option own[] = {
        CLI_IMAGE_OPTIONS,
        {"verify", required_argument, NULL, OPT_VERIFY},
        {0},
    };
    struct verify_options o = {0};
    const struct cli_options options = {.own = own, .take = take, .ctx = &o, .min = 1, .max = 1};
    struct ararext_image *image = NULL;
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    rc = cli_load_image(cli, argv[first], &o.image, &image);
    if (rc == ARAREXT_OK) {
        rc = verify_image(cli, &o, image);
        ararext_image_free(image);
    }
    return rc;
}

const struct cli_command cmd_verify = {
    .name = "verify",
    .run = run,
    .summary = "Compare flash with a file",
    .arguments = "FILE [OPTION...]",
    .help = "Options:\n"
            "      --verify HOW     auto (by CRC on the board where it can; default) or read\n"
            "                       (read every byte)\n" CLI_IMAGE_HELP,
    .example = "ararext verify application.elf",
};
