/* SPDX-License-Identifier: MIT */
/* Faults, each in a process of its own; see skip_engine.h. */
#define _DEFAULT_SOURCE
#include "skip_engine.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CANDIDATES_MAX = 32768, JOBS = 2, TOLD = 200 };
enum outcome { OUTCOME_HELD, OUTCOME_PASSED, OUTCOME_NO_FAULT };

/* One fault. */
struct fault {
    uint32_t addr;
    uint64_t nth;
    enum twin_fault kind;
};

struct job {
    pid_t pid;
    struct fault fault;
};

struct engine {
    const struct scenario *scenario;
    struct board *board;
    struct job jobs[JOBS];
    struct tally tally;
    uint64_t told;
    uint32_t candidates[CANDIDATES_MAX];
    unsigned count, in_ram;
};

static const char *const fault_names[] = {"left out", "giving zeros", "giving ones"};

static void get_there(const struct scenario *s, struct board *b, bool provisioned)
{
    board_make(b, provisioned);
    s->prepare(b);
    if (s->approach != NULL) {
        s->approach(b);
    }
    b->answers_len = 0;
    board_remember(b);
    twin_forget_executed(b->twin);
}

/* What the scenario executes of the bootloader, in flash and wherever in SRAM it lies. */
static void find_candidates(struct engine *e)
{
    static const uint32_t ranges[2][2] = {{BOOT_START, BOOT_END}, {SRAM_START, SRAM_END}};
    e->count = 0;
    e->in_ram = 0;
    for (unsigned r = 0; r < 2; r++) {
        for (uint32_t addr = ranges[r][0]; addr < ranges[r][1]; addr += 2) {
            if (twin_has_executed(e->board->twin, addr)) {
                assert(e->count < CANDIDATES_MAX);
                e->candidates[e->count++] = addr;
                e->in_ram += r;
            }
        }
    }
}

/* Without a fault nothing breaks; and on an open board, where nothing is signed, what the judge
 * looks for does happen, or the campaign would be blind. */
static bool check_scenario(struct engine *e)
{
    const struct scenario *s = e->scenario;
    const char *broken;
    get_there(s, e->board, true);
    s->act(e->board);
    find_candidates(e);
    broken = s->judge(e->board);
    board_free(e->board);
    if (broken != NULL) {
        printf("%s: without any fault: %s\n", s->name, broken);
        return false;
    }
    if (s->telling) {
        get_there(s, e->board, false);
        (s->provoke != NULL ? s->provoke : s->act)(e->board);
        broken = s->judge(e->board);
        board_free(e->board);
        if (broken == NULL) {
            printf("%s: would not have been noticed\n", s->name);
            return false;
        }
    }
    return e->count != 0;
}

/* In a child. */
static enum outcome run_fault(struct engine *e, const struct fault *f)
{
    struct board *b = e->board;
    const char *broken;
    if (!twin_fault_instruction(b->twin, f->addr, f->nth, f->kind)) {
        return OUTCOME_NO_FAULT;
    }
    e->scenario->act(b);
    if (!twin_skip_happened(b->twin)) {
        return OUTCOME_NO_FAULT;
    }
    broken = e->scenario->judge(b);
    if (broken != NULL) {
        printf("PASSED %s: %s, execution %" PRIu64 " of 0x%08" PRIX32 " %s: "
               "--scenario %s --at 0x%08" PRIX32 " --nth %" PRIu64 " --kind %d\n",
               e->scenario->name, broken, f->nth, f->addr, fault_names[f->kind], e->scenario->name,
               f->addr, f->nth, (int)f->kind);
        (void)fflush(stdout);
        return OUTCOME_PASSED;
    }
    return OUTCOME_HELD;
}

static void start_job(struct engine *e, struct job *job, const struct fault *f)
{
    (void)fflush(stdout);
    *job = (struct job){.pid = fork(), .fault = *f};
    assert(job->pid >= 0);
    if (job->pid == 0) {
        _exit(run_fault(e, f));
    }
}

