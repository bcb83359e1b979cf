/* SPDX-License-Identifier: MIT */
/* A file with the bootloader in it, and its board block. */
#ifndef ARAREXT_CLI_BOARD_BOOTLOADER_H
#define ARAREXT_CLI_BOARD_BOOTLOADER_H

#include "ararext_board.h"
#include "cli.h"

struct bootloader {
    char path[4096];
    uint8_t *data; /* owned: free() */
    size_t len;
    enum ararext_format format;
    uint8_t block[ARAREXT_BLOCK_SIZE]; /* as it stands there, whether it checks or not */
};

/* Reads it. FORMAT for a file that holds no bootloader of Ararext, or none with a block. */
ARAREXT_CHECKED int bootloader_read(struct cli *cli, const char *path, struct bootloader *out);
/* The one that came with the tool, in the format that output's ending says (BIN for none). */
ARAREXT_CHECKED int bootloader_read_own(struct cli *cli, const char *output,
                                        struct bootloader *out);
/* Whether the output is called like another format than the bootloader has. */
ARAREXT_CHECKED int bootloader_check_name(struct cli *cli, const struct bootloader *b,
                                          const char *output);
/* "bin", "hex", ... */
const char *bootloader_format(const struct bootloader *b);
/* Puts another block in. */
ARAREXT_CHECKED int bootloader_patch(struct cli *cli, struct bootloader *b,
                                     const struct ararext_block *block);

#endif
