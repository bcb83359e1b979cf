/* SPDX-License-Identifier: MIT */
/*
 * The power-cut campaign on the PC: core/ over the flash model. For every flow and scenery the
 * supply goes before, in the middle of and after every flash operation, and, where the packages are
 * small, once more at every operation of the recovery. Whatever was cut, every start afterwards
 * must run an application whole, bit by bit, and the board must take the same operation again.
 *
 * Prints a line a job, and figures as `name value unit`. Everything follows from the seed.
 */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "powercut_flow.h"

/* As small as they can be and use all paths: lengths that are no multiple of 4, plain and
 * compressed in both roles; and ones that span several sectors. */
static const struct scenery_plan plans[] = {
    {"small-512", 512, false, false, true, false, true, false, 261, 517, 390, NULL},
    {"small-1024", 1024, false, false, true, false, true, false, 261, 517, 390, NULL},
    {"turned-512", 512, false, false, true, true, false, false, 261, 517, 390, NULL},
    {"turned-1024", 1024, false, false, true, true, false, false, 261, 517, 390, NULL},
    {"wide-512", 512, false, false, false, false, true, false, 17411, 33793, 9000, NULL},
    {"wide-1024", 1024, false, false, false, true, false, false, 17411, 33793, 9000, NULL},
    {"signed-512", 512, true, true, true, false, true, false, 261, 517, 390, NULL},
    {"signed-1024", 1024, true, false, true, true, false, false, 261, 517, 390, NULL},
};
enum { PLAN_COUNT = sizeof plans / sizeof plans[0] };

enum { SHORT_FLOW = 32 }; /* operations: every second cut is tried, whatever the effort */

/* How much is tried. "every n" takes each nth, from a place that the seed chooses; 0 = none. */
struct effort {
    unsigned torn;   /* patterns of a torn operation */
    unsigned reads;  /* how often what a torn one left is judged, with other readings */
    unsigned starts; /* in a row, each judged */
    unsigned small_every, wide_every, signed_every; /* operations, by kind of scenery */
    unsigned second_torn; /* patterns of a first cut that get second cuts */
    unsigned second_every, second_signed_every;
    unsigned lives_every; /* after second cuts */
    unsigned stubborn;    /* places of a flow at which the supply fails again and again */
};
enum { STUBBORN = 1000 }; /* times */
static const struct effort effort_full = {6, 3, 5, 1, 23, 1, 2, 1, 97, 7, 100000};
static const struct effort effort_quick = {2, 1, 5, 1, 211, 7, 1, 151, 0, 3, 1};
static const struct effort effort_tiny = {1, 1, 4, 7, 1201, 61, 1, 997, 0, 3, 0};

struct options {
    struct effort effort;
    uint64_t seed;
    const char *flow, *scenery; /* NULL = all */
    unsigned at;                /* 0 = all */
    unsigned jobs;
};

struct tally {
    uint64_t operations, cuts, second_cuts, stubborn, old, fresh, neither, broken;
};

struct campaign {
    const struct options *options;
    const struct scenery *scenery;
    const struct flow *flow;
    struct rig rig;
    struct tally tally;
    struct cut cuts[2];
    uint64_t reading;
    uint64_t picks;
};

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t z = a * 0x9E3779B97F4A7C15u + b + 0x632BE59BD9B4E019u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static void complain(struct campaign *c, const char *what, enum who who)
{
    static const char *const kinds[] = {"before", "torn", "after"};
    static const char *const names[] = {"nobody", "plain", "first", "second", "third", "WRONG"};
    if (c->tally.neither + c->tally.broken > 12) {
        return;
    }
    printf("FAILED %s %s: cut at %u %s seed %" PRIx64, c->flow->name, c->scenery->plan->name,
           c->cuts[0].at, kinds[c->cuts[0].kind], c->cuts[0].seed);
    if (c->cuts[1].at != 0) {
        printf(", then at %u %s seed %" PRIx64, c->cuts[1].at, kinds[c->cuts[1].kind],
               c->cuts[1].seed);
    }
    printf(", reading %" PRIx64 ": %s (%s)\n", c->reading, what, names[who]);
}

