/* SPDX-License-Identifier: MIT */
/*
 * The serial port as a transport. Ports and pseudo-terminals go through the same code, so that what
 * the tests use is what a board gets; libserialport (ports.c) lists ports but cannot open a
 * pseudo-terminal (0.1.1 wants it in /sys/class/tty and insists on modem lines).
 *
 * It must never touch DTR or RTS beyond what opening does unless it is told to, share the port with
 * another program, or wait without an end.
 */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "port_users.h"
#include "serial_baud.h"

/* Bytes that take longer than this to leave never will. */
#define DRAIN_LIMIT_MS 3000u
enum { BUSY_MS = 100, BUSY_TRIES = 8 };

struct serial {
    int fd; /* -1: it went away, and has not come back */
    char *path;
    uint32_t baud;                  /* that it was opened with */
    bool lines_used;                /* modem lines were set: closing leaves them as they are */
    struct serial_settings *before; /* of the line, when we found it */
    bool exclusive;                 /* TIOCEXCL is set */
    bool made_quick;                /* it was not ASYNC_LOW_LATENCY before */
    bool pseudo;                    /* a pseudo-terminal: the far end is a program */
    struct stat named;              /* what path was itself when it was opened */
};

static uint64_t serial_now_ms(void *ctx)
{
    (void)ctx;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000u + (uint64_t)t.tv_nsec / 1000000u;
}

static void serial_sleep_ms(void *ctx, unsigned ms)
{
    (void)ctx;
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    while (nanosleep(&t, &t) != 0 && errno == EINTR) {
    }
}

/* Waits for events until the deadline, signals or not: a frame that is on its way is finished. */
static int wait_for(struct serial *p, short events, uint64_t deadline_ms, bool *ready)
{
    for (; p->fd >= 0;) {
        uint64_t at = serial_now_ms(p);
        int wait = deadline_ms > at ? (int)(deadline_ms - at) : 0;
        struct pollfd fd = {.fd = p->fd, .events = events};
        int n = poll(&fd, 1, wait);
        if (n < 0 && errno != EINTR) {
            return ARAREXT_ERR_IO;
        }
        if (n > 0) {
            *ready = (fd.revents & events) != 0;
            return *ready ? ARAREXT_OK : ARAREXT_ERR_IO; /* hung up, and nothing left to read */
        }
        if (n == 0) {
            *ready = false;
            return ARAREXT_OK;
        }
    }
    return ARAREXT_ERR_IO;
}

static int serial_write(void *ctx, const uint8_t *data, size_t len, unsigned timeout_ms)
{
    struct serial *p = ctx;
    uint64_t deadline = serial_now_ms(p) + timeout_ms;
    while (len > 0) {
        bool ready = false;
        int rc = wait_for(p, POLLOUT, deadline, &ready);
        if (rc != ARAREXT_OK || !ready) {
            return rc != ARAREXT_OK ? rc : ARAREXT_ERR_TIMEOUT; /* the far end stands still */
        }
        ssize_t n = write(p->fd, data, len);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            return ARAREXT_ERR_IO;
        }
        if (n > 0) {
            data += n;
            len -= (size_t)n;
        }
    }
    return ARAREXT_OK;
}

static int serial_read(void *ctx, uint8_t *data, size_t size, unsigned timeout_ms, size_t *got)
{
    struct serial *p = ctx;
    bool ready = false;
    *got = 0;
    int rc = wait_for(p, POLLIN, serial_now_ms(p) + timeout_ms, &ready);
    if (rc != ARAREXT_OK || !ready) {
        return rc;
    }
    ssize_t n = read(p->fd, data, size);
    if (n > 0) {
        *got = (size_t)n;
        return ARAREXT_OK;
    }
    return n < 0 && (errno == EAGAIN || errno == EINTR) ? ARAREXT_OK : ARAREXT_ERR_IO;
}

static int serial_set_baud(void *ctx, uint32_t baud)
{
    struct serial *p = ctx;
    if (serial_baud_set_raw(p->fd, baud)) {
        return ARAREXT_OK;
    }
    return isatty(p->fd) ? ARAREXT_ERR_ARGUMENT : ARAREXT_ERR_IO; /* it went away */
}

static int serial_flush_input(void *ctx)
{
    struct serial *p = ctx;
    return tcflush(p->fd, TCIFLUSH) == 0 ? ARAREXT_OK : ARAREXT_ERR_IO;
}

