/* SPDX-License-Identifier: MIT */
/*
 * The program runs at one end of a pseudo-terminal, the twin in this process, and what is between
 * them keeps virtual time apart from the wall clock. Both sides only ever answer: the bytes of the
 * program go onto the line at once, then the twin runs until its answer is complete, then the
 * program is waited for, while no virtual time goes by.
 */
#define _DEFAULT_SOURCE /* cfmakeraw */
#define _XOPEN_SOURCE   600
#include "stm32flash.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "bench_board.h"

enum {
    USART_COMMANDS = 2,
    BOOT_MS = 200,
    ANSWER_MS = 60000, /* virtual; a mass erase takes less */
    THINK_MS = 20000,  /* of the wall clock */
    BYTE_NS = 86806,
    QUIET_NS = 60000, /* from the middle of a stop bit on: the next byte would have begun */
    STEP_NS = 20000,
    PIECE = 512,
};

struct bridge {
    struct twin *twin;
    uint64_t latency_ns;
    uint64_t idle_ns; /* how long the twin ran to find out that an answer was complete */
    int terminal;
    pid_t program;
    char port[64];
    char file[32];
    char output[32];
};

static uint64_t bridge_now(const struct bridge *b)
{
    return twin_now_ns(b->twin) - b->idle_ns;
}

/* ---- the program ---- */

static void make_file(char path[32], const void *bytes, size_t len)
{
    (void)snprintf(path, 32, "/tmp/ararext-bench-XXXXXX");
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, bytes, len) != (ssize_t)len || close(fd) != 0) {
        bench_fail("stm32flash", "cannot write a temporary file in /tmp");
    }
}

static void open_terminal(struct bridge *b)
{
    struct termios raw;
    b->terminal = posix_openpt(O_RDWR | O_NOCTTY);
    if (b->terminal < 0 || grantpt(b->terminal) != 0 || unlockpt(b->terminal) != 0 ||
        tcgetattr(b->terminal, &raw) != 0) {
        bench_fail("stm32flash", "cannot make a pseudo-terminal");
    }
    cfmakeraw(&raw);
    (void)tcsetattr(b->terminal, TCSANOW, &raw);
    (void)snprintf(b->port, sizeof b->port, "%s", ptsname(b->terminal));
}

static void start_program(struct bridge *b)
{
    char address[] = "0x08008000";
    b->program = fork();
    if (b->program == 0) {
        int out = open(b->output, O_WRONLY | O_TRUNC);
        if (out < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0) {
            _exit(126);
        }
        (void)execlp("stm32flash", "stm32flash", "-b", "115200", "-m", "8n1", "-S", address, "-w",
                     b->file, "-v", b->port, (char *)NULL);
        _exit(127);
    }
    if (b->program < 0) {
        bench_fail("stm32flash", "cannot start another process");
    }
}

static void end_program(struct bridge *b)
{
    int status = 0;
    if (waitpid(b->program, &status, 0) != b->program || !WIFEXITED(status) ||
        WEXITSTATUS(status) != 0) {
        bench_fail("stm32flash", WIFEXITED(status) && WEXITSTATUS(status) == 127
                                     ? "is not installed: scripts/setup test does that"
                                     : "failed");
    }
    (void)close(b->terminal);
    (void)unlink(b->file);
    (void)unlink(b->output);
}

/* What the program says next; 0 when it has ended. Before it opens its end, and behind its last
 * close, a terminal has hung up. */
static size_t hear(struct bridge *b, uint8_t *bytes)
{
    for (unsigned waited = 0; waited < THINK_MS; waited++) {
        struct pollfd fd = {.fd = b->terminal, .events = POLLIN};
        (void)poll(&fd, 1, 1);
        ssize_t got = (fd.revents & POLLIN) != 0 ? read(b->terminal, bytes, PIECE) : 0;
        if (got > 0) {
            return (size_t)got;
        }
        siginfo_t info = {0};
        if (waitid(P_PID, (id_t)b->program, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            info.si_pid == b->program) {
            return 0;
        }
        if ((fd.revents & POLLHUP) != 0) {
            (void)poll(NULL, 0, 1);
        }
    }
    (void)kill(b->program, SIGKILL);
    bench_fail("stm32flash", "says nothing");
}

/* ---- the board ---- */

/* The whole answer: what comes until the line is quiet. */
static void answer(struct bridge *b)
{
    uint8_t bytes[PIECE];
    size_t len = 0;
    uint64_t end = twin_now_ns(b->twin) + MS(ANSWER_MS);
    uint64_t heard = 0;
    while (twin_now_ns(b->twin) < end) {
        (void)twin_run_ns(b->twin, len == 0 ? BYTE_NS : STEP_NS);
        size_t got = twin_line_receive(b->twin, USART_COMMANDS, bytes + len, sizeof bytes - len);
        len += got;
        if (got != 0) {
            heard = twin_now_ns(b->twin);
        } else if (len != 0 && twin_now_ns(b->twin) - heard > BYTE_NS + QUIET_NS) {
            b->idle_ns += twin_now_ns(b->twin) - heard;
            if (write(b->terminal, bytes, len) != (ssize_t)len) {
                bench_fail("stm32flash", "its terminal takes nothing");
            }
            return;
        }
    }
    bench_fail("stm32flash", "the board does not answer");
}

static void converse(struct bridge *b, struct bench_stm32flash *out)
{
    static const uint8_t erase[] = {0x44, 0xBB};
    uint64_t start = bridge_now(b), begun = 0;
    uint8_t bytes[PIECE];
    for (size_t len = hear(b, bytes); len != 0; len = hear(b, bytes)) {
        if (begun == 0 && len == sizeof erase && memcmp(bytes, erase, len) == 0) {
            begun = bridge_now(b);
        }
        if (b->latency_ns != 0) { /* of the last answer, and of this */
            (void)twin_run_ns(b->twin, 2 * b->latency_ns);
        }
        twin_line_send(b->twin, USART_COMMANDS, bytes, len);
        answer(b);
    }
    out->connect_s = (double)(begun - start) / 1e9;
    out->took_s = (double)(bridge_now(b) - begun) / 1e9;
}

static void check_flash(const struct bridge *b, const uint8_t *bytes, uint32_t len)
{
    uint8_t *held = malloc(len);
    if (held == NULL || twin_peek(b->twin, APP_BASE, held, len) != TWIN_OK ||
        memcmp(held, bytes, len) != 0) {
        bench_fail("stm32flash", "flash holds something else");
    }
    free(held);
}

void bench_run_stm32flash(const uint8_t *bytes, uint32_t len, unsigned latency_ms,
                          struct bench_stm32flash *out)
{
    struct bridge b = {.latency_ns = MS(latency_ms), .twin = bench_make_board(NULL)};
    make_file(b.file, bytes, len);
    make_file(b.output, "", 0);
    open_terminal(&b);
    twin_pin_drive(b.twin, 'A', 0, true);
    twin_power_on(b.twin);
    (void)twin_run_ns(b.twin, MS(BOOT_MS));
    start_program(&b);
    converse(&b, out);
    end_program(&b);
    check_flash(&b, bytes, len);
    twin_destroy(b.twin);
}
