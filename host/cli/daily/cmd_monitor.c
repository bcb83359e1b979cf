/* SPDX-License-Identifier: MIT */
/*
 * ararext monitor: a serial console. What the board sends goes to stdout, what is typed (or comes
 * on stdin) goes to the board. At a terminal every key but Ctrl-] goes through; the terminal's
 * settings are put back on every way out.
 */
#include "cli.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli_clock.h"
#include "cli_document.h"
#include "cli_file.h"
#include "cli_lines.h"
#include "cli_options.h"
#include "cli_signals.h"

enum {
    OPT_FOR = OPT_OWN,
    OPT_UNTIL,
    UNTIL_MAX = 200,
    TICK_MS = 20,
    KEEP_MAX = 1024 * 1024, /* of the text in the JSON document */
    KEY_QUIT = 0x1D,        /* Ctrl-] */
};

struct monitor {
    struct cli *cli;
    struct ararext_transport port;
    uint32_t seconds; /* 0 = for ever */
    const char *until;
    char window[2 * UNTIL_MAX]; /* end of what came, for until */
    size_t window_len;
    char *kept; /* what came, with --json */
    size_t kept_len;
    uint64_t received;
    bool stdin_open, seen, quit;
};

static int take(struct cli *cli, void *ctx, int code, const char *value)
{
    struct monitor *m = ctx;
    if (code == OPT_FOR) {
        int rc = cli_number(cli, "seconds", value, &m->seconds);
        return rc == ARAREXT_OK && (m->seconds == 0 || m->seconds > 86400)
                   ? cli_error(cli, ARAREXT_ERR_ARGUMENT,
                               "seconds %s: has to be between 1 and 86400", value)
                   : rc;
    }
    if (code == OPT_UNTIL) {
        m->until = value;
        return value[0] == '\0' || strlen(value) > UNTIL_MAX
                   ? cli_error(cli, ARAREXT_ERR_ARGUMENT,
                               "--until: the text has to have 1 to %d characters", (int)UNTIL_MAX)
                   : ARAREXT_OK;
    }
    return cli_error(cli, ARAREXT_ERR_ARGUMENT, "option '-%c' is not known here", code);
}

/* ---- what comes ---- */

static bool window_has(const struct monitor *m)
{
    size_t len = strlen(m->until);
    for (size_t i = 0; i + len <= m->window_len; i++) {
        if (memcmp(m->window + i, m->until, len) == 0) {
            return true;
        }
    }
    return false;
}

static void look_for_text(struct monitor *m, const uint8_t *data, size_t len)
{
    for (size_t i = 0; m->until != NULL && !m->seen && i < len; i++) {
        if (m->window_len == sizeof m->window) {
            memmove(m->window, m->window + UNTIL_MAX, UNTIL_MAX);
            m->window_len = UNTIL_MAX;
        }
        m->window[m->window_len++] = (char)data[i];
        m->seen = window_has(m);
    }
}

static int show(struct monitor *m, const uint8_t *data, size_t len)
{
    m->received += len;
    look_for_text(m, data, len);
    if (m->cli->json) {
        for (size_t i = 0; i < len && m->kept_len < KEEP_MAX; i++) {
            /* JSON is text: what is not is shown as a question mark. */
            bool text = (data[i] >= 0x20 && data[i] < 0x7F) || strchr("\t\r\n", data[i]) != NULL;
            m->kept[m->kept_len++] = (char)(text && data[i] != 0 ? data[i] : '?');
        }
        return ARAREXT_OK;
    }
    bool good = fwrite(data, 1, len, stdout) == len && fflush(stdout) == 0;
    return good ? ARAREXT_OK : cli_error(m->cli, ARAREXT_ERR_FILE, "cannot write to stdout");
}

/* ---- what goes ---- */

