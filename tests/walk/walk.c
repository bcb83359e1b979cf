/* SPDX-License-Identifier: MIT */
/*
 * The random walk: boards live through commands, right and wrong, resets and cuts of the supply,
 * and after every step the promises (promise.h) are asked for on a copy: the start that would come
 * now, and a new package that is really sent, staged, started. A board that breaks one is told of
 * with its last steps, and another one goes on.
 *
 * Prints figures as `name value unit`. Everything follows from the seed; `--board N` is one alone.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory_map.h"
#include "walk_board.h"

enum { LIFE = 150, SAMPLE = 10000, FULL = 1000000, TOLD_BOARDS = 6 };

struct options {
    uint64_t seed;
    uint64_t steps;
    unsigned board; /* this alone; 0 = all */
    unsigned jobs;
    bool all; /* tell of each that broke */
};

struct tally {
    uint64_t steps, boards, cuts, starts, streams, dead_ends, unsigned_starts;
};

/* What a copy does must not be seen by the board itself. */
struct copy {
    struct flash_model *base;
    struct loader loader;
    struct stream stream;
    uint8_t rdp;
};

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t z = a * 0x9E3779B97F4A7C15u + b + 0x632BE59BD9B4E019u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static void keep(struct copy *c, struct walk_board *w)
{
    rig_save_again(&w->promise.rig.rig, c->base);
    c->loader = w->promise.rig.loader;
    c->stream = w->promise.rig.stream;
    c->rdp = w->promise.rig.rdp;
}

static void bring_back(const struct copy *c, struct walk_board *w)
{
    rig_restore(&w->promise.rig.rig, c->base);
    w->promise.rig.loader = c->loader;
    w->promise.rig.stream = c->stream;
    w->promise.rig.rdp = c->rdp;
}

/* The promises of a board as it is; it is the same afterwards. */
static bool ask_promises(struct walk_board *w, struct copy *c, uint64_t seed)
{
    const struct loader_rig_reset power_on = {false, false, 0};
    struct promise *p = &w->promise;
    bool now = !w->running && (seed & 1) != 0;
    bool held;

    keep(c, w);
    held = promise_starts(p, &power_on, seed);
    bring_back(c, w);
    if (held) {
        held = now ? promise_takes_package_now(p, seed + 3) : promise_takes_package(p, seed + 3);
        bring_back(c, w);
    }
    if (held && promise_is_open(p) && (seed & 6) == 0) {
        held = now ? promise_takes_application_now(p, seed + 6)
                   : promise_takes_application(p, seed + 6);
        bring_back(c, w);
    }
    return held;
}

static void tell_life(const struct walk_board *w, const struct options *o, unsigned board,
                      const char *scenery)
{
    unsigned first = w->steps > WALK_TOLD ? w->steps - WALK_TOLD : 0;

    printf("FAILED --seed %" PRIu64 " --board %u (%s): %s\n", o->seed, board, scenery,
           w->promise.broken);
    for (unsigned i = first; i < w->steps; i++) {
        printf("    %s\n", w->told[i % WALK_TOLD]);
    }
    (void)fflush(stdout);
}

static void live(const struct options *o, unsigned board, struct tally *t)
{
    uint64_t seed = mix(o->seed, board);
    const struct survey_scenery *scenery = &survey_sceneries[seed % survey_scenery_count];
    struct walk_board *w = calloc(1, sizeof *w);
    struct copy c;
    bool held = true;

    assert(w != NULL);
    walk_open(w, scenery, seed);
    c.base = rig_save(&w->promise.rig.rig);
    for (unsigned i = 0; i < LIFE && held; i++) {
        held = walk_step(w);
        t->steps++;
        t->starts += w->running;
        held = held && ask_promises(w, &c, mix(seed, i));
    }
    t->boards++;
    t->cuts += w->promise.rig.rig.model->cuts;
    t->streams += w->streamed;
    if (!held) {
        bool p3 = strncmp(w->promise.broken, "P3", 2) == 0;
        t->unsigned_starts += p3;
        t->dead_ends += !p3;
        if (o->all || t->unsigned_starts + t->dead_ends <= TOLD_BOARDS) {
            tell_life(w, o, board, scenery->name);
        }
    }
    free(c.base);
    walk_close(w);
    free(w);
}

