/* SPDX-License-Identifier: MIT */
/*
 * What newlib wants underneath: a heap between data and stack, and a console for what a program
 * prints. There are no files, no processes and no calendar; asking for them is an error, nothing
 * waits for a debugger.
 */
#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <unistd.h>

#include "ararext_app.h"
#include "support.h"

extern char link_heap_start[], link_heap_end[];

void *_sbrk(ptrdiff_t increment);
int _write(int file, const char *data, int len);
int _read(int file, char *data, int len);
int _open(const char *name, int flags, int mode);
int _close(int file);
int _fstat(int file, struct stat *out);
int _isatty(int file);
off_t _lseek(int file, off_t offset, int from);
int _unlink(const char *name);
int _link(const char *old, const char *fresh);
int _getpid(void);
int _kill(int process, int signal);
int _gettimeofday(struct timeval *out, void *zone);
clock_t _times(void *out);
noreturn void _exit(int status);
noreturn void __assert_func(const char *file, int line, const char *function, const char *what);

static int refuse(int reason)
{
    errno = reason;
    return -1;
}

void *_sbrk(ptrdiff_t increment)
{
    static char *top = link_heap_start;
    char *old = top;
    ptrdiff_t below = (ptrdiff_t)((uintptr_t)top - (uintptr_t)link_heap_start);
    ptrdiff_t above = (ptrdiff_t)((uintptr_t)link_heap_end - (uintptr_t)top);

    if (increment > above || increment < -below) {
        errno = ENOMEM;
        return (void *)-1;
    }
    top += increment;
    return old;
}

int _write(int file, const char *data, int len)
{
    if (file != STDOUT_FILENO && file != STDERR_FILENO) {
        return refuse(EBADF);
    }
    for (int i = 0; i < len; i++) {
        if (data[i] == '\n') {
            line_put(LINE_CONSOLE, "\r", 1);
        }
        line_put(LINE_CONSOLE, data + i, 1);
    }
    return len;
}

/* Input comes through line_get, never through the C library: the end of the file. */
int _read(int file, char *data, int len)
{
    (void)data;
    (void)len;
    return file == STDIN_FILENO ? 0 : refuse(EBADF);
}

int _open(const char *name, int flags, int mode)
{
    (void)name;
    (void)flags;
    (void)mode;
    return refuse(ENOENT);
}

int _close(int file)
{
    (void)file;
    return refuse(EBADF);
}

int _fstat(int file, struct stat *out)
{
    (void)file;
    out->st_mode = S_IFCHR;
    return 0;
}

int _isatty(int file)
{
    return file <= STDERR_FILENO;
}

off_t _lseek(int file, off_t offset, int from)
{
    (void)file;
    (void)offset;
    (void)from;
    return refuse(ESPIPE);
}

int _unlink(const char *name)
{
    (void)name;
    return refuse(ENOENT);
}

int _link(const char *old, const char *fresh)
{
    (void)old;
    (void)fresh;
    return refuse(EMLINK);
}

int _getpid(void)
{
    return 1;
}

int _kill(int process, int signal)
{
    (void)process;
    (void)signal;
    return refuse(EINVAL);
}

/* Time since start: nobody told the board what time it is. */
int _gettimeofday(struct timeval *out, void *zone)
{
    uint32_t now_ms = support_ms();

    (void)zone;
    out->tv_sec = (time_t)(now_ms / 1000u);
    out->tv_usec = (suseconds_t)(now_ms % 1000u * 1000u);
    return 0;
}

clock_t _times(void *out)
{
    (void)out;
    return (clock_t)-1;
}

void _exit(int status)
{
    (void)status;
    line_drain();
    ararext_app_reset();
}

/* Without the C library's own, which needs its files. */
void __assert_func(const char *file, int line, const char *function, const char *what)
{
    (void)line;
    (void)function;
    (void)_write(STDOUT_FILENO, "\nassertion: ", 12);
    (void)_write(STDOUT_FILENO, what, (int)strlen(what));
    (void)_write(STDOUT_FILENO, " in ", 4);
    (void)_write(STDOUT_FILENO, file, (int)strlen(file));
    (void)_write(STDOUT_FILENO, "\n", 1);
    _exit(1);
}
