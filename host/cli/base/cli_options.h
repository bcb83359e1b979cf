/* SPDX-License-Identifier: MIT */
/* What stands on the command line: options, numbers, bytes. */
#ifndef ARAREXT_CLI_OPTIONS_H
#define ARAREXT_CLI_OPTIONS_H

#include <getopt.h>
#include <stddef.h>
#include <stdint.h>

#include "cli.h"

/* Takes one option of the command's own; code is struct option's val, one of the table. -y and -o
 * come as --yes and --output, where the table has those. Returns an error code. */
typedef int cli_option_fn(struct cli *cli, void *ctx, int code, const char *value);
struct cli_options {
    const struct option *own; /* ends with zeros; NULL if there are none. vals from 256 on */
    cli_option_fn *take;      /* NULL if there are none */
    void *ctx;
    int min, max; /* number of arguments that are no options */
};
/* Parses argv with the command's own and the global options, and permutes it: *first is the index
 * of the first argument that is none. ARGUMENT with the sentence set. With --help, cli->help is
 * true. */
ARAREXT_CHECKED int cli_parse(struct cli *cli, int argc, char **argv,
                              const struct cli_options *options, int *first);
/* The global options before the command's name; *first is the index of that. */
ARAREXT_CHECKED int cli_parse_globals(struct cli *cli, int argc, char **argv, int *first);
extern const char CLI_GLOBAL_HELP[];    /* the help of the tool: what each is for */
extern const char CLI_GLOBAL_SUMMARY[]; /* the help of a command: their names */

/* The value of --baud: a rate, or auto. ARGUMENT with the sentence set. */
ARAREXT_CHECKED int cli_take_baud(struct cli *cli, const char *value);
/* Numbers as a person writes them: decimal, 0x hexadecimal, K and M for KiB and MiB. ARGUMENT with
 * the sentence set; what names the thing in it. */
ARAREXT_CHECKED int cli_number(struct cli *cli, const char *what, const char *text, uint32_t *out);
/* A time to wait: 1 s to a day. option is how the sentence begins where it is not. */
ARAREXT_CHECKED int cli_seconds(struct cli *cli, const char *option, const char *text,
                                uint32_t *out);
/* "4D 42:43" to bytes. *len is the room and then the number of bytes. */
ARAREXT_CHECKED int cli_hex(struct cli *cli, const char *text, uint8_t *out, size_t *len);
/* "2", "2-5", "2..5", "2,4-6" to bits; sectors from 0 to 15. */
ARAREXT_CHECKED int cli_sectors(struct cli *cli, const char *text, uint16_t *bits);

#endif
