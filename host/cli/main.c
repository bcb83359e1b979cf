/* SPDX-License-Identifier: MIT */
/*
 * ararext: flashes and looks after an STM32F407 with the Ararext bootloader. This file finds the
 * command and nothing else; cmd_<verb>.c has the commands.
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ararext_version.h"
#include "cli_document.h"
#include "cli_options.h"
#include "cli_output.h"
#include "cli_signals.h"

static const struct cli_command *const COMMANDS[] = {
    &cmd_info,      &cmd_flash,     &cmd_verify, &cmd_monitor,  &cmd_go,    &cmd_reset,
    &cmd_keygen,    &cmd_pack,      &cmd_image,  &cmd_update,   &cmd_slots, &cmd_confirm,
    &cmd_rollback,  &cmd_provision, &cmd_erase,  &cmd_read,     &cmd_write, &cmd_protect,
    &cmd_unprotect, &cmd_otp,       &cmd_ports,  &cmd_commands, &cmd_raw,
};

static void print_help(void)
{
    printf("Usage: ararext [OPTION...] COMMAND [ARGUMENT...]\n\n"
           "Flashes and looks after an STM32F407 with the Ararext bootloader.\n\n"
           "Commands ('ararext COMMAND --help' tells more):\n");
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
        printf("  %-10s %s\n", COMMANDS[i]->name, COMMANDS[i]->summary);
    }
    printf("\n%s\nFor example: ararext info; ararext flash application.elf --run\n",
           CLI_GLOBAL_HELP);
}

static void print_command_help(const struct cli_command *command)
{
    printf("Usage: ararext %s%s%s\n\n%s.\n%s%s\n%s", command->name,
           command->arguments[0] != '\0' ? " " : "", command->arguments, command->summary,
           command->help[0] != '\0' ? "\n" : "", command->help, CLI_GLOBAL_HELP);
}

static const struct cli_command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof COMMANDS / sizeof COMMANDS[0]; i++) {
        if (strcmp(COMMANDS[i]->name, name) == 0) {
            return COMMANDS[i];
        }
    }
    return NULL;
}

static int show_version(struct cli *cli)
{
    cli->help = false; /* with --json it is a document */
    json_string(cli->doc, "version", ARAREXT_VERSION_STRING);
    cli_print(cli, "ararext %s\n", ARAREXT_VERSION_STRING);
    return ARAREXT_OK;
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
            print_help();
            return ARAREXT_OK;
        }
        rc = cli_error(cli, ARAREXT_ERR_ARGUMENT, "no command given");
        cli_advise(cli, "see 'ararext --help'");
        return rc;
    }
    cli->command = find_command(argv[first]);
    if (cli->command == NULL) {
        rc = cli_error(cli, ARAREXT_ERR_ARGUMENT, "there is no command '%s'", argv[first]);
        cli_advise(cli, "see 'ararext --help'");
        return rc;
    }
    if (!cli->help) {
        rc = cli->command->run(cli, argc - first, argv + first);
    }
    if (cli->version) {
        return show_version(cli);
    }
    if (cli->help) {
        print_command_help(cli->command);
        return ARAREXT_OK;
    }
    return rc;
}

int main(int argc, char **argv)
{
    struct cli cli = {.baud = 115200,
                      .baud_auto = true,
                      .doc = cJSON_CreateObject(),
                      .json = wants_json(argc, argv)};
    const char *no_color = getenv("NO_COLOR");
    cli.no_color = no_color != NULL && no_color[0] != '\0';
    cli_catch_signals();
    int rc = run(&cli, argc, argv);
    if (rc == ARAREXT_ERR_FILE && cli_signal() != 0) { /* it broke a read or an open off */
        const struct ararext_message what = cli.error;
        rc = cli_error(&cli, ARAREXT_ERR_INTERRUPTED, "interrupted (%.400s)", what.text);
    }
    int status = cli_finish(&cli, rc);
    if (cli.session != NULL) {
        ararext_restore_baud(cli.session);
    }
    ararext_close(cli.session);
    cJSON_Delete(cli.doc);
    return status;
}
