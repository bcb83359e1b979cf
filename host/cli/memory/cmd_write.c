/* SPDX-License-Identifier: MIT */
/* ararext write: bytes into free SRAM, CCM or erased flash, checked by reading them back. */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "cli_connect.h"
#include "cli_document.h"
#include "cli_file.h"
#include "cli_options.h"
#include "cli_progress.h"

enum {
    OPT_HEX = OPT_OWN,
    OPT_NO_VERIFY,
    OPT_ANYTHING,
    WRITE_LEN_MAX = 0x00100000,
    HEX_LEN_MAX = 4096
};

struct write_options {
    const char *hex;
    bool no_verify, force;
};

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    struct write_options *o = ctx;
    (void)cli;
    if (code == OPT_HEX) {
        o->hex = value;
        return ARAREXT_OK;
    }
    if (code == OPT_NO_VERIFY) {
        o->no_verify = true;
        return ARAREXT_OK;
    }
    if (code == OPT_ANYTHING) {
        o->force = true;
        return ARAREXT_OK;
    }
    return ARAREXT_ERR_ARGUMENT; /* the table has no other */
}

static int get_bytes(struct cli *cli, const struct write_options *o, const char *path,
                     uint8_t **data, size_t *len)
{
    if (o->hex == NULL) {
        return cli_read_file(cli, path, WRITE_LEN_MAX, data, len);
    }
    uint8_t *bytes = malloc(HEX_LEN_MAX);
    if (bytes == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    *len = HEX_LEN_MAX;
    int rc = cli_hex(cli, o->hex, bytes, len);
    if (rc == ARAREXT_OK && *len == 0) {
        rc = cli_error(cli, ARAREXT_ERR_ARGUMENT, "write: no bytes given");
    }
    if (rc != ARAREXT_OK) {
        free(bytes);
        return rc;
    }
    *data = bytes;
    return ARAREXT_OK;
}

static int read_back(struct cli *cli, uint32_t addr, const uint8_t *data, size_t len)
{
    uint8_t *got = malloc(len);
    if (got == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    int rc = cli_session_error(cli, ararext_read_range(cli->session, NULL, addr, got, len));
    for (size_t i = 0; rc == ARAREXT_OK && i < len; i++) {
        if (got[i] != data[i]) {
            rc = cli_error(cli, ARAREXT_ERR_VERIFY,
                           "memory differs at 0x%08X: it holds %02X, should hold %02X",
                           (unsigned)(addr + i), got[i], data[i]);
        }
    }
    free(got);
    return rc;
}

/* A file at the place where applications begin is one, as for flash. */
static int check_vectors(struct cli *cli, const struct write_options *o,
                         const struct ararext_segment *bytes)
{
    const struct ararext_load load = {.format = ARAREXT_FORMAT_BIN, .bin_addr = bytes->addr};
    const struct cli_image_options options = {.load = load, .force = o->force};
    struct ararext_info info;
    struct ararext_image *image = NULL;
    int rc = cli_session_error(cli, ararext_get_info(cli->session, &info));
    if (rc != ARAREXT_OK || bytes->addr != info.app_base) {
        return rc;
    }
    rc = ararext_image_parse(&image, bytes, "", &load, NULL);
    if (rc == ARAREXT_OK) {
        rc = cli_check_image(cli, image, &info, &options);
        ararext_image_free(image);
    }
    return rc;
}

static int write_bytes(struct cli *cli, const struct write_options *o, uint32_t addr,
                       const uint8_t *data, size_t len)
{
    struct cli_progress progress;
    const struct ararext_flash_options options = {.progress = cli_progress_show, .ctx = &progress};
    const struct ararext_segment bytes = {.addr = addr, .len = (uint32_t)len, .data = data};
    int rc = cli_connect_bootloader(cli);
    if (rc == ARAREXT_OK && o->hex == NULL && addr >> 24 == ARAREXT_APP_BASE >> 24) {
        rc = check_vectors(cli, o, &bytes);
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    cli_progress_start(&progress, cli);
    rc = ararext_write_range(cli->session, len > 1024 ? &options : NULL, addr, data, len);
    cli_progress_end(&progress);
    rc = cli_session_error(cli, rc);
    if (rc == ARAREXT_OK && !o->no_verify) {
        rc = read_back(cli, addr, data, len);
    }
    if (rc == ARAREXT_OK) {
        cli_say(cli, "Wrote %zu bytes to 0x%08X%s.\n", len, (unsigned)addr,
                o->no_verify ? "" : " and read them back");
    }
    return rc;
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct option own[] = {
        {"hex", required_argument, NULL, OPT_HEX},
        {"no-verify", no_argument, NULL, OPT_NO_VERIFY},
        {"force", no_argument, NULL, OPT_ANYTHING},
        {0},
    };
    struct write_options o = {0};
    const struct cli_options options = {.own = own, .take = take, .ctx = &o, .min = 1, .max = 2};
    uint32_t addr = 0;
    uint8_t *data = NULL;
    size_t len = 0;
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    if ((argc - first == 2) == (o.hex != NULL)) {
        return cli_error(cli, ARAREXT_ERR_ARGUMENT, "write: give either a FILE or --hex BYTES");
    }
    rc = cli_number(cli, "address", argv[first], &addr);
    if (rc == ARAREXT_OK) {
        rc = get_bytes(cli, &o, argc - first == 2 ? argv[first + 1] : NULL, &data, &len);
    }
    if (rc == ARAREXT_OK) {
        json_addr(cli->doc, "address", addr);
        json_number(cli->doc, "length", (double)len);
        rc = write_bytes(cli, &o, addr, data, len);
        free(data);
    }
    return rc;
}

const struct cli_command cmd_write = {
    .name = "write",
    .run = run,
    .summary = "Write bytes to free SRAM, CCM or erased flash",
    .arguments = "ADDR FILE | ADDR --hex BYTES [OPTION...]",
    .help = "FILE is taken as it is (- is stdin); for applications use 'ararext flash'.\n\n"
            "Options:\n"
            "      --hex BYTES      bytes on the command line, like '01 02 FF'\n"
            "      --no-verify      do not read them back\n"
            "      --force          FILE at 0x08008000 need not begin like an application\n",
    .example = "ararext write 0x20004000 --hex '01 02'",
};