static void count_end(struct campaign *c, enum who who, bool allowed)
{
    if (!allowed) {
        c->tally.neither++;
        complain(c, "must not run now", who);
    } else if (who == c->flow->fresh) {
        c->tally.fresh++;
    } else {
        c->tally.old++;
    }
}

static void break_promise(struct campaign *c, const char *what, enum who who)
{
    c->tally.broken++;
    complain(c, what, who);
}

/* Whether `now` may follow `was` with nobody asking. */
static bool may_follow(const struct flow *flow, enum who was, enum who now, bool was_fresh,
                       const struct update_result *result)
{
    if (was == now) {
        return true;
    }
    if (now == flow->fresh) {
        return flow->late &&
               (!was_fresh || now == WHO_NOBODY); /* once it was given up, it does not come back */
    }
    if (was == flow->fresh && flow->fresh != WHO_NOBODY) {
        return result->cause == BOOT_ROLLBACK;
    }
    return flow->late;
}

/* Starts in a row, from what the cut left. */
static void judge(struct campaign *c, unsigned allowed_first, bool try_again)
{
    struct update_result result;
    enum who was = WHO_NOBODY;
    bool was_fresh = false;
    /* Every other time it is asked again at once: many starts may mend what one does not. */
    unsigned starts = try_again && (c->reading & 1) != 0 ? 1 : c->options->effort.starts;
    for (unsigned i = 0; i < starts; i++) {
        enum who who;
        unsigned allowed = i == 0 ? allowed_first : c->flow->later;
        rig_power_on(&c->rig, mix(c->reading, i));
        who = flow_start(&c->rig, c->scenery, c->flow->bare, &result);
        if (i == 0) {
            count_end(c, who, (allowed & ALLOW(who)) != 0);
        } else if ((allowed & ALLOW(who)) == 0) {
            c->tally.neither++;
            complain(c, "must not run at a later start", who);
        } else if (!may_follow(c->flow, was, who, was_fresh, &result)) {
            break_promise(c, "changed with nobody asking", who);
        }
        was_fresh = was_fresh || who == c->flow->fresh;
        was = who;
    }
    if (!try_again) {
        return;
    }
    if (c->flow->again != NULL && !c->flow->again(&c->rig, c->scenery, &was)) {
        break_promise(c, "asked again, it failed", was);
    } else if (!flow_board_lives(&c->rig, c->scenery, c->flow, was)) {
        break_promise(c, "no update is taken any more", was);
    }
}

static bool picked(struct campaign *c, unsigned every)
{
    return every != 0 && mix(c->options->seed ^ 0x5EED, c->picks++) % every == 0;
}

static enum reason start_again(struct rig *rig, const void *arg)
{
    struct update_result result;
    (void)arg;
    rig_boot(rig, &result);
    return REASON_NONE;
}

/* The supply goes again while the board recovers from the first cut. */
static void cut_recovery(struct campaign *c, const struct flash_model *left)
{
    enum reason reason;
    struct cut none = {0, CUT_BEFORE, mix(c->cuts[0].seed, 2)};
    unsigned every = c->scenery->plan->enforced ? c->options->effort.second_signed_every
                                                : c->options->effort.second_every;
    unsigned operations;
    if (!c->scenery->plan->small || every == 0) {
        return;
    }
    if (c->tally.operations <= SHORT_FLOW) {
        every = 1;
    }
    rig_restore(&c->rig, left);
    (void)rig_run(&c->rig, start_again, NULL, &none, &reason);
    operations = c->rig.operations;
    for (unsigned i = 0; i < operations * 3; i++) {
        if (!picked(c, every)) {
            continue;
        }
        c->cuts[1] = (struct cut){1 + i / 3, (enum flash_model_cut)(i % 3), none.seed};
        rig_restore(&c->rig, left);
        if (rig_run(&c->rig, start_again, NULL, &c->cuts[1], &reason)) {
            break_promise(c, "the second cut did not happen", WHO_NOBODY);
            continue;
        }
        c->tally.second_cuts++;
        c->reading = mix(c->cuts[0].seed, 3 + i);
        judge(c, c->flow->first | c->flow->later, picked(c, c->options->effort.lives_every));
    }
    c->cuts[1].at = 0;
}

