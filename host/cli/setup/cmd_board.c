/* SPDX-License-Identifier: MIT */
/*
 * ararext board: which boards there are, what is in a bootloader's board block, and a bootloader
 * for another board made of one that is built already. No compiler, and for all but 'show' of a
 * board itself no port either.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "ararext_board.h"
#include "board_bootloader.h"
#include "board_show.h"
#include "cli_connect.h"
#include "cli_document.h"
#include "cli_file.h"
#include "cli_options.h"
#include "cli_save.h"

enum { OPT_FROM = OPT_OWN, OPT_OUTPUT, OPT_WORD, WORDS_MAX = 9, BOARD_FILE_MAX = 65536 };

struct board_options {
    const char *from, *output;
    const char *words[WORDS_MAX]; /* by the index of their key; NULL = not given */
};

/* The options of the words, in the order of ararext_block_key. */
static const struct option OWN[] = {
    {"from", required_argument, NULL, OPT_FROM},
    {"output", required_argument, NULL, OPT_OUTPUT},
    {"name", required_argument, NULL, OPT_WORD},
    {"commands", required_argument, NULL, OPT_WORD + 1},
    {"log", required_argument, NULL, OPT_WORD + 2},
    {"button", required_argument, NULL, OPT_WORD + 3},
    {"led", required_argument, NULL, OPT_WORD + 4},
    {"driver-enable", required_argument, NULL, OPT_WORD + 5},
    {"crystal", required_argument, NULL, OPT_WORD + 6},
    {"window", required_argument, NULL, OPT_WORD + 8}, /* --baud is everybody's */
    {0},
};

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    struct board_options *o = ctx;
    (void)cli;
    if (code == OPT_FROM) {
        o->from = value;
    } else if (code == OPT_OUTPUT) {
        o->output = value;
    } else if (code >= OPT_WORD && code < OPT_WORD + WORDS_MAX) {
        o->words[code - OPT_WORD] = value;
    } else {
        return ARAREXT_ERR_ARGUMENT; /* the table has no other */
    }
    return ARAREXT_OK;
}

static int refuse(struct cli *cli, int rc, const struct ararext_message *why)
{
    return rc == ARAREXT_OK || why->text[0] == '\0' ? rc : cli_error(cli, rc, "%s", why->text);
}

/* ---- where a board comes from ---- */

/* A preset's name, or the path of a .board file. */
static int find_board(struct cli *cli, const char *word, struct ararext_block *block)
{
    struct ararext_message why = {""};
    const struct ararext_preset *preset = ararext_preset_find(word);
    uint8_t *text = NULL;
    size_t len = 0;
    if (preset != NULL) {
        return refuse(
            cli, ararext_block_parse(block, preset->text, strlen(preset->text), word, &why), &why);
    }
    if (strchr(word, '/') == NULL && strchr(word, '.') == NULL && strcmp(word, "-") != 0) {
        int rc = cli_error(cli, ARAREXT_ERR_ARGUMENT, "there is no board '%s'", word);
        cli_advise(cli, "'ararext board list' names those that there are; a file of your own has a "
                        "name that ends in .board");
        return rc;
    }
    int rc = cli_read_file(cli, word, BOARD_FILE_MAX, &text, &len);
    if (rc == ARAREXT_OK) {
        rc = refuse(cli,
                    ararext_block_parse(block, (const char *)text, len, cli_file_name(word), &why),
                    &why);
        free(text);
    }
    return rc;
}

/* ---- show ---- */

