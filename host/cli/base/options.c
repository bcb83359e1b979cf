/* SPDX-License-Identifier: MIT */
/*
 * Options and arguments: the global ones, which may stand before or behind the command, together
 * with the command's own; and numbers, hex bytes and lists of sectors as people write them.
 */
#include "cli_options.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "cli_nearest.h"

enum {
    OPTIONS_MAX = 40,
    OPT_JSON = 1000,
    OPT_NO_COLOR,
    OPT_NO_EXTENSIONS,
    OPT_WIRING,
    OPT_UID,
    OPT_WAIT,
    WAIT_S = 60,
};

static const struct option GLOBALS[] = {
    {"port", required_argument, NULL, 'p'},
    {"baud", required_argument, NULL, 'b'},
    {"uid", required_argument, NULL, OPT_UID},
    {"wiring", required_argument, NULL, OPT_WIRING},
    {"wait", optional_argument, NULL, OPT_WAIT},
    {"json", no_argument, NULL, OPT_JSON},
    {"quiet", no_argument, NULL, 'q'},
    {"verbose", no_argument, NULL, 'v'},
    {"no-color", no_argument, NULL, OPT_NO_COLOR},
    {"no-extensions", no_argument, NULL, OPT_NO_EXTENSIONS},
    {"help", no_argument, NULL, 'h'},
    {"version", no_argument, NULL, 'V'},
};
enum { GLOBAL_COUNT = sizeof GLOBALS / sizeof GLOBALS[0] };

const char CLI_GLOBAL_HELP[] =
    "Options of every command:\n"
    "  -p, --port PORT      serial port, usb:VID:PID[:SERIAL] or tcp://HOST:PORT;\n"
    "                       else $ARAREXT_PORT, else what 'config' says, else the\n"
    "                       port where a board answers. 'flash' takes several\n"
    "      --uid UID        the board with that unique ID, wherever it is plugged in\n"
    "      --wiring W       modem lines that reset the board and press its button,\n"
    "                       as reset=rts,button=dtr ($ARAREXT_WIRING; see 'config')\n"
    "      --wait[=S]       wait up to S seconds (60) for a board to appear, or to be\n"
    "                       reset into the bootloader\n"
    "  -b, --baud N         baud rate; auto (default): 115200, from where 'flash' and\n"
    "                       'update' go up to what board and adapter can do. For them\n"
    "                       a rate above 115200 is the highest to be tried\n"
    "      --json           one JSON document on stdout instead of text\n"
    "  -q, --quiet          no progress and no remarks\n"
    "  -v, --verbose        show all bytes on the wire, on stderr and in errors\n"
    "      --no-color       no colours; $NO_COLOR does the same\n"
    "      --no-extensions  use the twelve commands 51 to 5C alone\n"
    "  -h, --help           this help\n"
    "  -V, --version        the version\n";

const char CLI_GLOBAL_SUMMARY[] =
    "Common options ('ararext --help' explains them): -p PORT, -b N, --uid,\n"
    "--wiring, --wait, --json, -q, -v, --no-color, --no-extensions, -h, -V\n";

int cli_take_baud(struct cli *cli, const char *value)
{
    cli->baud_auto = strcmp(value, "auto") == 0;
    if (cli->baud_auto) {
        cli->baud = 115200;
        return ARAREXT_OK;
    }
    int rc = cli_number(cli, "baud rate", value, &cli->baud);
    if (rc == ARAREXT_OK && (cli->baud < 300 || cli->baud > 10500000)) {
        rc = cli_error(cli, ARAREXT_ERR_ARGUMENT,
                       "baud rate %s: has to be between 300 and 10500000", value);
    }
    return rc;
}

static int take_wait(struct cli *cli, const char *value)
{
    cli->wait = true;
    cli->wait_s = WAIT_S;
    return value != NULL ? cli_seconds(cli, "--wait=", value, &cli->wait_s) : ARAREXT_OK;
}