/* One cut of the flow, from the prepared board. */
static void cut_flow(struct campaign *c, const struct flash_model *prepared, bool twice)
{
    enum reason reason;
    struct flash_model *left;
    rig_restore(&c->rig, prepared);
    if (rig_run(&c->rig, c->flow->run, c->scenery, &c->cuts[0], &reason)) {
        break_promise(c, "the cut did not happen", WHO_NOBODY);
        return;
    }
    c->tally.cuts++;
    left = rig_save(&c->rig);
    for (unsigned i = 0; i < c->options->effort.reads; i++) {
        c->reading = mix(c->cuts[0].seed, 100 + i);
        rig_restore(&c->rig, left);
        judge(c, c->flow->first, true);
        if (c->cuts[0].kind != CUT_TORN) {
            break; /* nothing that could read in more than one way */
        }
    }
    if (twice) {
        cut_recovery(c, left);
    }
    rig_restore(&c->rig, prepared);
    free(left);
}

static bool runs_undisturbed(struct campaign *c, const struct flash_model *prepared)
{
    struct update_result result;
    enum reason reason;
    struct cut none = {0, CUT_BEFORE, 1};
    rig_restore(&c->rig, prepared);
    if (!rig_run(&c->rig, c->flow->run, c->scenery, &none, &reason) || reason != REASON_NONE ||
        c->rig.operations == 0) {
        break_promise(c, "failed without a cut, or has nothing to cut", WHO_NOBODY);
        return false;
    }
    c->tally.operations = c->rig.operations;
    rig_power_on(&c->rig, 1);
    if (flow_start(&c->rig, c->scenery, c->flow->bare, &result) != c->flow->done) {
        break_promise(c, "ends elsewhere without a cut", WHO_NOBODY);
        return false;
    }
    return true;
}

static void cut_everywhere(struct campaign *c, const struct flash_model *prepared)
{
    const struct effort *effort = &c->options->effort;
    unsigned every = !c->scenery->plan->small     ? effort->wide_every
                     : c->scenery->plan->enforced ? effort->signed_every
                                                  : effort->small_every;
    for (unsigned at = 1; at <= c->tally.operations; at++) {
        /* What is before and behind the long row of words is always tried. */
        bool edge = at <= 12 || at + 12 > c->tally.operations;
        if ((c->options->at != 0 && c->options->at != at) || !(picked(c, every) || edge)) {
            continue;
        }
        for (unsigned i = 0; i < 2 + effort->torn; i++) {
            enum flash_model_cut kind = i == 0 ? CUT_BEFORE : i == 1 ? CUT_AFTER : CUT_TORN;
            c->cuts[0] = (struct cut){at, kind, mix(mix(c->options->seed, at), i)};
            c->picks = mix(c->cuts[0].seed, 9);
            cut_flow(c, prepared, i < 2 + effort->second_torn);
        }
        c->picks = mix(c->options->seed, at);
    }
}

/* ---- a supply that fails at the same place again and again ---- */

/* Whatever is asked for is asked for again each time, and each time the board has started before.
 */
static void cut_again_and_again(struct campaign *c, const struct flash_model *prepared, unsigned at,
                                enum flash_model_cut kind)
{
    unsigned happened = 0;
    enum reason reason;
    c->cuts[0] = (struct cut){at, kind, mix(c->options->seed, at)};
    rig_restore(&c->rig, prepared);
    for (unsigned i = 0; i < STUBBORN; i++) {
        struct cut cut = {at, kind, mix(c->cuts[0].seed, i)};
        happened +=
            !rig_run(&c->rig, i % 2 == 0 ? c->flow->run : start_again, c->scenery, &cut, &reason);
    }
    if (happened == 0) {
        break_promise(c, "no cut happened in all the times", WHO_NOBODY);
    }
    c->tally.stubborn += happened;
    c->reading = mix(c->cuts[0].seed, 4);
    /* Trials may be over by then, and what ran before runs. */
    judge(c, c->flow->first | c->flow->later, true);
}

