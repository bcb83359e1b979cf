/* SPDX-License-Identifier: MIT */
/*
 * The judge of "a skipped instruction must not turn no into yes": on a provisioned board whose
 * flash holds something that must not start, the release binary is started again and again, and
 * each time the twin leaves out one execution of one instruction. What must not start, must not
 * start.
 *
 * Every instruction that a scenario executes is tried, at its first execution, and at later ones
 * with growing distance. Prints a line a scenario, and figures as `name value unit`; the status is
 * not 0 if something forged was started, or if a scenario would not have noticed.
 */
#define _DEFAULT_SOURCE
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "package_builder.h"
#include "twin.h"

/* Retyped from FORMAT.md. */
enum {
    SLOT_B = 0x080C0000,
    TRAILER_B = SLOT_B + 0x40000 - 0x800,
    BOOT_START = 0x08000000,
    BOOT_END = 0x08008000,
    APP = 0x08008000,
    SLOT_A = 0x08080000,
    TRAILER_A = SLOT_A + 0x40000 - 0x800,
    OTP = 0x1FFF7800,
    OTP_LOCKS = 0x1FFF7A00,
    OTP_REVOKED = OTP + 5 * 32,
    OTP_COUNTER = OTP + 6 * 32,
    RAM_START = 0x20000000,
    RAM_END = 0x20004000,
    STACK = 0x20010000,
    ENTRY = 0x200,
};
enum { CONTENT_SIZE = 1024, OWN_KEY = 1, OTHER_KEY = 2, REVOKED_KEY = 3, BOARD_COUNTER = 5 };
enum { CANDIDATES_MAX = 24000, JOBS = 2 };
#define MS(n) ((uint64_t)(n)*1000000u)

struct board {
    struct twin *twin;
    uint32_t forged; /* entry of what must not start */
    bool started;
};

struct scenario {
    const char *name;
    void (*prepare)(struct board *b);
    unsigned
        stride; /* of candidates tried in a quick run; those that reach the signature are slow */
    unsigned limit_ms;
    bool slow;
};

/* ---- what lies in flash ---- */

static void put_le32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> (8 * i));
    }
}

static void load(struct board *b, uint32_t addr, const void *data, size_t len)
{
    if (twin_load(b->twin, addr, data, len) != TWIN_OK) {
        (void)fprintf(stderr, "skip_campaign: %s\n", twin_error_text(b->twin));
        exit(EXIT_FAILURE);
    }
}

/* An application that sleeps for ever; its entry tells it from the other ones. */
static uint32_t make_content(uint8_t content[CONTENT_SIZE], unsigned variant)
{
    static const uint8_t sleep[4] = {0x30, 0xBF, 0xFD, 0xE7}; /* wfi; b back */
    uint32_t entry = ENTRY + variant * 0x20;
    memset(content, (int)(0x40 + variant), CONTENT_SIZE);
    put_le32(content, STACK);
    put_le32(content + 4, (APP + entry) | 1);
    memcpy(content + entry, sleep, sizeof sleep);
    return APP + entry;
}

static void load_otp(struct board *b)
{
    static const uint8_t locks[5], revoked[4], counter = 0xE0; /* five bits are 0 */
    for (unsigned i = 0; i < 3; i++) {
        static const uint32_t numbers[3] = {OWN_KEY, REVOKED_KEY, OTHER_KEY + 7};
        struct evp_pkey_st *key = package_key(numbers[i]);
        uint8_t hash[32];
        package_key_hash(key, hash);
        load(b, OTP + 32 * i, hash, sizeof hash);
        package_key_free(key);
    }
    load(b, OTP_LOCKS, locks, sizeof locks);
    load(b, OTP_REVOKED + 4, revoked, sizeof revoked); /* key 1 */
    load(b, OTP_COUNTER, &counter, 1);
}

/* A package as a finished staging leaves it: sealed, checked, confirmed, and in the area. */
static void load_package(struct board *b, const uint8_t *package, size_t len)
{
    static const uint32_t flag[2] = {0x4B3CA596, 0xA5964B3C};
    uint8_t trailer[0x84];
    memset(trailer, 0xFF, sizeof trailer);
    put_le32(trailer, 1);
    put_le32(trailer + 4, ~UINT32_C(1));
    for (unsigned i = 0; i < 3; i++) {
        put_le32(trailer + 8 + 8 * i, flag[0]);
        put_le32(trailer + 12 + 8 * i, flag[1]);
    }
    put_le32(trailer + 0x80, 0x96A53C4B);
    load(b, SLOT_A, package, len);
    load(b, TRAILER_A, trailer, sizeof trailer);
}

