/* SPDX-License-Identifier: MIT */
/*
 * The serial console. What the board sends is shown, what is typed (or comes on stdin) goes to the
 * board; a port that goes away is waited for. The terminal's settings are put back on every way
 * out.
 */
#include "cli_monitor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli_clock.h"
#include "cli_document.h"
#include "cli_options.h"
#include "cli_signals.h"
#include "monitor_parts.h"

enum { TICK_MS = 20, REOPEN_MS = 200, RECONNECT_S = 60 };

static int take_eol(struct cli *cli, struct cli_monitor_options *o, const char *value)
{
    static const char *const names[] = {[CLI_EOL_AS_TYPED] = "typed",
                                        [CLI_EOL_CR] = "cr",
                                        [CLI_EOL_LF] = "lf",
                                        [CLI_EOL_CRLF] = "crlf"};
    for (size_t i = CLI_EOL_CR; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], value) == 0) {
            o->eol = (enum cli_eol)i;
            return ARAREXT_OK;
        }
    }
    return cli_error(cli, ARAREXT_ERR_ARGUMENT, "--eol '%s': expected cr, lf or crlf", value);
}

int cli_take_monitor_option(struct cli *cli, struct cli_monitor_options *o, int code,
                            const char *value)
{
    switch (code) {
    case OPT_FOR:
        return cli_seconds(cli, "seconds ", value, &o->seconds);
    case OPT_UNTIL:
        o->until = value;
        return value[0] == '\0' || strlen(value) > CLI_UNTIL_MAX
                   ? cli_error(cli, ARAREXT_ERR_ARGUMENT,
                               "--until: the text has to have 1 to %d characters",
                               (int)CLI_UNTIL_MAX)
                   : ARAREXT_OK;
    case OPT_TIMESTAMPS:
        o->timestamps = true;
        return ARAREXT_OK;
    case OPT_HEX:
        o->hex = true;
        return ARAREXT_OK;
    case OPT_LOG:
        o->log = value;
        return ARAREXT_OK;
    case OPT_EOL:
        return take_eol(cli, o, value);
    case OPT_NO_RECONNECT:
        o->no_reconnect = true;
        return ARAREXT_OK;
    default:
        return cli_error(cli, ARAREXT_ERR_ARGUMENT, "option '-%c' is not known here", code);
    }
}

/* ---- the loop ---- */

static bool time_is_up(const struct monitor *m, uint64_t start_ms)
{
    uint32_t seconds = m->options->seconds;
    return seconds != 0 && cli_now_ms() - start_ms >= (uint64_t)seconds * 1000;
}

static bool is_over(const struct monitor *m, uint64_t start_ms)
{
    const struct cli_monitor_options *o = m->options;
    return m->seen || m->quit || (o->enough != NULL && o->enough(o->ctx)) ||
           time_is_up(m, start_ms);
}

/* Until the port is there again. A key can still end it. */
static int reconnect(struct monitor *m, uint64_t start_ms)
{
    uint64_t lost_ms = cli_now_ms();
    if (m->options->no_reconnect || m->port->reopen == NULL) {
        return ARAREXT_ERR_IO;
    }
    monitor_remark(m, "%s went away; waiting for it for up to %d s", m->path, RECONNECT_S);
    while (m->port->reopen(m->port->ctx) != ARAREXT_OK) {
        if (cli_signal() != 0) {
            return ARAREXT_ERR_INTERRUPTED;
        }
        if (is_over(m, start_ms)) {
            return ARAREXT_OK;
        }
        if (cli_now_ms() - lost_ms >= (uint64_t)RECONNECT_S * 1000) {
            return ARAREXT_ERR_IO;
        }
        int rc = monitor_take_keys(m); /* nobody gets them, but one may end it */
        if (rc != ARAREXT_OK && rc != ARAREXT_ERR_IO) {
            return rc;
        }
        m->port->sleep_ms(m->port->ctx, REOPEN_MS);
    }
    int back = m->cli->wired ? ararext_wiring_release(m->port, &m->cli->wiring) : ARAREXT_OK;
    monitor_remark(m, "%s is back", m->path);
    return back;
}

static int turn(struct monitor *m)
{
    uint8_t data[512];
    size_t got = 0;
    int rc = monitor_take_keys(m);
    if (rc == ARAREXT_OK) {
        rc = m->port->read(m->port->ctx, data, sizeof data, TICK_MS, &got);
    }
    return rc == ARAREXT_OK && got > 0 ? monitor_show(m, data, got) : rc;
}

static int loop(struct monitor *m)
{
    uint64_t start = cli_now_ms();
    int rc = ARAREXT_OK;
    while (rc == ARAREXT_OK && !is_over(m, start)) {
        if (cli_signal() != 0) {
            return ARAREXT_ERR_INTERRUPTED;
        }
        rc = turn(m);
        if (rc == ARAREXT_ERR_IO) {
            rc = reconnect(m, start);
        }
    }
    const struct cli_monitor_options *o = m->options;
    if (rc == ARAREXT_OK && o->until != NULL && !m->seen && !m->quit && time_is_up(m, start)) {
        return cli_error(m->cli, ARAREXT_ERR_TIMEOUT, "'%.100s' did not come within %u s", o->until,
                         (unsigned)o->seconds);
    }
    return rc;
}

static int loop_at_terminal(struct monitor *m)
{
    struct termios raw;
    if (isatty(STDIN_FILENO) != 1 || tcgetattr(STDIN_FILENO, &raw) != 0) {
        return loop(m);
    }
    cli_say(m->cli, "Connected to the board; Ctrl-] and q ends, Ctrl-] and ? tells more.\n");
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    m->terminal = cli_change_terminal(&raw);
    int rc = loop(m);
    cli_restore_terminal();
    return rc;
}

/* ---- begin and end ---- */

static int open_log(struct monitor *m)
{
    if (m->options->log == NULL) {
        return ARAREXT_OK;
    }
    m->log = fopen(m->options->log, "ae");
    return m->log != NULL
               ? ARAREXT_OK
               : cli_error(m->cli, ARAREXT_ERR_FILE, "%s: %s", m->options->log, strerror(errno));
}

static void document(struct monitor *m)
{
    m->kept[m->kept_len] = '\0';
    json_string(m->cli->doc, "text", m->kept);
    json_number(m->cli->doc, "bytes", (double)m->received);
    json_bool(m->cli->doc, "seen", m->seen);
}

int cli_monitor(struct cli *cli, const struct cli_monitor_options *o,
                struct ararext_transport *port, const char *path)
{
    struct monitor m = {.cli = cli, .options = o, .port = port, .path = path, .stdin_open = true};
    m.kept = malloc(MONITOR_KEEP_MAX + 1);
    int rc = m.kept != NULL ? open_log(&m) : ARAREXT_ERR_MEMORY;
    if (rc == ARAREXT_OK) {
        rc = loop_at_terminal(&m);
        document(&m);
    }
    if (rc == ARAREXT_ERR_IO) {
        rc = cli_error(cli, rc, "%s: the port failed or went away", path);
    }
    if (m.log != NULL && fclose(m.log) != 0 && rc == ARAREXT_OK) {
        rc = cli_error(cli, ARAREXT_ERR_FILE, "%s: cannot be written", o->log);
    }
    port->close(port->ctx);
    free(m.kept);
    return rc;
}
