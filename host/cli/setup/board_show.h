/* SPDX-License-Identifier: MIT */
/* What a board is like, for people and in the document. */
#ifndef ARAREXT_CLI_BOARD_SHOW_H
#define ARAREXT_CLI_BOARD_SHOW_H

#include "ararext_board.h"
#include "cli.h"

/* Each of its words in a line, and in the object. */
void board_show(const struct cli *cli, cJSON *doc, const struct ararext_block *block);
/* The words alone, into the object. */
void board_document(cJSON *doc, const struct ararext_block *block);
/* The presets, with --json all about each. */
void board_list(const struct cli *cli);

#endif