struct forgery {
    uint32_t key;
    uint32_t counter;
    const uint8_t *identity;
    bool compressed;
    void (*spoil)(uint8_t *package, size_t len);
};

static void load_forgery(struct board *b, const struct forgery *f)
{
    uint8_t content[CONTENT_SIZE];
    size_t len;
    uint8_t *package;
    b->forged = make_content(content, 0);
    const struct package_recipe recipe = {
        .content = content,
        .content_len = sizeof content,
        .packing = f->compressed ? PACKAGE_LZMA2_THUMB : PACKAGE_PLAIN,
        .counter = f->counter,
        .identity = f->identity,
        .key = f->key == 0 ? NULL : package_key(f->key),
    };
    package = package_build(&recipe, &len);
    if (f->spoil != NULL) {
        f->spoil(package, len);
    }
    load_package(b, package, len);
    load(b, APP, content, sizeof content);
    free(package);
    if (recipe.key != NULL) {
        package_key_free(recipe.key);
    }
}

/* The digest's TLV follows the (unprotected) area's head, and is made right again. */
static void spoil_content(uint8_t *package, size_t len)
{
    size_t protected = (size_t)(package[10] | package[11] << 8);
    size_t area = 32 + CONTENT_SIZE + protected;
    assert(area + 40 < len && package[area + 4] == 0x10);
    package[32 + 0x3F0] ^= 1;
    package_sha256(package, area, package + area + 8);
}

static void spoil_digest(uint8_t *package, size_t len)
{
    (void)len;
    package[32 + 0x3F0] ^= 1;
}

/* ---- the scenarios ---- */

static void plain_application(struct board *b)
{
    uint8_t content[CONTENT_SIZE];
    b->forged = make_content(content, 0);
    load(b, APP, content, sizeof content);
}

static void unsigned_package(struct board *b)
{
    load_forgery(b, &(struct forgery){.counter = 9});
}

static void unknown_key(struct board *b)
{
    load_forgery(b, &(struct forgery){.key = OTHER_KEY, .counter = 9});
}

static void revoked_key(struct board *b)
{
    load_forgery(b, &(struct forgery){.key = REVOKED_KEY, .counter = 9});
}

static void altered(struct board *b)
{
    load_forgery(b, &(struct forgery){.key = OWN_KEY, .counter = 9, .spoil = spoil_digest});
}

static void altered_with_digest(struct board *b)
{
    load_forgery(b, &(struct forgery){.key = OWN_KEY, .counter = 9, .spoil = spoil_content});
}

static void low_counter(struct board *b)
{
    load_forgery(b, &(struct forgery){.key = OWN_KEY, .counter = BOARD_COUNTER - 1});
}

static void other_board(struct board *b)
{
    static const uint8_t identity[32] = {1, 2, 3};
    load_forgery(b, &(struct forgery){.key = OWN_KEY, .counter = 9, .identity = identity});
}

/* The package is good, and the area claims to hold it, but holds something else. */
static void area_with(struct board *b, bool compressed)
{
    uint8_t content[CONTENT_SIZE];
    load_forgery(b, &(struct forgery){.key = OWN_KEY, .counter = 9, .compressed = compressed});
    b->forged = make_content(content, 1);
    load(b, APP, content, sizeof content);
}

static void area_altered(struct board *b)
{
    area_with(b, false);
}

static void area_altered_compressed(struct board *b)
{
    area_with(b, true);
}

/* A good package whose trial is over is judged first, in the newer slot, and leaves its traces on
 * the stack; then comes one with the good one's TLVs and another content. */