static int take_global(struct cli *cli, int code)
{
    switch (code) {
    case 'p':
        if (cli->port_count == CLI_PORTS_MAX) {
            return cli_error(cli, ARAREXT_ERR_ARGUMENT, "more than %d ports", CLI_PORTS_MAX);
        }
        cli->port = cli->ports[cli->port_count++] = optarg;
        return optarg[0] == '\0' ? cli_error(cli, ARAREXT_ERR_ARGUMENT, "--port: the name is empty")
                                 : ARAREXT_OK;
    case 'b':
        cli->baud_given = true;
        return cli_take_baud(cli, optarg);
    case OPT_UID:
        cli->uid = optarg;
        return ARAREXT_OK;
    case OPT_WIRING:
        cli->wiring_text = optarg;
        return ARAREXT_OK;
    case OPT_WAIT:
        return take_wait(cli, optarg);
    case OPT_JSON:
        cli->json = true;
        return ARAREXT_OK;
    case 'q':
        cli->quiet = true;
        return ARAREXT_OK;
    case 'v':
        cli->verbose = true;
        return ARAREXT_OK;
    case OPT_NO_COLOR:
        cli->no_color = true;
        return ARAREXT_OK;
    case OPT_NO_EXTENSIONS:
        cli->no_extensions = true;
        return ARAREXT_OK;
    default:
        cli->version = cli->version || code == 'V';
        cli->help = true;
        return ARAREXT_OK;
    }
}

static int bad_option(struct cli *cli, int code, const char *word, const struct option *all)
{
    struct cli_nearest nearest = {.word = strncmp(word, "--", 2) == 0 ? word + 2 : ""};
    int rc = cli_error(cli, ARAREXT_ERR_ARGUMENT,
                       code == ':' ? "option '%s' needs a value" : "option '%s' is not known here",
                       word);
    for (const struct option *o = all; code == '?' && o->name != NULL; o++) {
        cli_offer_name(&nearest, o->name);
    }
    cli_advise(cli, "%s%s%ssee 'ararext %s%s--help'",
               nearest.name != NULL ? "did you mean '--" : "",
               nearest.name != NULL ? nearest.name : "", nearest.name != NULL ? "'? Else " : "",
               cli->command != NULL ? cli->command->name : "", cli->command != NULL ? " " : "");
    return rc;
}

/* -y and -o are short for the command's own --yes and --output, where it has them. */
static int long_form(const struct option *own, int code)
{
    const char *name = code == 'y' ? "yes" : code == 'o' ? "output" : "";
    for (const struct option *o = own; o != NULL && o->name != NULL; o++) {
        if (strcmp(o->name, name) == 0) {
            return o->val;
        }
    }
    return code;
}

static int parse(struct cli *cli, int argc, char **argv, const char *shorts,
                 const struct cli_options *options)
{
    struct option all[OPTIONS_MAX] = {0};
    size_t n = 0;
    for (const struct option *o = options->own; o != NULL && o->name != NULL; o++) {
        all[n++] = *o;
    }
    memcpy(all + n, GLOBALS, sizeof GLOBALS);
    optind = 0; /* glibc: start over */
    opterr = 0;
    for (;;) {
        int at = optind == 0 ? 1 : optind;
        int code = getopt_long(argc, argv, shorts, all, NULL);
        if (code == -1) {
            return ARAREXT_OK;
        }
        int rc = ARAREXT_OK;
        code = long_form(options->own, code);
        if (code == '?' || code == ':') {
            rc = bad_option(cli, code, argv[optind > at ? optind - 1 : at], all);
        } else if (code == 'y' || code == 'o') {
            rc = bad_option(cli, '?', code == 'y' ? "-y" : "-o", all);
        } else if (code >= 256 && code < OPT_JSON) {
            rc = options->take(cli, options->ctx, code, optarg);
        } else {
            rc = take_global(cli, code);
        }
        if (rc != ARAREXT_OK) {
            return rc;
        }
    }
}

int cli_parse_globals(struct cli *cli, int argc, char **argv, int *first)
{
    static const struct cli_options none = {0};
    int rc = parse(cli, argc, argv, "+:p:b:qvhV", &none);
    *first = optind;
    return rc;
}

