/* SPDX-License-Identifier: MIT */
/*
 * From options to a session: the named port, or the one port where a bootloader answers. Asking
 * sends one GET_VER to each port that nobody uses, and waits a fraction of a second.
 */
#include "cli_connect.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "ararext_package.h"
#include "cli.h"
#include "cli_clock.h"
#include "cli_document.h"
#include "cli_lines.h"
#include "cli_output.h"
#include "cli_progress.h"
#include "cli_settings.h"
#include "cli_signals.h"

enum { PROBE_MARGIN_MS = 200, LOOK_AGAIN_MS = 300 };

/* One line at a time: several boards may have something to say. */
static void show_bytes(void *ctx, bool sent, const uint8_t *data, size_t len)
{
    const struct cli *cli = ctx;
    flockfile(stderr);
    if (cli->shown != NULL) {
        cli_put_escaped(stderr, cli->port);
        fputc(' ', stderr);
    }
    fprintf(stderr, "%10.3f %s", (double)cli_now_ms() / 1000.0, sent ? ">" : "<");
    for (size_t i = 0; i < len; i++) {
        fprintf(stderr, " %02X", data[i]);
    }
    fputc('\n', stderr);
    funlockfile(stderr);
}

static void show_lost(void *ctx, bool port, unsigned limit_ms)
{
    const struct cli *cli = ctx;
    if (cli->shown != NULL) {
        cli_show_board_lost(cli->shown);
    } else if (!cli->quiet && !cli->json) {
        fprintf(stderr, "%s%s; waiting for it for up to %u s, Ctrl-C ends that\n",
                isatty(STDERR_FILENO) == 1 ? "\n" : "",
                port ? "The port went away: plug it in again" : "The board is silent",
                limit_ms / 1000u);
    }
}

static struct ararext_options session_options(struct cli *cli)
{
    struct ararext_options o;
    ararext_default_options(&o);
    o.baud = cli->baud;
    o.no_extensions = cli->no_extensions;
    o.stop = cli_stop;
    o.trace = cli->verbose ? show_bytes : NULL;
    o.lost = show_lost;
    o.ctx = cli;
    return o;
}

enum { BAUD_OF_BOARD = 115200 };

void cli_prepare_baud(struct cli *cli)
{
    if (!cli->baud_auto && cli->baud > BAUD_OF_BOARD) {
        cli->baud_limit = cli->baud;
        cli->baud = BAUD_OF_BOARD;
    }
}

int cli_raise_baud(struct cli *cli)
{
    int rc = ARAREXT_OK;
    if (cli->baud_auto || cli->baud_limit != 0) {
        rc = cli_session_error(cli, ararext_raise_baud(cli->session, cli->baud_limit));
    }
    json_number(cli->doc, "baud", ararext_get_baud(cli->session));
    return rc;
}

static int open_named(struct cli *cli, const char *name)
{
    struct ararext_transport transport;
    struct ararext_options options = session_options(cli);
    int rc = cli_open_transport(cli, name, &transport, cli->port_path);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    rc = ararext_open(&cli->session, &transport, &options);
    if (rc != ARAREXT_OK) {
        transport.close(transport.ctx);
        return rc;
    }
    json_string(cli->doc, "port", cli->port_path);
    return ARAREXT_OK;
}

/* ---- finding the board ---- */

bool cli_is_uid(const struct ararext_info *info, const char *uid)
{
    size_t n = 0;
    for (const char *p = uid; *p != '\0'; p++) {
        int digit = isdigit((unsigned char)*p)    ? *p - '0'
                    : isxdigit((unsigned char)*p) ? tolower((unsigned char)*p) - 'a' + 10
                                                  : -1;
        if (digit < 0 && strchr(" :-", *p) != NULL) {
            continue;
        }
        if (digit < 0 || n == 2 * sizeof info->uid ||
            digit != (info->uid[n / 2] >> (n % 2 == 0 ? 4 : 0) & 15)) {
            return false;
        }
        n++;
    }
    return n == 2 * sizeof info->uid;
}

/* Ports that are asked, and what came of it. */
struct search {
    struct ararext_port *ports;
    size_t count, found;
    enum ararext_dialect dialect;
    bool thorough; /* a board may be in the middle of a transfer that somebody broke off */
    char path[256];
    struct ararext_message silent, boards;
};

