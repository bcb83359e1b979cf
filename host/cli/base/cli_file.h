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
enum { OPT_ADDRESS = 256, OPT_FORMAT, OPT_FORCE, OPT_SKIP_BOOTLOADER, OPT_OWN };
enum { CLI_FILE_MAX = 16 * 1024 * 1024 };
#define CLI_IMAGE_OPTIONS                                                                          \
    {"address", required_argument, NULL, OPT_ADDRESS},                                             \
        {"format", required_argument, NULL, OPT_FORMAT},                                           \
        {"skip-bootloader", no_argument, NULL, OPT_SKIP_BOOTLOADER},                               \
    {                                                                                              \
        "force", no_argument, NULL, OPT_FORCE                                                      \
    }
#define CLI_IMAGE_HELP                                                                             \
    "      --address ADDR   where a binary file goes (default 0x08008000)\n"                       \
    "      --format F       elf, hex, srec, bin, uf2 or dfuse; else found out from\n"              \
    "                       the content\n"                                                         \
    "      --skip-bootloader\n"                                                                    \
    "                       of a file with a bootloader in it take the rest\n"                     \
    "      --force          skip one check: that the image starts with the vector\n"               \
    "                       table of an application. The range is always checked\n"
/* Loads a file ("-" is stdin) and tells about it in the document. */
ARAREXT_CHECKED int cli_load_image(struct cli *cli, const char *path,
                                   const struct cli_image_options *o, struct ararext_image **out);
/* The same with what is read already. */
ARAREXT_CHECKED int cli_parse_image(struct cli *cli, const char *path,
                                    const struct ararext_segment *file,
                                    const struct cli_image_options *o, struct ararext_image **out);
/* Checks it against the board. */
ARAREXT_CHECKED int cli_check_image(struct cli *cli, const struct ararext_image *image,
                                    const struct ararext_info *info,
                                    const struct cli_image_options *o);
/* "-" is standard input; a name for sentences. */
const char *cli_file_name(const char *path);
/* Reads a whole file of at most max bytes; "-" is stdin. *out is freed with free(). FORMAT for an
 * empty one. No other copy of what was in it is left. */
ARAREXT_CHECKED int cli_read_file(struct cli *cli, const char *path, size_t max, uint8_t **out,
                                  size_t *len);
/* The sentence of a VERIFY failure. */
int cli_verify_error(struct cli *cli, const struct ararext_flash_result *r);

#endif
