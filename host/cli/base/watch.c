/* SPDX-License-Identifier: MIT */
/*
 * A file that is watched: by its time, size and number, which a compiler changes whether it writes
 * into the file or puts another one in its place. It may be half written when that shows, so it has
 * to stay as it is for a moment.
 */
#include "cli_watch.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli_clock.h"
#include "cli_connect.h"
#include "cli_output.h"
#include "cli_signals.h"

enum { LOOK_MS = 100, SETTLE_MS = 400 };

/* All zeros where there is no such file: a linker takes it away first. */
static struct stat look(const char *path)
{
    struct stat st = {0};
    return stat(path, &st) == 0 ? st : (struct stat){0};
}

static bool same(const struct stat *a, const struct stat *b)
{
    return a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void pause_ms(unsigned ms)
{
    const struct timespec pause = {.tv_nsec = (long)ms * 1000000};
    nanosleep(&pause, NULL);
}

bool cli_watched_changed(void *ctx)
{
    struct cli_watched *w = ctx;
    uint64_t now = cli_now_ms();
    if (!w->changed && now - w->looked_ms >= LOOK_MS) {
        const struct stat st = look(w->path);
        w->looked_ms = now;
        w->changed = !same(&st, &w->was) && st.st_size > 0;
    }
    return w->changed;
}

/* Until it has stayed as it is. */
static void settle(const struct cli_watched *w)
{
    struct stat before = {0}, st = look(w->path);
    while (cli_signal() == 0 && (!same(&before, &st) || st.st_size == 0)) {
        before = st;
        pause_ms(SETTLE_MS);
        st = look(w->path);
    }
}

static void tell_failure(const struct cli *cli, int rc)
{
    const char *sentence =
        cli->error.text[0] != '\0' ? cli->error.text : ararext_error_entry(rc)->sentence;
    fputs("ararext: ", stderr);
    cli_put_escaped(stderr, sentence);
    fputc('\n', stderr);
}

/* As it was before: the next round is a command of its own. */
static void begin_again(struct cli *cli)
{
    ararext_close(cli->session);
    cli->session = NULL;
    cli->made_room = cli->by_lines = cli->stay = false;
    cli->error.text[0] = '\0';
    cli->advice.text[0] = '\0';
    cJSON_Delete(cli->doc);
    cli->doc = cJSON_CreateObject();
}

int cli_watch(struct cli *cli, struct cli_watched *w, cli_watch_fn *run, void *ctx)
{
    for (;;) {
        w->was = look(w->path);
        w->changed = false;
        int rc = cli_let_go(cli, run(cli, w->path, ctx));
        if (rc == ARAREXT_ERR_ARGUMENT || cli_signal() != 0) {
            return cli_signal() != 0 ? ARAREXT_ERR_INTERRUPTED : rc;
        }
        if (rc != ARAREXT_OK) {
            tell_failure(cli, rc);
        }
        begin_again(cli);
        cli_say(cli, "Waiting for %s to change; Ctrl-C ends.\n", w->path);
        while (!cli_watched_changed(w) && cli_signal() == 0) {
            pause_ms(LOOK_MS);
        }
        settle(w);
        if (cli_signal() != 0) {
            return ARAREXT_ERR_INTERRUPTED;
        }
    }
}
