/* SPDX-License-Identifier: MIT */
/* Ports and modem lines, before and without a session. */
#ifndef ARAREXT_CLI_LINES_H
#define ARAREXT_CLI_LINES_H

#include "cli.h"

/* The wiring that holds, into cli->wiring and cli->wired. ARGUMENT with the sentence set. */
ARAREXT_CHECKED int cli_find_wiring(struct cli *cli);
/* Where the port of that name is: a name without a slash that is no file here is one in /dev. */
void cli_port_path(const char *name, char *path, size_t size);
/* The port to take when none is named and none can be asked: the only USB adapter or twin, else the
 * only port there is. NO_PORT, MANY with the sentence set. */
ARAREXT_CHECKED int cli_only_port(struct cli *cli, char *path, size_t size);
/* Opens the port of that name. With --wait it is waited for; with a wiring the board is let go of:
 * opening asserts lines. path is what it was. */
ARAREXT_CHECKED int cli_open_transport(struct cli *cli, const char *name,
                                       struct ararext_transport *out, char path[256]);
/* The same with the port that settings name, or the only one there is. */
ARAREXT_CHECKED int cli_open_any_transport(struct cli *cli, struct ararext_transport *out,
                                           char path[256]);
/* What a person can do when a port could not be opened, by the error. */
void cli_advise_about_port(struct cli *cli, int code);
/* Resets the board by its line, without a session: for what needs no bootloader. *done is false
 * where there is no wiring; then nothing is opened. */
ARAREXT_CHECKED int cli_reset_by_lines(struct cli *cli, bool *done);

#endif
