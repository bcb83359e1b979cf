/*
 * How far it has come: a bar with rate and time left on a terminal, a line for the beginning and
 * the end of each phase elsewhere. To stderr.
 */
#include "cli.h"

#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { REDRAW_MS = 100, LINE_MS = 5000, BAR_MAX = 40 };

static const struct {
    const char *doing, *done;
} WORDS[] = {
    [ARAREXT_PHASE_COMPARE] = {"comparing", "compared"},
    [ARAREXT_PHASE_ERASE] = {"erasing", "erased"},
    [ARAREXT_PHASE_WRITE] = {"writing", "wrote"},
    [ARAREXT_PHASE_VERIFY] = {"reading back", "read back"},
    [ARAREXT_PHASE_DONE] = {"done", "done"},
};

uint64_t cli_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

void cli_progress_start(struct cli_progress *p, const struct cli *cli)
{
    *p = (struct cli_progress){.cli = cli, .phase = -1, .terminal = isatty(STDERR_FILENO) == 1};
}

static double kib_per_second(const struct cli_progress *p, uint64_t now)
{
    uint64_t ms = now - p->start_ms;
    return ms == 0 ? 0.0 : (double)p->done / 1024.0 * 1000.0 / (double)ms;
}

static void draw(const struct cli_progress *p, uint64_t now)
{
    struct winsize size = {0};
    unsigned columns =
        ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
    unsigned width = columns > 64 + BAR_MAX ? BAR_MAX : columns > 74 ? columns - 64 : 10;
    unsigned filled = p->total == 0 ? width : (unsigned)((uint64_t)p->done * width / p->total);
    double percent = p->total == 0 ? 100.0 : 100.0 * (double)p->done / (double)p->total;
    char bar[BAR_MAX + 1];
    for (unsigned i = 0; i < width; i++) {
        bar[i] = i < filled ? '#' : '.';
    }
    bar[width] = '\0';
    fprintf(stderr, "\r%-12s [%s] %3.0f%% %7.1f KiB", WORDS[p->phase].doing, bar, percent,
            (double)p->done / 1024.0);
    double rate = kib_per_second(p, now);
    if (p->done > 0 && rate > 0.0) {
        unsigned left = (unsigned)((double)(p->total - p->done) / 1024.0 / rate + 0.5);
        fprintf(stderr, " %6.1f KiB/s %2u:%02u left", rate, left / 60, left % 60);
    }
    fprintf(stderr, "\033[K");
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
        fprintf(stderr, "%s %u bytes in %.1f s (%.1f KiB/s)\n", WORDS[p->phase].done,
                (unsigned)p->total, (double)(now - p->start_ms) / 1000.0, kib_per_second(p, now));
    }
    p->phase = -1;
}

void cli_progress_show(void *ctx, enum ararext_phase phase, uint32_t done, uint32_t total)
{
    struct cli_progress *p = ctx;
    uint64_t now = cli_now_ms();
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
        fprintf(stderr, "%s: %u of %u bytes\n", WORDS[phase].doing, (unsigned)done,
                (unsigned)total);
        p->shown_ms = now;
    }
}

void cli_progress_end(struct cli_progress *p)
{
    end_phase(p, cli_now_ms());
}
