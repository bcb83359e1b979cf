/* SPDX-License-Identifier: MIT */
/* ararext ports: which serial ports there are. Opens none of them unless asked to. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_connect.h"
#include "cli_document.h"
#include "cli_file.h"
#include "cli_options.h"
#include "cli_settings.h"

enum { OPT_ASK = OPT_OWN };

/* Whether a board answers there, and which. */
static void show_board(struct cli *cli, cJSON *item, const char *path)
{
    struct ararext_info info;
    char uid[2 * sizeof info.uid + 1];
    bool there = cli_ask_port(cli, path, &info);
    json_bool(item, "board", there);
    if (!there) {
        return;
    }
    for (size_t i = 0; i < sizeof info.uid; i++) {
        snprintf(uid + 2 * i, 3, "%02X", info.uid[i]);
    }
    json_string(item, "unique_id", uid);
    cli_print(cli, "  board with unique ID %s", uid);
}

static void show(struct cli *cli, cJSON *list, const struct ararext_port *p, bool ask)
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
        json_string(item, "usb_serial", p->usb_serial);
        cli_print(cli, "%-24s usb:%s%s%s  %s", p->path, id, p->usb_serial[0] != '\0' ? ":" : "",
                  p->usb_serial, p->description);
    } else {
        cli_print(cli, "%-24s %s%s", p->path, p->description,
                  p->console ? "  (this machine's console)" : "");
    }
    if (ask && !p->console) {
        show_board(cli, item, p->path);
    }
    cli_print(cli, "\n");
    cJSON_AddItemToArray(list, item);
}

/* A port that no list has, since it is named by whoever uses it. */
static void show_named(struct cli *cli, cJSON *list, bool ask)
{
    const char *name = cli_setting(cli, CLI_SETTING_PORT, NULL);
    struct ararext_port port = {.usb_vid = -1, .usb_pid = -1};
    if (name != NULL && strncmp(name, "tcp://", 6) == 0) {
        snprintf(port.path, sizeof port.path, "%s", name);
        snprintf(port.description, sizeof port.description, "serial server");
        show(cli, list, &port, ask);
    }
}

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    bool *ask = ctx;
    (void)value;
    (void)cli;
    (void)code;
    *ask = true;
    return ARAREXT_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct option own[] = {{"ask", no_argument, NULL, OPT_ASK}, {0}};
    bool ask = false;
    const struct cli_options options = {.own = own, .take = take, .ctx = &ask};
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
        show(cli, list, &ports[i], ask);
    }
    show_named(cli, list, ask);
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
    .help = "None of them is opened, unless they are to be asked. The first word of a line,\n"
            "and usb:..., are names for --port; a serial server (tcp://HOST:PORT) is listed\n"
            "where it is the port that --port or 'config' name.\n\n"
            "Options:\n"
            "      --ask            ask each port for a board in the bootloader, and show its\n"
            "                       unique ID, for --uid\n",
    .example = "ararext ports",
};