/* A session that asks each question once. */
static int open_probe(struct cli *cli, const char *path, struct ararext_session **out,
                      struct ararext_message *why)
{
    struct ararext_transport transport;
    struct ararext_options options = session_options(cli);
    char opened[256];
    options.retries = 0;
    options.margin_ms = PROBE_MARGIN_MS;
    int rc = ararext_port_open(&transport, path, cli->baud, opened, why);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    rc = ararext_open(out, &transport, &options);
    if (rc != ARAREXT_OK) {
        transport.close(transport.ctx);
    }
    return rc;
}

bool cli_ask_port(struct cli *cli, const char *path, struct ararext_info *info)
{
    struct ararext_session *s = NULL;
    uint8_t version = 0;
    if (open_probe(cli, path, &s, NULL) != ARAREXT_OK) {
        return false;
    }
    bool there =
        ararext_hello(s, &version) == ARAREXT_OK && ararext_get_info(s, info) == ARAREXT_OK;
    ararext_close(s);
    return there;
}

/* Whether a bootloader answers there, in either dialect; why not otherwise. */
static bool probe(struct cli *cli, const char *path, const struct search *search,
                  struct ararext_message *why)
{
    struct ararext_session *s = NULL;
    struct ararext_info info;
    if (open_probe(cli, path, &s, why) != ARAREXT_OK) {
        return false;
    }
    struct ararext_raw raw = {.dialect = search->dialect, .command = ARAREXT_GET_VER};
    uint8_t version = 0;
    int rc = search->thorough ? ararext_hello(s, &version) : ararext_raw(s, &raw);
    bool other = rc == ARAREXT_OK && cli->uid != NULL &&
                 (ararext_get_info(s, &info) != ARAREXT_OK || !cli_is_uid(&info, cli->uid));
    ararext_close(s);
    if (other) {
        snprintf(why->text, sizeof why->text, "%s: another board", path);
        return false;
    }
    snprintf(why->text, sizeof why->text, "%s: %s", path,
             rc == ARAREXT_ERR_TIMEOUT ? "no answer" : ararext_error_entry(rc)->sentence);
    /* 7F is a bootloader too: one that speaks the other dialect, or was in the middle of a frame.
     */
    return rc == ARAREXT_OK || rc == ARAREXT_ERR_REFUSED;
}

static void append(struct ararext_message *m, const char *separator, const char *text)
{
    size_t used = strlen(m->text);
    snprintf(m->text + used, sizeof m->text - used, "%s%s", used > 0 ? separator : "", text);
}

static void ask_ports(struct cli *cli, struct search *s)
{
    s->silent.text[0] = '\0';
    for (size_t i = 0; i < s->count && cli_signal() == 0; i++) {
        const char *path = s->ports[i].path;
        struct ararext_message why = {""};
        if (s->ports[i].console) {
            snprintf(why.text, sizeof why.text, "%s: left alone, this machine's console", path);
            append(&s->silent, "; ", why.text);
        } else if (probe(cli, path, s, &why)) {
            s->found++;
            snprintf(s->path, sizeof s->path, "%s", path);
            append(&s->boards, ", ", path);
        } else {
            append(&s->silent, "; ", why.text);
        }
    }
}

static int find_port(struct cli *cli, enum ararext_dialect dialect, char *path, size_t size)
{
    struct search s = {.dialect = dialect};
    int rc = ararext_list_ports(&s.ports, &s.count);
    if (rc == ARAREXT_OK) {
        ask_ports(cli, &s);
    }
    if (rc == ARAREXT_OK && s.found == 0 && dialect == ARAREXT_NATIVE) {
        s.thorough = true;
        ask_ports(cli, &s);
    }
    free(s.ports);
    if (rc != ARAREXT_OK || cli_signal() != 0) {
        return rc != ARAREXT_OK ? rc : ARAREXT_ERR_INTERRUPTED;
    }
    snprintf(path, size, "%s", s.path);
    if (s.found == 0) {
        rc = cli_error(cli, ARAREXT_ERR_NO_PORT, "no board found (%s)",
                       s.count == 0 ? "this machine has no serial port, and no twin runs"
                                    : s.silent.text);
        cli_advise(cli,
                   "bring the board into the bootloader (PA0 high at reset), name its port with "
                   "--port, or start one in software: ararext-twin --firmware FILE --button");
    } else if (s.found > 1) {
        rc = cli_error(cli, ARAREXT_ERR_MANY, "%zu boards answer: %.300s", s.found, s.boards.text);
        cli_advise(cli, "choose one with --port");
    }
    return rc;
}

