/* SPDX-License-Identifier: MIT */
/*
 * Several boards at once: a thread for each, with a session and a document of its own, and a line
 * of progress for each. The threads print nothing; this one does.
 */
#include "cli_boards.h"
#include "cli_connect.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli.h"
#include "cli_clock.h"
#include "cli_document.h"
#include "cli_output.h"
#include "cli_progress.h"

enum { LOOK_MS = 100, LINE_MS = 5000, PORT_COLUMNS = 24 };

struct cli_board {
    struct cli cli;
    cli_board_fn *run;
    void *ctx;
    pthread_t thread;
    struct cli_shown shown; /* its lock guards what follows, too */
    uint64_t took_ms;
    bool over;
    int code;
};

static void *work(void *arg)
{
    struct cli_board *board = arg;
    uint64_t start = cli_now_ms();
    int code = board->run(&board->cli, board->ctx);
    code = cli_let_go(&board->cli, code);
    pthread_mutex_lock(board->shown.lock);
    board->code = code;
    board->took_ms = cli_now_ms() - start;
    board->over = true;
    pthread_mutex_unlock(board->shown.lock);
    return NULL;
}

/* ---- what is shown ---- */

static void say_state(const struct cli_board *b, char *text, size_t size)
{
    if (b->over) {
        snprintf(text, size, "%s, %.1f s", b->code == ARAREXT_OK ? "done" : "failed",
                 (double)b->took_ms / 1000.0);
    } else if (b->shown.lost) {
        snprintf(text, size, "silent, waiting for it");
    } else if (b->shown.phase < 0) {
        snprintf(text, size, "connecting");
    } else {
        double percent =
            b->shown.total == 0 ? 100.0 : 100.0 * (double)b->shown.done / (double)b->shown.total;
        snprintf(text, size, "%-10s %3.0f%%", cli_phase_word((enum ararext_phase)b->shown.phase),
                 percent);
    }
}

/* On a terminal it never wraps: the lines are drawn over. */
static void show_line(const struct cli_board *b, bool terminal)
{
    char state[64], port[256], line[512];
    say_state(b, state, sizeof state);
    cli_escape(b->cli.port, port, sizeof port);
    snprintf(line, sizeof line, "%-*s %s", PORT_COLUMNS, port, state);
    fprintf(stderr, terminal ? "%.*s\033[K\n" : "%.*s\n",
            terminal ? cli_columns() : (int)sizeof line, line);
}

/* On a terminal all lines anew, in place; elsewhere now and then. */
static void show_all(const struct cli_board *boards, size_t count, bool terminal, bool first)
{
    if (terminal && !first) {
        fprintf(stderr, "\033[%zuA", count);
    }
    for (size_t i = 0; i < count; i++) {
        show_line(&boards[i], terminal);
    }
    fflush(stderr);
}

static size_t count_over(const struct cli_board *boards, size_t count)
{
    size_t over = 0;
    for (size_t i = 0; i < count; i++) {
        over += boards[i].over;
    }
    return over;
}

/* Until all are over. */
static void watch(const struct cli *cli, struct cli_board *boards, size_t count)
{
    const struct timespec pause = {.tv_nsec = (long)LOOK_MS * 1000000};
    bool terminal = cli_can_draw(), silent = cli->json || cli->quiet, first = true;
    uint64_t shown = cli_now_ms();
    for (size_t over = 0; over < count;) {
        nanosleep(&pause, NULL);
        pthread_mutex_lock(boards[0].shown.lock);
        over = count_over(boards, count);
        bool due = terminal || over == count || cli_now_ms() - shown >= LINE_MS;
        if (due && !silent) {
            show_all(boards, count, terminal, first);
            first = false;
            shown = cli_now_ms();
        }
        pthread_mutex_unlock(boards[0].shown.lock);
    }
}

/* ---- start and verdict ---- */

static void prepare(const struct cli *cli, struct cli_board *b, size_t i)
{
    b->cli = *cli;
    b->cli.port = cli->ports[i];
    b->cli.doc = cJSON_CreateObject();
    b->cli.quiet = true; /* cli_say is for one board */
    b->cli.shown = &b->shown;
    b->shown.phase = -1;
}

/* One code for all: of the one with the highest exit status. */
static int judge(struct cli *cli, struct cli_board *boards, size_t count)
{
    cJSON *list = cJSON_AddArrayToObject(cli->doc, "boards");
    const struct cli_board *worst = &boards[0];
    size_t failed = 0;
    for (size_t i = 0; i < count; i++) {
        struct cli_board *b = &boards[i];
        if (b->code != ARAREXT_OK && b->cli.error.text[0] == '\0') {
            (void)cli_error(&b->cli, b->code, "%s", ararext_error_entry(b->code)->sentence);
        }
        json_string(b->cli.doc, "port", b->cli.port);
        json_bool(b->cli.doc, "ok", b->code == ARAREXT_OK);
        json_number(b->cli.doc, "took_ms", (double)b->took_ms);
        cli_document_error(&b->cli, b->cli.doc, b->code);
        cJSON_AddItemToArray(list, b->cli.doc);
        failed += b->code != ARAREXT_OK;
        worst = cli_exit_status(b->code) > cli_exit_status(worst->code) ? b : worst;
        if (b->code != ARAREXT_OK && !cli->json) {
            fputs("ararext: ", stderr);
            cli_put_escaped(stderr, b->cli.port);
            fputs(": ", stderr);
            cli_put_escaped(stderr, b->cli.error.text);
            fputc('\n', stderr);
        }
    }
    if (failed == 0) {
        cli_say(cli, "All %zu boards done.\n", count);
        return ARAREXT_OK;
    }
    cli->advice = worst->cli.advice;
    return cli_error(cli, worst->code, "%zu of %zu boards failed: %.100s: %.300s", failed, count,
                     worst->cli.port, worst->cli.error.text);
}

static bool has_double(struct cli *cli)
{
    for (size_t i = 0; i < cli->port_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(cli->ports[i], cli->ports[k]) == 0) {
                (void)cli_error(cli, ARAREXT_ERR_ARGUMENT, "port %s is named twice", cli->ports[i]);
                return true;
            }
        }
    }
    return false;
}

/* Signals are for the main thread alone: a handler in one of the others could meet half a frame. */
static bool start_thread(struct cli_board *b)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    bool started = pthread_create(&b->thread, NULL, work, b) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started;
}

int cli_run_boards(struct cli *cli, cli_board_fn *run, void *ctx)
{
    pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    size_t count = cli->port_count;
    if (has_double(cli)) {
        return ARAREXT_ERR_ARGUMENT;
    }
    struct cli_board *boards = calloc(count, sizeof *boards);
    if (boards == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    bool started[CLI_PORTS_MAX] = {false};
    for (size_t i = 0; i < count; i++) {
        struct cli_board *b = &boards[i];
        prepare(cli, b, i);
        b->run = run;
        b->ctx = ctx;
        b->shown.lock = &lock;
        started[i] = start_thread(b);
        if (!started[i]) {
            cli_show_board(&b->shown, ARAREXT_PHASE_COMPARE, 0, 0);
            b->code = ARAREXT_ERR_MEMORY;
            b->over = true;
        }
    }
    watch(cli, boards, count);
    for (size_t i = 0; i < count; i++) {
        if (started[i]) {
            pthread_join(boards[i].thread, NULL);
        }
    }
    int rc = judge(cli, boards, count);
    for (size_t i = 0; i < count; i++) {
        ararext_close(boards[i].cli.session);
    }
    free(boards);
    return rc;
}
