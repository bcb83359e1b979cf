/* SPDX-License-Identifier: MIT */
/*
 * The start signature: what it covers, what it does not, and that nothing else than the digest
 * among what was signed says what the area must hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "package_bench.h"
#include "verdict.h"

static uint8_t *start_area(struct board *b)
{
    return b->m->flash + 0x8000;
}

static struct package_recipe start_recipe(const struct board *b, enum package_packing packing)
{
    struct package_recipe r = bench_recipe(b);

    r.packing = packing;
    r.content_digest = true;
    r.start = true;
    return r;
}

static struct package_check start_judge(struct board *b, bool area)
{
    struct package_check check;
    struct package p;
    struct trust t;
    uint32_t detail;

    memset(&check, 0xA5, sizeof check);
    package_model_trust(b->m, &t);
    assert_int_equal(bench_read(b, &p, &detail), REASON_NONE);
    if (area) {
        package_match_start(&b->m->hw, &p, &check);
    } else {
        package_verify_start(&b->m->hw, &t, &p, &check);
    }
    return check;
}

static void start_expect(struct board *b, bool area, enum reason reason)
{
    struct package_check check = start_judge(b, area);

    assert_int_equal(check.reason, reason);
    assert_int_equal(check.verdict[0] == VERDICT_GOOD, reason == REASON_NONE);
    assert_int_equal(check.verdict[1] == VERDICT_GOOD, reason == REASON_NONE);
}

static const enum package_packing packings[] = {PACKAGE_PLAIN, PACKAGE_LZMA2};

static void test_good(void **state)
{
    struct board *b = *state;

    bench_enforce(b);
    for (unsigned i = 0; i < 2; i++) {
        struct package_recipe r = start_recipe(b, packings[i]);

        bench_load(b, &r);
        memcpy(start_area(b), bench_content, CONTENT);
        bench_expect(b, REASON_NONE, 0);
        start_expect(b, false, REASON_NONE);
        start_expect(b, true, REASON_NONE);
    }
}

/* Each bit of header and protected area is covered; the payload is not, and need not be. */
static void test_what_is_covered(void **state)
{
    struct board *b = *state;
    struct package_recipe r = start_recipe(b, PACKAGE_PLAIN);
    uint8_t *slot = bench_slot(b);
    struct package p;
    uint32_t detail;
    unsigned judged = 0;

    bench_enforce(b);
    bench_load(b, &r);
    assert_int_equal(bench_read(b, &p, &detail), REASON_NONE);
    for (uint32_t at = 0; at < p.signed_size; at++) {
        bool payload = at >= 32 && at < 32 + CONTENT;

        if (payload && at % 97 != 0) {
            continue;
        }
        for (unsigned bit = 0; bit < 8; bit++) {
            struct package other;

            slot[at] ^= (uint8_t)(1u << bit);
            if (bench_read(b, &other, &detail) == REASON_NONE) {
                struct package_check check = start_judge(b, false);

                judged++;
                assert_int_equal(check.verdict[0] == VERDICT_GOOD, payload);
                assert_int_equal(check.verdict[1] == VERDICT_GOOD, payload);
            }
            slot[at] ^= (uint8_t)(1u << bit);
        }
    }
    assert_in_range(judged, 500, 100000); /* most flips leave something that can be read */
}

/* A payload and an area that were altered alike: a plain package's area is not compared with it. */
static void test_altered_alike(void **state)
{
    struct board *b = *state;

    bench_enforce(b);
    for (unsigned i = 0; i < 2; i++) {
        struct package_recipe r = start_recipe(b, packings[i]);

        bench_load(b, &r);
        memcpy(start_area(b), bench_content, CONTENT);
        for (unsigned at = 8; at < CONTENT; at += 501) {
            start_area(b)[at] ^= 1;
            bench_slot(b)[32 + at] ^= 1;
            start_expect(b, true, REASON_VERIFY);
            start_area(b)[at] ^= 1;
            bench_slot(b)[32 + at] ^= 1;
        }
        start_expect(b, true, REASON_NONE);
    }
}

/* One signature is never the other: they cover numbers of bytes that differ by the payload. */
static void test_signatures_exchanged(void **state)
{
    struct board *b = *state;
    struct package_recipe r = start_recipe(b, PACKAGE_PLAIN);
    struct package p;
    uint32_t detail;

    bench_enforce(b);
    do { /* both of one length, so that they can be exchanged where they lie */
        r.version[0]++;
        bench_load(b, &r);
        assert_int_equal(bench_read(b, &p, &detail), REASON_NONE);
    } while (p.start_len != p.signature_len);
    uint8_t *start = bench_slot(b) + p.start_at;
    uint8_t *whole = bench_slot(b) + p.signature_at;
    uint8_t kept[72];

    memcpy(kept, start, p.start_len);
    memcpy(start, whole, p.start_len);
    start_expect(b, false, REASON_PACKAGE_SIGNATURE);
    memcpy(whole, kept, p.start_len);
    bench_expect(b, REASON_PACKAGE_SIGNATURE, 0);
}

static void test_what_else_is_judged(void **state)
{
    struct board *b = *state;
    struct package_recipe r = start_recipe(b, PACKAGE_LZMA2);
    struct evp_pkey_st *unknown = package_key(9);
    uint8_t other[32] = {1};

    bench_load(b, &r);
    start_expect(b, false, REASON_NOT_VERIFIED); /* open */
    bench_enforce(b);
    start_expect(b, false, REASON_NONE);
    package_model_set_counter(b->m, 8);
    start_expect(b, false, REASON_PACKAGE_COUNTER);
    package_model_set_counter(b->m, 7);
    r.identity = other;
    bench_load(b, &r);
    start_expect(b, false, REASON_PACKAGE_BOARD);
    r.identity = NULL;
    r.revoke = 1;
    bench_load(b, &r);
    assert_int_equal(start_judge(b, false).reason, REASON_PACKAGE_KEY);
    r.revoke = 0;
    r.key = unknown;
    bench_load(b, &r);
    assert_int_equal(start_judge(b, false).reason, REASON_PACKAGE_KEY);
    package_key_free(unknown);
    r = start_recipe(b, PACKAGE_LZMA2);
    r.start = false;
    bench_load(b, &r);
    bench_expect(b, REASON_NONE, 0);
    start_expect(b, false, REASON_NOT_VERIFIED);
}

/* Structure: with a whole key and a content digest alone. */
static void test_structure(void **state)
{
    struct board *b = *state;
    struct package_recipe r = start_recipe(b, PACKAGE_PLAIN);
    struct package p;
    uint32_t detail;

    r.content_digest = false;
    bench_load(b, &r);
    assert_int_equal(bench_read(b, &p, &detail), REASON_PACKAGE_FORMAT);
    assert_int_equal(detail, p.signed_size);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_good),
        BENCH_TEST(test_what_is_covered),
        BENCH_TEST(test_altered_alike),
        BENCH_TEST(test_signatures_exchanged),
        BENCH_TEST(test_what_else_is_judged),
        BENCH_TEST(test_structure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
