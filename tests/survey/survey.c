/* SPDX-License-Identifier: MIT */
/*
 * The survey of damage: on boards of many kinds every single bit of both trailers, of OTP blocks 5
 * to 15 and of the first 4 KiB of both packages is turned round, one at a time; then words of the
 * trailers are overwritten at random, or several of those bits turned round at once. After each the
 * promises are asked for (promise.h): the next two starts, a new package, on open boards an
 * application flashed directly.
 *
 * Prints a line a scenery, and figures as `name value unit`. Everything follows from the seed.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory_map.h"
#include "survey_scenery.h"

enum { PACKAGE_PART = 4096, HEAD = 0x90, TOLD = 12, WORDS_MAX = 6, DENSER = 32 };

#define OTP_FIRST (MAP_OTP_BASE + OTP_BLOCK_REVOKED * OTP_BLOCK_SIZE)
#define OTP_END   (MAP_OTP_BASE + MAP_OTP_SIZE)

struct options {
    const char *scenery; /* NULL = all */
    const char *region;  /* trailer, otp, package; NULL = all */
    uint64_t seed;
    uint32_t at; /* this byte alone; 0 = all */
    unsigned bit;
    unsigned every;  /* one in so many bits, and more of the trailers' heads: 1 = all */
    unsigned random; /* boards with random words, of each scenery */
    unsigned only;   /* this random board alone; 0 = all */
    unsigned jobs;
    bool all; /* tell each that broke */
};

struct tally {
    uint64_t flips, random, dead, unsigned_starts;
};

struct survey {
    const struct options *options;
    const struct survey_scenery *scenery;
    struct promise promise;
    struct flash_model *base;
    struct tally tally;
    char broken[sizeof((struct promise *)NULL)->broken];
    /* The damage: bytes of flash or OTP. */
    unsigned count;
    uint32_t addr[WORDS_MAX * 4];
    uint8_t byte[WORDS_MAX * 4];
};

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t z = a * 0x9E3779B97F4A7C15u + b + 0x632BE59BD9B4E019u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* ---- one damage ---- */

static void damage(struct survey *v)
{
    rig_restore(&v->promise.rig.rig, v->base);
    v->promise.rig.rdp = RDP_LEVEL_0;
    for (unsigned i = 0; i < v->count; i++) {
        rig_poke(&v->promise.rig.rig, v->addr[i], &v->byte[i], 1);
    }
}

/* A bit for each promise that does not hold; broken is about the first of them. */
enum { P1 = 1, P2 = 2, P3 = 4 };

static unsigned count_broken(struct survey *v, bool held, unsigned before)
{
    static const unsigned bits[] = {P1, P2, P3};

    if (held) {
        return before;
    }
    if (before == 0) {
        memcpy(v->broken, v->promise.broken, sizeof v->broken);
    }
    return before | bits[v->promise.broken[1] - '1'];
}

static unsigned ask_promises(struct survey *v, uint64_t seed)
{
    const struct loader_rig_reset power_on = {false, false, 0};
    struct promise *p = &v->promise;
    unsigned broken;

    damage(v);
    broken = count_broken(v, promise_starts(p, &power_on, seed), 0);
    broken = count_broken(v, promise_takes_package(p, seed + 2), broken);
    damage(v);
    broken = count_broken(v, promise_takes_package(p, seed + 5), broken);
    damage(v);
    if (promise_is_open(p)) {
        broken = count_broken(v, promise_takes_application(p, seed + 8), broken);
    }
    return broken;
}

static void tell(const struct survey *v, const char *how, unsigned broken)
{
    if (v->tally.dead + v->tally.unsigned_starts <= TOLD || v->options->all) {
        printf("FAILED %s --scenery %s --at 0x%08x:%s%s %s\n", how, v->scenery->name,
               (unsigned)v->addr[0], broken & P1 ? " [P1]" : "", broken & P2 ? " [P2]" : "",
               v->broken);
    }
}

