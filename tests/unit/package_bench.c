/* SPDX-License-Identifier: MIT */
/* See package_bench.h. */
#include "package_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "verdict.h"

uint8_t bench_content[CONTENT];

int bench_setup(void **state)
{
    struct board *b = calloc(1, sizeof *b);
    struct evp_pkey_st *second = package_key(2);

    assert_non_null(b);
    package_content(bench_content, sizeof bench_content, 5);
    b->m = package_model_create(3);
    b->key = package_key(1);
    package_key_hash(b->key, b->hashes);
    package_key_hash(second, b->hashes + 32);
    package_key_free(second);
    *state = b;
    return 0;
}

int bench_teardown(void **state)
{
    struct board *b = *state;

    package_key_free(b->key);
    free(b->m);
    free(b);
    return 0;
}

struct package_recipe bench_recipe(const struct board *b)
{
    return (struct package_recipe){
        .content = bench_content, .content_len = sizeof bench_content, .key = b->key, .counter = 7};
}

void bench_enforce(struct board *b)
{
    package_model_provision(b->m, b->hashes, 2, NULL);
}

void bench_load(struct board *b, const struct package_recipe *r)
{
    size_t len;
    uint8_t *bytes = package_build(r, &len);

    package_model_load(b->m, bytes, len);
    free(bytes);
}

/* A package whose protected TLVs are these. */
void bench_load_tlvs(struct board *b, const struct package_recipe *r,
                     const struct package_bytes *tlvs)
{
    struct package_bytes out = {0};

    package_assemble(&out, r, tlvs);
    package_model_load(b->m, out.data, out.len);
    free(out.data);
}

uint8_t *bench_slot(struct board *b)
{
    return b->m->flash + (SLOT - 0x08000000);
}

enum reason bench_read(struct board *b, struct package *p, uint32_t *detail)
{
    memset(p, 0xA5, sizeof *p);
    *detail = 0xDDDDDDDD;
    return package_read(&b->m->hw, SLOT, b->m->room, CONTENT_MAX, p, detail);
}

void bench_expect_read(struct board *b, enum reason reason, uint32_t detail)
{
    struct package p;
    uint32_t found;

    assert_int_equal(bench_read(b, &p, &found), reason);
    if (reason != REASON_NONE) {
        assert_int_equal(found, detail);
    }
}

/* Reads and judges what the slot holds. */
void bench_expect(struct board *b, enum reason reason, uint32_t detail)
{
    struct package p;
    struct trust t;
    struct package_check check;
    uint32_t found;

    memset(&check, 0xA5, sizeof check);
    package_model_trust(b->m, &t);
    assert_int_equal(bench_read(b, &p, &found), REASON_NONE);
    package_verify(&b->m->hw, &t, &p, &check);
    assert_int_equal(check.reason, reason);
    assert_int_equal(check.detail, detail);
    if (reason == REASON_NONE) {
        assert_int_equal(check.verdict[0], VERDICT_GOOD);
        assert_int_equal(check.verdict[1], VERDICT_GOOD);
    } else {
        /* Each of the two refuses. */
        assert_int_not_equal(check.verdict[0], VERDICT_GOOD);
        if (reason != REASON_PACKAGE_KEY || detail == 0xFFFFFFFF) {
            assert_int_not_equal(check.verdict[1], VERDICT_GOOD);
        }
    }
}

void bench_put32(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

/* A plain package with one more protected TLV behind the counter's. */
void bench_load_with_tlv(struct board *b, uint16_t type, const void *value, uint16_t len)
{
    struct package_recipe r = bench_recipe(b);
    struct package_bytes tlvs = {0};

    package_put_protected(&tlvs, &r);
    package_put_tlv(&tlvs, type, value, len);
    bench_load_tlvs(b, &r, &tlvs);
    free(tlvs.data);
}
