/* SPDX-License-Identifier: MIT */
/*
 * One bit on the line is flipped, in each direction and at many places, while a command of the tool
 * runs: it then ends as without that (status, text, and what the board holds), or with an error and
 * without a word that is not true. Each command that speaks to a board has its rows.
 *
 * cli_flips [PLACES [WORD]]: so many places in each direction, of the rows with that word.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "flip_rig.h"

enum { PLACES = 8 }; /* in each direction, unless told otherwise */

/* Commands that bring the board where a row begins, one a line; "pin 0" and "pin 1" are a reset
 * without and with the button. */
#define APPLICATION "flash $A/hello.bin\n"
#define PACKAGES                                                                                   \
    "pack $A/hello.bin --unsigned --no-confirm --version 1.0.0 -o one\nupdate one\npin 0\npin 1\n" \
    "pack $A/hello.elf --unsigned --no-confirm --version 2.0.0 -o two\nupdate two\npin 0\npin 1\n"
#define TRIAL                                                                                      \
    "pack $A/hello.bin --unsigned --version 3.0.0 -o p\nupdate p --no-start\npin 0\npin 1\n"
#define KEY "keygen key.pem --public key.pub\n"

static const struct row {
    const char *words, *before;
    int status; /* without a fault */
} ROWS[] = {
    {"info", APPLICATION, 0},
    {"commands", "", 0},
    {"otp", "", 0},
    {"slots", PACKAGES, 0},
    {"read 0x08008000 300 -o -", APPLICATION, 0},
    {"read 0x1FFF7800 40", "", 0},
    {"write 0x20005000 --hex 0102030405060708", "", 0},
    {"write 0x08008000 $A/hello.bin", "", 0},
    {"flash $A/hello.bin", "", 0},
    {"flash $A/hello.bin --no-stream", "", 0},
    {"flash $A/hello.bin --run", APPLICATION, 0},
    {"verify $A/hello.bin", APPLICATION, 0},
    {"verify $A/hello.bin --verify read", APPLICATION, 0},
    {"verify $A/hello.bin", "write 0x08008000 --hex 00\n", 10},
    {"erase --sector 2..3 --yes", APPLICATION, 0},
    {"erase --all --yes", APPLICATION, 0},
    {"go 0x08008000", APPLICATION, 0},
    {"go 0x08008000", "", 6},
    {"reset", APPLICATION "pin 0\npin 1\n", 0},
    {"reset --bootloader", APPLICATION, 0},
    {"protect --sectors 3 --yes", "", 0},
    {"unprotect", "protect --sectors 3 --yes\npin 1\n", 0},
    {"lock --yes", "", 0},
    {"update p --no-start", "pack $A/hello.bin --unsigned --version 3.0.0 -o p\n", 0},
    {"update one", "pack $A/hello.bin --unsigned --no-confirm --version 1.0.0 -o one\n", 0},
    {"confirm", TRIAL, 0},
    {"rollback", PACKAGES, 0},
    {"provision --key key.pub --dry-run", KEY, 0},
    {"provision --key key.pub --yes", KEY, 0},
    {"--no-extensions info", "", 0},
    {"--no-extensions read 0x08008000 300 -o -", APPLICATION, 0},
    {"--no-extensions flash $A/hello.bin", "", 0},
    {"--no-extensions verify $A/hello.bin", APPLICATION, 0},
    {"--no-extensions erase --sector 2 --yes", APPLICATION, 0},
    {"--no-extensions protect --sectors 3 --yes", "", 0},
};

/* Commands without rows: these speak to no board or only as others do, and the last two show what
 * comes as it comes. */
static const char *const OTHERS[] = {"ports",  "keygen", "pack", "image",   "board",
                                     "config", "page",   "run",  "monitor", "raw"};
/* Files that commands make. */
static const char *const FILES[] = {"one", "two", "p", "key.pem", "key.pub"};

static void prepare(const char *before)
{
    char text[1024], quiet[1100];
    char *rest = NULL;
    int out = dup(STDOUT_FILENO);
    if (freopen("/dev/null", "w", stdout) == NULL) {
        exit(1);
    }
    for (size_t i = 0; i < sizeof FILES / sizeof FILES[0]; i++) {
        (void)unlink(FILES[i]);
    }
    snprintf(text, sizeof text, "%s", before);
    for (char *words = strtok_r(text, "\n", &rest); words != NULL;
         words = strtok_r(NULL, "\n", &rest)) {
        if (strncmp(words, "pin ", 4) == 0) {
            flip_rig_reset(words[4] == '1');
        } else if (snprintf(quiet, sizeof quiet, "--quiet %s", words) < 0 ||
                   flip_rig_do(quiet) != 0) {
            fprintf(stderr, "flips: '%s' failed\n", words);
            exit(1);
        }
    }
    fflush(stdout);
    dup2(out, STDOUT_FILENO);
    close(out);
}

/* ---- the judge ---- */

/* Whether each line of text is one of the other's, too. */
static bool lines_are_in(const char *text, const char *other)
{
    while (*text != '\0') {
        size_t len = strcspn(text, "\n");
        const char *at = other;
        bool found = len == 0;
        while (!found && *at != '\0') {
            size_t n = strcspn(at, "\n");
            found = n == len && memcmp(at, text, len) == 0;
            at += n + (at[n] != '\0');
        }
        if (!found) {
            return false;
        }
        text += len + (text[len] != '\0');
    }
    return true;
}