static void try_damage(struct survey *v, uint64_t seed, const char *how)
{
    unsigned broken = ask_promises(v, seed);

    v->tally.dead += (broken & (P1 | P2)) != 0;
    v->tally.unsigned_starts += (broken & P3) != 0;
    if (broken != 0) {
        tell(v, how, broken);
    }
}

/* ---- every single bit ---- */

static void flip(struct survey *v, uint32_t addr, unsigned bit)
{
    char how[16];

    v->count = 1;
    v->addr[0] = addr;
    damage(v); /* takes the last one back */
    rig_restore(&v->promise.rig.rig, v->base);
    v->byte[0] = *flash_model_at(v->promise.rig.rig.model, addr, 1) ^ (uint8_t)(1u << bit);
    v->tally.flips++;
    (void)snprintf(how, sizeof how, "--bit %u", bit);
    try_damage(v, mix(addr, bit), how);
}

static void flip_range(struct survey *v, const char *region, uint32_t addr, uint32_t len,
                       unsigned every)
{
    const struct options *o = v->options;

    if (o->region != NULL && strcmp(o->region, region) != 0) {
        return;
    }
    for (uint32_t i = 0; i < len * 8; i++) {
        bool wanted = o->at == 0 ? mix(o->seed, mix(addr + i / 8, i % 8)) % every == 0
                                 : o->at == addr + i / 8 && o->bit == i % 8;
        if (wanted) {
            flip(v, addr + i / 8, i % 8);
        }
    }
}

static void flip_all(struct survey *v)
{
    uint32_t kib = v->scenery->plan->flash_kib;
    unsigned every = v->options->every;

    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        uint32_t trailer = slot_addr(kib, slot) + slot_package_max(kib);
        flip_range(v, "trailer", trailer, HEAD, every < DENSER ? 1 : every / DENSER);
        flip_range(v, "trailer", trailer + HEAD, TRAILER_SIZE - HEAD - 8, every);
        flip_range(v, "trailer", trailer + TRAILER_SIZE - 8, 8,
                   every < DENSER ? 1 : every / DENSER);
        flip_range(v, "package", slot_addr(kib, slot), PACKAGE_PART, every);
    }
    flip_range(v, "otp", OTP_FIRST, OTP_END - OTP_FIRST, every);
}

/* ---- random words, and several bits at once ---- */

/* What a record might be taken for, whole or nearly. */
static uint32_t random_word(uint64_t r)
{
    static const uint32_t words[] = {
        0, 0xFFFFFFFFu, FLAG_FIRST,  FLAG_SECOND, LOG_DONE,   ATTEMPT_MADE,
        1, 0xFFFFFFFEu, CAUSE_TRIAL, 2,           0xFFFFFFFDu};
    uint32_t word = words[(r >> 8) % (sizeof words / sizeof words[0])];

    switch (r & 7u) {
    case 0:
        return (uint32_t)(r >> 32);
    case 1:
        return word & (uint32_t)(r >> 32);
    case 2:
        return word ^ 1u << (r >> 59);
    default:
        return word;
    }
}

/* Heads come much more often than the log, and there its ends. */
static uint32_t random_offset(uint64_t r)
{
    switch (r & 7u) {
    case 0:
        return (uint32_t)(r >> 32) % TRAILER_SIZE & ~3u;
    case 1:
        return TRAILER_SIZE - 4 - ((uint32_t)(r >> 32) % 12 & ~3u);
    case 2:
        return TRAILER_LOG + ((uint32_t)(r >> 32) % 24 & ~3u);
    default:
        return (uint32_t)(r >> 32) % (TRAILER_ATTEMPTS + 16) & ~3u;
    }
}

static uint32_t trailer_of(const struct survey *v, unsigned slot)
{
    uint32_t kib = v->scenery->plan->flash_kib;

    return slot_addr(kib, slot) + slot_package_max(kib);
}

static void add_byte(struct survey *v, uint32_t addr, uint8_t byte)
{
    v->addr[v->count] = addr;
    v->byte[v->count++] = byte;
}

