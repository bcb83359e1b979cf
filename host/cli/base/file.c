/* SPDX-License-Identifier: MIT */
/*
 * Files of the tool: images with the options that go with them, and plain bytes.
 */
#include "cli_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli.h"
#include "cli_confirm.h"
#include "cli_document.h"
#include "cli_options.h"

static const struct {
    const char *word, *name;
    enum ararext_format format;
} FORMATS[] = {
    {"elf", "ELF", ARAREXT_FORMAT_ELF},        {"hex", "Intel HEX", ARAREXT_FORMAT_HEX},
    {"srec", "S-record", ARAREXT_FORMAT_SREC}, {"bin", "binary", ARAREXT_FORMAT_BIN},
    {"uf2", "UF2", ARAREXT_FORMAT_UF2},        {"dfuse", "DfuSe", ARAREXT_FORMAT_DFUSE},
};

/* Bytes of a file: len of room so far. */
struct cli_bytes {
    uint8_t *data;
    size_t len, room;
};

static int take_format(struct cli *cli, struct cli_image_options *o, const char *value)
{
    for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++) {
        if (strcasecmp(value, FORMATS[i].word) == 0) {
            o->load.format = FORMATS[i].format;
            return ARAREXT_OK;
        }
    }
    return cli_error(cli, ARAREXT_ERR_ARGUMENT,
                     "format '%s': expected elf, hex, srec, bin, uf2 or dfuse", value);
}

int cli_take_image_option(struct cli *cli, struct cli_image_options *o, int code, const char *value)
{
    if (code == OPT_FORMAT) {
        return take_format(cli, o, value);
    }
    if (code == OPT_FORCE) {
        o->force = true;
        return ARAREXT_OK;
    }
    if (code == OPT_SKIP_BOOTLOADER) {
        o->load.skip_bootloader = true;
        return ARAREXT_OK;
    }
    int rc = cli_number(cli, "address", value, &o->load.bin_addr);
    if (rc == ARAREXT_OK && o->load.bin_addr == 0) {
        rc = cli_error(cli, ARAREXT_ERR_ARGUMENT, "address 0: nothing can be flashed there");
    }
    return rc;
}

int cli_load_image(struct cli *cli, const char *path, const struct cli_image_options *o,
                   struct ararext_image **out)
{
    uint8_t *data = NULL;
    size_t len = 0;
    int rc = cli_read_file(cli, path, CLI_FILE_MAX, &data, &len);
    if (rc == ARAREXT_OK) {
        const struct ararext_segment file = {.len = (uint32_t)len, .data = data};
        rc = cli_parse_image(cli, path, &file, o, out);
        free(data);
    }
    return rc;
}

int cli_parse_image(struct cli *cli, const char *path, const struct ararext_segment *file,
                    const struct cli_image_options *o, struct ararext_image **out)
{
    struct ararext_message why = {""};
    path = cli_file_name(path);
    int rc = ararext_image_parse(out, file, path, &o->load, &why);
    if (rc != ARAREXT_OK) {
        return why.text[0] == '\0' ? rc : cli_error(cli, rc, "%s", why.text);
    }
    const char *format = "";
    for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++) {
        format = FORMATS[i].format == ararext_image_format(*out) ? FORMATS[i].name : format;
    }
    if (o->load.bin_addr != 0 && ararext_image_format(*out) != ARAREXT_FORMAT_BIN) {
        ararext_image_free(*out);
        return cli_error(cli, ARAREXT_ERR_ARGUMENT,
                         "%s is %s and has its own addresses: --address is for binary files", path,
                         format);
    }
    json_string(cli->doc, "file", path);
    json_string(cli->doc, "format", format);
    json_number(cli->doc, "image_bytes", ararext_image_size(*out));
    cJSON *segments = cJSON_AddArrayToObject(cli->doc, "segments");
    cli_say(cli, "%s: %s, %u bytes", path, format, (unsigned)ararext_image_size(*out));
    for (size_t i = 0; i < ararext_image_segment_count(*out); i++) {
        struct ararext_segment seg = ararext_image_segment(*out, i);
        cJSON *item = cJSON_CreateObject();
        json_addr(item, "address", seg.addr);
        json_number(item, "length", seg.len);
        cJSON_AddItemToArray(segments, item);
        if (i < 4) {
            cli_say(cli, ", 0x%08X-0x%08X", (unsigned)seg.addr, (unsigned)(seg.addr + seg.len - 1));
        }
    }
    cli_say(cli, ararext_image_segment_count(*out) > 4 ? ", ...\n" : "\n");
    return ARAREXT_OK;
}

