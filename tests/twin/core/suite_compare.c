/* SPDX-License-Identifier: MIT */
/*
 * Runs one program of tests/target/suite on the twin and on QEMU's netduinoplus2 machine, takes
 * what each prints over USART2 up to "[end]", and compares. Exit status 0 only if both printed the
 * same and both came to the end. It must never leave QEMU running, and never pass because QEMU is
 * missing.
 */
#define _GNU_SOURCE
#include "twin.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { TEXT_SIZE = 65536, QEMU_PATIENCE_MS = 60000 };

static const char end_mark[] = "[end]\n";

struct text {
    char bytes[TEXT_SIZE];
    size_t len;
};

static bool complete(const struct text *t)
{
    size_t n = strlen(end_mark);
    return t->len >= n && memcmp(t->bytes + t->len - n, end_mark, n) == 0;
}

static long now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- QEMU ---- */

static void exec_qemu(int out, const char *elf)
{
    (void)dup2(out, STDOUT_FILENO);
    (void)execlp("qemu-system-arm", "qemu-system-arm", "-M", "netduinoplus2", "-display", "none",
                 "-monitor", "none", "-serial", "null", "-serial", "stdio", "-kernel", elf,
                 (char *)NULL);
    fprintf(stderr, "qemu-system-arm cannot be started (%s): scripts/setup installs it\n",
            strerror(errno));
    _exit(127);
}

static void collect(int in, struct text *out)
{
    long deadline = now_ms() + QEMU_PATIENCE_MS;
    while (!complete(out) && out->len < TEXT_SIZE) {
        long left = deadline - now_ms();
        struct pollfd p = {.fd = in, .events = POLLIN};
        if (left <= 0 || poll(&p, 1, (int)left) <= 0) {
            return;
        }
        ssize_t n = read(in, out->bytes + out->len, TEXT_SIZE - out->len);
        if (n <= 0) {
            return;
        }
        out->len += (size_t)n;
    }
}

static bool run_qemu(const char *elf, struct text *out)
{
    int ends[2];
    if (pipe(ends) != 0) {
        perror("pipe");
        return false;
    }
    pid_t child = fork();
    if (child < 0) {
        perror("fork");
        return false;
    }
    if (child == 0) {
        (void)close(ends[0]);
        exec_qemu(ends[1], elf);
    }
    (void)close(ends[1]);
    collect(ends[0], out);
    (void)kill(child, SIGKILL);
    int status = 0;
    (void)waitpid(child, &status, 0);
    (void)close(ends[0]);
    if (!complete(out)) {
        fprintf(stderr, "QEMU did not come to the end of %s; it printed:\n%.*s\n", elf,
                (int)out->len, out->bytes);
    }
    return complete(out);
}

/* ---- the twin ---- */

static void print_report(void *ctx, const struct twin_report *r)
{
    (void)ctx;
    fprintf(stderr, "twin: %llu ns, pc 0x%08X: %s\n", (unsigned long long)r->time_ns,
            (unsigned)r->pc, r->text);
}

static bool run_twin(const char *elf, struct text *out, bool verbose)
{
    struct twin_config config = {.seed = 1, .on_report = verbose ? print_report : NULL};
    struct twin *t = NULL;
    if (twin_create(&t, &config) != TWIN_OK) {
        fprintf(stderr, "%s\n", twin_error_text(NULL));
        return false;
    }
    if (twin_load_file(t, elf, 0x08000000) != TWIN_OK) {
        fprintf(stderr, "%s\n", twin_error_text(t));
        twin_destroy(t);
        return false;
    }
    twin_power_on(t);
    for (unsigned ms = 0; ms < 10000 && !complete(out); ms += 10) {
        (void)twin_run_ns(t, 10000000);
        out->len += twin_line_receive(t, 2, (uint8_t *)out->bytes + out->len, TEXT_SIZE - out->len);
    }
    twin_destroy(t);
    if (!complete(out)) {
        fprintf(stderr, "the twin did not come to the end of %s; it printed:\n%.*s\n", elf,
                (int)out->len, out->bytes);
    }
    return complete(out);
}

/* ---- comparison ---- */

static size_t line_end(const struct text *t, size_t at)
{
    while (at < t->len && t->bytes[at] != '\n') {
        at++;
    }
    return at;
}

static int compare(const struct text *qemu, const struct text *twin)
{
    int differences = 0;
    size_t a = 0, b = 0;
    for (unsigned line = 1; a < qemu->len || b < twin->len; line++) {
        size_t a_end = line_end(qemu, a), b_end = line_end(twin, b);
        if (a_end - a != b_end - b || memcmp(qemu->bytes + a, twin->bytes + b, a_end - a) != 0) {
            printf("line %u\n  QEMU: %.*s\n  twin: %.*s\n", line, (int)(a_end - a), qemu->bytes + a,
                   (int)(b_end - b), twin->bytes + b);
            differences++;
        }
        a = a_end + (a_end < qemu->len);
        b = b_end + (b_end < twin->len);
    }
    return differences;
}

int main(int argc, char **argv)
{
    static struct text qemu, twin;
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: suite_compare PROGRAM.elf [-v]\n");
        return 2;
    }
    bool both = run_qemu(argv[1], &qemu);
    both = run_twin(argv[1], &twin, argc == 3) && both;
    if (!both) {
        return 1;
    }
    int differences = compare(&qemu, &twin);
    if (differences == 0) {
        printf("%s: the same %zu characters on both\n", argv[1], twin.len);
    }
    return differences == 0 ? 0 : 1;
}