/* One of n places, n not 0. */
static uint64_t pick(uint64_t seed, uint64_t i, uint64_t n)
{
    return n != 0 ? mix(seed, i) % n : 0;
}

static void be_stubborn(struct campaign *c, const struct flash_model *prepared)
{
    uint64_t places = c->tally.operations;
    uint64_t wanted = c->options->effort.stubborn < places ? c->options->effort.stubborn : places;
    if (!c->scenery->plan->small || places == 0) {
        return;
    }
    for (uint64_t i = 0; i < wanted; i++) {
        unsigned at = 1 + (unsigned)(wanted < places ? pick(c->options->seed, i, places) : i);
        for (unsigned kind = 0; kind < 3; kind++) {
            if (wanted == places || mix(c->options->seed, at) % 3 == kind) {
                cut_again_and_again(c, prepared, at, (enum flash_model_cut)kind);
            }
        }
    }
}

static struct tally run_job(const struct options *options, const struct scenery_plan *plan,
                            const struct flow *flow)
{
    struct scenery scenery;
    struct campaign c = {.options = options, .scenery = &scenery, .flow = flow};
    struct flash_model *prepared;
    scenery_open(&scenery, plan);
    rig_open(&c.rig, plan->flash_kib);
    if (!flow->prepare(&c.rig, &scenery)) {
        break_promise(&c, "cannot be prepared", WHO_NOBODY);
    } else {
        prepared = rig_save(&c.rig);
        if (runs_undisturbed(&c, prepared)) {
            cut_everywhere(&c, prepared);
            be_stubborn(&c, prepared);
        }
        free(prepared);
    }
    rig_close(&c.rig);
    scenery_close(&scenery);
    return c.tally;
}

/* ---- the jobs, each in a process of its own ---- */

static unsigned running;

static void add_tally(struct tally *sum, const struct tally *t)
{
    sum->operations += t->operations;
    sum->cuts += t->cuts;
    sum->second_cuts += t->second_cuts;
    sum->stubborn += t->stubborn;
    sum->old += t->old;
    sum->fresh += t->fresh;
    sum->neither += t->neither;
    sum->broken += t->broken;
}

static void wait_for_one(struct tally *sum)
{
    int status = 0;
    pid_t pid = wait(&status);
    assert(pid > 0);
    running--;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        printf("FAILED a job ended with status %x\n", (unsigned)status);
        sum->broken++;
    }
}

static void print_job(const struct flow *flow, const struct scenery_plan *plan,
                      const struct tally *t)
{
    printf("%-21s %-11s %6" PRIu64 " %8" PRIu64 " %9" PRIu64 " %9" PRIu64 " %9" PRIu64 " %7" PRIu64
           " %6" PRIu64 "\n",
           flow->name, plan->name, t->operations, t->cuts, t->second_cuts, t->old, t->fresh,
           t->neither, t->broken);
    (void)fflush(stdout);
}

static void start_job(const struct options *options, const struct scenery_plan *plan,
                      const struct flow *flow, int results)
{
    pid_t pid;
    (void)fflush(stdout);
    pid = fork();
    assert(pid >= 0);
    if (pid == 0) {
        struct tally t = run_job(options, plan, flow);
        print_job(flow, plan, &t);
        _exit(write(results, &t, sizeof t) == (ssize_t)sizeof t ? 0 : 1);
    }
    running++;
}

static void take_results(int results, unsigned count, struct tally *sum)
{
    for (unsigned i = 0; i < count; i++) {
        struct tally t;
        if (read(results, &t, sizeof t) != (ssize_t)sizeof t) {
            printf("FAILED a job gave no figures\n");
            sum->broken++;
            return;
        }
        add_tally(sum, &t);
    }
}