int cli_check_image(struct cli *cli, const struct ararext_image *image,
                    const struct ararext_info *info, const struct cli_image_options *o)
{
    struct ararext_message why = {""};
    int rc = ararext_image_check(image, info, o->force, &why);
    if (rc != ARAREXT_OK) {
        rc = cli_error(cli, rc, "%s", why.text);
        cli_advise(cli, "the board was not changed");
    } else if (o->force && ararext_image_check(image, info, false, &why) != ARAREXT_OK) {
        cli_say(cli, "forced: %s\n", why.text);
    }
    return rc;
}

const char *cli_file_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

/* All of it without a buffer of stdio's, which would keep a copy of a secret. No read waits: a
 * signal that comes just before it would be lost. */
static int read_all(struct cli *cli, int fd, const char *name, struct cli_bytes *out)
{
    while (out->len < out->room) {
        if (!cli_wait_readable(fd)) {
            return ARAREXT_ERR_INTERRUPTED;
        }
        ssize_t n = read(fd, out->data + out->len, out->room - out->len);
        if (n == 0) {
            return ARAREXT_OK;
        }
        if (n < 0 && errno != EINTR && errno != EAGAIN) {
            return cli_error(cli, ARAREXT_ERR_FILE, "%s: %s", name, strerror(errno));
        }
        out->len += n > 0 ? (size_t)n : 0;
    }
    return cli_error(cli, ARAREXT_ERR_FORMAT, "%s: longer than %zu bytes", name, out->room - 1);
}

int cli_read_file(struct cli *cli, const char *path, size_t max, uint8_t **out, size_t *len)
{
    const char *name = cli_file_name(path);
    bool standard = strcmp(path, "-") == 0;
    struct cli_bytes bytes = {.data = malloc(max + 1), .room = max + 1};
    /* The opening of a pipe would wait for its writer; reading does that, too. */
    int fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    int rc = ARAREXT_OK;
    if (fd < 0) {
        rc = cli_error(cli, ARAREXT_ERR_FILE, "%s: %s", name, strerror(errno));
    } else if (bytes.data == NULL) {
        rc = ARAREXT_ERR_MEMORY;
    } else {
        rc = read_all(cli, fd, name, &bytes);
    }
    if (rc == ARAREXT_OK && bytes.len == 0) {
        rc = cli_error(cli, ARAREXT_ERR_FORMAT, "%s: the file is empty", name);
    }
    if (!standard && fd >= 0) {
        close(fd);
    }
    if (rc != ARAREXT_OK) {
        if (bytes.data != NULL) {
            explicit_bzero(bytes.data, bytes.len);
        }
        free(bytes.data);
        return rc;
    }
    *out = bytes.data;
    *len = bytes.len;
    return ARAREXT_OK;
}

int cli_verify_error(struct cli *cli, const struct ararext_flash_result *r)
{
    if (r->bad_want == r->bad_got) {
        return cli_error(
            cli, ARAREXT_ERR_VERIFY,
            "the CRC over flash from 0x%08X differs, yet every byte reads as it should",
            (unsigned)r->bad_addr);
    }
    return cli_error(cli, ARAREXT_ERR_VERIFY,
                     "flash differs at 0x%08X: it holds %02X, should hold %02X",
                     (unsigned)r->bad_addr, r->bad_got, r->bad_want);
}
