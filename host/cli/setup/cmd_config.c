/* SPDX-License-Identifier: MIT */
/* ararext config: what holds for every command, and from where. Changes nothing. */
#include "cli.h"

#include "cli_document.h"
#include "cli_options.h"
#include "cli_settings.h"

static const char *source_name(const struct cli *cli, enum cli_setting which,
                               enum cli_source source)
{
    switch (source) {
    case CLI_SOURCE_OPTION:
        return "the command line";
    case CLI_SOURCE_ENVIRONMENT:
        return cli_setting_variable(which);
    case CLI_SOURCE_FILE:
        return cli_settings_path(cli);
    case CLI_SOURCE_NONE:
    default:
        return "nowhere";
    }
}

static const char *what_is_built_in(enum cli_setting which)
{
    static const char *const texts[] = {
        [CLI_SETTING_PORT] = "the port where a board answers",
        [CLI_SETTING_BAUD] = "auto",
        [CLI_SETTING_KEY] = "none: 'pack' asks for one",
        [CLI_SETTING_WIRING] = "none: modem lines are not touched",
    };
    return texts[which];
}

static void show_patterns(const struct cli *cli)
{
    cJSON *list = cJSON_AddArrayToObject(cli->doc, "patterns");
    const struct ararext_wiring_pattern *p = NULL;
    cli_print(cli, "\nPatterns of wiring (an asserted line is low at the adapter's pin):\n");
    for (size_t i = 0; (p = ararext_wiring_pattern(i)) != NULL; i++) {
        cJSON *item = cJSON_CreateObject();
        json_string(item, "name", p->name);
        json_string(item, "words", p->words);
        cJSON_AddItemToArray(list, item);
        cli_print(cli, "  %-13s %-29s %s\n", p->name, p->words, p->what);
    }
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct cli_options options = {0};
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    cli_print(cli, "File: %s\n", cli_settings_path(cli));
    json_string(cli->doc, "file", cli_settings_path(cli));
    cJSON *settings = cJSON_AddObjectToObject(cli->doc, "settings");
    for (enum cli_setting i = CLI_SETTING_PORT; i < CLI_SETTING_COUNT; i++) {
        enum cli_source source = CLI_SOURCE_NONE;
        const char *value = cli_setting(cli, i, &source);
        cJSON *item = cJSON_AddObjectToObject(settings, cli_setting_key(i));
        if (value != NULL) {
            json_string(item, "value", value);
            json_string(item, "from", source_name(cli, i, source));
            cli_print(cli, "  %-7s %s  (from %s)\n", cli_setting_key(i), value,
                      source_name(cli, i, source));
        } else {
            cJSON_AddNullToObject(item, "value");
            cli_print(cli, "  %-7s %s\n", cli_setting_key(i), what_is_built_in(i));
        }
    }
    show_patterns(cli);
    return ARAREXT_OK;
}

const struct cli_command cmd_config = {
    .name = "config",
    .run = run,
    .summary = "Show which settings hold, and from where",
    .arguments = "[OPTION...]",
    .help = "Options come first, then the environment (ARAREXT_PORT, ARAREXT_WIRING), then\n"
            "the file: $XDG_CONFIG_HOME/ararext/config, or ~/.config/ararext/config. It has\n"
            "lines like\n"
            "  port = usb:1a86:7523\n"
            "  baud = auto\n"
            "  key = /keys/signing.pem\n"
            "  wiring = reset=rts,button=dtr\n"
            "and comments that begin with #. wiring says which modem line of the adapter\n"
            "resets the board and which presses its button; ! before a line inverts it.\n"
            "Lines are never touched without it.\n",
    .example = "ararext config",
};
