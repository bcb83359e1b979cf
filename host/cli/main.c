/* SPDX-License-Identifier: MIT */
/*
 * ararext: flashes and looks after an STM32F407 with the Ararext bootloader. This file finds the
 * command and nothing else; cmd_<verb>.c has the commands.
 */
#include "cli.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ararext_version.h"
#include "cli_connect.h"
#include "cli_document.h"
#include "cli_nearest.h"
#include "cli_options.h"
#include "cli_output.h"
#include "cli_settings.h"
#include "cli_signals.h"

enum { GROUP_MAX = 10 };
static const struct group {
    const char *title;
    const struct cli_command *commands[GROUP_MAX]; /* ends with NULL */
} GROUPS[] = {
    {"Every day",
     {&cmd_info, &cmd_flash, &cmd_run, &cmd_verify, &cmd_monitor, &cmd_go, &cmd_reset, &cmd_ports,
      &cmd_page}},
    {"Updates", {&cmd_pack, &cmd_image, &cmd_update, &cmd_slots, &cmd_confirm, &cmd_rollback}},
    {"Keys", {&cmd_keygen, &cmd_provision}},
    {"Memory",
     {&cmd_erase, &cmd_read, &cmd_write, &cmd_protect, &cmd_unprotect, &cmd_lock, &cmd_otp}},
    {"Set-up", {&cmd_board, &cmd_config}},
    {"Protocol", {&cmd_commands, &cmd_raw}},
};
enum { GROUP_COUNT = sizeof GROUPS / sizeof GROUPS[0] };

static void write_help(FILE *to)
{
    fputs("Usage: ararext [OPTION...] COMMAND [ARGUMENT...]\n\n"
          "Flashes and looks after an STM32F407 with the Ararext bootloader.\n"
          "'ararext COMMAND --help' tells more about a command.\n",
          to);
    for (const struct group *g = GROUPS; g < GROUPS + GROUP_COUNT; g++) {
        fprintf(to, "\n%s:\n", g->title);
        for (const struct cli_command *const *c = g->commands; *c != NULL; c++) {
            fprintf(to, "  %-10s %s\n", (*c)->name, (*c)->summary);
        }
    }
    fprintf(to, "\n%s\nFor example: ararext info; ararext flash application.elf --run\n",
            CLI_GLOBAL_HELP);
}

static void write_command_help(FILE *to, const struct cli_command *command)
{
    fprintf(to, "Usage: ararext %s%s%s\n\n%s.\n%s%s\nFor example: %s\n\n%s", command->name,
            command->arguments[0] != '\0' ? " " : "", command->arguments, command->summary,
            command->help[0] != '\0' ? "\n" : "", command->help, command->example,
            CLI_GLOBAL_SUMMARY);
}

/* Of the command that is known, else of the tool. */
static int show_help(struct cli *cli)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    if (to == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    if (cli->command != NULL) {
        write_command_help(to, cli->command);
    } else {
        write_help(to);
    }
    fclose(to);
    cli->help = false; /* with --json it is a document */
    json_string(cli->doc, "help", text);
    if (!cli->json) {
        fputs(text, stdout);
    }
    free(text);
    return ARAREXT_OK;
}

static int find_command(struct cli *cli, const char *name)
{
    struct cli_nearest nearest = {.word = name};
    for (const struct group *g = GROUPS; g < GROUPS + GROUP_COUNT; g++) {
        for (const struct cli_command *const *c = g->commands; *c != NULL; c++) {
            cli_offer_name(&nearest, (*c)->name);
            if (strcmp((*c)->name, name) == 0) {
                cli->command = *c;
                return ARAREXT_OK;
            }
        }
    }
    int rc = cli_error(cli, ARAREXT_ERR_ARGUMENT, "there is no command '%s'", name);
    cli_advise(cli, "%s%s%ssee 'ararext --help'", nearest.name != NULL ? "did you mean '" : "",
               nearest.name != NULL ? nearest.name : "", nearest.name != NULL ? "'? Else " : "");
    return rc;
}

static int show_version(struct cli *cli)
{
    cli->help = false; /* with --json it is a document */
    json_string(cli->doc, "version", ARAREXT_VERSION_STRING);
    cli_print(cli, "ararext %s\n", ARAREXT_VERSION_STRING);
    return ARAREXT_OK;
}

/* Whoever started us may have closed them: what is opened next would then be taken for them, and
 * get what they are to get. In their place stands what every read and write fails on. */
static void open_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0) {
            int got = open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
            if (got != fd) { /* no /dev, no descriptors left: nothing good can come */
                _exit(1);
            }
        }
    }
}

/* Known before anything can be wrong with the words before it. */
static bool wants_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0) {
            return true;
        }
    }
    return false;
}

static int run(struct cli *cli, int argc, char **argv)
{
    int first = 0;
    int settings = cli_load_settings(cli);
    const struct ararext_message why = cli->error, advice = cli->advice;
    int rc = cli_parse_globals(cli, argc, argv, &first);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    if (first < argc && strcmp(argv[first], "help") == 0) {
        cli->help = true;
        first++;
    }
    if (cli->version) {
        return show_version(cli);
    }
    if (first >= argc) {
        if (cli->help) {
            return show_help(cli);
        }
        rc = cli_error(cli, ARAREXT_ERR_ARGUMENT, "no command given");
        cli_advise(cli, "see 'ararext --help'");
        return rc;
    }
    rc = find_command(cli, argv[first]);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    if (!cli->help && settings != ARAREXT_OK) { /* help needs no settings */
        cli->error = why;
        cli->advice = advice;
        return settings;
    }
    cli->error.text[0] = '\0';
    cli->advice.text[0] = '\0';
    if (!cli->help) {
        rc = cli->command->run(cli, argc - first, argv + first);
    }
    if (cli->version) {
        return show_version(cli);
    }
    return cli->help ? show_help(cli) : rc;
}

int main(int argc, char **argv)
{
    struct cli cli = {.baud = 115200,
                      .baud_auto = true,
                      .doc = cJSON_CreateObject(),
                      .json = wants_json(argc, argv)};
    open_standard_descriptors();
    const char *no_color = getenv("NO_COLOR");
    cli.no_color = no_color != NULL && no_color[0] != '\0';
    cli_catch_signals();
    int rc = run(&cli, argc, argv);
    if (rc == ARAREXT_ERR_FILE && cli_signal() != 0) { /* it broke a read or an open off */
        const struct ararext_message what = cli.error;
        rc = cli_error(&cli, ARAREXT_ERR_INTERRUPTED, "interrupted (%.400s)", what.text);
    }
    int status = cli_finish(&cli, cli_let_go(&cli, rc));
    ararext_close(cli.session);
    cJSON_Delete(cli.doc);
    cli_free_settings(&cli);
    return status;
}
