/* SPDX-License-Identifier: MIT */
/*
 * What every system test includes: cmocka, the board, and the same test in several variants.
 */
#ifndef TESTS_SYSTEM_H
#define TESTS_SYSTEM_H

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "image.h"

/* One combination that a test is run with: *state of the test function points to it. */
struct variant {
    const char *name;
    enum wire_dialect dialect;
    unsigned flash_kib;
};

enum { VARIANTS = 4 };
static struct variant variants[VARIANTS] = {
    {"native, 1024 KiB", WIRE_NATIVE, 1024},
    {"course, 1024 KiB", WIRE_COURSE, 1024},
    {"native, 512 KiB", WIRE_NATIVE, 512},
    {"course, 512 KiB", WIRE_COURSE, 512},
};

/* Rows for the table of tests: one, both dialects, or all four combinations. */
#define ONCE(f)                                                                                    \
    {                                                                                              \
#f, f, NULL, NULL, &variants[0]                                                            \
    }
#define BOTH(f)                                                                                    \
    {#f " (native)", f, NULL, NULL, &variants[0]},                                                 \
    {                                                                                              \
#f " (course)", f, NULL, NULL, &variants[1]                                                \
    }
#define SIZES(f)                                                                                   \
    {#f " (1024 KiB)", f, NULL, NULL, &variants[0]},                                               \
    {                                                                                              \
#f " (512 KiB)", f, NULL, NULL, &variants[2]                                               \
    }
#define ALL(f)                                                                                     \
    BOTH(f), {#f " (native, 512)", f, NULL, NULL, &variants[2]},                                   \
    {                                                                                              \
#f " (course, 512)", f, NULL, NULL, &variants[3]                                           \
    }

static inline struct board *open_variant(void **state)
{
    const struct variant *v = *state;
    struct board_options o = {.dialect = v->dialect, .flash_kib = v->flash_kib};
    return board_open(&o);
}

/* Payload of commands that take an address and a byte, or two words. */
static inline const uint8_t *addr_n(uint8_t out[5], uint32_t addr, unsigned n)
{
    wire_put32(out, addr);
    out[4] = (uint8_t)n;
    return out;
}

static inline const uint8_t *addr_len(uint8_t out[8], uint32_t addr, uint32_t len)
{
    wire_put32(out, addr);
    wire_put32(out + 4, len);
    return out;
}

#endif
