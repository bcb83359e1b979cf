/* SPDX-License-Identifier: MIT */
/* Judging packages that can be read: the order of reasons, open and provisioned boards, and whether
 * the application area holds a content (FORMAT.md, PROTOCOL.md reasons 43 to 49). */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "package_bench.h"
#include "verdict.h"

static const uint8_t other_identity[32] = "neither this vendor nor class..";

static void test_good_packages(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);

    for (unsigned packing = 0; packing < 3; packing++) {
        r.packing = (enum package_packing)packing;
        bench_load(b, &r);
        memset(b->m->otp, 0xFF, sizeof b->m->otp);
        bench_expect(b, REASON_NONE, 0);
        bench_enforce(b);
        bench_expect(b, REASON_NONE, 0);
    }
    assert_true(b->m->alive > 0);
    assert_in_range(b->m->longest_silence, 1, 1024);
}

static void test_second_key(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);

    r.key = package_key(2);
    bench_load(b, &r);
    bench_enforce(b);
    bench_expect(b, REASON_NONE, 0);
    package_key_free(r.key);
}

static void test_digest_wrong(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);

    bench_load(b, &r);
    bench_slot(b)[32 + CONTENT - 1] ^= 1;
    bench_expect(b, REASON_PACKAGE_HASH, 0); /* also on an open board */
    bench_enforce(b);
    bench_expect(b, REASON_PACKAGE_HASH, 0);
}

static void test_unsigned(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);

    r.key = NULL;
    bench_load(b, &r);
    bench_expect(b, REASON_NONE, 0);
    bench_enforce(b);
    bench_expect(b, REASON_PACKAGE_UNSIGNED, 0);
}

static void test_unknown_key(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);

    r.key = package_key(3);
    bench_load(b, &r);
    bench_expect(b, REASON_NONE, 0);
    bench_enforce(b);
    bench_expect(b, REASON_PACKAGE_KEY, 0xFFFFFFFF);
    package_key_free(r.key);
}

static void test_key_hash_alone(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);

    r.key_form = PACKAGE_KEY_HASH;
    bench_load(b, &r);
    bench_expect(b, REASON_NONE, 0);
    bench_enforce(b);
    bench_expect(b, REASON_PACKAGE_KEY, 0xFFFFFFFF);
}

static void test_revoked_key(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);

    bench_load(b, &r);
    bench_enforce(b);
    memset(b->m->otp + 5 * 32, 0, 4);
    bench_expect(b, REASON_PACKAGE_KEY, 0);
    memset(b->m->otp + 5 * 32, 0xFF, 4);
    r.key = package_key(2);
    bench_load(b, &r);
    memset(b->m->otp + 5 * 32 + 4, 0, 2);
    bench_expect(b, REASON_PACKAGE_KEY, 1);
    package_key_free(r.key);
}

static void test_revokes_its_own_key(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);

    bench_enforce(b);
    r.revoke = 2;
    bench_load(b, &r);
    bench_expect(b, REASON_NONE, 0);
    r.revoke = 3;
    bench_load(b, &r);
    bench_expect(b, REASON_PACKAGE_KEY, 0);
}

static void test_signature_wrong(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);

    bench_load(b, &r);
    bench_slot(b)[b->m->room - 1] ^= 1;
    bench_expect(b, REASON_NONE, 0); /* an open board has no key to check it with */
    bench_enforce(b);
    bench_expect(b, REASON_PACKAGE_SIGNATURE, 0);
}

static void test_identity(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);
    uint8_t mixed[32];

    for (unsigned enforced = 0; enforced < 2; enforced++) {
        if (enforced != 0) {
            bench_enforce(b);
        }
        r.identity = package_model_identity;
        bench_load(b, &r);
        bench_expect(b, REASON_NONE, 0);
        r.identity = other_identity;
        bench_load(b, &r);
        bench_expect(b, REASON_PACKAGE_BOARD, 0);
        r.identity = mixed;
        for (unsigned i = 0; i < 32; i++) {
            memcpy(mixed, package_model_identity, 32);
            mixed[i] ^= 0x20;
            bench_load(b, &r);
            bench_expect(b, REASON_PACKAGE_BOARD, 0);
        }
    }
    memset(b->m->otp, 0xFF, sizeof b->m->otp);
    package_model_provision(b->m, b->hashes, 2, other_identity);
    r.identity = other_identity;
    bench_load(b, &r);
    bench_expect(b, REASON_NONE, 0);
    r.identity = package_model_identity; /* that of the build no longer counts */
    bench_load(b, &r);
    bench_expect(b, REASON_PACKAGE_BOARD, 0);
    r.identity = NULL;
    bench_load(b, &r);
    bench_expect(b, REASON_NONE, 0);
}

