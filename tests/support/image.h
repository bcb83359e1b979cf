/* SPDX-License-Identifier: MIT */
/*
 * Application images for tests: a plausible vector table before seeded content, and the probe, an
 * application that performs register reads and writes for a test. Seeded random numbers too.
 */
#ifndef TESTS_IMAGE_H
#define TESTS_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "board.h"

/* Next number of a seeded sequence (splitmix64). */
uint64_t random_next(uint64_t *state);
/* A number in [0, limit); limit > 0. */
uint32_t random_below(uint64_t *state, uint32_t limit);
void random_fill(uint64_t *state, void *out, size_t len);

enum { IMAGE_ENTRY = 0x200 };
/* An image of len >= 0x208 bytes that starts at base: stack at the end of SRAM, reset handler at
 * base + 0x200, which is an endless loop; the rest is seeded noise. */
void image_make(uint8_t *out, size_t len, uint32_t base, uint64_t seed);
/* Writes the two words that the boot decision looks at. */
void image_set_vectors(uint8_t *out, uint32_t stack, uint32_t reset);

enum { PROBE_END = 0, PROBE_READ = 1, PROBE_WRITE = 2 };
struct probe_op {
    uint32_t op, addr, value; /* value only for PROBE_WRITE */
};
enum { PROBE_RESULT = 0x20010000, PROBE_MAX = 8192 };
/* What the core looked like when the probe's first instruction was executed. */
struct probe_core {
    uint32_t msp, psp, control, primask, basepri, faultmask, ipsr, pc;
};

/* Makes an image at base that performs count operations. Returns its length. */
size_t probe_make(uint8_t out[PROBE_MAX], uint32_t base, const struct probe_op *ops, size_t count);
/* Forgets what an earlier run left in SRAM. Before the probe starts. */
void probe_clear(struct board *b);
/* Whether the probe has run to its end since probe_clear. */
bool probe_done(struct board *b);
void probe_core(struct board *b, struct probe_core *out);
/* The value of the nth PROBE_READ, from 0. */
uint32_t probe_value(struct board *b, unsigned n);

#endif