/* Durations and rates are what they are: "0.1 s", "12.5 KiB/s". */
static void mask_times(char *text)
{
    for (char *point = strchr(text, '.'); point != NULL; point = strchr(point + 1, '.')) {
        char *end = point + 1 + strspn(point + 1, "0123456789");
        bool is_time = strncmp(end, " s", 2) == 0 || strncmp(end, " KiB/s", 6) == 0;
        for (char *at = end; is_time && at > text && strchr(".0123456789", at[-1]) != NULL; at--) {
            at[-1] = ' ';
        }
    }
}

/* NULL, or what is not true. */
static const char *judge(const struct flip_run *good, const struct flip_run *run, uint32_t before)
{
    if (!run->flipped) {
        return "nothing was flipped";
    }
    if (run->status >= 128) {
        return "it crashed";
    }
    if (!lines_are_in(run->out, good->out)) {
        return "it printed a line that is not so";
    }
    if (run->status == good->status) {
        return strcmp(run->out, good->out) != 0        ? "it left something out"
               : run->state != good->state             ? "the board holds something else"
               : run->app_started != good->app_started ? "who runs is not who should"
                                                       : NULL;
    }
    if (strstr(run->err, "was not changed") != NULL && run->state != before) {
        return "it says that the board was not changed";
    }
    return run->status == 0 ? "it says that all is well" : NULL;
}

/* ---- the rows ---- */

struct tally {
    unsigned tries, untrue;
    unsigned statuses[129];
};

static void try_one(const struct row *row, const struct flip_run *good, const struct flip *flip,
                    struct tally *tally)
{
    static struct flip_run run;
    flip_rig_try(row->words, flip, &run);
    mask_times(run.out);
    const char *what = judge(good, &run, flip_rig_state());
    tally->tries++;
    tally->statuses[run.status < 128 ? run.status : 128]++;
    if (what != NULL) {
        tally->untrue++;
        printf("  %s: bit %u of byte %u %s the board: %s\n    status %d\n%s%s\n", row->words,
               flip->bit, (unsigned)flip->byte, flip->from_board ? "from" : "to", what, run.status,
               run.out, run.err);
    }
}

/* Evenly over all bytes, and each of the bits in turn. */
static void try_places(const struct row *row, const struct flip_run *good, bool from_board,
                       unsigned places, struct tally *tally)
{
    uint64_t bits = good->bytes[from_board] * 8;
    uint64_t tries = bits < places ? bits : places;
    for (uint64_t i = 0; i < tries; i++) {
        uint64_t bit = bits * i / tries + i * 5u % (bits / tries);
        const struct flip flip = {true, from_board, bit / 8, (unsigned)(bit % 8)};
        try_one(row, good, &flip, tally);
    }
}

static int run_row(const struct row *row, unsigned places)
{
    static struct flip_run good;
    const struct flip none = {0};
    struct tally tally = {0};
    prepare(row->before);
    flip_rig_try(row->words, &none, &good);
    mask_times(good.out);
    if (good.status != row->status) {
        printf("%s: status %d without a fault\n%s%s\n", row->words, good.status, good.out,
               good.err);
        return 1;
    }
    try_places(row, &good, false, places, &tally);
    try_places(row, &good, true, places, &tally);
    printf("%-43s %u of %u + %u bytes: status", row->words, tally.tries, (unsigned)good.bytes[0],
           (unsigned)good.bytes[1]);
    for (int i = 0; i <= 128; i++) {
        if (tally.statuses[i] != 0) {
            printf(" %d: %u", i, tally.statuses[i]);
        }
    }
    printf("; %u untrue\n", tally.untrue);
    return tally.untrue == 0 && tally.tries > 0 ? 0 : 1;
}

/* In a process of its own, with a board of its own. */
static bool run_apart(const struct row *row, unsigned places)
{
    int status = 1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        int rc = run_row(row, places);
        fflush(stdout);
        _exit(rc);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* ---- all of them ---- */

static bool has_row(const char *verb, size_t len)
{
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        if (strncmp(ROWS[i].words, verb, len) == 0 && strchr(" ", ROWS[i].words[len]) != NULL) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof OTHERS / sizeof OTHERS[0]; i++) {
        if (strlen(OTHERS[i]) == len && memcmp(OTHERS[i], verb, len) == 0) {
            return true;
        }
    }
    return false;
}

/* Each command that the tool's help names ("  info       Show ..."). */
static bool all_have_rows(void)
{
    static struct flip_run help;
    const struct flip none = {0};
    unsigned count = 0;
    bool all = true;
    flip_rig_try("--help", &none, &help);
    for (char *line = help.out; *line != '\0'; line += strcspn(line, "\n"), line += *line == '\n') {
        size_t len = strspn(line + 2, "abcdefghijklmnopqrstuvwxyz");
        if (strncmp(line, "  ", 2) != 0 || len == 0 || strncmp(line + 2 + len, "  ", 2) != 0) {
            continue;
        }
        count++;
        if (!has_row(line + 2, len)) {
            printf("%.*s: a command without a row here\n", (int)len, line + 2);
            all = false;
        }
    }
    return all && count > 20;
}

int flip_main(int argc, char **argv)
{
    unsigned places = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : PLACES;
    const char *only = argc > 2 ? argv[2] : "";
    flip_rig_open();
    bool fine = all_have_rows();
    for (size_t i = 0; i < sizeof ROWS / sizeof ROWS[0]; i++) {
        if (strstr(ROWS[i].words, only) != NULL) {
            fine = run_apart(&ROWS[i], places) && fine;
        }
    }
    return fine ? 0 : 1;
}
