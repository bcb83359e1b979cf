/* SPDX-License-Identifier: MIT */
/* ararext ports: which serial ports there are. Opens none of them. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli_document.h"
#include "cli_options.h"

static void show(const struct cli *cli, cJSON *list, const struct ararext_port *p)
{
    cJSON *item = cJSON_CreateObject();
    json_string(item, "path", p->path);
    json_string(item, "description", p->description);
    json_bool(item, "twin", p->twin);
    json_bool(item, "console", p->console);
    if (p->usb_vid >= 0) {
        char id[16];
        snprintf(id, sizeof id, "%04x:%04x", (unsigned)p->usb_vid, (unsigned)p->usb_pid);
        json_string(item, "usb", id);
        cli_print(cli, "%-24s %s  %s\n", p->path, id, p->description);
    } else {
        cli_print(cli, "%-24s %s%s\n", p->path, p->description,
                  p->console ? "  (this machine's console)" : "");
    }
    cJSON_AddItemToArray(list, item);
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct cli_options options = {0};
    struct ararext_port *ports = NULL;
    size_t count = 0;
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    rc = ararext_list_ports(&ports, &count);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    cJSON *list = cJSON_AddArrayToObject(cli->doc, "ports");
    for (size_t i = 0; i < count; i++) {
        show(cli, list, &ports[i]);
    }
    if (count == 0) {
        cli_say(cli, "This machine has no serial port, and no twin runs.\n");
    }
    free(ports);
    return ARAREXT_OK;
}

const struct cli_command cmd_ports = {
    .name = "ports",
    .run = run,
    .summary = "List the serial ports",
    .arguments = "[OPTION...]",
    .help = "None of them is opened. 'ararext info' without --port asks each for a board.\n",
    .example = "ararext ports",
};
