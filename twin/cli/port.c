/* SPDX-License-Identifier: MIT */
/*
 * Bytes between a host's port and a line of the board. The far end of the cable has the baud rate
 * and format that the host has set, so that a wrong one garbles here as it does on a desk.
 *
 * Never waits for a host: one that does not read loses the oldest bytes, and is told about here.
 */
#include "cli.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BACKLOG_MAX = 65536, UNSENT_MAX = 4096 };

static bool same(const struct twin_line *a, const struct twin_line *b)
{
    return a->baud == b->baud && a->stop_bits == b->stop_bits;
}

static void follow_settings(struct port *p, struct twin *t, struct show *s)
{
    struct twin_line now;
    if (!pty_settings(&p->pty, &now) || same(&now, &p->settings)) {
        return;
    }
    bool first = p->settings.baud == 0;
    p->settings = now;
    twin_line_set(t, p->usart, &now);
    if (!first) {
        show_line(s, "USART%u: the host now uses %u baud, %u stop bit%s", p->usart,
                  (unsigned)now.baud, now.stop_bits, now.stop_bits == 1 ? "" : "s");
    }
}

static void host_gone(struct port *p)
{
    p->backlog_len = 0;
    p->told_full = false;
    pty_forget(&p->pty);
}

/* As many bytes as a serial port's driver would take; the rest stays with the host. */
void port_from_host(struct port *p, struct twin *t, struct show *s, uint64_t wall_ms)
{
    uint8_t data[1024];
    bool host = pty_has_host(&p->pty);
    follow_settings(p, t, s);
    while (port_takes_more(p, t)) {
        ssize_t n = read(p->pty.master, data, sizeof data);
        if (n <= 0) {
            break; /* nothing there, or nobody */
        }
        twin_line_send(t, p->usart, data, (size_t)n);
        p->active_ms = wall_ms;
    }
    if (p->host && !host) {
        host_gone(p);
    }
    p->host = host;
}

static void log_bytes(struct port *p, struct show *s, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        bool end = data[i] == '\n' || p->log_len == sizeof p->log_line - 1;
        if (end && p->log_len != 0) {
            p->log_line[p->log_len] = '\0';
            show_line(s, "USART%u | %s", p->usart, p->log_line);
            p->log_len = 0;
        }
        if (data[i] != '\n' && data[i] != '\r') {
            bool control = data[i] < 0x20 || data[i] == 0x7F;
            p->log_line[p->log_len++] = (char)(control ? (uint8_t)'.' : data[i]);
        }
    }
}

static void drop_oldest(struct port *p, struct show *s, size_t room)
{
    if (p->backlog_len + room <= BACKLOG_MAX) {
        return;
    }
    size_t drop = p->backlog_len + room - BACKLOG_MAX;
    memmove(p->backlog, p->backlog + drop, p->backlog_len - drop);
    p->backlog_len -= drop;
    if (!p->told_full) {
        p->told_full = true;
        show_line(s, "USART%u: the host does not read; the oldest bytes for it are dropped",
                  p->usart);
    }
}

static void offer_backlog(struct port *p)
{
    ssize_t n = p->backlog_len == 0 ? 0 : write(p->pty.master, p->backlog, p->backlog_len);
    if (n > 0) {
        p->backlog_len -= (size_t)n;
        memmove(p->backlog, p->backlog + n, p->backlog_len);
        p->told_full = false;
    }
}

void port_to_host(struct port *p, struct twin *t, struct show *s, uint64_t wall_ms)
{
    uint8_t data[1024];
    size_t n;
    if (p->backlog == NULL) {
        p->backlog = malloc(BACKLOG_MAX);
        if (p->backlog == NULL) {
            abort();
        }
    }
    while ((n = twin_line_receive(t, p->usart, data, sizeof data)) > 0) {
        p->active_ms = wall_ms;
        p->bytes += n;
        if (p->is_log && s->show_log) {
            log_bytes(p, s, data, n);
        }
        if (p->host) {
            drop_oldest(p, s, n);
            memcpy(p->backlog + p->backlog_len, data, n);
            p->backlog_len += n;
        }
    }
    offer_backlog(p);
}

bool port_takes_more(const struct port *p, const struct twin *t)
{
    return twin_line_unsent(t, p->usart) < UNSENT_MAX;
}

void port_free(struct port *p)
{
    if (p->usart != 0) {
        pty_close(&p->pty);
    }
    free(p->backlog);
    p->backlog = NULL;
}
