/* SPDX-License-Identifier: MIT */
/*
 * What the tests of the core share: a board whose reports are kept, small programs given as
 * half-words, and the suite's programs run to their end.
 */
#ifndef CORE_BENCH_H
#define CORE_BENCH_H

#include "twin.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { BENCH_REPORTS = 64, BENCH_TEXT = 16384 };

struct bench {
    struct twin *twin;
    struct twin_report report[BENCH_REPORTS]; /* text is NULL: see sentence */
    char sentence[BENCH_REPORTS][200];
    unsigned reports;
    unsigned resets;
    char text[BENCH_TEXT]; /* what came over USART2 */
    size_t text_len;
};

/* Power is off. */
void bench_open(struct bench *b, uint64_t seed);
void bench_close(struct bench *b);
/* Vector table with stack at 0x20010000 and code at 0x08000200, 98 vectors to the code that follows
 * at 0x08000200 + fault (a byte offset, for all exceptions). */
void bench_program(struct bench *b, const uint16_t *code, size_t halfwords, uint32_t fault);
/* Runs a program of tests/target/suite until it prints "[end]"; fails the test if it does not. */
void bench_run_suite(struct bench *b, const char *name, unsigned limit_ms);
/* The number printed as "name XXXXXXXX" in the text; fails the test if there is none. */
uint32_t bench_value(const struct bench *b, const char *name);
uint32_t bench_word(struct bench *b, uint32_t addr);
unsigned bench_count_reports(const struct bench *b, enum twin_report_kind kind);
uint64_t bench_cycles(const struct bench *b);

#endif