/* None answers. One that has to be brought into the bootloader first, or is waited for, may be at
 * the only port that there is. */
static int find_silent_port(struct cli *cli, enum ararext_dialect dialect, char *path, size_t size)
{
    const struct timespec pause = {.tv_nsec = (long)LOOK_AGAIN_MS * 1000000};
    uint64_t start = cli_now_ms();
    int rc = find_port(cli, dialect, path, size);
    if (rc != ARAREXT_ERR_NO_PORT || (!cli->wired && !cli->wait)) {
        return rc;
    }
    const struct ararext_message error = cli->error, advice = cli->advice;
    if (cli->uid == NULL && cli_only_port(cli, path, size) == ARAREXT_OK) {
        return ARAREXT_OK;
    }
    cli->error = error;
    cli->advice = advice;
    if (cli->wait) {
        cli_say(cli, "Waiting up to %u s for a board; Ctrl-C ends that.\n", (unsigned)cli->wait_s);
    }
    while (rc == ARAREXT_ERR_NO_PORT && cli->wait &&
           cli_now_ms() - start < (uint64_t)cli->wait_s * 1000) {
        nanosleep(&pause, NULL);
        rc = find_port(cli, dialect, path, size);
    }
    return rc;
}

int cli_open(struct cli *cli, enum ararext_dialect dialect)
{
    char path[sizeof cli->port_path];
    const char *named = cli_setting(cli, CLI_SETTING_PORT, NULL);
    int rc = cli_find_wiring(cli);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    if (named != NULL) {
        return open_named(cli, named);
    }
    rc = find_silent_port(cli, dialect, path, sizeof path);
    return rc == ARAREXT_OK ? open_named(cli, path) : rc;
}

/* ---- into the bootloader ---- */

static bool is_unheard(int rc)
{
    return rc == ARAREXT_ERR_TIMEOUT || rc == ARAREXT_ERR_GARBLED;
}

static int enter_by_lines(struct cli *cli)
{
    cli_say(cli, "No bootloader answers: resetting the board by its modem lines.\n");
    int rc = cli_session_error(cli, ararext_enter_by_lines(cli->session, &cli->wiring));
    if (rc == ARAREXT_ERR_TIMEOUT) {
        rc = cli_error(cli, rc,
                       "the board was reset by its modem lines, and no bootloader answered");
        cli_advise(cli, "check the wiring ('ararext config' shows what holds), and that the board "
                        "has a button line or an entry window");
    }
    cli->by_lines = rc == ARAREXT_OK;
    cli->made_room = cli->by_lines;
    json_bool(cli->doc, "by_lines", cli->by_lines);
    return rc;
}

static int await_board(struct cli *cli)
{
    cli_say(cli,
            "Waiting up to %u s for the board on %s: reset it with the button held, or plug it in; "
            "Ctrl-C ends that.\n",
            (unsigned)cli->wait_s, cli->port_path);
    return cli_session_error(cli, ararext_await_bootloader(cli->session, cli->wait_s * 1000u));
}

/* The application's responder, or a bootloader, comes first; then the modem lines, then the wait.
 */
static int reach_at_rate(struct cli *cli, uint8_t *version)
{
    int rc = ararext_hello(cli->session, version);
    if (!is_unheard(rc) || (!cli->wired && !cli->wait)) {
        return cli_session_error(cli, rc);
    }
    rc = cli->wired ? enter_by_lines(cli) : rc;
    if (is_unheard(rc) && cli->wait) {
        rc = await_board(cli);
    }
    return rc == ARAREXT_OK ? cli_session_error(cli, ararext_hello(cli->session, version)) : rc;
}

/* A board whose block says a higher rate for the start than 115200 is silent there. What was to be
 * the highest rate may be that one. */
