/* SPDX-License-Identifier: MIT */
/*
 * The settings' file, and what holds of option, environment and file. A file that is not there is
 * as good as an empty one; one that cannot be read, or has a line that is no setting, is a failure:
 * a setting that is taken for another one may reset a board.
 */
#include "cli_settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli_file.h"
#include "cli_nearest.h"
#include "cli_options.h"

enum { SETTINGS_MAX = 64 * 1024, PATH_SIZE = 4096 };

struct cli_settings {
    char path[PATH_SIZE]; /* "" if there is no home to have one */
    char *text;           /* of the file; the values point into it */
    const char *values[CLI_SETTING_COUNT];
};

static const struct {
    const char *key, *variable;
} SETTINGS[CLI_SETTING_COUNT] = {
    [CLI_SETTING_PORT] = {"port", "ARAREXT_PORT"},
    [CLI_SETTING_BAUD] = {"baud", NULL},
    [CLI_SETTING_KEY] = {"key", NULL},
    [CLI_SETTING_WIRING] = {"wiring", "ARAREXT_WIRING"},
};

const char *cli_setting_key(enum cli_setting which)
{
    return SETTINGS[which].key;
}

const char *cli_setting_variable(enum cli_setting which)
{
    return SETTINGS[which].variable;
}

/* ---- the file ---- */

static void find_path(char path[PATH_SIZE])
{
    const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    path[0] = '\0';
    if (config != NULL && config[0] == '/') {
        snprintf(path, PATH_SIZE, "%s/ararext/config", config);
    } else if (home != NULL && home[0] != '\0') {
        snprintf(path, PATH_SIZE, "%s/.config/ararext/config", home);
    }
}

static char *trim(char *text)
{
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1])) {
        text[--len] = '\0';
    }
    while (isspace((unsigned char)*text)) {
        text++;
    }
    return text;
}

static int take_line(struct cli *cli, struct cli_settings *s, char *line, unsigned number)
{
    char *equal = strchr(line, '=');
    if (equal == NULL) {
        return cli_error(cli, ARAREXT_ERR_FORMAT, "%s, line %u: expected 'key = value'", s->path,
                         number);
    }
    *equal = '\0';
    const char *key = trim(line), *value = trim(equal + 1);
    struct cli_nearest nearest = {.word = key};
    for (size_t i = 0; i < CLI_SETTING_COUNT; i++) {
        cli_offer_name(&nearest, SETTINGS[i].key);
        if (strcasecmp(SETTINGS[i].key, key) == 0 && s->values[i] == NULL) {
            s->values[i] = value;
            return ARAREXT_OK;
        }
        if (strcasecmp(SETTINGS[i].key, key) == 0) {
            return cli_error(cli, ARAREXT_ERR_FORMAT, "%s, line %u: %s is set twice", s->path,
                             number, key);
        }
    }
    int rc = cli_error(cli, ARAREXT_ERR_FORMAT, "%s, line %u: there is no setting '%.60s'", s->path,
                       number, key);
    cli_advise(cli, "%s%s%sthere are port, baud, key and wiring",
               nearest.name != NULL ? "did you mean '" : "",
               nearest.name != NULL ? nearest.name : "", nearest.name != NULL ? "'? Else " : "");
    return rc;
}

static int take_lines(struct cli *cli, struct cli_settings *s)
{
    int rc = ARAREXT_OK;
    unsigned number = 0;
    char *rest = s->text;
    while (rc == ARAREXT_OK && rest != NULL) {
        char *line = strsep(&rest, "\n");
        char *words = trim(line);
        number++;
        if (words[0] != '\0' && words[0] != '#') {
            rc = take_line(cli, s, words, number);
        }
    }
    return rc;
}

static int read_text(struct cli *cli, struct cli_settings *s)
{
    uint8_t *data = NULL;
    size_t len = 0;
    if (s->path[0] == '\0' || (access(s->path, F_OK) != 0 && errno != EACCES)) {
        return ARAREXT_OK;
    }
    int rc = cli_read_file(cli, s->path, SETTINGS_MAX, &data, &len);
    if (rc == ARAREXT_ERR_FORMAT && len == 0 && data == NULL) { /* empty */
        cli->error.text[0] = '\0';
        return ARAREXT_OK;
    }
    s->text = rc == ARAREXT_OK ? calloc(1, len + 1) : NULL;
    if (s->text != NULL) {
        memcpy(s->text, data, len);
    } else if (rc == ARAREXT_OK) {
        rc = ARAREXT_ERR_MEMORY;
    }
    free(data);
    return rc;
}

int cli_load_settings(struct cli *cli)
{
    cli->settings = calloc(1, sizeof *cli->settings);
    if (cli->settings == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    find_path(cli->settings->path);
    int rc = read_text(cli, cli->settings);
    if (rc == ARAREXT_OK && cli->settings->text != NULL) {
        rc = take_lines(cli, cli->settings);
    }
    const char *baud = cli->settings->values[CLI_SETTING_BAUD];
    return rc == ARAREXT_OK && baud != NULL ? cli_take_baud(cli, baud) : rc;
}

void cli_free_settings(struct cli *cli)
{
    if (cli->settings != NULL) {
        free(cli->settings->text);
        free(cli->settings);
    }
}

const char *cli_settings_path(const struct cli *cli)
{
    return cli->settings->path;
}

/* ---- what holds ---- */

static const char *option_of(const struct cli *cli, enum cli_setting which)
{
    switch (which) {
    case CLI_SETTING_PORT:
        return cli->port;
    case CLI_SETTING_WIRING:
        return cli->wiring_text;
    case CLI_SETTING_BAUD:
    case CLI_SETTING_KEY:
    case CLI_SETTING_COUNT:
    default:
        return NULL;
    }
}

const char *cli_setting(const struct cli *cli, enum cli_setting which, enum cli_source *source)
{
    const char *variable = SETTINGS[which].variable;
    const char *values[] = {
        [CLI_SOURCE_OPTION] = option_of(cli, which),
        [CLI_SOURCE_ENVIRONMENT] = variable != NULL ? getenv(variable) : NULL,
        [CLI_SOURCE_FILE] = cli->settings->values[which],
    };
    for (unsigned i = CLI_SOURCE_OPTION; i < CLI_SOURCE_NONE; i++) {
        if (values[i] != NULL && values[i][0] != '\0') {
            if (source != NULL) {
                *source = (enum cli_source)i;
            }
            return values[i];
        }
    }
    if (source != NULL) {
        *source = CLI_SOURCE_NONE;
    }
    return NULL;
}
