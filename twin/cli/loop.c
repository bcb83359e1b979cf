/* SPDX-License-Identifier: MIT */
/*
 * The loop around the board: virtual time in slices, bytes to and from the ports in between, and
 * commands. One thread; it sleeps in poll() and nowhere else.
 */
#include "cli.h"

#include <poll.h>
#include <unistd.h>

#define MS_NS UINT64_C(1000000)

enum { RECENT_MS = 200 };

static void serve_ports(struct board *b, struct traffic *traffic)
{
    uint64_t wall_ms = wall_now_ns() / MS_NS;
    *traffic = (struct traffic){.bounded = b->options->run_for_ns != 0};
    for (unsigned i = 0; i < CLI_USARTS; i++) {
        struct port *p = &b->port[i];
        if (p->usart == 0) {
            continue;
        }
        uint64_t before = p->bytes;
        port_to_host(p, b->twin, &b->show, wall_ms);
        port_from_host(p, b->twin, &b->show, wall_ms);
        traffic->host_present |= p->host;
        traffic->moving |= p->host && p->bytes != before;
        traffic->moving |= twin_line_unsent(b->twin, p->usart) != 0;
        traffic->recent |= p->active_ms != 0 && wall_ms - p->active_ms < RECENT_MS;
    }
}

/* Until a host or the user does something, but not longer than wait_ms. */
static void wait_for_events(struct board *b, const struct console *console, int wait_ms)
{
    struct pollfd fds[CLI_USARTS + 1];
    nfds_t n = 0;
    for (unsigned i = 0; i < CLI_USARTS; i++) {
        const struct port *p = &b->port[i];
        if (p->usart != 0 && p->host) { /* without a host poll() would come back at once */
            short out = p->backlog_len != 0 ? POLLOUT : 0;
            short in = port_takes_more(p, b->twin) ? POLLIN : 0;
            fds[n++] = (struct pollfd){.fd = p->pty.master, .events = (short)(in | out)};
        }
    }
    if (console_readable(console)) {
        fds[n++] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
    }
    (void)poll(fds, n, wait_ms);
}

static void tell_stop(struct board *b, enum twin_stop why)
{
    if (why == TWIN_STOP_LOCKUP && !b->told_lockup) {
        b->told_lockup = true;
        show_line(&b->show, "the core is locked up: only a reset ends that (command: reset)");
    }
    if (b->cut_asked && twin_cut_happened(b->twin)) {
        b->cut_asked = false;
        show_line(&b->show, "the power was cut in the flash operation chosen (command: power on)");
    }
    if (b->pace.lost_ns > 1000 * MS_NS && !b->pace.told_slow) {
        b->pace.told_slow = true;
        show_line(&b->show, "this machine is too slow for real time: the board runs behind");
    }
}

/* True when the time of --run-for is over. */
static bool run_slice(struct board *b, uint64_t slice_ns)
{
    uint64_t end_ns = b->options->run_for_ns;
    uint64_t now_ns = twin_now_ns(b->twin);
    if (end_ns != 0 && now_ns + slice_ns > end_ns) {
        slice_ns = end_ns > now_ns ? end_ns - now_ns : 0;
    }
    if (slice_ns != 0) {
        tell_stop(b, twin_run_ns(b->twin, slice_ns));
        pace_ran(&b->pace, b->twin);
        led_tick(&b->led, &b->show, twin_now_ns(b->twin));
    }
    return (end_ns != 0 && twin_now_ns(b->twin) >= end_ns) || twin_time_is_over(b->twin);
}

void loop_run(struct board *b, volatile sig_atomic_t *ended)
{
    struct console console = {.len = 0};
    struct traffic traffic;
    bool over = false;
    while (!over && !b->quit && *ended == 0) {
        int wait_ms = 0;
        console_read(&console, b);
        serve_ports(b, &traffic);
        checkpoint_tick(&b->checkpoint, b->twin, &b->show);
        uint64_t slice_ns = pace_slice(&b->pace, b->twin, &traffic, &wait_ms);
        if (slice_ns == 0) {
            wait_for_events(b, &console, wait_ms);
        } else {
            over = run_slice(b, slice_ns);
        }
    }
    serve_ports(b, &traffic); /* what has arrived is still delivered */
}