static void after_a_good_one(struct board *b)
{
    static const uint32_t flag[2] = {0x4B3CA596, 0xA5964B3C};
    uint8_t content[CONTENT_SIZE];
    uint8_t trailer[0x50];
    size_t len;
    uint8_t *package;
    struct evp_pkey_st *key = package_key(OWN_KEY);
    const struct package_recipe recipe = {
        .content = content, .content_len = sizeof content, .counter = 9, .key = key};
    (void)make_content(content, 1);
    package = package_build(&recipe, &len);
    memset(trailer, 0xFF, sizeof trailer);
    put_le32(trailer, 2);
    put_le32(trailer + 4, ~UINT32_C(2));
    for (unsigned i = 0; i < 2; i++) {
        put_le32(trailer + 8 + 8 * i, flag[0]);
        put_le32(trailer + 12 + 8 * i, flag[1]);
    }
    memset(trailer + 0x40, 0, 0x10); /* four boots on trial */
    load(b, SLOT_B, package, len);
    load(b, TRAILER_B, trailer, sizeof trailer);
    b->forged = make_content(content, 0);
    memcpy(package + 32, content, sizeof content);
    load_package(b, package, len);
    load(b, APP, content, sizeof content);
    free(package);
    package_key_free(key);
}

static const struct scenario scenarios[] = {
    {"plain_application", plain_application, 23, 30, false},
    {"unsigned_package", unsigned_package, 61, 60, false},
    {"altered", altered, 61, 60, false},
    {"unknown_key", unknown_key, 61, 60, false},
    {"revoked_key", revoked_key, 61, 60, false},
    {"altered_with_digest", altered_with_digest, 401, 500, true},
    {"low_counter", low_counter, 401, 500, true},
    {"other_board", other_board, 401, 500, true},
    {"after_a_good_one", after_a_good_one, 401, 500, true},
    {"area_altered", area_altered, 601, 900, true},
    {"area_altered_compressed", area_altered_compressed, 601, 900, true},
};
enum { SCENARIO_COUNT = sizeof scenarios / sizeof scenarios[0] };

/* ---- running ---- */

static void on_forged(void *ctx, uint32_t addr)
{
    struct board *b = ctx;
    (void)addr;
    b->started = true;
    twin_request_stop(b->twin);
}

static void open_board(struct board *b, const struct scenario *s, bool provisioned)
{
    const struct twin_config config = {.flash_kib = 1024, .seed = 1};
    b->started = false;
    if (twin_create(&b->twin, &config) != TWIN_OK ||
        twin_load_file(b->twin, ARAREXT_FIRMWARE_ELF, BOOT_START) != TWIN_OK) {
        (void)fprintf(stderr, "skip_campaign: %s\n", twin_error_text(b->twin));
        exit(EXIT_FAILURE);
    }
    twin_pin_drive(b->twin, 'A', 0, false);
    if (provisioned) {
        load_otp(b);
    }
    s->prepare(b);
}

static void run_board(struct board *b, const struct scenario *s)
{
    twin_on_execute(b->twin, b->forged, on_forged, b);
    twin_power_on(b->twin);
    (void)twin_run_ns(b->twin, MS(s->limit_ms));
}

struct tally {
    uint64_t tried, accepted, candidates;
};

enum outcome { OUTCOME_REFUSED, OUTCOME_STARTED, OUTCOME_NO_SKIP };

/* One start with the nth execution at addr left out, in a child. */
static pid_t try_skip(struct board *b, const struct scenario *s, uint32_t addr, uint64_t nth)
{
    (void)fflush(stdout);
    pid_t pid = fork();
    assert(pid >= 0);
    if (pid == 0) {
        twin_skip_instruction(b->twin, addr, nth);
        run_board(b, s);
        _exit(b->started                    ? OUTCOME_STARTED
              : twin_skip_happened(b->twin) ? OUTCOME_REFUSED
                                            : OUTCOME_NO_SKIP);
    }
    return pid;
}

static uint32_t candidates[CANDIDATES_MAX];

/* What the scenario executes of the bootloader, in flash and SRAM. */
static unsigned find_candidates(struct board *b)
{
    static const uint32_t ranges[2][2] = {{BOOT_START, BOOT_END}, {RAM_START, RAM_END}};
    unsigned count = 0;
    for (unsigned r = 0; r < 2; r++) {
        for (uint32_t addr = ranges[r][0]; addr < ranges[r][1]; addr += 2) {
            if (twin_has_executed(b->twin, addr) && count < CANDIDATES_MAX) {
                candidates[count++] = addr;
            }
        }
    }
    return count;
}

/* The scenario without a skip: nothing forged starts; and on an open board, where nothing is
 * signed, what it looks for does start, or the campaign would be blind. */
