/* SPDX-License-Identifier: MIT */
/*
 * What holds for every command unless it is told otherwise: options come first, then the
 * environment, then the settings' file, then what is built in.
 */
#ifndef ARAREXT_CLI_SETTINGS_H
#define ARAREXT_CLI_SETTINGS_H

#include "cli.h"

enum cli_setting {
    CLI_SETTING_PORT,
    CLI_SETTING_BAUD,
    CLI_SETTING_KEY,
    CLI_SETTING_WIRING,
    CLI_SETTING_COUNT,
};
/* Where a setting may come from, in the order in which they count. */
enum cli_source { CLI_SOURCE_OPTION, CLI_SOURCE_ENVIRONMENT, CLI_SOURCE_FILE, CLI_SOURCE_NONE };

/* Reads $XDG_CONFIG_HOME/ararext/config or ~/.config/ararext/config, if it is there: lines "key =
 * value", # begins a comment; a rate there holds from now on, until an option says another. FORMAT
 * with file and line for what is no setting. */
ARAREXT_CHECKED int cli_load_settings(struct cli *cli);
void cli_free_settings(struct cli *cli);
const char *cli_setting_key(enum cli_setting which);
const char *cli_setting_variable(enum cli_setting which); /* of the environment; NULL = none */
/* The value that holds, NULL if there is none; *source (may be NULL) is where it comes from. */
const char *cli_setting(const struct cli *cli, enum cli_setting which, enum cli_source *source);
const char *cli_settings_path(const struct cli *cli);

#endif