static int serial_drain(void *ctx)
{
    struct serial *p = ctx;
    uint64_t start = serial_now_ms(p);
    int waiting = 0;
    while (ioctl(p->fd, TIOCOUTQ, &waiting) == 0 && waiting > 0) {
        if (serial_now_ms(p) - start > DRAIN_LIMIT_MS) {
            return tcflush(p->fd, TCOFLUSH) == 0 ? ARAREXT_OK : ARAREXT_ERR_IO;
        }
        serial_sleep_ms(p, 1);
    }
    return ARAREXT_OK;
}

/* USB adapters collect bytes for 16 ms unless told otherwise; each answer would wait for that. Only
 * a wish: many drivers do not know it. Whether it was other before. */
static bool set_low_latency(int fd, bool quick)
{
    struct serial_struct serial;
    if (ioctl(fd, TIOCGSERIAL, &serial) != 0 ||
        quick == ((serial.flags & (int)ASYNC_LOW_LATENCY) != 0)) {
        return false;
    }
    serial.flags ^= (int)ASYNC_LOW_LATENCY;
    return ioctl(fd, TIOCSSERIAL, &serial) == 0;
}

/* Both lines in one call: a circuit that looks at both sees no state in between. */
static int serial_set_lines(void *ctx, unsigned mask, unsigned value)
{
    struct serial *p = ctx;
    int bits = 0;
    int touched = ((mask & ARAREXT_LINE_DTR) != 0 ? TIOCM_DTR : 0) |
                  ((mask & ARAREXT_LINE_RTS) != 0 ? TIOCM_RTS : 0);
    int asserted = ((value & ARAREXT_LINE_DTR) != 0 ? TIOCM_DTR : 0) |
                   ((value & ARAREXT_LINE_RTS) != 0 ? TIOCM_RTS : 0);
    bool done = ioctl(p->fd, TIOCMGET, &bits) == 0;
    bits = (bits & ~touched) | (asserted & touched);
    if (!done || ioctl(p->fd, TIOCMSET, &bits) != 0) {
        return p->fd >= 0 && isatty(p->fd) ? ARAREXT_ERR_UNSUPPORTED : ARAREXT_ERR_IO;
    }
    p->lines_used = true;
    return ARAREXT_OK;
}

static int serial_send_break(void *ctx, unsigned ms)
{
    struct serial *p = ctx;
    int rc = serial_drain(p);
    if (rc != ARAREXT_OK || ioctl(p->fd, TIOCSBRK) != 0) {
        return ARAREXT_ERR_IO;
    }
    serial_sleep_ms(p, ms);
    return ioctl(p->fd, TIOCCBRK) == 0 ? ARAREXT_OK : ARAREXT_ERR_IO;
}

static void let_go(struct serial *p)
{
    if (p->fd < 0) {
        return;
    }
    if (p->made_quick) {
        (void)set_low_latency(p->fd, false);
        p->made_quick = false;
    }
    if (p->exclusive) {
        (void)ioctl(p->fd, TIOCNXCL);
    }
    serial_settings_restore(p->fd, p->before, p->lines_used);
    close(p->fd);
    p->before = NULL;
    p->fd = -1;
}

static void serial_close(void *ctx)
{
    struct serial *p = ctx;
    (void)serial_drain(p); /* what is on its way leaves at the rate that it was meant for */
    let_go(p);
    free(p->path);
    free(p);
}

/* ---- opening ---- */

static int open_failure(const char *path, int error, struct ararext_message *why)
{
    if (error == EACCES || error == EPERM) {
        message_set(why, "%s: permission denied", path);
        return ARAREXT_ERR_PERMISSION;
    }
    if (error == EBUSY || error == EWOULDBLOCK) {
        struct ararext_message who;
        bool known = ararext_port_users(path, &who);
        message_set(why, "%s: %.200s has the port open", path,
                    known ? who.text : "another program");
        return ARAREXT_ERR_BUSY;
    }
    message_set(why, "%s: %s", path, strerror(error));
    return error == ENOENT || error == ENODEV || error == ENXIO || error == ENOTDIR ||
                   error == EISDIR
               ? ARAREXT_ERR_NO_PORT
               : ARAREXT_ERR_IO;
}

/* Unix 98 pseudo-terminals have major numbers 136 to 143 (Linux, devices.txt). */
static bool is_pseudo_terminal(const struct stat *st)
{
    unsigned number = major(st->st_rdev);
    return number >= 136 && number <= 143;
}