static int reach(struct cli *cli, uint8_t *version)
{
    char path[sizeof cli->port_path];
    int rc = reach_at_rate(cli, version);
    if (!is_unheard(rc) || cli->baud_limit == 0) {
        return rc;
    }
    const struct ararext_message error = cli->error, advice = cli->advice;
    snprintf(path, sizeof path, "%s", cli->port_path);
    ararext_close(cli->session);
    cli->session = NULL;
    cli->baud = cli->baud_limit;
    int again = open_named(cli, path);
    again = again == ARAREXT_OK ? reach_at_rate(cli, version) : again;
    if (again != ARAREXT_OK) { /* the first failure says more */
        cli->error = error;
        cli->advice = advice;
    } else {
        cli->error.text[0] = '\0';
        cli->advice.text[0] = '\0';
    }
    return again == ARAREXT_OK ? again : rc;
}

int cli_connect(struct cli *cli)
{
    int rc = cli_open(cli, ARAREXT_NATIVE);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    uint8_t version = 0;
    rc = reach(cli, &version);
    if (cli->session == NULL) {
        return rc;
    }
    json_bool(cli->doc, "stream_ended", ararext_ended_stream(cli->session));
    if (ararext_ended_stream(cli->session)) {
        cli_say(cli, "The board was in the middle of a transfer that had broken off: ended.\n");
    }
    if (rc == ARAREXT_OK && version >> 4 != 1) {
        rc = cli_error(cli, ARAREXT_ERR_UNSUPPORTED,
                       "the bootloader speaks protocol generation %02X, this ararext knows 10",
                       version);
        cli_advise(cli, "use an ararext of the bootloader's age");
    }
    return rc;
}

/* Asks what the board is; an application that answers makes room. */
static int enter(struct cli *cli, struct ararext_info *info)
{
    bool was_running = false;
    int rc = ararext_enter_bootloader(cli->session, info, &was_running);
    bool may_try = rc != ARAREXT_OK && rc != ARAREXT_ERR_IO && rc != ARAREXT_ERR_INTERRUPTED;
    cli->made_room = cli->made_room || was_running;
    if (may_try && cli->wired && !cli->by_lines) {
        rc = enter_by_lines(cli);
        rc = rc == ARAREXT_OK ? ararext_get_info(cli->session, info) : rc;
    } else if (rc == ARAREXT_OK && was_running) {
        cli_say(cli, "The application made room for the bootloader.\n");
    }
    return rc == ARAREXT_OK || cli->error.text[0] != '\0' ? rc : cli_session_error(cli, rc);
}

/* The board that was asked for, if one was. */
static int check_uid(struct cli *cli, const struct ararext_info *info)
{
    if (cli->uid == NULL || cli_is_uid(info, cli->uid)) {
        return ARAREXT_OK;
    }
    char uid[2 * sizeof info->uid + 1];
    for (size_t i = 0; i < sizeof info->uid; i++) {
        snprintf(uid + 2 * i, 3, "%02X", info->uid[i]);
    }
    return cli_error(cli, ARAREXT_ERR_NO_PORT, "the board on %s has the unique ID %s, not %s",
                     cli->port_path, uid, cli->uid);
}

int cli_connect_info(struct cli *cli, struct ararext_info *info)
{
    int rc = cli_connect(cli);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    rc = enter(cli, info);
    json_bool(cli->doc, "application_was_running", cli->made_room);
    if (rc == ARAREXT_ERR_REFUSED || rc == ARAREXT_ERR_UNSUPPORTED ||
        (rc != ARAREXT_OK && cli->made_room)) {
        cli_advise(
            cli, "what answers is an application, it seems: hold the button (PA0 high), reset the "
                 "board, and try again");
    } else if (rc != ARAREXT_OK && ararext_last_failure(cli->session)->sent_len == 0 &&
               rc != ARAREXT_ERR_INTERRUPTED && !cli->wired) {
        (void)cli_error(cli, rc,
                        "the board's description of itself makes no sense to this version");
    }
    return rc == ARAREXT_OK ? check_uid(cli, info) : rc;
}

int cli_connect_bootloader(struct cli *cli)
{
    struct ararext_info info;
    return cli_connect_info(cli, &info);
}

int cli_start(struct cli *cli)
{
    return cli_session_error(cli, cli->wired ? ararext_start_by_lines(cli->session, &cli->wiring)
                                             : ararext_reset(cli->session, false));
}

int cli_let_go(struct cli *cli, int code)
{
    if (cli->session == NULL) {
        return code;
    }
    if (cli->made_room && !cli->stay && code == ARAREXT_OK && cli_start(cli) == ARAREXT_OK) {
        cli_say(cli, "The application is started again.\n");
    }
    ararext_restore_baud(cli->session);
    return code;
}
