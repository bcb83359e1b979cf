/* SPDX-License-Identifier: MIT */
/*
 * Lines for the user: on standard output unless --quiet, and in the file of --log. A reader that
 * has gone away is no reason to stop the board.
 */
#include "cli.h"

#include <stdarg.h>

static void put(FILE *f, double seconds, const char *text)
{
    (void)fprintf(f, "[%12.6f] %s\n", seconds, text);
    (void)fflush(f);
}

void show_line(struct show *s, const char *fmt, ...)
{
    char text[1024];
    double seconds = s->twin == NULL ? 0 : (double)twin_now_ns(s->twin) / 1e9;
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (!s->quiet) {
        put(stdout, seconds, text);
    }
    if (s->log != NULL) {
        put(s->log, seconds, text);
    }
}
