/* SPDX-License-Identifier: MIT */
/* From the options to a session with a board. */
#ifndef ARAREXT_CLI_CONNECT_H
#define ARAREXT_CLI_CONNECT_H

#include "cli.h"

/* Opens the port (named, or found by asking every port) and starts a session. */
ARAREXT_CHECKED int cli_open(struct cli *cli, enum ararext_dialect dialect);
/* The same, and makes sure that a bootloader answers. */
ARAREXT_CHECKED int cli_connect(struct cli *cli);
/* The same, and asks what the board is. A running application that answers is asked to make room.
 */
ARAREXT_CHECKED int cli_connect_info(struct cli *cli, struct ararext_info *info);

/* The same, for commands that need not know. */
ARAREXT_CHECKED int cli_connect_bootloader(struct cli *cli);
/* At the end of a command: an application that made room is started again, unless the command
 * failed or was told to stay; the rate goes back. Returns code. */
int cli_let_go(struct cli *cli, int code);

/* For commands that move much: before connecting, a --baud above 115200 becomes the limit of what
 * is negotiated; after it, the rate is raised. */
void cli_prepare_baud(struct cli *cli);
ARAREXT_CHECKED int cli_raise_baud(struct cli *cli);

/* Asks a port once for a board in the bootloader; false if there is none. Sets no failure. */
bool cli_ask_port(struct cli *cli, const char *path, struct ararext_info *info);
/* Whether a board has that unique ID, written in hexadecimal. */
bool cli_is_uid(const struct ararext_info *info, const char *uid);
/* Starts what the board would start by itself: by its modem lines where it has a wiring, else by
 * RESET. */
ARAREXT_CHECKED int cli_start(struct cli *cli);

#endif