static void add_word(struct survey *v, uint64_t r)
{
    uint32_t addr = trailer_of(v, (unsigned)(r >> 3 & 1u)) + random_offset(mix(r, 1));
    uint32_t word = random_word(mix(r, 2));

    for (unsigned k = 0; k < 4; k++) {
        add_byte(v, addr + k, (uint8_t)(word >> 8 * k));
    }
}

/* A bit of a trailer, of OTP or of a package; two in one byte count as the later one. */
static void add_flip(struct survey *v, uint64_t r)
{
    unsigned slot = (unsigned)(r >> 3 & 1u);
    uint32_t addr = trailer_of(v, slot) + random_offset(mix(r, 1)) + (uint32_t)(r >> 4 & 3u);

    if ((r & 7u) == 0) {
        addr = slot_addr(v->scenery->plan->flash_kib, slot) + (uint32_t)(r >> 8) % PACKAGE_PART;
    } else if ((r & 7u) < 3) {
        addr = OTP_FIRST + (uint32_t)(r >> 8) % ((r & 0x80u) != 0 ? 48u : OTP_END - OTP_FIRST);
    }
    add_byte(v, addr,
             *flash_model_at(v->promise.rig.rig.model, addr, 1) ^ (uint8_t)(1u << (r >> 61)));
}

static void overwrite(struct survey *v, unsigned number)
{
    uint64_t seed = mix(v->options->seed, number);
    unsigned places = 1 + (unsigned)(mix(seed, 0) % WORDS_MAX);
    bool flips = mix(seed, 99) % 3 == 0;
    char how[64];

    rig_restore(&v->promise.rig.rig, v->base);
    v->count = 0;
    for (unsigned i = 0; i < places; i++) {
        if (flips) {
            add_flip(v, mix(seed, 1 + i));
        } else {
            add_word(v, mix(seed, 1 + i));
        }
    }
    v->tally.random++;
    (void)snprintf(how, sizeof how, "--seed %" PRIu64 " --only %u", v->options->seed, number);
    try_damage(v, seed, how);
}

static void overwrite_all(struct survey *v)
{
    for (unsigned i = 1; i <= v->options->random; i++) {
        if (v->options->only == 0 || v->options->only == i) {
            overwrite(v, i);
        }
    }
}

/* ---- the sceneries, each in a process of its own ---- */

static struct tally run_scenery(const struct options *o, const struct survey_scenery *scenery)
{
    struct survey *v = calloc(1, sizeof *v);
    struct tally tally;

    assert(v != NULL);
    v->options = o;
    v->scenery = scenery;
    promise_open(&v->promise, scenery->plan);
    if (!scenery->prepare(&v->promise.rig.rig, &v->promise.scenery)) {
        printf("FAILED %s cannot be prepared\n", scenery->name);
        v->tally.dead++;
    } else {
        v->base = rig_save(&v->promise.rig.rig);
        if (ask_promises(v, o->seed) != 0) {
            printf("FAILED %s without any damage: %s\n", scenery->name, v->broken);
            v->tally.dead++;
        }
        if (o->only == 0) {
            flip_all(v);
        }
        if (o->at == 0) {
            overwrite_all(v);
        }
        free(v->base);
    }
    tally = v->tally;
    promise_close(&v->promise);
    free(v);
    return tally;
}

static void add_tally(struct tally *sum, const struct tally *t)
{
    sum->flips += t->flips;
    sum->random += t->random;
    sum->dead += t->dead;
    sum->unsigned_starts += t->unsigned_starts;
}

static void wait_for_one(struct tally *sum, unsigned *running)
{
    int status = 0;
    pid_t pid = wait(&status);

    assert(pid > 0);
    (*running)--;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        printf("FAILED a scenery ended with status %x\n", (unsigned)status);
        sum->dead++;
    }
}

