/* SPDX-License-Identifier: MIT */
/*
 * The judge of "one fault must not turn no into yes": on a provisioned board whose flash holds
 * something that must not start, or that is asked for something that it must refuse, the release
 * binary runs again and again, and each time the twin leaves out one execution of one instruction,
 * or puts zeros or ones where its result goes. Nothing unsigned may start, nothing of flash may
 * show, nothing may change.
 *
 * Every instruction that a scenario executes is tried, at its first execution, and at later ones
 * with growing distance. Prints a line a scenario, and figures as `name value unit`; the status is
 * not 0 if a fault passed, or if a scenario would not have noticed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "skip_engine.h"

struct options {
    unsigned every; /* of the faults; 0 = each scenario's own sample */
    uint64_t seed;
    const char *only;  /* scenario; NULL = all */
    const char *group; /* starts, commands, rom; NULL = all */
    uint32_t at;       /* one fault alone: this instruction; 0 = all */
    uint64_t nth;      /* its execution */
    unsigned kind;     /* enum twin_fault */
};

static struct options read_options(int argc, char **argv)
{
    struct options o = {.seed = 1, .nth = 1};
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--full") == 0) {
            o.every = 1;
        } else if (strcmp(argv[i], "--every") == 0 && i + 1 < argc) {
            o.every = (unsigned)strtoul(argv[++i], NULL, 0);
        } else if (strcmp(argv[i], "--seed") == 0 && i + 1 < argc) {
            o.seed = strtoull(argv[++i], NULL, 0);
        } else if (strcmp(argv[i], "--scenario") == 0 && i + 1 < argc) {
            o.only = argv[++i];
        } else if (strcmp(argv[i], "--group") == 0 && i + 1 < argc) {
            o.group = argv[++i];
        } else if (strcmp(argv[i], "--at") == 0 && i + 1 < argc) {
            o.at = (uint32_t)strtoul(argv[++i], NULL, 0);
        } else if (strcmp(argv[i], "--nth") == 0 && i + 1 < argc) {
            o.nth = strtoull(argv[++i], NULL, 0);
        } else if (strcmp(argv[i], "--kind") == 0 && i + 1 < argc) {
            o.kind = (unsigned)strtoul(argv[++i], NULL, 0) % 3;
        } else {
            (void)fprintf(stderr,
                          "Usage: skip_campaign [--full | --every N] [--seed N] [--scenario NAME] "
                          "[--group starts | commands | rom] [--at ADDRESS --nth N --kind N]\n");
            exit(2);
        }
    }
    return o;
}

static void run_group(const struct options *o, const char *group, const struct scenario *s,
                      unsigned count, struct tally *t)
{
    if (o->group != NULL && strcmp(o->group, group) != 0) {
        return;
    }
    for (unsigned i = 0; i < count; i++) {
        if (o->only != NULL && strcmp(o->only, s[i].name) != 0) {
            continue;
        }
        if (o->at != 0) {
            engine_run_one(&s[i], o->at, o->nth, o->kind, t);
        } else {
            engine_run(&s[i], o->every, o->seed, t);
        }
    }
}

int main(int argc, char **argv)
{
    struct options o = read_options(argc, argv);
    struct tally t = {0};
    printf("seed %" PRIu64 "\n", o.seed);
    run_group(&o, "starts", start_scenarios, start_scenario_count, &t);
    run_group(&o, "commands", command_scenarios, command_scenario_count, &t);
    run_group(&o, "rom", rom_scenarios, rom_scenario_count, &t);
    printf("skip_faults_tried %" PRIu64 " faults\nskip_faults_passed %" PRIu64 " faults\n", t.tried,
           t.passed);
    return t.tried != 0 && t.passed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