int cli_parse(struct cli *cli, int argc, char **argv, const struct cli_options *options, int *first)
{
    int rc = parse(cli, argc, argv, ":p:b:qvhVyo:", options);
    *first = optind;
    int count = argc - optind;
    if (rc == ARAREXT_OK && !cli->help && (count < options->min || count > options->max)) {
        rc = cli_error(cli, ARAREXT_ERR_ARGUMENT,
                       count < options->min ? "%s: an argument is missing, expected '%s %s'"
                                            : "%s: too many arguments, expected '%s %s'",
                       cli->command->name, cli->command->name, cli->command->arguments);
        cli_advise(cli, "see 'ararext %s --help'", cli->command->name);
    }
    if (rc == ARAREXT_OK && cli->port_count > 1 && !cli->command->several) {
        rc = cli_error(cli, ARAREXT_ERR_ARGUMENT, "%s: one --port at a time", cli->command->name);
    }
    return rc;
}

int cli_number(struct cli *cli, const char *what, const char *text, uint32_t *out)
{
    char *end = NULL;
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    if (text[0] == '0' && isdigit((unsigned char)text[1])) {
        return cli_error(
            cli, ARAREXT_ERR_ARGUMENT,
            "%s '%s': a 0 in front says neither hexadecimal nor decimal; write 0x%s or %s", what,
            text, text, text + strspn(text, "0"));
    }
    errno = 0;
    unsigned long long value = strtoull(text, &end, hex ? 16 : 10);
    unsigned long long unit = 1;
    if (end != text && (*end == 'K' || *end == 'k')) {
        unit = 1024;
    } else if (end != text && *end == 'M') {
        unit = 1024ull * 1024;
    }
    end += unit != 1;
    if (!isdigit((unsigned char)text[0]) || errno != 0 || *end != '\0' ||
        value > UINT32_MAX / unit) {
        return cli_error(cli, ARAREXT_ERR_ARGUMENT,
                         "%s '%s': expected a number like 4096, 0x1000 or 4K", what, text);
    }
    *out = (uint32_t)(value * unit);
    return ARAREXT_OK;
}

int cli_seconds(struct cli *cli, const char *option, const char *text, uint32_t *out)
{
    int rc = cli_number(cli, "seconds", text, out);
    return rc == ARAREXT_OK && (*out == 0 || *out > 86400)
               ? cli_error(cli, ARAREXT_ERR_ARGUMENT, "%s%s: has to be between 1 and 86400", option,
                           text)
               : rc;
}

int cli_hex(struct cli *cli, const char *text, uint8_t *out, size_t *len)
{
    size_t room = *len, n = 0;
    for (const char *p = text; *p != '\0';) {
        if (*p == ' ' || *p == ':' || *p == ',') {
            p++;
            continue;
        }
        char pair[3] = {p[0], p[1], '\0'};
        if (!isxdigit((unsigned char)p[0]) || !isxdigit((unsigned char)p[1])) {
            return cli_error(cli, ARAREXT_ERR_ARGUMENT,
                             "'%s': expected bytes of two hex digits each, like '02 01'", text);
        }
        if (n == room) {
            return cli_error(cli, ARAREXT_ERR_ARGUMENT, "'%.20s...': more than %zu bytes", text,
                             room);
        }
        out[n++] = (uint8_t)strtoul(pair, NULL, 16);
        p += 2;
    }
    *len = n;
    return ARAREXT_OK;
}

static bool take_sector(const char **p, unsigned *out)
{
    char *end = NULL;
    if (!isdigit((unsigned char)**p)) {
        return false;
    }
    unsigned long value = strtoul(*p, &end, 10);
    *p = end;
    *out = (unsigned)value;
    return value <= 15;
}

int cli_sectors(struct cli *cli, const char *text, uint16_t *bits)
{
    const char *p = text;
    for (;;) {
        unsigned first = 0, last = 0;
        bool good = take_sector(&p, &first);
        last = first;
        if (good && (*p == '-' || strncmp(p, "..", 2) == 0)) {
            p += *p == '-' ? 1 : 2;
            good = take_sector(&p, &last);
        }
        if (!good || last < first || (*p != '\0' && *p != ',')) {
            return cli_error(cli, ARAREXT_ERR_ARGUMENT,
                             "sectors '%s': expected numbers like 2, 2-5 or 2,4-6", text);
        }
        for (unsigned i = first; i <= last; i++) {
            *bits = (uint16_t)(*bits | 1u << i);
        }
        if (*p == '\0') {
            return ARAREXT_OK;
        }
        p++;
    }
}
