/* SPDX-License-Identifier: MIT */
/* ararext commands: what the bootloader says it can do. */
#include "cli.h"

#include "cli_connect.h"
#include "cli_document.h"
#include "cli_options.h"

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct cli_options options = {0};
    uint8_t codes[255];
    size_t count = 0;
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    rc = cli_connect_bootloader(cli);
    if (rc == ARAREXT_OK) {
        rc = cli_session_error(cli, ararext_get_commands(cli->session, codes, &count));
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    cJSON *list = cJSON_AddArrayToObject(cli->doc, "commands");
    for (size_t i = 0; i < count; i++) {
        const char *name = ararext_command_name(codes[i]);
        cJSON *item = cJSON_CreateObject();
        json_number(item, "code", codes[i]);
        json_string(item, "name", name != NULL ? name : "unknown");
        cJSON_AddItemToArray(list, item);
        cli_print(cli, "%02X  %s\n", codes[i], name != NULL ? name : "(unknown to this version)");
    }
    return ARAREXT_OK;
}

const struct cli_command cmd_commands = {
    .name = "commands",
    .run = run,
    .summary = "List the commands that the bootloader has",
    .arguments = "[OPTION...]",
    .help = "",
    .example = "ararext commands",
};