/* Vendor or class alone: what is named must fit. */
static void test_half_an_identity(void **state)
{
    struct board *b = *state;

    bench_load_with_tlv(b, 0x74, package_model_identity, 16);
    bench_expect(b, REASON_NONE, 0);
    bench_load_with_tlv(b, 0x75, package_model_identity + 16, 16);
    bench_expect(b, REASON_NONE, 0);
    bench_load_with_tlv(b, 0x75, package_model_identity, 16);
    bench_expect(b, REASON_PACKAGE_BOARD, 0);
    bench_load_with_tlv(b, 0x74, other_identity, 16);
    bench_expect(b, REASON_PACKAGE_BOARD, 0);
}

static void test_counter(void **state)
{
    static const unsigned boards[] = {0, 1, 6, 7, 8, 300};
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);

    bench_load(b, &r); /* 7 */
    for (size_t i = 0; i < sizeof boards / sizeof boards[0]; i++) {
        memset(b->m->otp, 0xFF, sizeof b->m->otp);
        package_model_set_counter(b->m, boards[i]);
        bench_expect(b, REASON_NONE, 0); /* open */
        bench_enforce(b);
        bench_expect(b, boards[i] <= 7 ? REASON_NONE : REASON_PACKAGE_COUNTER,
                     boards[i] <= 7 ? 0 : boards[i]);
    }
    r.no_counter = true;
    bench_load(b, &r);
    bench_expect(b, REASON_PACKAGE_COUNTER, 300);
    package_model_set_counter(b->m, 0);
    bench_expect(b, REASON_NONE, 0);
}

static void test_content_vectors(void **state)
{
    static const struct {
        uint32_t stack, reset;
        bool good;
    } vectors[] = {
        {0x20020000, 0x08008201, true},
        {0x10010000, 0x08008001, true},
        {0x20020000, 0x08008000 + CONTENT - 1, true},
        {0x20020000, 0x08008000 + CONTENT + 1, false}, /* behind the bench_content */
        {0x20020000, 0x08007FFF, false},
        {0x20020000, 0x20008001, false},
        {0x20020000, 0x08008200, false},
        {0x20020002, 0x08008201, false},
        {0x20020004, 0x08008201, false},
        {0xFFFFFFFF, 0xFFFFFFFF, false},
        {0, 0, false},
    };
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);

    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct package p = {.content_size = CONTENT};
        bench_put32(bench_content, vectors[i].stack);
        bench_put32(bench_content + 4, vectors[i].reset);
        bench_load(b, &r);
        bench_expect(b, vectors[i].good ? REASON_NONE : REASON_PACKAGE_CONTENT, 0);
        assert_int_equal(package_vectors_fit(&p, vectors[i].stack, vectors[i].reset),
                         vectors[i].good);
    }
}

static void test_content_digest_of_plain(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);
    uint8_t digest[32];

    r.content_digest = true;
    bench_load(b, &r);
    bench_expect(b, REASON_NONE, 0);
    package_sha256(bench_content, sizeof bench_content, digest);
    digest[31] ^= 1;
    bench_load_with_tlv(b, 0xA0, digest, 32); /* signed, but not that content's */
    bench_expect(b, REASON_PACKAGE_CONTENT, 0);
}

/* ---- the application area ---- */

static void expect_match(struct board *b, bool matches)
{
    struct package p;
    struct package_check check;
    uint32_t detail;

    memset(&check, 0xA5, sizeof check);
    assert_int_equal(bench_read(b, &p, &detail), REASON_NONE);
    package_match_area(&b->m->hw, &p, &check);
    assert_int_equal(check.reason, matches ? REASON_NONE : REASON_VERIFY);
    assert_int_equal(check.verdict[0] == VERDICT_GOOD, matches);
    assert_int_equal(check.verdict[1] == VERDICT_GOOD, matches);
}