static int show_connected(struct cli *cli)
{
    struct ararext_info info;
    struct ararext_block block;
    struct ararext_message why = {""};
    uint8_t bytes[ARAREXT_BLOCK_SIZE];
    bool own = false;
    int rc = cli_connect_info(cli, &info);
    if (rc == ARAREXT_OK && (info.features & ARAREXT_FEATURE_BOARD) == 0) {
        return cli_error(
            cli, ARAREXT_ERR_UNSUPPORTED,
            "this bootloader has no board block: it is for the original's board alone");
    }
    if (rc == ARAREXT_OK) {
        rc = cli_session_error(cli, ararext_get_block(cli->session, &own, bytes));
    }
    if (rc == ARAREXT_OK) {
        rc = refuse(cli, ararext_block_decode(&block, bytes, &why), &why);
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    json_bool(cli->doc, "own_block", own);
    cli_print(cli, "Board on %s%s\n", cli->port_path,
              own ? "" : ": its block does not check, the built-in board holds");
    board_show(cli, cli->doc, &block);
    return ARAREXT_OK;
}

static int show_bootloader(struct cli *cli, const char *path)
{
    struct bootloader boot;
    struct ararext_block block;
    struct ararext_message why = {""};
    int rc = bootloader_read(cli, path, &boot);
    if (rc == ARAREXT_OK) {
        json_string(cli->doc, "file", cli_file_name(path));
        json_string(cli->doc, "format", bootloader_format(&boot));
        rc = ararext_block_decode(&block, boot.block, &why);
        if (rc != ARAREXT_OK) {
            rc = cli_error(cli, rc, "%s: %.400s", cli_file_name(path), why.text);
            cli_advise(cli, "put a good one in: ararext board make PRESET --from %s -o FILE", path);
        }
    }
    if (rc == ARAREXT_OK) {
        cli_print(cli, "%s: bootloader, %s\n", cli_file_name(path), bootloader_format(&boot));
        board_show(cli, cli->doc, &block);
    }
    free(boot.data);
    return rc;
}

static int show_preset(struct cli *cli, const char *word)
{
    char text[400];
    struct ararext_block block;
    struct ararext_message why = {""};
    const struct ararext_preset *preset = ararext_preset_find(word);
    int rc = find_board(cli, word, &block);
    if (rc == ARAREXT_OK) {
        rc = refuse(cli, ararext_block_check(&block, &why), &why);
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    cli_print(cli, "%s\n", cli_file_name(word));
    board_show(cli, cli->doc, &block);
    if (preset != NULL &&
        ararext_board_text(preset->text, strlen(preset->text), "source", text, sizeof text)) {
        json_string(cli->doc, "source", text);
        cli_print(cli, "  source         %s\n", text);
    }
    return ARAREXT_OK;
}

static int show(struct cli *cli, const char *word)
{
    size_t len = word != NULL ? strlen(word) : 0;
    if (word == NULL) {
        return show_connected(cli);
    }
    bool board =
        ararext_preset_find(word) != NULL || (len > 6 && strcmp(word + len - 6, ".board") == 0);
    return board ? show_preset(cli, word) : show_bootloader(cli, word);
}

/* ---- make ---- */

/* Options on top of what the board is already. */
static int change(struct cli *cli, const struct board_options *o, struct ararext_block *block)
{
    struct ararext_message why = {""};
    int rc = ARAREXT_OK;
    for (size_t i = 0; rc == ARAREXT_OK && i < WORDS_MAX; i++) {
        if (o->words[i] != NULL) {
            rc = ararext_block_set(block, ararext_block_key(i), o->words[i], &why);
        }
    }
    if (rc != ARAREXT_OK) {
        return cli_error(cli, ARAREXT_ERR_ARGUMENT, "--%.400s", why.text);
    }
    block->baud = cli->baud_given && !cli->baud_auto ? cli->baud : block->baud;
    rc = refuse(cli, ararext_block_check(block, &why), &why);
    if (rc == ARAREXT_OK) {
        ararext_block_warn(block, &why);
        json_string(cli->doc, "warning", why.text);
        if (why.text[0] != '\0') {
            cli_say(cli, "Note: %s.\n", why.text);
        }
    }
    return rc;
}

/* The board that the bootloader is for so far. */
static int find_start(struct cli *cli, const struct bootloader *boot, struct ararext_block *block)
{
    struct ararext_message why = {""};
    int rc = ararext_block_decode(block, boot->block, &why);
    if (rc != ARAREXT_OK) {
        rc = cli_error(cli, rc, "%s: %.400s", cli_file_name(boot->path), why.text);
        cli_advise(cli, "name a board to begin with: ararext board make PRESET --from %s -o FILE",
                   boot->path);
    }
    return rc;
}

/* Puts the block into the bootloader, and that where it is to go. */
static int write_out(struct cli *cli, const struct board_options *o,
                     const struct ararext_block *block, struct bootloader *boot)
{
    struct cli_output out = {0};
    int rc = bootloader_check_name(cli, boot, o->output);
    if (rc == ARAREXT_OK) {
        rc = bootloader_patch(cli, boot, block);
    }
    if (rc == ARAREXT_OK) {
        rc = cli_open_output(cli, o->output, &out);
    }
    if (rc == ARAREXT_OK) {
        rc = cli_write_output(cli, &out, boot->data, boot->len);
    }
    cli_discard_output(&out);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    json_string(cli->doc, "from", cli_file_name(boot->path));
    json_string(cli->doc, "file", o->output);
    json_string(cli->doc, "format", bootloader_format(boot));
    if (!cli_is_stdout(o->output)) {
        cli_say(cli, "%s: the bootloader (%s) for this board:\n", o->output,
                bootloader_format(boot));
        board_show(cli, cli->doc, block);
    }
    return ARAREXT_OK;
}

static int make(struct cli *cli, const struct board_options *o, const char *word)
{
    struct bootloader boot = {0};
    struct ararext_block block;
    if (o->output == NULL) {
        return cli_error(cli, ARAREXT_ERR_ARGUMENT,
                         "-o FILE is missing: where the bootloader goes");
    }
    if (word == NULL && o->from == NULL) {
        int rc = cli_error(cli, ARAREXT_ERR_ARGUMENT,
                           "board make: name a board, or a bootloader with --from FILE");
        cli_advise(cli, "'ararext board list' names the boards");
        return rc;
    }
    int rc = word != NULL ? find_board(cli, word, &block) : ARAREXT_OK;
    if (rc == ARAREXT_OK && word != NULL) {
        rc = change(cli, o, &block);
    }
    if (rc == ARAREXT_OK) {
        rc = o->from != NULL ? bootloader_read(cli, o->from, &boot)
                             : bootloader_read_own(cli, o->output, &boot);
    }
    if (rc == ARAREXT_OK && word == NULL) {
        rc = find_start(cli, &boot, &block);
        rc = rc == ARAREXT_OK ? change(cli, o, &block) : rc;
    }
    if (rc == ARAREXT_OK) {
        rc = write_out(cli, o, &block, &boot);
    }
    free(boot.data);
    return rc;
}

/* ---- the command ---- */

/* Options are for 'make'. */
static bool has_options(const struct board_options *o)
{
    bool any = o->from != NULL || o->output != NULL;
    for (size_t i = 0; i < WORDS_MAX; i++) {
        any = any || o->words[i] != NULL;
    }
    return any;
}

static int run(struct cli *cli, int argc, char **argv)
{
    struct board_options o = {0};
    const struct cli_options options = {.own = OWN, .take = take, .ctx = &o, .min = 1, .max = 2};
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    const char *verb = argv[first], *word = first + 1 < argc ? argv[first + 1] : NULL;
    if (strcmp(verb, "make") == 0) {
        return make(cli, &o, word);
    }
    if (has_options(&o)) {
        return cli_error(cli, ARAREXT_ERR_ARGUMENT,
                         "board %s takes no options of its own: they are for 'board make'", verb);
    }
    if (strcmp(verb, "show") == 0) {
        return show(cli, word);
    }
    if (strcmp(verb, "list") == 0 && word == NULL) {
        board_list(cli);
        return ARAREXT_OK;
    }
    return cli_error(cli, ARAREXT_ERR_ARGUMENT,
                     "board: expected 'list', 'show [FILE]' or 'make BOARD -o FILE'");
}

const struct cli_command cmd_board = {
    .name = "board",
    .run = run,
    .summary = "Say which board the bootloader is for, without a compiler",
    .arguments = "list | show [FILE] | make [BOARD] -o FILE [OPTION...]",
    .help = "list names the boards that are known. show tells what a bootloader's file, a\n"
            "board's name or a .board file say; without FILE, what the board at the port\n"
            "runs with. make writes a bootloader for BOARD: a name, or a .board file; without\n"
            "it, what --from is for, changed by the options.\n\n"
            "Options of make:\n"
            "  -o, --output FILE    where the bootloader goes: ELF, HEX, SREC or BIN\n"
            "      --from FILE      the bootloader to change; else the one that came with\n"
            "                       ararext, in the format that -o is called like\n"
            "      --commands W     like usart1:pa9/pa10: USART, TX, RX\n"
            "      --log W          like usart3:pb10, or none\n"
            "      --button W       like pc13:low:pullup, pa0:high, or none\n"
            "      --led W          like pd12:high, or none\n"
            "      --driver-enable W\n"
            "                       of an RS-485 driver, like pa1:high, or none\n"
            "      --crystal F      like 25M, bypass:8M for a clock from outside, or none\n"
            "      --baud N         rate of the start\n"
            "      --window MS      after a reset wait that long for a host; 0 = do not\n"
            "      --name N         what the board is called, at most 15 characters\n",
    .example = "ararext board make black-f407ve -o bootloader.bin",
};
