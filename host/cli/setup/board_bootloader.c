/* SPDX-License-Identifier: MIT */
/*
 * The bootloader as a file: read, recognised by its board block, changed in place. The one that
 * comes with the tool is found beside the program: where the build puts it, and where it is
 * installed.
 */
#include "board_bootloader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli_file.h"

static const struct {
    const char *ending;
    const char *name; /* of the format, and of the file that comes with the tool */
    enum ararext_format format;
} ENDINGS[] = {
    {".bin", "bin", ARAREXT_FORMAT_BIN},    {".hex", "hex", ARAREXT_FORMAT_HEX},
    {".ihex", "hex", ARAREXT_FORMAT_HEX},   {".elf", "elf", ARAREXT_FORMAT_ELF},
    {".srec", "srec", ARAREXT_FORMAT_SREC}, {".s19", "srec", ARAREXT_FORMAT_SREC},
    {".s28", "srec", ARAREXT_FORMAT_SREC},  {".s37", "srec", ARAREXT_FORMAT_SREC},
    {".mot", "srec", ARAREXT_FORMAT_SREC},
};
enum { ENDING_COUNT = sizeof ENDINGS / sizeof ENDINGS[0] };

/* The row of a file's ending; -1 for another one. */
static int ending_of(const char *path)
{
    size_t len = strlen(path);
    for (int i = 0; i < (int)ENDING_COUNT; i++) {
        size_t n = strlen(ENDINGS[i].ending);
        if (len > n && strcasecmp(path + len - n, ENDINGS[i].ending) == 0) {
            return i;
        }
    }
    return -1;
}

static const char *format_name(enum ararext_format format)
{
    for (size_t i = 0; i < ENDING_COUNT; i++) {
        if (ENDINGS[i].format == format) {
            return ENDINGS[i].name;
        }
    }
    return "of a kind that holds no bootloader";
}

const char *bootloader_format(const struct bootloader *b)
{
    return format_name(b->format);
}

/* The block's bytes as the file has them. */
static int find_block(struct cli *cli, struct bootloader *b)
{
    struct ararext_image *image = NULL;
    struct ararext_message why = {""};
    const struct ararext_segment file = {.len = (uint32_t)b->len, .data = b->data};
    const struct ararext_load load = {.bin_addr = ARAREXT_BOOT_BASE};
    int rc = ararext_image_parse(&image, &file, cli_file_name(b->path), &load, &why);
    if (rc != ARAREXT_OK) {
        return why.text[0] == '\0' ? rc : cli_error(cli, rc, "%s", why.text);
    }
    b->format = ararext_image_format(image);
    ararext_image_get(image, ARAREXT_BLOCK_ADDR, b->block, sizeof b->block);
    ararext_image_free(image);
    if (memcmp(b->block, "ABRD", 4) != 0) {
        rc =
            cli_error(cli, ARAREXT_ERR_FORMAT,
                      "%s: there is no board block at 0x%08X: this is no bootloader of Ararext, or "
                      "one from before there were such blocks",
                      cli_file_name(b->path), ARAREXT_BLOCK_ADDR);
    }
    return rc;
}

int bootloader_read(struct cli *cli, const char *path, struct bootloader *out)
{
    *out = (struct bootloader){0};
    snprintf(out->path, sizeof out->path, "%s", path);
    int rc = cli_read_file(cli, path, CLI_FILE_MAX, &out->data, &out->len);
    return rc == ARAREXT_OK ? find_block(cli, out) : rc;
}

/* Where the program lies, with the slash; "" if the system does not tell. */
static void find_program(char *dir, size_t size)
{
    ssize_t n = readlink("/proc/self/exe", dir, size - 1);
    dir[n > 0 ? n : 0] = '\0';
    char *slash = strrchr(dir, '/');
    *(slash != NULL ? slash + 1 : dir) = '\0';
}

int bootloader_read_own(struct cli *cli, const char *output, struct bootloader *out)
{
    static const char *const places[] = {"firmware/", "../share/ararext/"};
    char dir[2048], path[4096];
    int ending = ending_of(output);
    *out = (struct bootloader){0};
    find_program(dir, sizeof dir);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        snprintf(path, sizeof path, "%s%sararext.%s", dir, places[i],
                 ending >= 0 ? ENDINGS[ending].name : "bin");
        if (access(path, R_OK) == 0) {
            return bootloader_read(cli, path, out);
        }
    }
    int rc = cli_error(cli, ARAREXT_ERR_FILE,
                       "the bootloader that comes with ararext is not there (%s)", path);
    cli_advise(cli, "name the one to change with --from FILE");
    return rc;
}

int bootloader_check_name(struct cli *cli, const struct bootloader *b, const char *output)
{
    int ending = ending_of(output);
    if (ending < 0 || ENDINGS[ending].format == b->format) {
        return ARAREXT_OK;
    }
    return cli_error(cli, ARAREXT_ERR_ARGUMENT,
                     "%s is %s, and so is what is made of it: the name %s would say otherwise",
                     cli_file_name(b->path), bootloader_format(b), output);
}

int bootloader_patch(struct cli *cli, struct bootloader *b, const struct ararext_block *block)
{
    struct ararext_message why = {""};
    uint8_t bytes[ARAREXT_BLOCK_SIZE];
    const struct ararext_patch patch = {.format = b->format,
                                        .base = ARAREXT_BOOT_BASE,
                                        .addr = ARAREXT_BLOCK_ADDR,
                                        .bytes = bytes,
                                        .len = sizeof bytes};
    ararext_block_encode(block, bytes);
    int rc = ararext_file_patch(b->data, b->len, &patch, &why);
    return rc == ARAREXT_OK || why.text[0] == '\0'
               ? rc
               : cli_error(cli, rc, "%s: %.400s", cli_file_name(b->path), why.text);
}