/* What came of the job that ended. */
static enum outcome wait_job(struct engine *e)
{
    int status = 0;
    pid_t pid = wait(&status);
    enum outcome outcome = WIFEXITED(status) ? (enum outcome)WEXITSTATUS(status) : OUTCOME_PASSED;
    for (unsigned i = 0; i < JOBS; i++) {
        struct job *job = &e->jobs[i];
        if (job->pid != pid) {
            continue;
        }
        job->pid = 0;
        e->tally.tried += outcome != OUTCOME_NO_FAULT ? 1 : 0;
        e->tally.passed += outcome == OUTCOME_PASSED ? 1 : 0;
        if (!WIFEXITED(status)) {
            printf("PASSED %s: the twin died with execution %" PRIu64 " of 0x%08" PRIX32 " %s\n",
                   e->scenario->name, job->fault.nth, job->fault.addr,
                   fault_names[job->fault.kind]);
        }
    }
    return outcome;
}

static bool any_running(const struct engine *e)
{
    for (unsigned i = 0; i < JOBS; i++) {
        if (e->jobs[i].pid != 0) {
            return true;
        }
    }
    return false;
}

/* False: one of those before did not happen. */
static bool add_job(struct engine *e, const struct fault *f)
{
    enum outcome last = OUTCOME_HELD;
    unsigned slot = 0;
    while (slot < JOBS && e->jobs[slot].pid != 0) {
        slot++;
    }
    if (slot == JOBS) {
        last = wait_job(e);
        for (slot = 0; e->jobs[slot].pid != 0; slot++) {
        }
    }
    start_job(e, &e->jobs[slot], f);
    return last != OUTCOME_NO_FAULT;
}

/* Later executions, too, further and further apart, until there are none. */
static void try_instruction(struct engine *e, uint32_t addr, enum twin_fault kind)
{
    static const uint64_t early[] = {1, 2, 3, 5, 9, 17, 65, 257, 2049};
    unsigned tries = e->scenario->slow ? 3 : sizeof early / sizeof early[0];
    for (unsigned n = 0; n < tries; n++) {
        const struct fault f = {addr, early[n], kind};
        if (!add_job(e, &f) && n > 1) {
            break;
        }
    }
}

void engine_run(const struct scenario *s, unsigned every, uint64_t seed, struct tally *t)
{
    enum { KINDS = 3 };
    unsigned stride = every != 0 ? every : s->stride;
    static struct engine e;
    e = (struct engine){.scenario = s};
    e.board = malloc(sizeof *e.board);
    assert(e.board != NULL);
    if (!check_scenario(&e)) {
        t->passed++;
        free(e.board);
        return;
    }
    get_there(s, e.board, true);
    for (unsigned i = (unsigned)(seed % stride); i < e.count * KINDS; i += stride) {
        try_instruction(&e, e.candidates[i / KINDS], (enum twin_fault)(i % KINDS));
    }
    while (any_running(&e)) {
        (void)wait_job(&e);
    }
    board_free(e.board);
    free(e.board);
    printf("%-26s %6u instructions, %u in SRAM, 3 faults each, 1 in %u of these: %7" PRIu64
           " faults, %" PRIu64 " passed\n",
           s->name, e.count, e.in_ram, stride, e.tally.tried, e.tally.passed);
    (void)fflush(stdout);
    t->tried += e.tally.tried;
    t->passed += e.tally.passed;
}

void engine_run_one(const struct scenario *s, uint32_t addr, uint64_t nth, unsigned kind,
                    struct tally *t)
{
    const struct fault f = {addr, nth, (enum twin_fault)kind};
    struct engine e = {.scenario = s};
    enum outcome outcome;
    e.board = malloc(sizeof *e.board);
    assert(e.board != NULL);
    get_there(s, e.board, true);
    outcome = run_fault(&e, &f);
    printf("%s: %s; sent:", s->name,
           outcome == OUTCOME_NO_FAULT ? "the fault did not happen"
           : outcome == OUTCOME_HELD   ? "held"
                                       : "passed");
    for (size_t i = 0; i < e.board->answers_len; i++) {
        printf(" %02X", e.board->answers[i]);
    }
    printf("\n");
    t->tried += outcome != OUTCOME_NO_FAULT ? 1 : 0;
    t->passed += outcome == OUTCOME_PASSED ? 1 : 0;
    board_free(e.board);
    free(e.board);
}