/* Boards job + 1, job + 1 + jobs, ... until the job's share of the steps is done. */
static struct tally run_job(const struct options *o, unsigned job)
{
    struct tally t = {0};

    for (unsigned board = job + 1; t.steps < o->steps / o->jobs; board += o->jobs) {
        live(o, board, &t);
    }
    return t;
}

static void add_tally(struct tally *sum, const struct tally *t)
{
    sum->steps += t->steps;
    sum->boards += t->boards;
    sum->cuts += t->cuts;
    sum->starts += t->starts;
    sum->streams += t->streams;
    sum->dead_ends += t->dead_ends;
    sum->unsigned_starts += t->unsigned_starts;
}

/* Each in a process of its own. */
static struct tally run_all(const struct options *o)
{
    struct tally sum = {0};
    struct tally t;
    int results[2];
    int piped = pipe(results);

    assert(piped == 0);
    (void)fflush(stdout);
    for (unsigned job = 0; job < o->jobs; job++) {
        pid_t pid = fork();
        assert(pid >= 0);
        if (pid == 0) {
            t = run_job(o, job);
            (void)fflush(stdout);
            _exit(write(results[1], &t, sizeof t) == (ssize_t)sizeof t ? 0 : 1);
        }
    }
    for (unsigned job = 0; job < o->jobs; job++) {
        int status = 0;
        (void)wait(&status);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            printf("FAILED a job ended with status %x\n", (unsigned)status);
            sum.dead_ends++;
        }
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
    (void)fprintf(stderr, "Usage: walk [--full] [--steps N] [--seed N] [--board N] [--all] "
                          "[--jobs N]\n");
    exit(2);
}

static bool read_number(struct options *o, const char *name, unsigned long long value)
{
    if (strcmp(name, "--steps") == 0) {
        o->steps = value;
    } else if (strcmp(name, "--seed") == 0) {
        o->seed = value;
    } else if (strcmp(name, "--board") == 0) {
        o->board = (unsigned)value;
    } else if (strcmp(name, "--jobs") == 0) {
        o->jobs = (unsigned)value;
    } else {
        return false;
    }
    return true;
}

static struct options read_options(int argc, char **argv)
{
    const char *seed = getenv("ARAREXT_SEED");
    struct options o = {.steps = SAMPLE, .jobs = 1};

    o.seed = seed != NULL ? strtoull(seed, NULL, 0) : 1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--full") == 0) {
            o.steps = FULL;
        } else if (strcmp(argv[i], "--all") == 0) {
            o.all = true;
        } else if (i + 1 < argc && read_number(&o, argv[i], strtoull(argv[i + 1], NULL, 0))) {
            i++;
        } else {
            usage();
        }
    }
    if (o.jobs == 0) {
        usage();
    }
    return o;
}

int main(int argc, char **argv)
{
    struct options options = read_options(argc, argv);
    struct tally sum = {0};

    printf("seed %" PRIu64 " (ARAREXT_SEED)\n", options.seed);
    if (options.board != 0) {
        live(&options, options.board, &sum);
    } else {
        sum = run_all(&options);
    }
    printf("walk_boards %" PRIu64 " boards\n", sum.boards);
    printf("walk_steps %" PRIu64 " steps\n", sum.steps);
    printf("walk_cuts %" PRIu64 " cuts\n", sum.cuts);
    printf("walk_streams %" PRIu64 " streams\n", sum.streams);
    printf("walk_running %" PRIu64 " steps\n", sum.starts);
    printf("walk_dead_ends %" PRIu64 " boards\n", sum.dead_ends + sum.unsigned_starts);
    printf("walk_unsigned %" PRIu64 " boards\n", sum.unsigned_starts);
    return sum.steps > 0 && sum.cuts > 0 && sum.streams > 0 && sum.dead_ends == 0 &&
                   sum.unsigned_starts == 0
               ? 0
               : 1;
}
