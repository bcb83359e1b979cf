/* SPDX-License-Identifier: MIT */
/*
 * The power-cut campaign in the twin: the release binary on the chip's own flash. The way there is
 * run once: at each operation of interest the process forks, and the child loses power before, in
 * the middle of or after the next operation, starts again, and judges who runs. A scout runs ahead
 * without a cut and writes down when each operation begins, so that the walk stops exactly there.
 *
 * Prints a line a flow, and figures as `name value unit`. Everything follows from the seed.
 */
#define _DEFAULT_SOURCE
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "twin_flows.h"

enum { OPERATIONS_MAX = 400000, JOBS_MAX = 8 };
#define STEP_NS                                                                                    \
    UINT64_C(8000) /* a word takes 16 us: no operation begins and ends within a step               \
                    */
#define LIMIT_NS UINT64_C(120000000000)

enum { SHORT_FLOW = 4 };

struct effort {
    unsigned words[TWIN_PLANS]; /* each nth word is cut; 0 = the scenery is left out */
    bool thinner;               /* ... or as twin_flows says */
    unsigned records;           /* each nth record and erase, but all of a short flow */
    unsigned starts; /* judged after a cut of a record or an erase; 1 after one of a word */
    unsigned
        beside; /* each nth operation on option bytes and OTP, but all of a short flow; 0 = none
                 */
};
static const struct effort effort_full = {{1, 64, 64, 512, 64}, true, 1, 4, 1};
static const struct effort effort_quick = {{997, 0, 0, 0, 0}, false, 3, 2, 9};
static const struct effort effort_tiny = {{6001, 0, 0, 0, 0}, false, 8, 1, 0};

struct options {
    struct effort effort;
    uint64_t seed;
    const char *flow, *scenery;
    unsigned jobs;
    bool progress;
};

struct tally {
    uint64_t operations, picked, cuts, old, fresh, neither, broken;
};

/* What a child says by its exit status. */
enum verdict { CHILD_OLD, CHILD_FRESH, CHILD_NEITHER, CHILD_BROKEN, CHILD_NO_CUT };

/* The way, as the scout found it; shared with it. */
struct way {
    uint32_t count;
    bool over;                        /* the flow came to its end */
    uint64_t time_ns[OPERATIONS_MAX]; /* when the operation was seen to be under way */
    uint8_t kind[OPERATIONS_MAX];
};

struct walk {
    const struct options *options;
    const struct scenery *scenery;
    const struct flow *flow;
    unsigned plan, number; /* of plans, of twin_flows */
    struct twin_board board;
    struct way *way;
    uint64_t first_operation; /* counter of the board before the flow */
    struct tally tally;
    unsigned running;
};

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t z = a * 0x9E3779B97F4A7C15u + b + 0x632BE59BD9B4E019u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* ---- the scout ---- */

static void scout(struct walk *w)
{
    struct way *way = w->way;
    uint64_t limit = twin_now_ns(w->board.twin) + LIMIT_NS;
    enum advance how = ADVANCE_TIME;
    while (how == ADVANCE_TIME && twin_now_ns(w->board.twin) < limit) {
        uint64_t done;
        how = twin_board_advance(&w->board, twin_now_ns(w->board.twin) + STEP_NS);
        done = twin_board_operations(&w->board) - w->first_operation;
        if (done > way->count && way->count < OPERATIONS_MAX) {
            way->time_ns[way->count] = twin_now_ns(w->board.twin);
            way->kind[way->count] = (uint8_t)twin_board_operation_kind(&w->board);
            way->count++;
        }
        if (done != way->count) {
            break; /* two at once: the step is too long, and the way is not to be trusted */
        }
    }
    way->over = how == ADVANCE_OVER && !w->board.refused;
    if (w->board.reports != 0) {
        printf("twin report without a cut: %s\n", w->board.report);
        (void)fflush(stdout);
    }
}

static bool run_scout(struct walk *w)
{
    int status = 0;
    pid_t pid;
    w->way->count = 0;
    w->way->over = false;
    (void)fflush(stdout);
    pid = fork();
    assert(pid >= 0);
    if (pid == 0) {
        scout(w);
        _exit(0);
    }
    return waitpid(pid, &status, 0) == pid && status == 0 && w->way->over;
}

/* ---- a child: one cut ---- */

static const char *who_name(enum who who)
{
    static const char *const names[] = {"nobody", "plain", "first", "second", "third", "WRONG"};
    return names[who];
}