static struct tally run_all(const struct options *options)
{
    struct tally sum = {0};
    unsigned count = 0;
    int results[2];
    int piped = pipe(results); /* holds the figures of all jobs: 64 bytes each */
    assert(piped == 0);
    for (unsigned p = 0; p < PLAN_COUNT; p++) {
        const struct scenery_plan *plan = &plans[p];
        for (unsigned f = 0; f < flow_count; f++) {
            if (!flow_fits(&flows[f], plan) ||
                (options->flow != NULL && strcmp(options->flow, flows[f].name) != 0) ||
                (options->scenery != NULL && strcmp(options->scenery, plan->name) != 0)) {
                continue;
            }
            while (running >= options->jobs) {
                wait_for_one(&sum);
            }
            start_job(options, plan, &flows[f], results[1]);
            count++;
        }
    }
    while (running > 0) {
        wait_for_one(&sum);
    }
    (void)close(results[1]);
    take_results(results[0], count, &sum);
    (void)close(results[0]);
    return sum;
}

static void usage(void)
{
    (void)fprintf(
        stderr,
        "Usage: powercut_core [--full | --tiny] [--seed N] [--flow NAME] "
        "[--scenery NAME] [--at OPERATION] [--second EVERY] [--stubborn PLACES] [--jobs N]\n");
    exit(2);
}

static struct options read_options(int argc, char **argv)
{
    const char *seed = getenv("ARAREXT_SEED");
    struct options o = {.effort = effort_quick, .jobs = 1};
    o.seed = seed != NULL ? strtoull(seed, NULL, 0) : 1;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--full") == 0) {
            o.effort = effort_full;
            continue;
        }
        if (strcmp(argv[i], "--tiny") == 0) {
            o.effort = effort_tiny;
            continue;
        }
        if (value == NULL) {
            usage();
        }
        if (strcmp(argv[i], "--seed") == 0) {
            o.seed = strtoull(value, NULL, 0);
        } else if (strcmp(argv[i], "--flow") == 0) {
            o.flow = value;
        } else if (strcmp(argv[i], "--scenery") == 0) {
            o.scenery = value;
        } else if (strcmp(argv[i], "--at") == 0) {
            o.at = (unsigned)strtoul(value, NULL, 0);
        } else if (strcmp(argv[i], "--second") == 0) {
            o.effort.second_every = (unsigned)strtoul(value, NULL, 0);
        } else if (strcmp(argv[i], "--stubborn") == 0) {
            o.effort.stubborn = (unsigned)strtoul(value, NULL, 0);
        } else if (strcmp(argv[i], "--jobs") == 0) {
            o.jobs = (unsigned)strtoul(value, NULL, 0);
        } else {
            usage();
        }
        i++;
    }
    if (o.jobs == 0) {
        usage();
    }
    return o;
}

int main(int argc, char **argv)
{
    struct options options = read_options(argc, argv);
    struct tally sum;
    printf("seed %" PRIu64 " (ARAREXT_SEED)\n", options.seed);
    printf("%-21s %-11s %6s %8s %9s %9s %9s %7s %6s\n", "flow", "scenery", "ops", "cuts", "second",
           "old", "new", "neither", "broken");
    sum = run_all(&options);
    printf("powercut_core_operations %" PRIu64 " operations\n", sum.operations);
    printf("powercut_core_cuts %" PRIu64 " cuts\n", sum.cuts + sum.second_cuts);
    printf("powercut_core_second_cuts %" PRIu64 " cuts\n", sum.second_cuts);
    printf("powercut_core_stubborn %" PRIu64 " cuts\n", sum.stubborn);
    printf("powercut_core_neither %" PRIu64 " ends\n", sum.neither);
    printf("powercut_core_broken %" PRIu64 " promises\n", sum.broken);
    return sum.cuts > 0 && sum.neither == 0 && sum.broken == 0 ? 0 : 1;
}
