/* SPDX-License-Identifier: MIT */
/*
 * Files that the tool writes. They are written beside what is there and take its place when they
 * are whole and on the disk: whatever goes wrong, what was there stays. A symbolic link stays one:
 * what it leads to is replaced. Devices and pipes are written as they are.
 */
#include "cli_save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cli_signals.h"

enum { LINKS_MAX = 40 };

static int failed(struct cli *cli, const struct cli_output *out, const char *what)
{
    return cli_error(cli, ARAREXT_ERR_FILE, "%s: %s%s", out->path, what, strerror(errno));
}

/* Length of the directory's part of a path, with its slash. */
static size_t directory_len(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

/* Follows the symbolic link that target is, if it is one; where it leads need not be there. */
static bool follow_link(char target[CLI_PATH_MAX], bool *is_link)
{
    char link[CLI_PATH_MAX];
    ssize_t n = readlink(target, link, sizeof link - 1);
    *is_link = n >= 0;
    if (n < 0) {
        return true;
    }
    size_t dir = link[0] == '/' ? 0 : directory_len(target);
    if (dir + (size_t)n >= CLI_PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(target + dir, link, (size_t)n);
    target[dir + (size_t)n] = '\0';
    return true;
}

static bool find_target(const char *path, char target[CLI_PATH_MAX])
{
    bool is_link = true;
    size_t len = strlen(path);
    if (len >= CLI_PATH_MAX) {
        errno = ENAMETOOLONG;
        return false;
    }
    memcpy(target, path, len + 1);
    for (int i = 0; is_link; i++) {
        if (i == LINKS_MAX) {
            errno = ELOOP;
            return false;
        }
        if (!follow_link(target, &is_link)) {
            return false;
        }
    }
    return true;
}

/* A pipe is waited for until somebody reads it, or for a signal, also one that came just before. */
static int open_device(const char *path)
{
    const struct timespec pause = {.tv_nsec = 100 * 1000000L};
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    while (fd < 0 && errno == ENXIO && cli_signal() == 0) {
        nanosleep(&pause, NULL);
        fd = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
    }
    if (fd >= 0) {
        (void)fcntl(fd, F_SETFL, 0);
    }
    return fd;
}

/* Whether a file can be made where the target is. */
static bool may_replace(const char *target)
{
    char dir[CLI_PATH_MAX];
    size_t len = directory_len(target);
    memcpy(dir, target, len);
    memcpy(dir + len, ".", 2);
    return access(dir, W_OK | X_OK) == 0;
}

bool cli_is_stdout(const char *path)
{
    struct stat st, out;
    return strcmp(path, "-") == 0 || (stat(path, &st) == 0 && fstat(STDOUT_FILENO, &out) == 0 &&
                                      out.st_dev == st.st_dev && out.st_ino == st.st_ino);
}

int cli_open_output(struct cli *cli, const char *path, struct cli_output *out)
{
    struct stat st;
    bool there = stat(path, &st) == 0;
    *out = (struct cli_output){.path = path, .kind = CLI_OUTPUT_FILE, .fd = -1};
    if (cli_is_stdout(path)) {
        out->kind = CLI_OUTPUT_STANDARD;
        return ARAREXT_OK;
    }
    if (there && !S_ISREG(st.st_mode)) {
        out->kind = CLI_OUTPUT_DEVICE;
        out->fd = open_device(path);
        if (out->fd < 0 && cli_signal() != 0) {
            return ARAREXT_ERR_INTERRUPTED;
        }
        return out->fd >= 0 ? ARAREXT_OK : failed(cli, out, "");
    }
    if (!find_target(path, out->target) || (there && access(out->target, W_OK) != 0) ||
        !may_replace(out->target)) {
        return failed(cli, out, "");
    }
    out->mode = there ? st.st_mode & 07777 : 0;
    return ARAREXT_OK;
}

static bool write_all(int fd, const uint8_t *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = write(fd, data + at, len - at);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        at += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* What puts a whole file, which stands beside the target, in its place. */
typedef int place_fn(const char *beside, const char *target);

static bool write_beside(const char *target, unsigned mode, const struct ararext_segment *data,
                         place_fn *place)
{
    char beside[CLI_PATH_MAX + 8];
    snprintf(beside, sizeof beside, "%s.XXXXXX", target);
    int fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool good = fchmod(fd, mode) == 0 && write_all(fd, data->data, data->len) && fsync(fd) == 0;
    good = close(fd) == 0 && good;
    good = good && place(beside, target) == 0;
    if (!good) {
        int cause = errno;
        (void)unlink(beside);
        errno = cause;
    }
    return good;
}

/* A new file in place of the target. */
static bool replace(const struct cli_output *out, const uint8_t *data, size_t len)
{
    const struct ararext_segment bytes = {.len = (uint32_t)len, .data = data};
    mode_t mask = umask(0);
    umask(mask);
    return write_beside(out->target, out->mode != 0 ? out->mode : 0666 & ~mask, &bytes, rename);
}

/* Fails where the target is there, whoever made it and when. Not every file system can do that when
 * it renames; one that cannot has links. */
static int place_new(const char *beside, const char *target)
{
    if (renameat2(AT_FDCWD, beside, AT_FDCWD, target, RENAME_NOREPLACE) == 0) {
        return 0;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return -1;
    }
    return link(beside, target) == 0 ? unlink(beside) : -1;
}

int cli_write_new(struct cli *cli, const char *path, unsigned mode, const uint8_t *data, size_t len)
{
    const struct ararext_segment bytes = {.len = (uint32_t)len, .data = data};
    struct stat st;
    if (strlen(path) >= CLI_PATH_MAX) {
        errno = ENAMETOOLONG;
    } else if (lstat(path, &st) == 0) { /* told before anything is written */
        errno = EEXIST;
    } else if (write_beside(path, mode, &bytes, place_new)) {
        return ARAREXT_OK;
    }
    return errno == EEXIST ? cli_error(cli, ARAREXT_ERR_FILE,
                                       "%s: is there already, and is not overwritten", path)
                           : cli_error(cli, ARAREXT_ERR_FILE, "%s: cannot be written: %s", path,
                                       strerror(errno));
}

int cli_write_output(struct cli *cli, struct cli_output *out, const uint8_t *data, size_t len)
{
    bool good = true;
    switch (out->kind) {
    case CLI_OUTPUT_STANDARD:
        good = fwrite(data, 1, len, stdout) == len && fflush(stdout) == 0;
        break;
    case CLI_OUTPUT_DEVICE:
        good = write_all(out->fd, data, len);
        good = close(out->fd) == 0 && good;
        out->fd = -1;
        break;
    case CLI_OUTPUT_FILE:
    case CLI_OUTPUT_NONE:
    default:
        good = replace(out, data, len);
        break;
    }
    return good ? ARAREXT_OK : failed(cli, out, "cannot be written: ");
}

void cli_discard_output(struct cli_output *out)
{
    if (out->kind == CLI_OUTPUT_DEVICE && out->fd >= 0) {
        close(out->fd);
    }
    *out = (struct cli_output){0};
}
