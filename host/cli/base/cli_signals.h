/* SPDX-License-Identifier: MIT */
/* Ctrl-C and friends, and the terminal that is put back. */
#ifndef ARAREXT_CLI_SIGNALS_H
#define ARAREXT_CLI_SIGNALS_H

#include <stdbool.h>

#include "ararext.h"

void cli_catch_signals(void);
/* The first signal that came (SIGINT, SIGTERM, SIGHUP), 0 if none did. */
int cli_signal(void);
bool cli_stop(void *unused); /* for ararext_options.stop */
/* Gives stdin's terminal other settings, and puts back what it had: the latter also happens when a
 * second signal ends the process. */
struct termios;
ARAREXT_CHECKED bool cli_change_terminal(const struct termios *settings);
void cli_restore_terminal(void);

#endif
