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
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "cli_document.h"
#include "cli_options.h"

static const struct {
    const char *word, *name;
    enum ararext_format format;
} FORMATS[] = {
    {"elf", "ELF", ARAREXT_FORMAT_ELF},
    {"hex", "Intel HEX", ARAREXT_FORMAT_HEX},
    {"srec", "S-record", ARAREXT_FORMAT_SREC},
    {"bin", "binary", ARAREXT_FORMAT_BIN},
};

static int take_format(struct cli *cli, struct cli_image_options *o, const char *value)
{
    for (size_t i = 0; i < sizeof FORMATS / sizeof FORMATS[0]; i++) {
        if (strcasecmp(value, FORMATS[i].word) == 0) {
            o->load.format = FORMATS[i].format;
            return ARAREXT_OK;
        }
    }
    return cli_error(cli, ARAREXT_ERR_ARGUMENT, "format '%s': expected elf, hex, srec or bin",
                     value);
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
    int rc = cli_number(cli, "address", value, &o->load.bin_addr);
    if (rc == ARAREXT_OK && o->load.bin_addr == 0) {
        rc = cli_error(cli, ARAREXT_ERR_ARGUMENT, "address 0: nothing can be flashed there");
    }
    return rc;
}

int cli_load_image(struct cli *cli, const char *path, const struct cli_image_options *o,
                   struct ararext_image **out)
{
    struct ararext_message why = {""};
    int rc = ararext_image_load(out, path, &o->load, &why);
    if (rc != ARAREXT_OK) {
        return why.text[0] != '\0' ? cli_error(cli, rc, "%s", why.text) : rc;
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
        cli_say(cli, "forced: %s; the bootloader will not start it\n", why.text);
    }
    return rc;
}

int cli_read_file(struct cli *cli, const char *path, size_t max, uint8_t **out, size_t *len)
{
    bool standard = strcmp(path, "-") == 0;
    FILE *f = standard ? stdin : fopen(path, "rb");
    if (f == NULL) {
        return cli_error(cli, ARAREXT_ERR_FILE, "%s: %s", path, strerror(errno));
    }
    int rc = ARAREXT_OK;
    uint8_t *data = malloc(max + 1);
    if (data == NULL) {
        rc = ARAREXT_ERR_MEMORY;
    } else {
        *len = fread(data, 1, max + 1, f);
        if (ferror(f)) {
            rc = cli_error(cli, ARAREXT_ERR_FILE, "%s: cannot be read", path);
        } else if (*len > max) {
            rc = cli_error(cli, ARAREXT_ERR_FORMAT, "%s: longer than %zu bytes", path, max);
        } else if (*len == 0) {
            rc = cli_error(cli, ARAREXT_ERR_FORMAT, "%s: is empty", path);
        }
    }
    if (!standard) {
        fclose(f);
    }
    if (rc != ARAREXT_OK) {
        free(data);
        return rc;
    }
    *out = data;
    return ARAREXT_OK;
}

int cli_open_output(struct cli *cli, const char *path, struct cli_output *out)
{
    *out = (struct cli_output){.path = path};
    if (strcmp(path, "-") == 0) {
        out->file = stdout;
        return ARAREXT_OK;
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    out->created = fd >= 0;
    if (fd < 0) {
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    }
    out->file = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (out->file == NULL) {
        int rc = cli_error(cli, ARAREXT_ERR_FILE, "%s: %s", path, strerror(errno));
        if (fd >= 0) {
            close(fd);
        }
        return rc;
    }
    return ARAREXT_OK;
}

/* What was in it goes only now. A device has no length to cut. */
static bool make_empty(FILE *f)
{
    struct stat st;
    return fstat(fileno(f), &st) == 0 && (!S_ISREG(st.st_mode) || ftruncate(fileno(f), 0) == 0);
}

int cli_write_output(struct cli *cli, struct cli_output *out, const uint8_t *data, size_t len)
{
    bool standard = out->file == stdout;
    bool good = (standard || make_empty(out->file)) && fwrite(data, 1, len, out->file) == len;
    good = (standard ? fflush(out->file) : fclose(out->file)) == 0 && good;
    out->file = NULL;
    return good ? ARAREXT_OK
                : cli_error(cli, ARAREXT_ERR_FILE, "%s: cannot be written: %s", out->path,
                            strerror(errno));
}

void cli_discard_output(struct cli_output *out)
{
    if (out->file != NULL && out->file != stdout) {
        fclose(out->file);
        if (out->created) {
            (void)unlink(out->path);
        }
    }
    out->file = NULL;
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
