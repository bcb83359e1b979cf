/* SPDX-License-Identifier: MIT */
/*
 * Application images for tests. The probe's code comes from tests/target/probe, built for the
 * board.
 */
#include "image.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { PROBE_MAGIC = 0x600DF00D, VECTORS = 128, THUMB_BRANCH_TO_SELF = 0xE7FE };

uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

uint32_t random_below(uint64_t *state, uint32_t limit)
{
    return (uint32_t)(random_next(state) % limit);
}

void random_fill(uint64_t *state, void *out, size_t len)
{
    uint8_t *p = out;
    for (size_t i = 0; i < len; i++) {
        p[i] = (uint8_t)random_next(state);
    }
}

void image_set_vectors(uint8_t *out, uint32_t stack, uint32_t reset)
{
    wire_put32(out, stack);
    wire_put32(out + 4, reset);
}

void image_make(uint8_t *out, size_t len, uint32_t base, uint64_t seed)
{
    random_fill(&seed, out, len);
    for (size_t i = 1; i < VECTORS; i++) {
        wire_put32(out + 4 * i, (base + IMAGE_ENTRY) | 1u);
    }
    wire_put32(out, SRAM_END);
    wire_put16(out + IMAGE_ENTRY, THUMB_BRANCH_TO_SELF);
}

static size_t load_probe_code(uint8_t *out, size_t size)
{
    FILE *f = fopen(ARAREXT_PROBE_BIN, "rb");
    if (f == NULL) {
        fail_msg("%s is not there", ARAREXT_PROBE_BIN);
        return 0;
    }
    size_t len = fread(out, 1, size, f);
    (void)fclose(f);
    assert_true(len > 0 && len < size && len % 4 == 0);
    return len;
}

size_t probe_make(uint8_t out[PROBE_MAX], uint32_t base, const struct probe_op *ops, size_t count)
{
    image_make(out, PROBE_MAX, base, base);
    size_t at = IMAGE_ENTRY + load_probe_code(out + IMAGE_ENTRY, PROBE_MAX - IMAGE_ENTRY);
    assert_true(at + (count + 1) * 12 <= PROBE_MAX);
    for (size_t i = 0; i < count; i++, at += 12) {
        wire_put32(out + at, ops[i].op);
        wire_put32(out + at + 4, ops[i].addr);
        wire_put32(out + at + 8, ops[i].value);
    }
    wire_put32(out + at, PROBE_END);
    return at + 12;
}

void probe_clear(struct board *b)
{
    static const uint8_t zeros[64];
    board_poke(b, PROBE_RESULT, zeros, sizeof zeros);
}

bool probe_done(struct board *b)
{
    return board_peek32(b, PROBE_RESULT) == PROBE_MAGIC;
}

void probe_core(struct board *b, struct probe_core *out)
{
    uint32_t *field[] = {&out->msp,     &out->psp,       &out->control, &out->primask,
                         &out->basepri, &out->faultmask, &out->ipsr,    &out->pc};
    for (uint32_t i = 0; i < sizeof field / sizeof field[0]; i++) {
        *field[i] = board_peek32(b, PROBE_RESULT + 4 + 4 * i);
    }
}

uint32_t probe_value(struct board *b, unsigned n)
{
    return board_peek32(b, PROBE_RESULT + 64 + 4 * n);
}
