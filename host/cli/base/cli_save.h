/* SPDX-License-Identifier: MIT */
/* Files that the tool writes. */
#ifndef ARAREXT_CLI_SAVE_H
#define ARAREXT_CLI_SAVE_H

#include "cli.h"

enum { CLI_PATH_MAX = 4096 };
enum cli_output_kind {
    CLI_OUTPUT_NONE,
    CLI_OUTPUT_STANDARD,
    CLI_OUTPUT_DEVICE,
    CLI_OUTPUT_FILE,
};
/* A file that will be written as a whole, or not at all: what it held stays until then. */
struct cli_output {
    const char *path;
    enum cli_output_kind kind;
    int fd;                    /* of a device */
    unsigned mode;             /* of the file that is there; 0 = there is none */
    char target[CLI_PATH_MAX]; /* where path leads to */
};
/* "-", or another way to say it: /dev/stdout, say. */
bool cli_is_stdout(const char *path);
/* Makes sure that path can be written, and changes nothing; "-" is stdout. FILE with the sentence
 * set. */
ARAREXT_CHECKED int cli_open_output(struct cli *cli, const char *path, struct cli_output *out);
/* Writes data in place of what it held. FILE: it still holds that. */
ARAREXT_CHECKED int cli_write_output(struct cli *cli, struct cli_output *out, const uint8_t *data,
                                     size_t len);
/* A file that must not be there yet, with these permissions: all of data, or no such file. FILE. */
ARAREXT_CHECKED int cli_write_new(struct cli *cli, const char *path, unsigned mode,
                                  const uint8_t *data, size_t len);
/* Forgets it, written or not. */
void cli_discard_output(struct cli_output *out);

#endif
