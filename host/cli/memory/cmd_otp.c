/* SPDX-License-Identifier: MIT */
/* ararext otp: the one-time programmable area and its locks. Only reads. */
#include "cli.h"

#include <string.h>

#include "cli_connect.h"
#include "cli_document.h"
#include "cli_options.h"

enum { BLOCKS = 16, BLOCK_SIZE = 32, CHUNK = 240 };

static void show_block(const struct cli *cli, cJSON *list, unsigned block, const uint8_t *otp)
{
    const uint8_t *data = otp + (size_t)block * BLOCK_SIZE;
    uint8_t lock = otp[BLOCKS * BLOCK_SIZE + block];
    bool blank = true;
    for (unsigned i = 0; i < BLOCK_SIZE; i++) {
        blank = blank && data[i] == 0xFF;
    }
    cJSON *item = cJSON_CreateObject();
    json_number(item, "block", block);
    json_bool(item, "locked", lock == 0x00);
    json_number(item, "lock_byte", lock);
    json_bool(item, "blank", blank);
    json_hex(item, "data", data, BLOCK_SIZE);
    cJSON_AddItemToArray(list, item);
    cli_print(cli, "block %2u  %-6s ", block,
              lock == 0x00   ? "locked"
              : lock == 0xFF ? "open"
                             : "odd");
    if (blank) {
        cli_print(cli, " blank\n");
        return;
    }
    for (unsigned i = 0; i < BLOCK_SIZE; i++) {
        cli_print(cli, i == 16 ? "\n                 %02X" : " %02X", data[i]);
    }
    cli_print(cli, "\n");
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct cli_options options = {.max = 1};
    uint8_t otp[ARAREXT_OTP_SIZE];
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    if (first < argc && strcmp(argv[first], "read") != 0) {
        return cli_error(cli, ARAREXT_ERR_ARGUMENT, "otp '%s': the only thing to do is 'read'",
                         argv[first]);
    }
    rc = cli_connect_bootloader(cli);
    for (size_t at = 0; rc == ARAREXT_OK && at < sizeof otp; at += CHUNK) {
        size_t n = sizeof otp - at < CHUNK ? sizeof otp - at : CHUNK;
        rc = cli_session_error(cli, ararext_read_otp(cli->session, (uint16_t)at, otp + at, n));
    }
    if (rc == ARAREXT_OK) {
        cJSON *list = cJSON_AddArrayToObject(cli->doc, "blocks");
        for (unsigned i = 0; i < BLOCKS; i++) {
            show_block(cli, list, i, otp);
        }
    }
    return rc;
}

const struct cli_command cmd_otp = {
    .name = "otp",
    .run = run,
    .summary = "Show the one-time programmable area and its locks",
    .arguments = "[read] [OPTION...]",
    .help = "",
    .example = "ararext otp",
};
