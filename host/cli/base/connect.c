/* SPDX-License-Identifier: MIT */
/*
 * From options to a session: the named port, or the one port where a bootloader answers. Asking
 * sends one GET_VER to each port that nobody uses, and waits a fraction of a second.
 */
#include "cli_connect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ararext_package.h"
#include "cli.h"
#include "cli_clock.h"
#include "cli_document.h"
#include "cli_output.h"
#include "cli_progress.h"
#include "cli_signals.h"

enum { PROBE_MARGIN_MS = 200 };

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

void cli_advise_about_port(struct cli *cli, int code)
{
    if (code == ARAREXT_ERR_BUSY) {
        cli_advise(cli, "close the other program (a terminal, another ararext, ModemManager)");
    } else if (code == ARAREXT_ERR_PERMISSION) {
        cli_advise(cli, "install the udev rule that comes with ararext, or join the port's group "
                        "('sudo usermod -aG dialout $USER', then log in again)");
    } else if (code == ARAREXT_ERR_NO_PORT) {
        cli_advise(cli, "see 'ararext ports' for what there is; the twin makes its port when it "
                        "starts");
    }
}

void cli_port_path(const char *name, char *path, size_t size)
{
    bool bare = strchr(name, '/') == NULL && access(name, F_OK) != 0;
    snprintf(path, size, "%s%s", bare ? "/dev/" : "", name);
}

static int open_named(struct cli *cli, const char *name)
{
    char path[sizeof cli->port_path];
    struct ararext_transport transport;
    struct ararext_options options = session_options(cli);
    struct ararext_message why = {""};
    cli_port_path(name, path, sizeof path);
    int rc = ararext_serial_open(&transport, path, cli->baud, &why);
    if (rc != ARAREXT_OK) {
        rc = cli_error(cli, rc, "%s", why.text);
        cli_advise_about_port(cli, rc);
        return rc;
    }
    rc = ararext_open(&cli->session, &transport, &options);
    if (rc != ARAREXT_OK) {
        transport.close(transport.ctx);
        return rc;
    }
    snprintf(cli->port_path, sizeof cli->port_path, "%s", path);
    json_string(cli->doc, "port", path);
    return ARAREXT_OK;
}

/* ---- finding the board ---- */

/* Ports that are asked, and what came of it. */
struct search {
    struct ararext_port *ports;
    size_t count, found;
    enum ararext_dialect dialect;
    bool thorough; /* a board may be in the middle of a transfer that somebody broke off */
    char path[256];
    struct ararext_message silent, boards;
};

/* Whether a bootloader answers there, in either dialect; why not otherwise. */
static bool probe(struct cli *cli, const char *path, const struct search *search,
                  struct ararext_message *why)
{
    struct ararext_transport transport;
    struct ararext_options options = session_options(cli);
    struct ararext_session *s = NULL;
    options.retries = 0;
    options.margin_ms = PROBE_MARGIN_MS;
    if (ararext_serial_open(&transport, path, cli->baud, why) != ARAREXT_OK) {
        return false;
    }
    if (ararext_open(&s, &transport, &options) != ARAREXT_OK) {
        transport.close(transport.ctx);
        return false;
    }
    struct ararext_raw raw = {.dialect = search->dialect, .command = ARAREXT_GET_VER};
    uint8_t version = 0;
    int rc = search->thorough ? ararext_hello(s, &version) : ararext_raw(s, &raw);
    ararext_close(s);
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

int cli_open(struct cli *cli, enum ararext_dialect dialect)
{
    char path[sizeof cli->port_path];
    const char *named = cli->port != NULL ? cli->port : getenv("ARAREXT_PORT");
    if (named != NULL && named[0] != '\0') {
        return open_named(cli, named);
    }
    int rc = find_port(cli, dialect, path, sizeof path);
    return rc == ARAREXT_OK ? open_named(cli, path) : rc;
}

int cli_connect(struct cli *cli)
{
    int rc = cli_open(cli, ARAREXT_NATIVE);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    uint8_t version = 0;
    rc = cli_session_error(cli, ararext_hello(cli->session, &version));
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

int cli_connect_info(struct cli *cli, struct ararext_info *info)
{
    int rc = cli_connect(cli);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    rc = cli_session_error(cli, ararext_enter_bootloader(cli->session, info, &cli->made_room));
    json_bool(cli->doc, "application_was_running", cli->made_room);
    if (rc == ARAREXT_OK && cli->made_room) {
        cli_say(cli, "The application made room for the bootloader.\n");
    } else if (rc == ARAREXT_ERR_REFUSED || rc == ARAREXT_ERR_UNSUPPORTED || cli->made_room) {
        cli_advise(
            cli, "what answers is an application, it seems: hold the button (PA0 high), reset the "
                 "board, and try again");
    } else if (rc != ARAREXT_OK && ararext_last_failure(cli->session)->sent_len == 0 &&
               rc != ARAREXT_ERR_INTERRUPTED) {
        (void)cli_error(cli, rc,
                        "the board's description of itself makes no sense to this version");
    }
    return rc;
}

int cli_connect_bootloader(struct cli *cli)
{
    struct ararext_info info;
    return cli_connect_info(cli, &info);
}

int cli_let_go(struct cli *cli, int code)
{
    if (cli->session == NULL) {
        return code;
    }
    if (cli->made_room && !cli->stay && code == ARAREXT_OK &&
        ararext_reset(cli->session, false) == ARAREXT_OK) {
        cli_say(cli, "The application is started again.\n");
    }
    ararext_restore_baud(cli->session);
    return code;
}
