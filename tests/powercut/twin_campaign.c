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

#include "powercut_twin.h"

enum { OPERATIONS_MAX = 400000, JOBS_MAX = 8 };
#define STEP_NS                                                                                    \
    UINT64_C(8000) /* a word takes 16 us: no operation begins and ends within a step               \
                    */
#define LIMIT_NS UINT64_C(120000000000)

/* About 24 KiB, every operation; 200 KiB and more; a board that checks signatures. */
static const struct scenery_plan plans[] = {
    {.name = "24k-1024",
     .flash_kib = 1024,
     .second_packed = true,
     .app = ARAREXT_APPS "/ota-demo-1.bin"},
    {.name = "24k-512",
     .flash_kib = 512,
     .first_packed = true,
     .app = ARAREXT_APPS "/ota-demo-1.bin"},
    {.name = "200k-1024",
     .flash_kib = 1024,
     .second_packed = true,
     .first_len = 204801,
     .second_len = 204802,
     .app = ARAREXT_APPS "/lua-demo.bin"},
    {.name = "200k-512",
     .flash_kib = 512,
     .first_packed = true,
     .second_packed = true,
     .first_len = 204801,
     .second_len = 204802,
     .app = ARAREXT_APPS "/lua-demo.bin"},
    {.name = "signed-1024",
     .flash_kib = 1024,
     .enforced = true,
     .revokes = true,
     .second_packed = true,
     .first_len = 4097,
     .second_len = 5003,
     .third_len = 2001},
};
enum { PLAN_COUNT = sizeof plans / sizeof plans[0] };

/* The five that install share their way: all words that the effort names are cut in the first of
 * them, and every sixteenth of those in the others. */
static const struct {
    const char *flow;
    enum script script;
    unsigned thinner;
} twin_flows[] = {
    {"install", SCRIPT_NONE, 1},    {"install_over_plain", SCRIPT_NONE, 16},
    {"trial", SCRIPT_NONE, 1},      {"confirm", SCRIPT_CONFIRM, 1},
    {"reject", SCRIPT_NONE, 16},    {"rollback", SCRIPT_ROLLBACK, 16},
    {"self_heal", SCRIPT_NONE, 16}, {"stage", SCRIPT_STAGE, 1},
};
enum { TWIN_FLOW_COUNT = sizeof twin_flows / sizeof twin_flows[0], SHORT_FLOW = 4 };

struct effort {
    unsigned words[PLAN_COUNT]; /* each nth word is cut; 0 = the scenery is left out */
    bool thinner;               /* ... or as twin_flows says */
    unsigned records;           /* each nth record and erase, but all of a short flow */
    unsigned starts; /* judged after a cut of a record or an erase; 1 after one of a word */
};
static const struct effort effort_full = {{1, 64, 64, 512, 64}, true, 1, 4};
static const struct effort effort_quick = {{997, 0, 0, 0, 0}, false, 3, 2};
static const struct effort effort_tiny = {{6001, 0, 0, 0, 0}, false, 8, 1};

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

static enum verdict cut_here(struct walk *w, uint32_t at, enum twin_cut when)
{
    unsigned starts = w->way->kind[at] == TWIN_OP_WORD ? 1 : w->options->effort.starts;
    enum advance how;
    twin_board_cut_next(&w->board, when, mix(mix(w->options->seed, at), when));
    how = twin_board_advance(&w->board, twin_now_ns(w->board.twin) + LIMIT_NS);
    if (how != ADVANCE_POWER || !twin_cut_happened(w->board.twin)) {
        complain(w, at, when, "the cut did not happen", WHO_NOBODY);
        return CHILD_NO_CUT;
    }
    return judge(w, at, when, starts);
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
    unsigned every = effort->words[w->plan] * (effort->thinner ? twin_flows[w->number].thinner : 1);
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
    struct rig rig;
    w.flow = flow_find(twin_flows[number].flow);
    assert(w.flow != NULL);
    rig_open(&rig, plans[plan].flash_kib);
    if (!w.flow->prepare(&rig, scenery)) {
        printf("FAILED %s %s: cannot be prepared\n", w.flow->name, plans[plan].name);
        w.tally.broken++;
        rig_close(&rig);
        return w.tally;
    }
    twin_board_open(&w.board, scenery, rig.model, mix(options->seed, number));
    rig_close(&rig);
    twin_board_on(&w.board, twin_flows[number].script);
    w.first_operation = twin_board_operations(&w.board);
    if (run_scout(&w) && way->count > 0) {
        w.tally.operations = way->count;
        walk_the_way(&w);
    } else {
        printf(
            "FAILED %s %s: comes to no end without a cut, or has nothing to cut (%u operations)\n",
            w.flow->name, plans[plan].name, way->count);
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

static struct tally run_all(const struct options *options, struct way *way)
{
    struct tally sum = {0};
    for (unsigned plan = 0; plan < PLAN_COUNT; plan++) {
        struct scenery scenery;
        if ((options->scenery != NULL && strcmp(options->scenery, plans[plan].name) != 0) ||
            options->effort.words[plan] == 0) {
            continue;
        }
        scenery_open(&scenery, &plans[plan]);
        for (unsigned i = 0; i < TWIN_FLOW_COUNT; i++) {
            if ((options->flow == NULL || strcmp(options->flow, twin_flows[i].flow) == 0) &&
                flow_fits(flow_find(twin_flows[i].flow), &plans[plan])) {
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
        for (unsigned i = 0; i < PLAN_COUNT; i++) {
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
    for (unsigned i = 0; o.scenery != NULL && i < PLAN_COUNT; i++) {
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
