/* SPDX-License-Identifier: MIT */
/* What a person at the terminal is asked. */
#ifndef ARAREXT_CLI_CONFIRM_H
#define ARAREXT_CLI_CONFIRM_H

#include "cli.h"

/* Says what will happen; goes on with --yes or when the word is typed at a terminal. DECLINED. */
ARAREXT_CHECKED int cli_confirm(struct cli *cli, const char *what, const char *word, bool yes);
/* Waits until there is something to read, or the end, or a signal, also one that came just before:
 * then false. A pipe that nobody has opened for writing yet is waited for, too. */
bool cli_wait_readable(int fd);
/* Asks at the terminal that stdin is; *yes when the word was typed. INTERRUPTED. */
ARAREXT_CHECKED int cli_ask(const char *question, const char *word, bool *yes);

#endif