static void complain(const struct walk *w, uint32_t at, enum twin_cut when, const char *what,
                     enum who who)
{
    static const char *const kinds[] = {"before", "torn", "after"};
    printf("FAILED %s %s: cut at %u %s seed %" PRIu64 ": %s (%s)\n", w->flow->name,
           w->scenery->plan->name, at + 1, kinds[when], w->options->seed, what, who_name(who));
    (void)fflush(stdout);
}

/* Starts in a row. */
static enum verdict judge(struct walk *w, uint32_t at, enum twin_cut when, unsigned starts)
{
    enum verdict verdict = CHILD_OLD;
    bool was_fresh = false, given_up = false;
    for (unsigned i = 0; i < starts; i++) {
        unsigned allowed = i == 0 ? w->flow->first : w->flow->later;
        enum who who;
        twin_board_cycle(&w->board, mix(mix(w->options->seed, at), 10 + i));
        who = twin_board_start(&w->board);
        if ((allowed & ALLOW(who)) == 0) {
            complain(w, at, when, i == 0 ? "must not run now" : "must not run at a later start",
                     who);
            return CHILD_NEITHER;
        }
        if (who == w->flow->fresh && given_up) {
            complain(w, at, when, "came back with nobody asking", who);
            return CHILD_BROKEN;
        }
        if (i == 0) {
            verdict = who == w->flow->fresh ? CHILD_FRESH : CHILD_OLD;
        }
        given_up = given_up || (was_fresh && who != w->flow->fresh);
        was_fresh = who == w->flow->fresh;
    }
    if (w->board.reports != 0) {
        complain(w, at, when, w->board.report, WHO_NOBODY);
        return CHILD_BROKEN;
    }
    return verdict;
}

static bool run_script(struct walk *w, enum script script)
{
    twin_power_off(w->board.twin);
    twin_board_on(&w->board, script);
    return twin_board_advance(&w->board, twin_now_ns(w->board.twin) + LIMIT_NS) == ADVANCE_OVER;
}

/* Whatever option bytes or OTP hold: the host asks for the same again (or takes protection off),
 * which may be refused, and then sends a package, which runs. */
static enum verdict judge_lives(struct walk *w, uint32_t at, enum twin_cut when)
{
    enum who who;
    if (!run_script(w, twin_flows[w->number].again)) {
        complain(w, at, when, "no answer when asked again", WHO_NOBODY);
        return CHILD_BROKEN;
    }
    if (!run_script(w, SCRIPT_STAGE) || w->board.refused) {
        complain(w, at, when, "takes no package any more", WHO_NOBODY);
        return CHILD_BROKEN;
    }
    twin_board_cycle(&w->board, mix(mix(w->options->seed, at), 99));
    who = twin_board_start(&w->board);
    if (who != WHO_SECOND) {
        complain(w, at, when, "the package that was taken does not run", who);
        return CHILD_BROKEN;
    }
    return CHILD_OLD;
}

static enum verdict cut_here(struct walk *w, uint32_t at, enum twin_cut when)
{
    unsigned starts = w->way->kind[at] == TWIN_OP_WORD ? 1 : w->options->effort.starts;
    enum verdict verdict;
    enum advance how;
    twin_board_cut_next(&w->board, when, mix(mix(w->options->seed, at), when));
    how = twin_board_advance(&w->board, twin_now_ns(w->board.twin) + LIMIT_NS);
    if (how != ADVANCE_POWER || !twin_cut_happened(w->board.twin)) {
        complain(w, at, when, "the cut did not happen", WHO_NOBODY);
        return CHILD_NO_CUT;
    }
    verdict = judge(w, at, when, starts);
    if (twin_flows[w->number].beside && (verdict == CHILD_OLD || verdict == CHILD_FRESH) &&
        judge_lives(w, at, when) != CHILD_OLD) {
        return CHILD_BROKEN;
    }
    return verdict;
}

/* ---- the walk ---- */

static void wait_for_child(struct walk *w)
{
    int status = 0;
    pid_t pid = wait(&status);
    assert(pid > 0);
    w->running--;
    if (!WIFEXITED(status)) {
        printf("FAILED a child ended with status %x\n", (unsigned)status);
        w->tally.broken++;
        return;
    }
    switch (WEXITSTATUS(status)) {
    case CHILD_OLD:
        w->tally.cuts++;
        w->tally.old++;
        break;
    case CHILD_FRESH:
        w->tally.cuts++;
        w->tally.fresh++;
        break;
    case CHILD_NEITHER:
        w->tally.cuts++;
        w->tally.neither++;
        break;
    case CHILD_BROKEN:
        w->tally.cuts++;
        w->tally.broken++;
        break;
    default:
        w->tally.broken++;
        break;
    }
}

