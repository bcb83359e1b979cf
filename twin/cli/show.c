/*
 * Lines for the user: on standard output unless --quiet, and in the file of --log. A reader that
 * has gone away is no reason to stop the board.
 */
#include "cli.h"

#include <stdarg.h>

static void put(FILE *f, double seconds, const char *fmt, va_list args)
{
    (void)fprintf(f, "[%12.6f] ", seconds);
    (void)vfprintf(f, fmt, args);
    (void)fputc('\n', f);
    (void)fflush(f);
}

void show_line(struct show *s, const char *fmt, ...)
{
    double seconds = s->twin == NULL ? 0 : (double)twin_now_ns(s->twin) / 1e9;
    va_list args;
    if (!s->quiet) {
        va_start(args, fmt);
        put(stdout, seconds, fmt, args);
        va_end(args);
    }
    if (s->log != NULL) {
        va_start(args, fmt);
        put(s->log, seconds, fmt, args);
        va_end(args);
    }
}
