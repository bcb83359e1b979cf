/* SPDX-License-Identifier: MIT */
/*
 * What is typed at the serial console goes to the board, but for Ctrl-], which opens a menu of one
 * key. Reset and bootloader go by the modem lines where there is a wiring, else they are asked for:
 * a bootloader, or an application that answers for its board, does it.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "cli_signals.h"
#include "monitor_parts.h"

enum { KEY_MENU = 0x1D /* Ctrl-] */, SEND_MS = 5000, BREAK_MS = 250 };

/* ---- the menu ---- */

static int send_bytes(struct monitor *m, const void *data, size_t len)
{
    return len > 0 ? m->port->write(m->port->ctx, data, len, SEND_MS) : ARAREXT_OK;
}

/* A session for a moment, over the port that stays open. */
static int ask_board(struct monitor *m, bool to_bootloader)
{
    struct ararext_session *s = NULL;
    struct ararext_options options;
    ararext_default_options(&options);
    options.baud = m->cli->baud;
    options.retries = 0;
    options.stop = cli_stop;
    int rc = ararext_open(&s, m->port, &options);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    rc = m->cli->wired && to_bootloader ? ararext_enter_by_lines(s, &m->cli->wiring)
                                        : ararext_reset(s, to_bootloader);
    ararext_release(s, m->port);
    return rc;
}

static void reset_board(struct monitor *m, bool to_bootloader)
{
    int rc = m->cli->wired && !to_bootloader ? ararext_wiring_reset(m->port, &m->cli->wiring)
                                             : ask_board(m, to_bootloader);
    if (rc == ARAREXT_OK) {
        monitor_remark(m, to_bootloader ? "the board is in the bootloader" : "reset");
    } else if (m->cli->wired) {
        monitor_remark(m, "the modem lines did not bring it there");
    } else {
        monitor_remark(m, "nobody answered: without a wiring (--wiring) the bootloader or the "
                          "application has to");
    }
}

static void send_break(struct monitor *m)
{
    bool sent =
        m->port->send_break != NULL && m->port->send_break(m->port->ctx, BREAK_MS) == ARAREXT_OK;
    monitor_remark(m, sent ? "break sent" : "this port cannot send a break");
}

static int take_menu_key(struct monitor *m, uint8_t key)
{
    static const uint8_t menu_key = KEY_MENU;
    m->in_menu = false;
    switch (key) {
    case KEY_MENU:
    case 'q':
        m->quit = true;
        return ARAREXT_OK;
    case 'r':
        reset_board(m, false);
        return ARAREXT_OK;
    case 'b':
        reset_board(m, true);
        return ARAREXT_OK;
    case 'k':
        send_break(m);
        return ARAREXT_OK;
    case 's':
        return send_bytes(m, &menu_key, 1);
    default:
        monitor_remark(m, "r reset, b bootloader, k break, s send Ctrl-], q or Ctrl-] end");
        return ARAREXT_OK;
    }
}

/* ---- what is typed ---- */

static int send_text(struct monitor *m, const uint8_t *data, size_t len)
{
    static const char *const ends[] = {
        [CLI_EOL_CR] = "\r", [CLI_EOL_LF] = "\n", [CLI_EOL_CRLF] = "\r\n"};
    int rc = ARAREXT_OK;
    if (m->options->eol == CLI_EOL_AS_TYPED) {
        return send_bytes(m, data, len);
    }
    for (size_t i = 0; rc == ARAREXT_OK && i < len; i++) {
        const char *end = ends[m->options->eol];
        bool enter = data[i] == '\r' || data[i] == '\n';
        rc = enter ? send_bytes(m, end, strlen(end)) : send_bytes(m, &data[i], 1);
    }
    return rc;
}

int monitor_take_keys(struct monitor *m)
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
    int rc = ARAREXT_OK;
    for (size_t at = 0; rc == ARAREXT_OK && !m->quit && at < (size_t)n;) {
        const uint8_t *menu = m->terminal ? memchr(data + at, KEY_MENU, (size_t)n - at) : NULL;
        size_t len = menu != NULL ? (size_t)(menu - (data + at)) : (size_t)n - at;
        if (m->in_menu) {
            rc = take_menu_key(m, data[at++]);
            continue;
        }
        rc = send_text(m, data + at, len);
        at += len + (menu != NULL);
        m->in_menu = menu != NULL;
    }
    return rc;
}
