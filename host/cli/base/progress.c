/* SPDX-License-Identifier: MIT */
/*
 * How far it has come: a bar with rate and time left on a terminal, a line for the beginning and
 * the end of each phase elsewhere. To stderr.
 */
#include "cli_progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"
#include "cli_clock.h"
#include "cli_output.h"

enum {
    REDRAW_MS = 100,
    LINE_MS = 5000,
    BAR_MIN = 10,
    BAR_MAX = 40,
    FIXED_COLUMNS = 29, /* "verifying    100% 12345.6 KiB" */
    BRACKET_COLUMNS = 3,
    RATE_COLUMNS = 24, /* " 1234.5 KiB/s 12:34 left" */
};

static const struct {
    const char *doing, *done;
} WORDS[] = {
    [ARAREXT_PHASE_COMPARE] = {"comparing", "compared"},
    [ARAREXT_PHASE_ERASE] = {"erasing", "erased"},
    [ARAREXT_PHASE_WRITE] = {"writing", "wrote"},
    [ARAREXT_PHASE_VERIFY] = {"verifying", "verified"},
    [ARAREXT_PHASE_DONE] = {"done", "done"},
};

void cli_progress_start(struct cli_progress *p, const struct cli *cli)
{
    *p = (struct cli_progress){.cli = cli, .phase = -1, .terminal = cli_can_draw()};
}

static double kib_per_second(const struct cli_progress *p, uint64_t now)
{
    uint64_t ms = now - p->start_ms;
    return ms == 0 ? 0.0 : (double)p->done / 1024.0 * 1000.0 / (double)ms;
}

static const char *doing(const struct cli_progress *p)
{
    return p->reading ? "reading" : WORDS[p->phase].doing;
}

const char *cli_phase_word(enum ararext_phase phase)
{
    return WORDS[phase].doing;
}

/* The last column stays free, since some terminals wrap on it. */
int cli_columns(void)
{
    struct winsize size = {0};
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col - 1 : 79;
}

/* " [####....]" of at most that many columns; nothing where that is too few. */
static void make_bar(char *bar, const struct cli_progress *p, unsigned columns)
{
    bar[0] = '\0';
    if (columns < BRACKET_COLUMNS + BAR_MIN) {
        return;
    }
    unsigned width = columns - BRACKET_COLUMNS < BAR_MAX ? columns - BRACKET_COLUMNS : BAR_MAX;
    unsigned filled = p->total == 0 ? width : (unsigned)((uint64_t)p->done * width / p->total);
    memcpy(bar, " [", 2);
    memset(bar + 2, '.', width);
    memset(bar + 2, '#', filled);
    memcpy(bar + 2 + width, "]", 2);
}

/* One line that never wraps: where there is little room, rate and time go first, then the bar, then
 * the end of what is left. */
static void draw(const struct cli_progress *p, uint64_t now)
{
    unsigned columns = (unsigned)cli_columns();
    unsigned room = columns > FIXED_COLUMNS ? columns - FIXED_COLUMNS : 0;
    bool with_rate = room >= RATE_COLUMNS + BRACKET_COLUMNS + BAR_MIN;
    double percent = p->total == 0 ? 100.0 : 100.0 * (double)p->done / (double)p->total;
    double rate = kib_per_second(p, now);
    char bar[BAR_MAX + BRACKET_COLUMNS + 1], end[48] = "", line[160];
    make_bar(bar, p, with_rate ? room - RATE_COLUMNS : room);
    if (with_rate && p->done > 0 && rate > 0.0) {
        unsigned left = (unsigned)((double)(p->total - p->done) / 1024.0 / rate + 0.5);
        snprintf(end, sizeof end, " %6.1f KiB/s %2u:%02u left", rate, left / 60, left % 60);
    }
    snprintf(line, sizeof line, "%-12s%s %3.0f%% %7.1f KiB%s", doing(p), bar, percent,
             (double)p->done / 1024.0, end);
    fprintf(stderr, "\r%.*s\033[K", (int)columns, line);
    fflush(stderr);
}

static void end_phase(struct cli_progress *p, uint64_t now)
{
    if (p->phase < 0) {
        return;
    }
    if (p->terminal) {
        draw(p, now);
        fputc('\n', stderr);
    } else if (p->done == p->total && p->phase != ARAREXT_PHASE_COMPARE) {
        fprintf(stderr, "%s %u bytes in %.1f s (%.1f KiB/s)\n",
                p->reading ? "read" : WORDS[p->phase].done, (unsigned)p->total,
                (double)(now - p->start_ms) / 1000.0, kib_per_second(p, now));
    }
    p->phase = -1;
}

void cli_progress_show(void *ctx, enum ararext_phase phase, uint32_t done, uint32_t total)
{
    struct cli_progress *p = ctx;
    uint64_t now = cli_now_ms();
    if (p->cli->shown != NULL) {
        cli_show_board(p->cli->shown, phase, done, total);
        return;
    }
    if (p->cli->json || p->cli->quiet || total == 0) {
        return;
    }
    if (p->phase != (int)phase) {
        end_phase(p, now);
        p->phase = (int)phase;
        p->start_ms = now;
        p->shown_ms = p->terminal ? now - REDRAW_MS : now;
    }
    p->done = done;
    p->total = total;
    if (p->terminal && now - p->shown_ms >= REDRAW_MS) {
        draw(p, now);
        p->shown_ms = now;
    } else if (!p->terminal && now - p->shown_ms >= LINE_MS && done < total) {
        fprintf(stderr, "%s: %u of %u bytes\n", doing(p), (unsigned)done, (unsigned)total);
        p->shown_ms = now;
    }
}

void cli_progress_end(struct cli_progress *p)
{
    end_phase(p, cli_now_ms());
}

void cli_show_board(struct cli_shown *shown, enum ararext_phase phase, uint32_t done,
                    uint32_t total)
{
    pthread_mutex_lock(shown->lock);
    shown->phase = (int)phase;
    shown->done = done;
    shown->total = total;
    shown->lost = false;
    pthread_mutex_unlock(shown->lock);
}

void cli_show_board_lost(struct cli_shown *shown)
{
    pthread_mutex_lock(shown->lock);
    shown->lost = true;
    pthread_mutex_unlock(shown->lock);
}