static bool check_scenario(const struct scenario *s, unsigned *count)
{
    struct board b;
    bool ok;
    open_board(&b, s, true);
    run_board(&b, s);
    ok = !b.started;
    *count = find_candidates(&b);
    twin_destroy(b.twin);
    if (!ok) {
        printf("%s: it starts without any skip\n", s->name);
        return false;
    }
    if (s->prepare == plain_application || s->prepare == unsigned_package) {
        open_board(&b, s, false);
        run_board(&b, s);
        ok = b.started;
        twin_destroy(b.twin);
        if (!ok) {
            printf("%s: would not have been noticed\n", s->name);
        }
    }
    return ok && *count != 0;
}

struct job {
    pid_t pid;
    uint32_t addr;
    uint64_t nth;
};

static enum outcome wait_job(const struct scenario *s, struct job *jobs, unsigned count,
                             struct tally *t)
{
    int status = 0;
    pid_t pid = wait(&status);
    enum outcome outcome = WIFEXITED(status) ? (enum outcome)WEXITSTATUS(status) : OUTCOME_STARTED;
    for (unsigned i = 0; i < count; i++) {
        if (jobs[i].pid != pid) {
            continue;
        }
        jobs[i].pid = 0;
        t->tried += outcome != OUTCOME_NO_SKIP ? 1 : 0;
        if (outcome == OUTCOME_STARTED) {
            t->accepted++;
            printf("%s: started with execution %" PRIu64 " of 0x%08" PRIX32 " left out%s\n",
                   s->name, jobs[i].nth, jobs[i].addr, WIFEXITED(status) ? "" : " (child died)");
        }
    }
    return outcome;
}

static void run_scenario(const struct scenario *s, bool full, uint64_t seed, struct tally *t)
{
    static const uint64_t early[] = {1, 2, 3, 5, 9, 17, 65, 257, 2049};
    unsigned count = 0, stride = full ? (s->slow ? 3 : 1) : s->stride;
    unsigned tries = s->slow ? 3 : sizeof early / sizeof early[0];
    struct job jobs[JOBS] = {{0}};
    struct tally own = {0};
    struct board b;
    if (!check_scenario(s, &count)) {
        t->accepted++;
        return;
    }
    open_board(&b, s, true);
    for (unsigned i = (unsigned)(seed % stride); i < count; i += stride) {
        for (unsigned n = 0; n < tries; n++) {
            unsigned slot = 0;
            while (slot < JOBS && jobs[slot].pid != 0) {
                slot++;
            }
            if (slot == JOBS) {
                enum outcome last = wait_job(s, jobs, JOBS, &own);
                if (last == OUTCOME_NO_SKIP && n != 0) {
                    break; /* not executed that often: near enough */
                }
                n--;
                continue;
            }
            jobs[slot] =
                (struct job){try_skip(&b, s, candidates[i], early[n]), candidates[i], early[n]};
        }
    }
    while (jobs[0].pid != 0 || jobs[1].pid != 0) {
        (void)wait_job(s, jobs, JOBS, &own);
    }
    twin_destroy(b.twin);
    printf("%-26s %6u instructions, every %u%s: %7" PRIu64 " skips, %" PRIu64 " started\n", s->name,
           count, stride,
           stride == 1   ? "st"
           : stride == 3 ? "rd"
                         : "th",
           own.tried, own.accepted);
    (void)fflush(stdout);
    t->tried += own.tried;
    t->accepted += own.accepted;
}

int main(int argc, char **argv)
{
    bool full = false;
    uint64_t seed = 1;
    const char *only = NULL;
    struct tally t = {0};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--full") == 0) {
            full = true;
        } else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            seed = strtoull(argv[++i], NULL, 0);
        } else if (strcmp(argv[i], "--scenario") == 0 && i + 1 < argc) {
            only = argv[++i];
        } else {
            (void)fprintf(stderr, "Usage: skip_campaign [--full] [--seed N] [--scenario NAME]\n");
            return 2;
        }
    }
    printf("seed %" PRIu64 "\n", seed);
    for (unsigned i = 0; i < SCENARIO_COUNT; i++) {
        if (only == NULL || strcmp(only, scenarios[i].name) == 0) {
            run_scenario(&scenarios[i], full, seed, &t);
        }
    }
    printf("skips_tried %" PRIu64 " count\nskips_accepted %" PRIu64 " count\n", t.tried,
           t.accepted);
    return t.tried != 0 && t.accepted == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
