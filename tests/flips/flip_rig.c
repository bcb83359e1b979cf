/* SPDX-License-Identifier: MIT */
/* The tool, the board, the line between, and the copies of all three. */
#include "flip_rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ararext.h"
#include "twin.h"
#include "twin_transport.h"

enum {
    USART_COMMAND = 2,
    WORDS_MAX = 24,
    AFTER_MS = 400, /* what the tool has asked for last may still go on */
    FLASH_BASE = 0x08000000,
    FLASH_SIZE = 0x100000,
    APP_BASE = 0x08008000,
    OTP_BASE = 0x1FFF7800,
    OTP_SIZE = 528,
    OPTION_BASE = 0x1FFFC000,
    OPTION_SIZE = 16,
    RAM_BASE = 0x20005000, /* of the rows that write to RAM */
    RAM_SIZE = 1024,
};
#define MS(n) ((uint64_t)(n)*1000000u)

/* The linker calls them so: the tool's main, and what opens a port for it (--wrap). */
int __real_main(int argc, char **argv);
int __wrap_main(int argc, char **argv);
int __wrap_ararext_serial_open(struct ararext_transport *out, const char *path, uint32_t baud,
                               struct ararext_message *why);

/* The line, with its fault. */
struct line {
    struct ararext_transport inner;
    struct flip flip;
    bool flipped;
    uint64_t bytes[2];
};

static struct twin *board;
static struct line line;

/* ---- the line ---- */

static void pass(bool from_board, uint8_t *data, size_t len)
{
    uint64_t at = line.bytes[from_board];
    line.bytes[from_board] += len;
    if (line.flip.on && line.flip.from_board == from_board && line.flip.byte >= at &&
        line.flip.byte < at + len) {
        data[line.flip.byte - at] ^= (uint8_t)(1u << line.flip.bit);
        line.flipped = true;
    }
}

static int line_write(void *ctx, const uint8_t *data, size_t len, unsigned timeout_ms)
{
    uint8_t copy[4096];
    for (size_t n = 0; len > 0; data += n, len -= n) {
        n = len < sizeof copy ? len : sizeof copy;
        memcpy(copy, data, n);
        pass(false, copy, n);
        int rc = line.inner.write(ctx, copy, n, timeout_ms);
        if (rc != ARAREXT_OK) {
            return rc;
        }
    }
    return ARAREXT_OK;
}

static int line_read(void *ctx, uint8_t *data, size_t size, unsigned timeout_ms, size_t *got)
{
    int rc = line.inner.read(ctx, data, size, timeout_ms, got);
    pass(true, data, *got);
    return rc;
}

int __wrap_ararext_serial_open(struct ararext_transport *out, const char *path, uint32_t baud,
                               struct ararext_message *why)
{
    (void)path;
    (void)why;
    twin_transport_make(&line.inner, board, USART_COMMAND);
    if (line.inner.set_baud(line.inner.ctx, baud) != ARAREXT_OK) {
        return ARAREXT_ERR_ARGUMENT;
    }
    *out = line.inner;
    out->write = line_write;
    out->read = line_read;
    return ARAREXT_OK;
}

/* ---- the board ---- */

static void must(bool good, const char *what)
{
    if (!good) {
        fprintf(stderr, "flips: %s: %s\n", what, board != NULL ? twin_error_text(board) : "");
        exit(1);
    }
}

void flip_rig_open(void)
{
    static const struct twin_config config = {.seed = 1};
    const char *path = getenv("ARAREXT_FIRMWARE");
    must(twin_create(&board, &config) == TWIN_OK, "no twin");
    must(twin_load_file(board, path != NULL ? path : ARAREXT_FIRMWARE_ELF, FLASH_BASE) == TWIN_OK,
         "firmware");
    twin_pin_drive(board, 'A', 0, true);
    twin_power_on(board);
    (void)twin_run_ns(board, MS(100));
}

void flip_rig_reset(bool button)
{
    twin_pin_drive(board, 'A', 0, button);
    twin_reset_pin(board);
    (void)twin_run_ns(board, MS(1000));
}

