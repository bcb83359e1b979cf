/* SPDX-License-Identifier: MIT */
/* ararext read: any memory that the bootloader shows, as a dump or into a file. */
#include "cli.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli_connect.h"
#include "cli_document.h"
#include "cli_file.h"
#include "cli_options.h"
#include "cli_progress.h"
#include "cli_save.h"

enum { OPT_OUTPUT = OPT_OWN, READ_LEN_MAX = 0x01000000, JSON_LEN_MAX = 65536 };

struct read_options {
    const char *path;
};

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    struct read_options *o = ctx;
    (void)cli;
    (void)code;
    o->path = value;
    return ARAREXT_OK;
}

static void dump(const struct cli *cli, uint32_t addr, const uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len; at += 16) {
        size_t n = len - at < 16 ? len - at : 16;
        char text[17] = "";
        cli_print(cli, "%08X ", (unsigned)(addr + at));
        for (size_t i = 0; i < 16; i++) {
            if (i < n) {
                cli_print(cli, " %02X", data[at + i]);
                text[i] = isprint(data[at + i]) ? (char)data[at + i] : '.';
            } else {
                cli_print(cli, "   ");
            }
        }
        text[n] = '\0';
        cli_print(cli, "  %s\n", text);
    }
}

/* Into out, or as a dump where that is no file. */
static int read_memory(struct cli *cli, uint32_t addr, uint32_t len, struct cli_output *out)
{
    struct cli_progress progress;
    const struct ararext_flash_options options = {.progress = cli_progress_show, .ctx = &progress};
    uint8_t *data = malloc((size_t)len + 1);
    if (data == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    cli_progress_start(&progress, cli);
    progress.reading = true;
    int rc = ararext_read_range(cli->session, out->kind != CLI_OUTPUT_NONE ? &options : NULL, addr,
                                data, len);
    cli_progress_end(&progress);
    rc = cli_session_error(cli, rc);
    if (rc == ARAREXT_OK && out->kind != CLI_OUTPUT_NONE) {
        rc = cli_write_output(cli, out, data, len);
        if (rc == ARAREXT_OK && out->kind != CLI_OUTPUT_STANDARD) {
            cli_say(cli, "Wrote %u bytes from 0x%08X to %s.\n", (unsigned)len, (unsigned)addr,
                    out->path);
        }
    } else if (rc == ARAREXT_OK) {
        dump(cli, addr, data, len);
        json_hex(cli->doc, "data", data, len);
    }
    free(data);
    return rc;
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct option own[] = {{"output", required_argument, NULL, OPT_OUTPUT}, {0}};
    struct read_options o = {0};
    const struct cli_options options = {.own = own, .take = take, .ctx = &o, .min = 2, .max = 2};
    struct cli_output out = {0};
    uint32_t addr = 0, len = 0;
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    rc = cli_number(cli, "address", argv[first], &addr);
    if (rc == ARAREXT_OK) {
        rc = cli_number(cli, "length", argv[first + 1], &len);
    }
    if (rc == ARAREXT_OK && (len == 0 || len > READ_LEN_MAX)) {
        rc = cli_error(cli, ARAREXT_ERR_ARGUMENT, "length %s: has to be between 1 and 16M",
                       argv[first + 1]);
    }
    if (rc == ARAREXT_OK && cli->json &&
        (o.path == NULL ? len > JSON_LEN_MAX : strcmp(o.path, "-") == 0)) {
        rc = cli_error(cli, ARAREXT_ERR_ARGUMENT,
                       "read: with --json more than 64K has to go to a file (-o FILE)");
    }
    if (rc == ARAREXT_OK) {
        json_addr(cli->doc, "address", addr);
        json_number(cli->doc, "length", len);
        rc = o.path != NULL ? cli_open_output(cli, o.path, &out) : ARAREXT_OK;
    }
    if (rc == ARAREXT_OK) {
        rc = cli_connect_bootloader(cli);
    }
    if (rc == ARAREXT_OK) {
        rc = read_memory(cli, addr, len, &out);
    }
    cli_discard_output(&out);
    return rc;
}

const struct cli_command cmd_read = {
    .name = "read",
    .run = run,
    .summary = "Read memory: flash, SRAM, CCM, OTP, unique ID, option bytes",
    .arguments = "ADDR LEN [OPTION...]",
    .help = "Numbers are decimal, 0x hexadecimal, or with K or M behind them.\n\n"
            "Options:\n"
            "  -o, --output FILE    write the bytes to FILE (- is stdout) instead of a dump\n",
    .example = "ararext read 0x08008000 64K -o flash.bin",
};
