/* SPDX-License-Identifier: MIT */
/*
 * The board and the loop around it: virtual time in slices, bytes to and from the ports in between,
 * commands, and what the user is told. One thread; it sleeps in poll() and nowhere else.
 */
#include "cli.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define MS_NS UINT64_C(1000000)

enum { LED_PORT = 'A', LED_PIN = 5, BUTTON_PIN = 0, RECENT_MS = 200, RESETS_A_SECOND = 10 };

/* ---- what the board tells ---- */

static void on_report(void *ctx, const struct twin_report *report)
{
    struct board *b = ctx;
    if (b->closing) {
        options_complain("%s", report->text); /* the state file could not be written */
        b->close_failed = true;
        return;
    }
    reports_add(&b->reports, &b->show, report);
}

static void on_pin(void *ctx, char port, unsigned pin, bool level)
{
    struct board *b = ctx;
    if (port == LED_PORT && pin == LED_PIN && b->twin != NULL && !b->closing) {
        led_changed(&b->led, &b->show, twin_now_ns(b->twin), level);
    }
}

/* A board that resets itself without end must not drown everything else. */
static void on_reset(void *ctx, const char *cause)
{
    struct board *b = ctx;
    uint64_t second = wall_now_ns() / 1000 / MS_NS;
    if (second != b->reset_second) {
        b->reset_second = second;
        b->resets_told = 0;
    }
    b->told_lockup = false;
    if (++b->resets_told < RESETS_A_SECOND) {
        show_line(&b->show, "reset: %s", cause);
    } else if (b->resets_told == RESETS_A_SECOND) {
        show_line(&b->show, "reset: %s, and perhaps more this second", cause);
    }
}

/* ---- made and ended ---- */

static int load_files(struct board *b)
{
    const struct options *o = b->options;
    const char *const names[2] = {o->firmware, o->app};
    const uint32_t addrs[2] = {0x08000000, o->app_addr};
    for (unsigned i = 0; i < 2; i++) {
        if (names[i] != NULL && twin_load_file(b->twin, names[i], addrs[i]) != TWIN_OK) {
            options_complain("%s", twin_error_text(b->twin));
            return EXIT_CODE_FILE;
        }
    }
    return EXIT_CODE_OK;
}

/* Before any is opened: the link that a killed twin left behind leads to a number that the first
 * port of this one may get. */
static int clear_places(const struct options *o)
{
    char text[700];
    for (unsigned i = 0; i < CLI_USARTS; i++) {
        const char *link = o->link[i + 1];
        const char *wrong = link == NULL ? NULL : pty_clear_place(link, text, sizeof text);
        if (wrong != NULL) {
            options_complain("USART%u: %s", i + 1, wrong);
            return EXIT_CODE_PORT;
        }
    }
    return EXIT_CODE_OK;
}

static int open_ports(struct board *b)
{
    char text[700];
    for (unsigned i = 0; i < CLI_USARTS; i++) {
        const char *link = b->options->link[i + 1];
        struct port *p = &b->port[i];
        if (link == NULL) {
            continue;
        }
        const char *wrong = pty_open(&p->pty, link, text, sizeof text);
        if (wrong != NULL) {
            options_complain("USART%u: %s", i + 1, wrong);
            return EXIT_CODE_PORT;
        }
        p->usart = i + 1;
    }
    return EXIT_CODE_OK;
}

/* Before the board is made: its end writes the state file. */
static bool files_are_there(const struct options *o)
{
    if (o->firmware == NULL && access(o->state, R_OK) != 0) {
        options_complain("%s: %s; without it, --firmware FILE is needed", o->state,
                         strerror(errno));
        return false;
    }
    const char *const names[2] = {o->firmware, o->app};
    for (unsigned i = 0; i < 2; i++) {
        if (names[i] != NULL && access(names[i], R_OK) != 0) {
            options_complain("%s: %s", names[i], strerror(errno));
            return false;
        }
    }
    return true;
}

