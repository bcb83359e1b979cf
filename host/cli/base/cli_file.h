/* SPDX-License-Identifier: MIT */
/* Files: images in, whole files in and out. */
#ifndef ARAREXT_CLI_FILE_H
#define ARAREXT_CLI_FILE_H

#include <getopt.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "cli.h"

/* Options that flash and verify share. */
struct cli_image_options {
    struct ararext_load load;
    bool force; /* any content */
};
/* Takes an option of the image group (CLI_IMAGE_OPTIONS); see cli_option_fn. */
int cli_take_image_option(struct cli *cli, struct cli_image_options *o, int code,
                          const char *value);
enum { OPT_ADDRESS = 256, OPT_FORMAT, OPT_FORCE, OPT_OWN };
#define CLI_IMAGE_OPTIONS                                                                          \
    {"address", required_argument, NULL, OPT_ADDRESS},                                             \
        {"format", required_argument, NULL, OPT_FORMAT},                                           \
    {                                                                                              \
        "force", no_argument, NULL, OPT_FORCE                                                      \
    }
#define CLI_IMAGE_HELP                                                                             \
    "      --address ADDR   where a binary file goes (default 0x08008000)\n"                       \
    "      --format F       elf, hex, srec or bin; else found out from the content\n"              \
    "      --force          skip one check: that the image starts with a plausible\n"              \
    "                       vector table. The range is always checked\n"
/* Loads a file and tells about it in the document. */
ARAREXT_CHECKED int cli_load_image(struct cli *cli, const char *path,
                                   const struct cli_image_options *o, struct ararext_image **out);
/* Checks it against the board. */
ARAREXT_CHECKED int cli_check_image(struct cli *cli, const struct ararext_image *image,
                                    const struct ararext_info *info,
                                    const struct cli_image_options *o);
/* Reads a whole file of at most max bytes; "-" is stdin. *out is freed with free(). */
ARAREXT_CHECKED int cli_read_file(struct cli *cli, const char *path, size_t max, uint8_t **out,
                                  size_t *len);
/* A file that will be written as a whole, or not at all: what it held stays until then. */
struct cli_output {
    const char *path;
    FILE *file;   /* NULL = none */
    bool created; /* it was not there before */
};
/* Opens path, which is kept; "-" is stdout. FILE with the sentence set. */
ARAREXT_CHECKED int cli_open_output(struct cli *cli, const char *path, struct cli_output *out);
/* Writes data in place of what it held, and closes it. */
ARAREXT_CHECKED int cli_write_output(struct cli *cli, struct cli_output *out, const uint8_t *data,
                                     size_t len);
/* Closes it unwritten, if it is open. */
void cli_discard_output(struct cli_output *out);
/* The sentence of a VERIFY failure. */
int cli_verify_error(struct cli *cli, const struct ararext_flash_result *r);

#endif
