/* SPDX-License-Identifier: MIT */
/*
 * Pseudo-terminals and the links to them, the way Linux does them (pty(7), ioctl_tty(2)). Nobody
 * but a host holds the other side open, so that a closed port is known to be closed: what the board
 * sends then is lost, as on a cable without a PC. Never replaces anything but a symbolic link that
 * leads nowhere, or to a terminal that came after it.
 *
 * The settings are read through the kernel's own structure, which knows any baud rate; its header
 * and <termios.h> do not go together.
 */
#include "cli.h"

#include <asm/termbits.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static int open_slave(const struct pty *p)
{
    return open(p->name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

/* A cable has no line discipline: bytes pass as they are, until a host sets something else. */
static bool set_raw(const struct pty *p)
{
    struct termios2 tio;
    int fd = open_slave(p);
    if (fd < 0) {
        return false;
    }
    bool ok = ioctl(fd, TCGETS2, &tio) == 0;
    if (ok) {
        tio.c_iflag = 0;
        tio.c_oflag = 0;
        tio.c_lflag = 0;
        tio.c_cflag = BOTHER | CS8 | CREAD | CLOCAL;
        tio.c_ispeed = tio.c_ospeed = 115200;
        tio.c_cc[VMIN] = 1;
        tio.c_cc[VTIME] = 0;
        ok = ioctl(fd, TCSETS2, &tio) == 0;
    }
    (void)close(fd);
    return ok;
}

/* A link to a terminal that was made after the link: the one it led to is gone, with the twin that
 * was killed, and the number is another program's now. */
static bool is_a_later_terminal(const struct stat *link, const struct stat *target)
{
    enum { PTS_MAJOR_FIRST = 136, PTS_MAJOR_LAST = 143 }; /* Unix98 pseudo-terminals */
    unsigned number = major(target->st_rdev);
    const struct timespec *made = &target->st_ctim, *linked = &link->st_mtim;
    return S_ISCHR(target->st_mode) && number >= PTS_MAJOR_FIRST && number <= PTS_MAJOR_LAST &&
           (made->tv_sec > linked->tv_sec ||
            (made->tv_sec == linked->tv_sec && made->tv_nsec > linked->tv_nsec));
}

const char *pty_clear_place(const char *link, char *text, size_t size)
{
    struct stat st, target;
    if (lstat(link, &st) != 0) {
        return NULL; /* symlink() will say what is wrong, if anything is */
    }
    if (!S_ISLNK(st.st_mode)) {
        (void)snprintf(text, size, "%s exists and is not a link: remove it or choose another place",
                       link);
        return text;
    }
    if (stat(link, &target) == 0 && !is_a_later_terminal(&st, &target)) {
        (void)snprintf(
            text, size,
            "%s leads to something that exists, perhaps the port of another twin: end that "
            "one, remove the link, or choose another place",
            link);
        return text;
    }
    if (unlink(link) != 0) {
        (void)snprintf(text, size, "%s cannot be replaced: %s", link, strerror(errno));
        return text;
    }
    return NULL;
}

static const char *make_link(struct pty *p, const char *link, char *text, size_t size)
{
    if (strlen(link) >= sizeof p->link) {
        (void)snprintf(text, size, "the link's name is too long");
        return text;
    }
    if (symlink(p->name, link) != 0) {
        (void)snprintf(text, size, "the link %s cannot be made: %s", link, strerror(errno));
        return text;
    }
    memcpy(p->link, link, strlen(link) + 1);
    return NULL;
}

const char *pty_open(struct pty *p, const char *link, char *text, size_t size)
{
    *p = (struct pty){.master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
    bool ok = p->master >= 0 && grantpt(p->master) == 0 && unlockpt(p->master) == 0 &&
              ptsname_r(p->master, p->name, sizeof p->name) == 0 && set_raw(p);
    if (!ok) {
        (void)snprintf(text, size, "no pseudo-terminal to be had: %s", strerror(errno));
        pty_close(p);
        return text;
    }
    const char *wrong = make_link(p, link, text, size);
    if (wrong != NULL) {
        pty_close(p);
    }
    return wrong;
}

void pty_close(struct pty *p)
{
    char target[sizeof p->name];
    if (p->link[0] != '\0') {
        ssize_t n = readlink(p->link, target, sizeof target - 1);
        if (n > 0 && (size_t)n == strlen(p->name) && memcmp(target, p->name, (size_t)n) == 0) {
            (void)unlink(p->link);
        }
        p->link[0] = '\0';
    }
    if (p->master >= 0) {
        (void)close(p->master);
        p->master = -1;
    }
}

bool pty_settings(const struct pty *p, struct twin_line *out)
{
    struct termios2 tio;
    if (ioctl(p->master, TCGETS2, &tio) != 0 || tio.c_ospeed == 0) {
        return false; /* rate 0 means to hang up: the wire has no use for it */
    }
    /* Linux gives a pseudo-terminal neither parity nor less than eight bits. */
    *out = (struct twin_line){
        .baud = tio.c_ospeed,
        .stop_bits = (tio.c_cflag & CSTOPB) != 0 ? 2 : 1,
    };
    return true;
}

bool pty_has_host(const struct pty *p)
{
    struct pollfd fd = {.fd = p->master, .events = POLLIN};
    return poll(&fd, 1, 0) >= 0 && (fd.revents & POLLHUP) == 0;
}

void pty_forget(const struct pty *p)
{
    int fd = open_slave(p);
    if (fd >= 0) {
        (void)ioctl(fd, TCFLSH, TCIFLUSH);
        (void)close(fd);
    }
}
