/* SPDX-License-Identifier: MIT */
/*
 * ararext raw: one request with any command and payload, in either dialect, sent once and checked
 * for nothing. For trying out the protocol; the board's own checks are all there is.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>

#include "cli_connect.h"
#include "cli_document.h"
#include "cli_file.h"
#include "cli_options.h"

enum { OPT_COURSE = OPT_OWN, OPT_TIMEOUT };

struct raw_options {
    bool course;
    uint32_t timeout_ms;
};

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    struct raw_options *o = ctx;
    if (code == OPT_COURSE) {
        o->course = true;
        return ARAREXT_OK;
    }
    if (code == OPT_TIMEOUT) {
        int rc = cli_number(cli, "timeout", value, &o->timeout_ms);
        return rc == ARAREXT_OK && (o->timeout_ms == 0 || o->timeout_ms > 600000)
                   ? cli_error(cli, ARAREXT_ERR_ARGUMENT,
                               "timeout %s: has to be between 1 and 600000 ms", value)
                   : rc;
    }
    return ARAREXT_ERR_ARGUMENT; /* the table has no other */
}

static int take_command(struct cli *cli, const char *text, uint8_t *out)
{
    uint8_t byte = 0;
    size_t len = 1;
    int code = ararext_command_code(text);
    if (code >= 0) {
        *out = (uint8_t)code;
        return ARAREXT_OK;
    }
    if (cli_hex(cli, text[0] == '0' && text[1] == 'x' ? text + 2 : text, &byte, &len) !=
            ARAREXT_OK ||
        len != 1) {
        return cli_error(cli, ARAREXT_ERR_ARGUMENT,
                         "command '%s': expected a name like MEM_READ or a code like 59", text);
    }
    *out = byte;
    return ARAREXT_OK;
}

static int take_payload(struct cli *cli, int count, char **words, uint8_t payload[],
                        size_t *payload_len)
{
    size_t used = 0;
    for (int i = 0; i < count; i++) {
        size_t len = ARAREXT_PAYLOAD_MAX - used;
        int rc = cli_hex(cli, words[i], payload + used, &len);
        if (rc != ARAREXT_OK) {
            return rc;
        }
        used += len;
    }
    *payload_len = used;
    return ARAREXT_OK;
}

static const char *course_status(const struct ararext_raw *raw)
{
    static const char *const TEXTS[] = {"success", "error", "busy", "time-out", "invalid sector"};
    switch (raw->command) {
    case ARAREXT_GO_TO_ADDR:
    case ARAREXT_FLASH_ERASE:
    case ARAREXT_MEM_WRITE:
    case ARAREXT_EN_RW_PROTECT:
    case ARAREXT_DIS_R_W_PROTECT:
    case ARAREXT_RESET:
        break;
    default:
        return NULL;
    }
    if (raw->dialect != ARAREXT_COURSE || raw->data_len != 1) {
        return NULL;
    }
    return raw->data[0] < sizeof TEXTS / sizeof TEXTS[0] ? TEXTS[raw->data[0]] : "unknown";
}

static int show(struct cli *cli, const struct ararext_raw *raw)
{
    const char *status = course_status(raw);
    json_hex(cli->doc, "data", raw->data, raw->data_len);
    for (size_t i = 0; i < raw->data_len; i++) {
        cli_print(cli, i == 0 ? "%02X" : " %02X", raw->data[i]);
    }
    cli_print(cli, "%s%s\n", status != NULL ? "  " : "", status != NULL ? status : "");
    if (status != NULL && raw->data[0] != 0) {
        json_string(cli->doc, "status", status);
        return cli_error(cli, ARAREXT_ERR_REFUSED, "the board answered status %u: %s", raw->data[0],
                         status);
    }
    return ARAREXT_OK;
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct option own[] = {
        {"course", no_argument, NULL, OPT_COURSE},
        {"timeout", required_argument, NULL, OPT_TIMEOUT},
        {0},
    };
    struct raw_options o = {0};
    const struct cli_options options = {
        .own = own, .take = take, .ctx = &o, .min = 1, .max = 1 + (int)ARAREXT_PAYLOAD_MAX};
    uint8_t payload[ARAREXT_PAYLOAD_MAX];
    struct ararext_raw raw = {.payload = payload};
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    raw.dialect = o.course ? ARAREXT_COURSE : ARAREXT_NATIVE;
    raw.timeout_ms = o.timeout_ms;
    rc = take_command(cli, argv[first], &raw.command);
    if (rc == ARAREXT_OK) {
        rc = take_payload(cli, argc - first - 1, argv + first + 1, payload, &raw.payload_len);
    }
    if (rc == ARAREXT_OK) {
        rc = cli_open(cli, raw.dialect);
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    rc = ararext_raw(cli->session, &raw);
    if (rc == ARAREXT_ERR_ARGUMENT) {
        return cli_error(cli, rc, "raw: %zu bytes of payload do not fit a frame of this dialect",
                         raw.payload_len);
    }
    if (rc != ARAREXT_OK) {
        rc = cli_session_error(cli, rc);
        if (rc == ARAREXT_ERR_REFUSED && raw.command != ARAREXT_GET_LAST_ERROR) {
            cli_advise(cli, "'ararext raw %sGET_LAST_ERROR' tells why",
                       o.course ? "--course " : "");
        }
        return rc;
    }
    return show(cli, &raw);
}

const struct cli_command cmd_raw = {
    .name = "raw",
    .run = run,
    .summary = "Send one request as it is, in either dialect",
    .arguments = "COMMAND [HEX...] [OPTION...]",
    .help = "COMMAND is a name like MEM_READ or a code like 59, HEX the payload, like\n"
            "'00 80 00 08 10'. Nothing is checked and nothing repeated: PROTOCOL.md says what\n"
            "the board does with it. Prints the data bytes of the answer.\n\n"
            "Options:\n"
            "      --course         frames of the other dialect. The board keeps to the first\n"
            "                       dialect that it understands until it is reset\n"
            "      --timeout MS     wait that long instead of as long as the command may take\n",
    .example = "ararext raw MEM_READ '00 80 00 08 10'",
};
