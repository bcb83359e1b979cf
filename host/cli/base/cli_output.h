/* SPDX-License-Identifier: MIT */
/* The end of a command: its failure, its document, its exit status. What every command prints with
 * is in cli.h. */
#ifndef ARAREXT_CLI_OUTPUT_H
#define ARAREXT_CLI_OUTPUT_H

#include "cli.h"

/* Exit status of a code. */
int cli_exit_status(int code);
/* The failure, as it stands in the document. */
void cli_document_error(const struct cli *cli, cJSON *doc, int code);
/* Prints the failure (or the document) and returns the exit status. */
int cli_finish(struct cli *cli, int code);

#endif