/* For this process alone. TIOCEXCL keeps out programs that know of no locks, but not root, and it
 * would outlive us on a pseudo-terminal whose other end keeps it open; the lock does the rest. */
static int claim(struct serial *p, const char *path, struct ararext_message *why)
{
    struct stat st;
    if (fstat(p->fd, &st) != 0 || !isatty(p->fd)) {
        message_set(why, "%s: not a serial port", path);
        return ARAREXT_ERR_NO_PORT;
    }
    if (flock(p->fd, LOCK_EX | LOCK_NB) != 0) {
        return open_failure(path, errno, why);
    }
    p->pseudo = is_pseudo_terminal(&st);
    p->exclusive = !p->pseudo && ioctl(p->fd, TIOCEXCL) == 0;
    return ARAREXT_OK;
}

static int take(struct serial *p, const char *path, struct ararext_message *why)
{
    p->fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (p->fd < 0) {
        return open_failure(path, errno, why);
    }
    int rc = claim(p, path, why);
    if (rc != ARAREXT_OK) {
        let_go(p);
    }
    return rc;
}

static int open_port(struct serial *p, const char *path, uint32_t baud, struct ararext_message *why)
{
    struct stat named = {0};
    struct ararext_message who;
    (void)lstat(path, &named); /* opening it will tell */
    if (port_is_locked(path, &who)) {
        message_set(why, "%s: %.300s has the port", path, who.text);
        return ARAREXT_ERR_BUSY;
    }
    int rc = take(p, path, why);
    /* A program that was just killed lets go a moment later. */
    for (unsigned i = 0; rc == ARAREXT_ERR_BUSY && i < BUSY_TRIES; i++) {
        serial_sleep_ms(p, BUSY_MS);
        rc = take(p, path, why);
    }
    p->before = rc == ARAREXT_OK ? serial_settings_take(p->fd) : NULL;
    if (rc == ARAREXT_OK && !serial_baud_set_raw(p->fd, baud)) {
        message_set(why, "%s: the port cannot do %u baud", path, (unsigned)baud);
        rc = ARAREXT_ERR_ARGUMENT;
    }
    if (rc != ARAREXT_OK) {
        let_go(p);
        return rc;
    }
    p->made_quick = set_low_latency(p->fd, true);
    p->named = named;
    return ARAREXT_OK;
}

/* The number of a pseudo-terminal that went away goes to the next program that wants one. Ours is
 * back when its path is another link. */
static bool is_another_link(const struct serial *p)
{
    struct stat st;
    return lstat(p->path, &st) == 0 && S_ISLNK(st.st_mode) &&
           (st.st_ino != p->named.st_ino || st.st_ctim.tv_sec != p->named.st_ctim.tv_sec ||
            st.st_ctim.tv_nsec != p->named.st_ctim.tv_nsec);
}

/* As long as we hold on to the old one, what comes back gets another name. */
static int serial_reopen(void *ctx)
{
    struct serial *p = ctx;
    let_go(p);
    if (p->pseudo && !is_another_link(p)) {
        return ARAREXT_ERR_IO;
    }
    return open_port(p, p->path, p->baud, NULL) == ARAREXT_OK ? ARAREXT_OK : ARAREXT_ERR_IO;
}

int ararext_serial_open(struct ararext_transport *out, const char *path, uint32_t baud,
                        struct ararext_message *why)
{
    struct serial *p = calloc(1, sizeof *p);
    if (p == NULL || (p->path = strdup(path)) == NULL) {
        free(p);
        return ARAREXT_ERR_MEMORY;
    }
    p->baud = baud == 0 ? BAUD_DEFAULT : baud;
    int rc = open_port(p, path, p->baud, why);
    if (rc != ARAREXT_OK) {
        free(p->path);
        free(p);
        return rc;
    }
    *out = (struct ararext_transport){
        .ctx = p,
        .write = serial_write,
        .read = serial_read,
        .set_baud = serial_set_baud,
        .flush_input = serial_flush_input,
        .drain = serial_drain,
        .now_ms = serial_now_ms,
        .sleep_ms = serial_sleep_ms,
        .close = serial_close,
        .may_lag = p->pseudo,
        .reopen = serial_reopen,
        .set_lines = serial_set_lines,
        .send_break = serial_send_break,
    };
    return ARAREXT_OK;
}