static uint32_t add_memory(uint32_t crc, uint32_t addr, size_t len)
{
    static uint8_t data[FLASH_SIZE];
    must(twin_peek(board, addr, data, len) == TWIN_OK, "memory");
    return ararext_crc(crc, data, len);
}

uint32_t flip_rig_state(void)
{
    uint32_t crc = add_memory(0xFFFFFFFFu, FLASH_BASE, FLASH_SIZE);
    crc = add_memory(crc, OTP_BASE, OTP_SIZE);
    crc = add_memory(crc, OPTION_BASE, OPTION_SIZE);
    return add_memory(crc, RAM_BASE, RAM_SIZE);
}

static uint32_t reset_handler(void)
{
    uint8_t word[4];
    must(twin_peek(board, APP_BASE + 4, word, sizeof word) == TWIN_OK, "vector table");
    uint32_t addr = (uint32_t)word[0] | (uint32_t)word[1] << 8 | (uint32_t)word[2] << 16 |
                    (uint32_t)word[3] << 24;
    return addr & ~1u;
}

/* ---- the tool ---- */

static void *shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    must(memory != MAP_FAILED, "no shared memory");
    return memory;
}

static int run_tool(const char *words)
{
    char text[1024], folder[512];
    char *argv[WORDS_MAX + 1] = {(char[]){"ararext"}};
    char *rest = NULL;
    int argc = 1;
    snprintf(text, sizeof text, "%s", words);
    for (char *word = strtok_r(text, " ", &rest); word != NULL && argc < WORDS_MAX;
         word = strtok_r(NULL, " ", &rest)) {
        argv[argc] = word;
        if (strncmp(word, "$A/", 3) == 0) {
            snprintf(folder, sizeof folder, "%s/%s", ARAREXT_APPS, word + 3);
            argv[argc] = folder;
        }
        argc++;
    }
    return __real_main(argc, argv);
}

int flip_rig_do(const char *words)
{
    line = (struct line){0};
    int status = run_tool(words);
    fflush(stdout);
    (void)twin_run_ns(board, MS(AFTER_MS));
    return status;
}

/* What went into a file, as text. */
static void take_text(int fd, char text[FLIP_TEXT_MAX])
{
    ssize_t n = pread(fd, text, FLIP_TEXT_MAX - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    for (ssize_t i = 0; i < n; i++) {
        if (text[i] == '\0') {
            text[i] = '?'; /* what read -o - puts there is any byte */
        }
    }
    close(fd);
}

/* In the copy. */
static void run_copy(const char *words, const struct flip *flip, struct flip_run *result)
{
    line = (struct line){.flip = *flip};
    twin_forget_executed(board);
    result->status = run_tool(words);
    fflush(NULL);
    (void)twin_run_ns(board, MS(AFTER_MS));
    result->flipped = line.flipped;
    memcpy(result->bytes, line.bytes, sizeof line.bytes);
    result->state = flip_rig_state();
    result->app_started = twin_has_executed(board, reset_handler());
}

void flip_rig_try(const char *words, const struct flip *flip, struct flip_run *out)
{
    static struct flip_run *result;
    int fds[2] = {memfd_create("out", 0), memfd_create("err", 0)};
    int status = 0;
    result = result != NULL ? result : shared(sizeof *result);
    memset(result, 0, sizeof *result);
    fflush(NULL);
    pid_t pid = fork();
    must(pid >= 0 && fds[0] >= 0 && fds[1] >= 0, "no copy of the process");
    if (pid == 0) {
        dup2(fds[0], STDOUT_FILENO);
        dup2(fds[1], STDERR_FILENO);
        run_copy(words, flip, result);
        _exit(0);
    }
    must(waitpid(pid, &status, 0) == pid, "waiting for the copy");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        result->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : 128;
    }
    *out = *result;
    take_text(fds[0], out->out);
    take_text(fds[1], out->err);
}

int __wrap_main(int argc, char **argv)
{
    setenv("ARAREXT_PORT", "line", 1);
    setenv("NO_COLOR", "1", 1);
    return flip_main(argc, argv);
}