static void start_scenery(const struct options *o, const struct survey_scenery *scenery,
                          int results)
{
    pid_t pid;

    (void)fflush(stdout);
    pid = fork();
    assert(pid >= 0);
    if (pid == 0) {
        struct tally t = run_scenery(o, scenery);
        printf("%-20s %8" PRIu64 " %8" PRIu64 " %6" PRIu64 " %8" PRIu64 "\n", scenery->name,
               t.flips, t.random, t.dead, t.unsigned_starts);
        (void)fflush(stdout);
        _exit(write(results, &t, sizeof t) == (ssize_t)sizeof t ? 0 : 1);
    }
}

static struct tally run_all(const struct options *o)
{
    struct tally sum = {0};
    struct tally t;
    unsigned running = 0;
    int results[2];
    int piped = pipe(results); /* holds the figures of all sceneries */

    assert(piped == 0);
    for (unsigned i = 0; i < survey_scenery_count; i++) {
        if (o->scenery != NULL && strcmp(o->scenery, survey_sceneries[i].name) != 0) {
            continue;
        }
        while (running >= o->jobs) {
            wait_for_one(&sum, &running);
        }
        start_scenery(o, &survey_sceneries[i], results[1]);
        running++;
    }
    while (running > 0) {
        wait_for_one(&sum, &running);
    }
    (void)close(results[1]);
    while (read(results[0], &t, sizeof t) == (ssize_t)sizeof t) {
        add_tally(&sum, &t);
    }
    (void)close(results[0]);
    return sum;
}

static void usage(void)
{
    (void)fprintf(stderr,
                  "Usage: survey [--full] [--every N] [--random N] [--seed N] [--scenery NAME] "
                  "[--region trailer | otp | package] [--at ADDRESS --bit N] [--only N] [--all] "
                  "[--jobs N]\n");
    exit(2);
}

static bool read_number(struct options *o, const char *name, unsigned long long n)
{
    const struct {
        const char *name;
        unsigned *to;
    } numbers[] = {{"--every", &o->every}, {"--random", &o->random}, {"--jobs", &o->jobs},
                   {"--bit", &o->bit},     {"--only", &o->only},     {"--at", &o->at}};

    for (unsigned i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(name, numbers[i].name) == 0) {
            *numbers[i].to = (unsigned)n;
            return true;
        }
    }
    if (strcmp(name, "--seed") == 0) {
        o->seed = n;
        return true;
    }
    return false;
}

static bool read_value(struct options *o, const char *name, const char *value)
{
    if (strcmp(name, "--scenery") == 0) {
        o->scenery = value;
        return true;
    }
    if (strcmp(name, "--region") == 0) {
        o->region = value;
        return true;
    }
    return read_number(o, name, strtoull(value, NULL, 0));
}

static struct options read_options(int argc, char **argv)
{
    const char *seed = getenv("ARAREXT_SEED");
    struct options o = {.every = 256, .random = 100, .jobs = 1};

    o.seed = seed != NULL ? strtoull(seed, NULL, 0) : 1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--full") == 0) {
            o.every = 1;
            o.random = 100000;
        } else if (strcmp(argv[i], "--all") == 0) {
            o.all = true;
        } else if (i + 1 < argc && read_value(&o, argv[i], argv[i + 1])) {
            i++;
        } else {
            usage();
        }
    }
    if (o.jobs == 0 || o.every == 0) {
        usage();
    }
    return o;
}

int main(int argc, char **argv)
{
    struct options options = read_options(argc, argv);
    struct tally sum;

    printf("seed %" PRIu64 " (ARAREXT_SEED)\n", options.seed);
    printf("%-20s %8s %8s %6s %8s\n", "scenery", "flips", "random", "dead", "unsigned");
    sum = run_all(&options);
    printf("flips_tried %" PRIu64 " boards\n", sum.flips + sum.random);
    printf("flips_dead %" PRIu64 " boards\n", sum.dead + sum.unsigned_starts);
    printf("flips_unsigned %" PRIu64 " starts\n", sum.unsigned_starts);
    return sum.flips + sum.random > 0 && sum.dead == 0 && sum.unsigned_starts == 0 ? 0 : 1;
}