static void fork_cuts(struct walk *w, uint32_t at)
{
    static const enum twin_cut whens[] = {TWIN_CUT_BEFORE, TWIN_CUT_MIDDLE, TWIN_CUT_AFTER};
    (void)fflush(stdout);
    for (unsigned i = 0; i < 3; i++) {
        pid_t pid;
        while (w->running >= w->options->jobs) {
            wait_for_child(w);
        }
        pid = fork();
        assert(pid >= 0);
        if (pid == 0) {
            _exit((int)cut_here(w, at, whens[i]));
        }
        w->running++;
    }
}

/* Every nth word in their order; records by the seed. */
static bool is_wanted(const struct walk *w, uint32_t at, uint32_t *words)
{
    const struct effort *effort = &w->options->effort;
    unsigned every;
    if (twin_flows[w->number].beside) {
        return w->way->count <= SHORT_FLOW ||
               mix(mix(w->options->seed ^ 0x5EED, w->number), at) % effort->beside == 0;
    }
    every = effort->words[w->plan] * (effort->thinner ? twin_flows[w->number].thinner : 1);
    if (w->way->kind[at] == TWIN_OP_WORD) {
        return ((*words)++ + w->options->seed) % every == 0;
    }
    return w->way->count <= SHORT_FLOW ||
           mix(mix(w->options->seed ^ 0x5EED, w->number), at) % effort->records == 0;
}

/* Up to where `done` operations have begun and the next has not. */
static bool go_to(struct walk *w, uint32_t done)
{
    uint64_t begun;
    if (done > 0) {
        uint64_t time = w->way->time_ns[done - 1];
        (void)twin_board_advance(&w->board, time > 2 * STEP_NS ? time - 2 * STEP_NS : 0);
    }
    for (unsigned i = 0; i < 64; i++) {
        begun = twin_board_operations(&w->board) - w->first_operation;
        if (begun >= done) {
            break;
        }
        (void)twin_board_advance(&w->board, twin_now_ns(w->board.twin) + STEP_NS / 4);
    }
    return begun == done;
}

static void walk_the_way(struct walk *w)
{
    uint32_t words = 0;
    for (uint32_t at = 0; at < w->way->count; at++) {
        if (!is_wanted(w, at, &words)) {
            continue;
        }
        if (!go_to(w, at)) {
            printf("FAILED %s %s: out of step at operation %u\n", w->flow->name,
                   w->scenery->plan->name, at + 1);
            w->tally.broken++;
            break;
        }
        w->tally.picked++;
        fork_cuts(w, at);
        if (w->options->progress && w->tally.picked % 64 == 0) {
            (void)fprintf(stderr, "%s %s: operation %u of %u\n", w->flow->name,
                          w->scenery->plan->name, at + 1, w->way->count);
        }
    }
    while (w->running > 0) {
        wait_for_child(w);
    }
}

static void print_walk(const struct walk *w)
{
    const struct tally *t = &w->tally;
    printf("%-19s %-12s %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %7" PRIu64 " %6" PRIu64
           "\n",
           w->flow->name, w->scenery->plan->name, t->operations, t->cuts, t->old, t->fresh,
           t->neither, t->broken);
    (void)fflush(stdout);
}

static struct tally run_flow(const struct options *options, unsigned plan,
                             const struct scenery *scenery, unsigned number, struct way *way)
{
    struct walk w = {
        .options = options, .scenery = scenery, .plan = plan, .number = number, .way = way};
    const struct flow flow = twin_flow_of(&twin_flows[number]);
    struct rig rig;
    w.flow = &flow;
    rig_open(&rig, twin_plans[plan].flash_kib);
    if (!w.flow->prepare(&rig, scenery)) {
        printf("FAILED %s %s: cannot be prepared\n", w.flow->name, twin_plans[plan].name);
        w.tally.broken++;
        rig_close(&rig);
        return w.tally;
    }
    twin_board_open(&w.board, scenery, rig.model, mix(options->seed, number));
    rig_close(&rig);
    if (twin_flows[number].protects != 0) {
        twin_board_protect(&w.board, twin_flows[number].protects);
    }
    twin_board_on(&w.board, twin_flows[number].script);
    w.first_operation = twin_board_operations(&w.board);
    if (run_scout(&w) && way->count > 0) {
        w.tally.operations = way->count;
        walk_the_way(&w);
    } else {
        printf(
            "FAILED %s %s: comes to no end without a cut, or has nothing to cut (%u operations)\n",
            w.flow->name, twin_plans[plan].name, way->count);
        w.tally.broken++;
    }
    print_walk(&w);
    twin_board_close(&w.board);
    return w.tally;
}