static int forward_stdin(struct monitor *m, bool terminal)
{
    uint8_t data[256];
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
    if (!m->stdin_open || poll(&fd, 1, 0) <= 0) {
        return ARAREXT_OK;
    }
    ssize_t n = read(STDIN_FILENO, data, sizeof data);
    if (n <= 0) {
        m->stdin_open = n < 0 && (errno == EINTR || errno == EAGAIN);
        return ARAREXT_OK;
    }
    size_t len = (size_t)n;
    const uint8_t *quit = terminal ? memchr(data, KEY_QUIT, len) : NULL;
    if (quit != NULL) {
        m->quit = true;
        len = (size_t)(quit - data);
    }
    return len > 0 ? m->port.write(m->port.ctx, data, len, 5000) : ARAREXT_OK;
}

static int loop(struct monitor *m, bool terminal)
{
    uint64_t start = cli_now_ms();
    while (!m->seen && !m->quit) {
        uint8_t data[512];
        size_t got = 0;
        if (cli_signal() != 0) {
            return ARAREXT_ERR_INTERRUPTED;
        }
        if (m->seconds != 0 && cli_now_ms() - start >= (uint64_t)m->seconds * 1000) {
            if (m->until == NULL) {
                return ARAREXT_OK;
            }
            return cli_error(m->cli, ARAREXT_ERR_TIMEOUT, "'%.100s' did not come within %u s",
                             m->until, (unsigned)m->seconds);
        }
        int rc = forward_stdin(m, terminal);
        if (rc == ARAREXT_OK) {
            rc = m->port.read(m->port.ctx, data, sizeof data, TICK_MS, &got);
        }
        if (rc == ARAREXT_OK && got > 0) {
            rc = show(m, data, got);
        }
        if (rc != ARAREXT_OK) {
            return rc;
        }
    }
    return ARAREXT_OK;
}

static int loop_at_terminal(struct monitor *m)
{
    struct termios raw;
    if (isatty(STDIN_FILENO) != 1 || tcgetattr(STDIN_FILENO, &raw) != 0) {
        return loop(m, false);
    }
    cli_say(m->cli, "Connected to the board; Ctrl-] ends.\n");
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_iflag &= ~(tcflag_t)(IXON | ICRNL);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    int rc = cli_change_terminal(&raw) ? loop(m, true) : loop(m, false);
    cli_restore_terminal();
    return rc;
}

static int run_monitor(struct monitor *m)
{
    char path[256];
    m->kept = malloc(KEEP_MAX + 1);
    if (m->kept == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    int rc = cli_open_any_transport(m->cli, &m->port, path);
    if (rc == ARAREXT_OK) {
        rc = loop_at_terminal(m);
        m->port.close(m->port.ctx);
        m->kept[m->kept_len] = '\0';
        json_string(m->cli->doc, "port", path);
        json_string(m->cli->doc, "text", m->kept);
        json_number(m->cli->doc, "bytes", (double)m->received);
        json_bool(m->cli->doc, "seen", m->seen);
        if (rc == ARAREXT_ERR_IO) {
            rc = cli_error(m->cli, rc, "%s: the port failed or went away", path);
        }
    }
    free(m->kept);
    return rc;
}

static int run(struct cli *cli, int argc, char **argv)
{
    static const struct option own[] = {
        {"for", required_argument, NULL, OPT_FOR},
        {"until", required_argument, NULL, OPT_UNTIL},
        {0},
    };
    struct monitor m = {.cli = cli, .stdin_open = true};
    const struct cli_options options = {.own = own, .take = take, .ctx = &m};
    int first = 0;
    int rc = cli_parse(cli, argc, argv, &options, &first);
    if (rc != ARAREXT_OK || cli->help) {
        return rc;
    }
    return run_monitor(&m);
}

const struct cli_command cmd_monitor = {
    .name = "monitor",
    .run = run,
    .summary = "Serial console",
    .arguments = "[OPTION...]",
    .help = "At a terminal Ctrl-] ends it and all other keys go to the board.\n\n"
            "Options:\n"
            "      --for SECONDS    end after that time\n"
            "      --until TEXT     end when TEXT has come; with --for, fail if it has not\n",
    .example = "ararext monitor --for 10 --until ready",
};
