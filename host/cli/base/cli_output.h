/* SPDX-License-Identifier: MIT */
/* The end of a command: its failure, its document, its exit status. What every command prints with
 * is in cli.h. */
#ifndef ARAREXT_CLI_OUTPUT_H
#define ARAREXT_CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "cli.h"

/* Text with its control characters, and what is no UTF-8, written as \n or \x1B. */
void cli_put_escaped(FILE *to, const char *text);
/* The same into out, cut off where that ends. size is at least 1. */
void cli_escape(const char *text, char *out, size_t size);
/* Whether stderr is a terminal that knows escapes: no TERM=dumb. */
bool cli_can_draw(void);

/* Exit status of a code. */
int cli_exit_status(int code);
/* The failure, as it stands in the document. */
void cli_document_error(const struct cli *cli, cJSON *doc, int code);
/* Prints the failure (or the document) and returns the exit status. */
int cli_finish(struct cli *cli, int code);

#endif
