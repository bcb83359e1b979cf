/* SPDX-License-Identifier: MIT */
/*
 * A board for the tests of the core.
 */
#include "core_bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void keep_report(void *ctx, const struct twin_report *r)
{
    struct bench *b = ctx;
    if (b->reports < BENCH_REPORTS) {
        b->report[b->reports] = *r;
        b->report[b->reports].text = NULL;
        (void)snprintf(b->sentence[b->reports], sizeof b->sentence[0], "%s", r->text);
    }
    b->reports++;
}

static void count_reset(void *ctx, const char *cause)
{
    (void)cause;
    struct bench *b = ctx;
    b->resets++;
}

void bench_open(struct bench *b, uint64_t seed)
{
    memset(b, 0, sizeof *b);
    struct twin_config config = {
        .seed = seed, .on_report = keep_report, .on_reset = count_reset, .ctx = b};
    assert_int_equal(twin_create(&b->twin, &config), TWIN_OK);
}

void bench_close(struct bench *b)
{
    twin_destroy(b->twin);
    b->twin = NULL;
}

void bench_program(struct bench *b, const uint16_t *code, size_t halfwords, uint32_t fault)
{
    uint8_t image[0x200];
    for (unsigned i = 0; i < sizeof image / 4; i++) {
        uint32_t value = i == 0 ? 0x20010000U : i == 1 ? 0x08000201U : 0x08000201U + fault;
        for (unsigned k = 0; k < 4; k++) {
            image[4 * i + k] = (uint8_t)(value >> (8 * k));
        }
    }
    assert_int_equal(twin_load(b->twin, 0x08000000, image, sizeof image), TWIN_OK);
    assert_int_equal(twin_load(b->twin, 0x08000200, code, 2 * halfwords), TWIN_OK);
}

void bench_run_suite(struct bench *b, const char *name, unsigned limit_ms)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s.elf", SUITE_DIR, name);
    int err = twin_load_file(b->twin, path, 0x08000000);
    if (err != TWIN_OK) {
        fail_msg("%s", twin_error_text(b->twin));
    }
    twin_power_on(b->twin);
    for (unsigned ms = 0; ms < limit_ms; ms += 5) {
        (void)twin_run_ns(b->twin, 5000000);
        b->text_len += twin_line_receive(b->twin, 2, (uint8_t *)b->text + b->text_len,
                                         sizeof b->text - 1 - b->text_len);
        b->text[b->text_len] = '\0';
        if (strstr(b->text, "[end]\n") != NULL) {
            return;
        }
    }
    for (unsigned i = 0; i < b->reports && i < BENCH_REPORTS; i++) {
        print_error("report: pc 0x%08X: %s\n", (unsigned)b->report[i].pc, b->sentence[i]);
    }
    fail_msg("%s did not come to its end; it printed:\n%s", name, b->text);
}

uint32_t bench_value(const struct bench *b, const char *name)
{
    size_t len = strlen(name);
    for (const char *line = b->text; line != NULL && *line != '\0';) {
        if (strncmp(line, name, len) == 0 && line[len] == ' ') {
            return (uint32_t)strtoul(line + len + 1, NULL, 16);
        }
        line = strchr(line, '\n');
        line = line == NULL ? NULL : line + 1;
    }
    fail_msg("nothing called \"%s\" in:\n%s", name, b->text);
    return 0;
}

uint32_t bench_word(struct bench *b, uint32_t addr)
{
    uint8_t bytes[4];
    assert_int_equal(twin_peek(b->twin, addr, bytes, 4), TWIN_OK);
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

unsigned bench_count_reports(const struct bench *b, enum twin_report_kind kind)
{
    unsigned n = 0;
    for (unsigned i = 0; i < b->reports && i < BENCH_REPORTS; i++) {
        n += b->report[i].kind == kind;
    }
    return n;
}

uint64_t bench_cycles(const struct bench *b)
{
    struct twin_counters counters;
    twin_get_counters(b->twin, &counters);
    return counters.cycles;
}
