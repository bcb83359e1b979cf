/* SPDX-License-Identifier: MIT */
/*
 * Who else has a port: programs that hold it open, from /proc, and lock files as UUCP had them,
 * which terminal programs still write. Reads only, and finds nobody where it may not look.
 */
#include "port_users.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "message.h"

enum { USERS_SHOWN = 3 };

/* The first line of a file; "" if there is none. */
static void read_line(const char *path, char *line, size_t size)
{
    FILE *f = fopen(path, "re");
    line[0] = '\0';
    if (f != NULL) {
        if (fgets(line, (int)size, f) == NULL) {
            line[0] = '\0';
        }
        fclose(f);
    }
    line[strcspn(line, "\n")] = '\0';
}

static void add_program(struct ararext_message *who, long pid)
{
    char path[64], name[64];
    snprintf(path, sizeof path, "/proc/%ld/comm", pid);
    read_line(path, name, sizeof name);
    message_add(who, "%s%s (pid %ld)", who->text[0] != '\0' ? ", " : "",
                name[0] != '\0' ? name : "a program", pid);
}

/* ---- open files ---- */

/* The far end of a pseudo-terminal holds its master, which tells the number that it has. */
static bool is_master_of(long pid, const char *fd, dev_t port)
{
    char path[300], line[128];
    unsigned number = 0;
    bool found = false;
    snprintf(path, sizeof path, "/proc/%ld/fdinfo/%s", pid, fd);
    FILE *f = fopen(path, "re");
    while (f != NULL && !found && fgets(line, sizeof line, f) != NULL) {
        found = sscanf(line, "tty-index: %u", &number) == 1 && number == minor(port);
    }
    if (f != NULL) {
        fclose(f);
    }
    return found;
}

/* Whether the process has the port open, and is not what the port leads to. */
static bool uses(long pid, dev_t port)
{
    char path[300];
    bool open_here = false, far_end = false;
    snprintf(path, sizeof path, "/proc/%ld/fd", pid);
    DIR *fds = opendir(path);
    for (struct dirent *e; fds != NULL && (e = readdir(fds)) != NULL;) {
        struct stat st;
        snprintf(path, sizeof path, "/proc/%ld/fd/%.200s", pid, e->d_name);
        if (e->d_name[0] == '.' || stat(path, &st) != 0 || !S_ISCHR(st.st_mode)) {
            continue;
        }
        open_here = open_here || st.st_rdev == port;
        far_end = far_end || is_master_of(pid, e->d_name, port);
    }
    if (fds != NULL) {
        closedir(fds);
    }
    return open_here && !far_end;
}

bool ararext_port_users(const char *path, struct ararext_message *who)
{
    struct stat st;
    unsigned count = 0;
    who->text[0] = '\0';
    DIR *all = stat(path, &st) == 0 && S_ISCHR(st.st_mode) ? opendir("/proc") : NULL;
    for (struct dirent *e; all != NULL && (e = readdir(all)) != NULL && count < USERS_SHOWN;) {
        long pid = isdigit((unsigned char)e->d_name[0]) ? strtol(e->d_name, NULL, 10) : 0;
        if (pid > 0 && pid != (long)getpid() && uses(pid, st.st_rdev)) {
            add_program(who, pid);
            count++;
        }
    }
    if (all != NULL) {
        closedir(all);
    }
    return count > 0;
}

/* ---- lock files ---- */

static bool lives(long pid)
{
    return pid > 0 && pid <= INT_MAX && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

/* A lock file holds the number of its process as text; what does not live left it behind. */
static bool lock_counts(const char *folder, const char *name, struct ararext_message *who)
{
    char path[PATH_MAX], line[32];
    snprintf(path, sizeof path, "%s/LCK..%s", folder, name);
    read_line(path, line, sizeof line);
    long pid = strtol(line, NULL, 10);
    if (!lives(pid) || pid == (long)getpid()) {
        return false;
    }
    who->text[0] = '\0';
    add_program(who, pid);
    message_add(who, ", by its lock file %s", path);
    return true;
}

bool port_is_locked(const char *path, struct ararext_message *who)
{
    static const char *const FOLDERS[] = {"/var/lock", "/run/lock", "/var/spool/lock"};
    char *real = realpath(path, NULL);
    const char *places[] = {path, real != NULL ? real : path};
    bool locked = false;
    for (size_t i = 0; !locked && i < sizeof places / sizeof places[0]; i++) {
        const char *slash = strrchr(places[i], '/');
        for (size_t k = 0; !locked && k < sizeof FOLDERS / sizeof FOLDERS[0]; k++) {
            locked = lock_counts(FOLDERS[k], slash != NULL ? slash + 1 : places[i], who);
        }
    }
    free(real);
    return locked;
}