static int create(struct board *b)
{
    struct options *o = b->options;
    const struct twin_config config = {
        .flash_kib = o->flash_kib,
        .no_hse = o->no_hse,
        .seed = o->seed,
        .state_path = o->state,
        .on_report = on_report,
        .on_pin = on_pin,
        .on_reset = on_reset,
        .ctx = b,
    };
    if (!files_are_there(o)) {
        return EXIT_CODE_FILE;
    }
    int err = twin_create(&b->twin, &config);
    if (err != TWIN_OK) {
        options_complain("%s", twin_error_text(NULL));
        return err == TWIN_ERR_FILE || err == TWIN_ERR_FORMAT ? EXIT_CODE_FILE : EXIT_CODE_RUNTIME;
    }
    b->show.twin = b->twin;
    return EXIT_CODE_OK;
}

static int open_log(struct board *b)
{
    if (b->options->log == NULL) {
        return EXIT_CODE_OK;
    }
    b->show.log = fopen(b->options->log, "w");
    if (b->show.log == NULL) {
        options_complain("%s: %s", b->options->log, strerror(errno));
        return EXIT_CODE_FILE;
    }
    return EXIT_CODE_OK;
}

int board_open(struct board *b, struct options *o)
{
    *b = (struct board){.options = o};
    b->show.quiet = o->quiet;
    b->show.show_log = o->show_log;
    b->pace.max = o->max_speed;
    int code = open_log(b);
    if (code == EXIT_CODE_OK) {
        code = create(b);
    }
    if (code == EXIT_CODE_OK) {
        code = load_files(b);
    }
    if (code == EXIT_CODE_OK) {
        code = clear_places(o);
    }
    if (code == EXIT_CODE_OK) {
        code = open_ports(b);
    }
    if (code != EXIT_CODE_OK) {
        return code;
    }
    for (unsigned i = 0; i < CLI_USARTS; i++) {
        if (b->port[i].usart != 0) {
            show_line(&b->show, "USART%u is at %s (%s)", i + 1, b->port[i].pty.link,
                      b->port[i].pty.name);
        }
    }
    board_set_button(b, o->button);
    if (o->cut_at != 0) {
        board_cut_at(b, o->cut_at, o->cut);
    }
    twin_power_on(b->twin);
    return EXIT_CODE_OK;
}

int board_close(struct board *b)
{
    if (b->twin != NULL) {
        reports_summary(&b->reports, &b->show);
    }
    for (unsigned i = 0; i < CLI_USARTS; i++) {
        port_free(&b->port[i]);
    }
    b->closing = true;
    b->show.twin = NULL;
    twin_destroy(b->twin);
    b->twin = NULL;
    if (b->show.log != NULL && fclose(b->show.log) != 0) {
        options_complain("%s: %s", b->options->log, strerror(errno));
        b->close_failed = true;
    }
    return b->close_failed ? EXIT_CODE_RUNTIME : EXIT_CODE_OK;
}

/* ---- what the user does ---- */

void board_set_button(struct board *b, bool pressed)
{
    b->button = pressed;
    twin_pin_drive(b->twin, 'A', BUTTON_PIN, pressed);
}

void board_cut_at(struct board *b, uint64_t n, enum twin_cut when)
{
    b->cut_asked = n != 0;
    twin_cut_at_flash_operation(b->twin, n, when);
}

/* ---- the loop ---- */

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
    return end_ns != 0 && twin_now_ns(b->twin) >= end_ns;
}

void board_run(struct board *b, volatile sig_atomic_t *ended)
{
    struct console console = {.len = 0};
    struct traffic traffic;
    bool over = false;
    while (!over && !b->quit && *ended == 0) {
        int wait_ms = 0;
        console_read(&console, b);
        serve_ports(b, &traffic);
        uint64_t slice_ns = pace_slice(&b->pace, b->twin, &traffic, &wait_ms);
        if (slice_ns == 0) {
            wait_for_events(b, &console, wait_ms);
        } else {
            over = run_slice(b, slice_ns);
        }
    }
    serve_ports(b, &traffic); /* what has arrived is still delivered */
}