static void add_tally(struct tally *sum, const struct tally *t)
{
    sum->operations += t->operations;
    sum->cuts += t->cuts;
    sum->old += t->old;
    sum->fresh += t->fresh;
    sum->neither += t->neither;
    sum->broken += t->broken;
}

static bool is_asked_for(const struct options *o, unsigned plan, unsigned number)
{
    const struct twin_flow *t = &twin_flows[number];
    const struct flow flow = twin_flow_of(t);
    if (o->flow != NULL && strcmp(o->flow, t->flow) != 0) {
        return false;
    }
    return t->beside ? t->plan == plan && o->effort.beside != 0
                     : o->effort.words[plan] != 0 && flow_fits(&flow, &twin_plans[plan]);
}

static struct tally run_all(const struct options *options, struct way *way)
{
    struct tally sum = {0};
    for (unsigned plan = 0; plan < TWIN_PLANS; plan++) {
        struct scenery scenery;
        if (options->scenery != NULL && strcmp(options->scenery, twin_plans[plan].name) != 0) {
            continue;
        }
        scenery_open(&scenery, &twin_plans[plan]);
        for (unsigned i = 0; i < twin_flow_count; i++) {
            if (is_asked_for(options, plan, i)) {
                struct tally t = run_flow(options, plan, &scenery, i, way);
                add_tally(&sum, &t);
            }
        }
        scenery_close(&scenery);
    }
    return sum;
}

static void usage(void)
{
    (void)fprintf(stderr, "Usage: powercut_twin [--full | --tiny] [--seed N] [--flow NAME] "
                          "[--scenery NAME] [--words EVERY] [--jobs N] [--progress]\n");
    exit(2);
}

static void take_option(struct options *o, const char *name, const char *value)
{
    if (value == NULL) {
        usage();
    }
    if (strcmp(name, "--seed") == 0) {
        o->seed = strtoull(value, NULL, 0);
    } else if (strcmp(name, "--flow") == 0) {
        o->flow = value;
    } else if (strcmp(name, "--scenery") == 0) {
        o->scenery = value;
    } else if (strcmp(name, "--jobs") == 0) {
        o->jobs = (unsigned)strtoul(value, NULL, 0);
    } else if (strcmp(name, "--words") == 0) {
        o->effort.thinner = false;
        for (unsigned i = 0; i < TWIN_PLANS; i++) {
            o->effort.words[i] = (unsigned)strtoul(value, NULL, 0);
        }
    } else {
        usage();
    }
}

static struct options read_options(int argc, char **argv)
{
    const char *seed = getenv("ARAREXT_SEED");
    struct options o = {.effort = effort_quick, .jobs = 1};
    o.seed = seed != NULL ? strtoull(seed, NULL, 0) : 1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--full") == 0) {
            o.effort = effort_full;
        } else if (strcmp(argv[i], "--tiny") == 0) {
            o.effort = effort_tiny;
        } else if (strcmp(argv[i], "--progress") == 0) {
            o.progress = true;
        } else {
            take_option(&o, argv[i], i + 1 < argc ? argv[i + 1] : NULL);
            i++;
        }
    }
    for (unsigned i = 0; o.scenery != NULL && i < TWIN_PLANS; i++) {
        o.effort.words[i] += o.effort.words[i] == 0 ? o.effort.words[0] : 0;
    }
    if (o.jobs == 0 || o.jobs > JOBS_MAX) {
        usage();
    }
    return o;
}

int main(int argc, char **argv)
{
    struct options options = read_options(argc, argv);
    struct way *way =
        mmap(NULL, sizeof *way, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct tally sum;
    assert(way != MAP_FAILED);
    printf("seed %" PRIu64 " (ARAREXT_SEED)\n", options.seed);
    printf("%-19s %-12s %7s %7s %7s %7s %7s %6s\n", "flow", "scenery", "ops", "cuts", "old", "new",
           "neither", "broken");
    sum = run_all(&options, way);
    (void)munmap(way, sizeof *way);
    printf("powercut_twin_operations %" PRIu64 " operations\n", sum.operations);
    printf("powercut_twin_cuts %" PRIu64 " cuts\n", sum.cuts);
    printf("powercut_twin_neither %" PRIu64 " ends\n", sum.neither);
    printf("powercut_twin_broken %" PRIu64 " promises\n", sum.broken);
    return sum.cuts > 0 && sum.neither == 0 && sum.broken == 0 ? 0 : 1;
}