static void test_match_area(void **state)
{
    struct board *b = *state;
    struct package_recipe r = bench_recipe(b);
    uint8_t *area = b->m->flash + 0x8000;

    for (unsigned packing = 0; packing < 2; packing++) {
        r.packing = packing == 0 ? PACKAGE_PLAIN : PACKAGE_LZMA2;
        bench_load(b, &r);
        memset(area, 0xFF, CONTENT);
        expect_match(b, false);
        memcpy(area, bench_content, CONTENT);
        expect_match(b, true);
        area[CONTENT] = 0; /* behind it: no matter */
        expect_match(b, true);
        for (unsigned at = 0; at < CONTENT; at += 13) {
            area[at] ^= 0x40;
            expect_match(b, false);
            area[at] ^= 0x40;
        }
        area[CONTENT - 1] ^= 1;
        expect_match(b, false);
        area[CONTENT - 1] ^= 1;
    }
}

/* ---- packages of imgtool ---- */

static bool load_vector(struct board *b, const char *name)
{
    static uint8_t bytes[128 * 1024];
    char path[512];
    FILE *f;
    size_t len;

    (void)snprintf(path, sizeof path, "%s/%s", ARAREXT_VECTORS, name);
    f = fopen(path, "rb");
    if (f == NULL) {
        print_message("%s is not there: skipped\n", path);
        return false;
    }
    len = fread(bytes, 1, sizeof bytes, f);
    (void)fclose(f);
    package_model_load(b->m, bytes, len);
    return true;
}

/* On an open board, then on one that trusts the vectors' key. */
static void expect_vector(struct board *b, const char *name, enum reason open, enum reason enforced,
                          uint32_t detail)
{
    struct evp_pkey_st *key = package_key_load(ARAREXT_VECTORS "/test-key-p256.pem");

    if (key == NULL || !load_vector(b, name)) {
        print_message("no vectors: skipped\n");
        skip();
    }
    package_key_hash(key, b->hashes);
    package_key_free(key);
    memset(b->m->otp, 0xFF, sizeof b->m->otp);
    bench_expect(b, open, 0);
    bench_enforce(b);
    bench_expect(b, enforced, detail);
}

static void test_vectors(void **state)
{
    struct board *b = *state;

    expect_vector(b, "ok-60k-fullkey.bin", REASON_NONE, REASON_NONE, 0);
    expect_vector(b, "ok-20k-keyhash.bin", REASON_NONE, REASON_PACKAGE_KEY, 0xFFFFFFFF);
    expect_vector(b, "wrong-key-20k.bin", REASON_NONE, REASON_PACKAGE_KEY, 0xFFFFFFFF);
    expect_vector(b, "unsigned-20k.bin", REASON_NONE, REASON_PACKAGE_UNSIGNED, 0);
}

/* The key's hash only: a provisioned board cannot check it, whatever identity it has. */
static void test_vector_identity(void **state)
{
    struct board *b = *state;
    /* `ararext.example`, `f407-demo`, as imgtool made them. */
    static const uint8_t identity[32] = {0x06, 0xA5, 0xE8, 0x6A, 0x60, 0xD8, 0x55, 0xF8,
                                         0x9C, 0xAF, 0x1B, 0x56, 0xA7, 0x5B, 0x84, 0xD1,
                                         0xE8, 0xC4, 0x33, 0x2A, 0x7D, 0x30, 0x5E, 0x03,
                                         0x81, 0x64, 0xD8, 0xB5, 0x8B, 0xC8, 0x2E, 0xDC};

    if (!load_vector(b, "ok-20k-vid-cid.bin")) {
        skip();
    }
    bench_expect(b, REASON_PACKAGE_BOARD, 0);
    memcpy(b->m->otp + 4 * 32, identity, 32);
    bench_expect(b, REASON_NONE, 0);
}

static void test_vector_dictionary(void **state)
{
    struct board *b = *state;

    if (!load_vector(b, "compressed-60k-dict128k.bin")) {
        skip();
    }
    bench_expect_read(b, REASON_PACKAGE_DICTIONARY, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BENCH_TEST(test_good_packages),    BENCH_TEST(test_second_key),
        BENCH_TEST(test_digest_wrong),     BENCH_TEST(test_unsigned),
        BENCH_TEST(test_unknown_key),      BENCH_TEST(test_key_hash_alone),
        BENCH_TEST(test_revoked_key),      BENCH_TEST(test_revokes_its_own_key),
        BENCH_TEST(test_signature_wrong),  BENCH_TEST(test_identity),
        BENCH_TEST(test_half_an_identity), BENCH_TEST(test_counter),
        BENCH_TEST(test_content_vectors),  BENCH_TEST(test_content_digest_of_plain),
        BENCH_TEST(test_match_area),       BENCH_TEST(test_vectors),
        BENCH_TEST(test_vector_identity),  BENCH_TEST(test_vector_dictionary),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
