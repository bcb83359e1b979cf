/* SPDX-License-Identifier: MIT */
/*
 * A board with one slot, for the tests of reading and judging packages: builds a package, puts it
 * into the slot, and says what the core must make of it.
 */
#ifndef TESTS_UNIT_PACKAGE_BENCH_H
#define TESTS_UNIT_PACKAGE_BENCH_H

#include <stdint.h>

#include "package.h"
#include "package_builder.h"
#include "package_model.h"

enum {
    SLOT = PACKAGE_MODEL_SLOT,
    CONTENT = 4096,
    CONTENT_MAX = 480 * 1024,
    AREA = 32 + CONTENT,  /* where a plain package's protected area begins */
    SECOND = AREA + 4 + 8 /* where the TLV behind the counter begins; without one, the other area */
};

struct board {
    struct package_model *m;
    struct evp_pkey_st *key;
    uint8_t hashes[64]; /* keys 1 and 2 */
};

/* What packages are made of; made anew by bench_setup. */
extern uint8_t bench_content[CONTENT];

/* For cmocka; *state is a struct board, erased and open. */
int bench_setup(void **state);
int bench_teardown(void **state);
#define BENCH_TEST(name) cmocka_unit_test_setup_teardown(name, bench_setup, bench_teardown)

/* A plain package of that content, signed with key 1, counter 7. */
struct package_recipe bench_recipe(const struct board *b);
/* Makes the board a provisioned one that knows keys 1 and 2. */
void bench_enforce(struct board *b);

/* Into the slot: a package; one whose protected TLVs are these; a plain one with one more protected
 * TLV behind the counter's. */
void bench_load(struct board *b, const struct package_recipe *r);
void bench_load_tlvs(struct board *b, const struct package_recipe *r,
                     const struct package_bytes *tlvs);
void bench_load_with_tlv(struct board *b, uint16_t type, const void *value, uint16_t len);
uint8_t *bench_slot(struct board *b);
void bench_put32(uint8_t *at, uint32_t value);

enum reason bench_read(struct board *b, struct package *p, uint32_t *detail);
/* package_read must say this; the detail counts if it refuses. */
void bench_expect_read(struct board *b, enum reason reason, uint32_t detail);
/* The package can be read, and package_verify must say this, in both verdicts. */
void bench_expect(struct board *b, enum reason reason, uint32_t detail);

#endif
