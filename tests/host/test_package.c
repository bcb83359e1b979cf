/* SPDX-License-Identifier: MIT */
/*
 * Packages on the PC: what is packed comes back, signatures are made here and elsewhere, and what
 * the tests' own builder and somebody else's tool make is read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pack_bench.h"
#include "package_builder.h"

/* ---- packing ---- */

static void expect_content(const uint8_t *data, size_t len)
{
    static struct ararext_package p;
    uint8_t *out = NULL;
    size_t out_len = 0;
    assert_int_equal(ararext_package_parse(&p, data, len, NULL), ARAREXT_OK);
    assert_int_equal(ararext_package_unpack(&p, &out, &out_len, NULL), ARAREXT_OK);
    assert_int_equal(out_len, sizeof content);
    assert_memory_equal(out, content, sizeof content);
    free(out);
}

static void test_pack_round_trip(void **state)
{
    uint8_t identity[ARAREXT_IDENTITY_SIZE];
    static struct ararext_package p;
    struct ararext_package_findings f;
    size_t len = 0, len2 = 0, plain_len = 0;
    (void)state;
    assert_int_equal(ararext_identity("f407", identity), ARAREXT_OK);
    struct ararext_pack_options o = {.version = {1, 2, 3, 4},
                                     .counter = 5,
                                     .identity = identity,
                                     .has_policy = true,
                                     .trials = 15,
                                     .crashes = 2,
                                     .watchdog_s = 1,
                                     .revoke = 9};
    uint8_t *data = pack(&o, &len), *again = pack(&o, &len2);
    assert_int_equal(len, len2);
    assert_memory_equal(data, again, len); /* the same bytes for the same input */
    assert_int_equal(ararext_package_parse(&p, data, len, NULL), ARAREXT_OK);
    assert_true(p.packing != ARAREXT_PLAIN);
    assert_int_equal(p.version.major, 1);
    assert_int_equal(p.version.build, 4);
    assert_int_equal(p.counter, 5);
    assert_int_equal(p.trials, 15);
    assert_int_equal(p.crashes, 2);
    assert_int_equal(p.watchdog_s, 1);
    assert_int_equal(p.revoke, 9);
    assert_memory_equal(data + p.vendor_at, identity, 16);
    assert_memory_equal(data + p.class_at, identity + 16, 16);
    assert_in_range(p.dictionary, sizeof content, 8192);
    assert_int_equal(judge(data, len, NULL, &f), ARAREXT_OK);
    assert_int_equal(f.signature, ARAREXT_ABSENT);
    expect_content(data, len);
    o.plain = true;
    uint8_t *plain = pack(&o, &plain_len);
    assert_true(plain_len > len);
    expect_content(plain, plain_len);
    free(data);
    free(again);
    free(plain);
}

/* What would not get smaller stays as it is. */
static void test_pack_stays_plain_where_that_is_smaller(void **state)
{
    static struct ararext_package p;
    const struct ararext_pack_options o = {.version = {1, 0, 0, 0}};
    size_t len = 0;
    (void)state;
    uint8_t small[32] = {0x00, 0x00, 0x02, 0x20, 0x09, 0x80, 0x00, 0x08, 0xFE, 0xE7};
    const struct ararext_segment in = segment(small, sizeof small);
    uint8_t *data = NULL;
    assert_int_equal(ararext_pack(&in, &o, &data, &len, NULL), ARAREXT_OK);
    assert_int_equal(ararext_package_parse(&p, data, len, NULL), ARAREXT_OK);
    assert_int_equal(p.packing, ARAREXT_PLAIN);
    assert_int_equal(p.content_size, sizeof small);
    free(data);
}

static void test_pack_options_out_of_range(void **state)
{
    const struct ararext_segment in = segment(content, sizeof content);
    const struct ararext_segment none = segment(content, 0);
    uint8_t *data = NULL;
    uint8_t *large = calloc(1, ARAREXT_CONTENT_MAX + 1);
    size_t len = 0;
    struct ararext_message why;
    const struct ararext_pack_options bad[] = {
        {.counter = 2561},
        {.has_policy = true, .trials = 16, .watchdog_s = 1},
        {.has_policy = true, .crashes = 1, .watchdog_s = 1},
        {.has_policy = true},
        {.has_policy = true, .watchdog_s = 31},
        {.revoke = 16},
    };
    const struct ararext_pack_options good = {.counter = 2560};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(ararext_pack(&in, &bad[i], &data, &len, &why), ARAREXT_ERR_ARGUMENT);
    }
    assert_int_equal(ararext_pack(&none, &good, &data, &len, &why), ARAREXT_ERR_ARGUMENT);
    memcpy(large, content, sizeof content);
    const struct ararext_segment too_large = segment(large, ARAREXT_CONTENT_MAX + 1);
    assert_int_equal(ararext_pack(&too_large, &good, &data, &len, &why), ARAREXT_ERR_IMAGE);
    memset(large, 0, 8);
    const struct ararext_segment no_vectors = segment(large, sizeof content);
    assert_int_equal(ararext_pack(&no_vectors, &good, &data, &len, &why), ARAREXT_ERR_IMAGE);
    free(large);
}

/* ---- signing ---- */

static void test_sign_and_who_checks(void **state)
{
    const struct ararext_pack_options o = {.version = {1, 0, 0, 0}};
    struct ararext_key *key = new_key(), *other = new_key();
    struct ararext_package_findings f;
    size_t len = 0, signed_len = 0;
    uint8_t *data = pack(&o, &len), *good = sign(data, len, key, &signed_len);
    uint8_t fingerprint[32];
    (void)state;
    assert_int_equal(judge(good, signed_len, NULL, &f), ARAREXT_OK);
    assert_int_equal(f.signature, ARAREXT_GOOD);
    ararext_key_fingerprint(key, fingerprint);
    assert_memory_equal(f.fingerprint, fingerprint, sizeof fingerprint);
    assert_int_equal(judge(good, signed_len, key, &f), ARAREXT_OK);
    assert_int_equal(judge(good, signed_len, other, &f), ARAREXT_ERR_SIGNATURE);
    assert_true(f.other_key);
    assert_int_equal(judge(data, len, key, &f), ARAREXT_ERR_SIGNATURE); /* not signed */
    assert_int_equal(judge(data, len, NULL, &f), ARAREXT_OK);
    expect_content(good, signed_len);
    ararext_key_free(key);
    ararext_key_free(other);
    free(data);
    free(good);
}

/* As an HSM does it: the digest goes out, DER or r and s come back. */
/* Both signatures by the key that signs; a start signature that is wrong is no package to send. */
static void test_sign_start(void **state)
{
    const struct ararext_pack_options o = {.version = {1, 0, 0, 0}};
    const struct ararext_pack_options plain = {.version = {1, 0, 0, 0}, .plain = true};
    struct ararext_key *key = new_key(), *other = new_key();
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct ararext_package_findings f;
        static struct ararext_package p;
        size_t len = 0, signed_len = 0;
        uint8_t *data = pack(i == 0 ? &o : &plain, &len);
        uint8_t *done = sign(data, len, key, &signed_len);
        assert_int_equal(judge(done, signed_len, key, &f), ARAREXT_OK);
        assert_int_equal(f.start, ARAREXT_GOOD);
        assert_int_equal(judge(done, signed_len, NULL, &f), ARAREXT_OK);
        assert_int_equal(f.start, ARAREXT_GOOD);
        assert_int_equal(judge(done, signed_len, other, &f), ARAREXT_ERR_SIGNATURE);
        assert_int_equal(f.start, ARAREXT_BAD);
        assert_int_equal(ararext_package_parse(&p, done, signed_len, NULL), ARAREXT_OK);
        done[p.start_at + p.start_len - 1u] ^= 1;
        assert_int_equal(judge(done, signed_len, key, &f), ARAREXT_ERR_SIGNATURE);
        assert_int_equal(f.start, ARAREXT_BAD);
        assert_int_equal(f.signature, ARAREXT_GOOD);
        free(done);
        free(data);
    }
    ararext_key_free(key);
    ararext_key_free(other);
}

static void test_sign_outside(void **state)
{
    const struct ararext_pack_options o = {.version = {1, 0, 0, 0}};
    struct evp_pkey_st *secret = package_key(1);
    struct ararext_key *public = NULL, *other = new_key();
    struct ararext_package_findings f;
    static struct ararext_package p;
    uint8_t spki[91], der[72], raw[64] = {0}, digest[32];
    size_t len = 0;
    uint8_t *data = pack(&o, &len);
    const struct ararext_segment in = segment(data, len);
    struct ararext_segment out = {0};
    (void)state;
    package_key_spki(secret, spki);
    assert_int_equal(ararext_key_from_spki(&public, spki), ARAREXT_OK);
    assert_int_equal(ararext_package_parse(&p, data, len, NULL), ARAREXT_OK);
    memcpy(digest, data + p.digest_at, sizeof digest);
    size_t n = package_sign(secret, digest, der);
    struct ararext_segment signature = segment(der, n);
    assert_int_equal(ararext_pack_sign(&in, public, &signature, NULL, &out, NULL), ARAREXT_OK);
    assert_int_equal(judge(out.data, out.len, public, &f), ARAREXT_OK);
    free((void *)(uintptr_t)out.data);
    assert_int_equal(f.start, ARAREXT_ABSENT);
    /* And the start signature, of its own digest alone. */
    uint8_t start_digest[32], start_der[72];
    ararext_package_start_digest(&p, start_digest);
    assert_memory_not_equal(start_digest, digest, sizeof digest);
    struct ararext_segment start =
        segment(start_der, package_sign(secret, start_digest, start_der));
    assert_int_equal(ararext_pack_sign(&in, public, &signature, &start, &out, NULL), ARAREXT_OK);
    assert_int_equal(judge(out.data, out.len, public, &f), ARAREXT_OK);
    assert_int_equal(f.start, ARAREXT_GOOD);
    free((void *)(uintptr_t)out.data);
    assert_int_equal(ararext_pack_sign(&in, public, &signature, &signature, &out, NULL),
                     ARAREXT_ERR_SIGNATURE);
    assert_int_equal(ararext_pack_sign(&in, public, &start, &start, &out, NULL),
                     ARAREXT_ERR_SIGNATURE);
    /* DER to r and s: 30 len 02 rlen r 02 slen s, where a leading 00 is sign alone. */
    size_t rlen = der[3], slen = der[4 + rlen + 1];
    const uint8_t *r = der + 4, *s = der + 4 + rlen + 2;
    memcpy(raw + 32 - (rlen > 32 ? 32 : rlen), r + (rlen > 32), rlen > 32 ? 32 : rlen);
    memcpy(raw + 64 - (slen > 32 ? 32 : slen), s + (slen > 32), slen > 32 ? 32 : slen);
    signature = segment(raw, sizeof raw);
    assert_int_equal(ararext_pack_sign(&in, public, &signature, NULL, &out, NULL), ARAREXT_OK);
    assert_int_equal(judge(out.data, out.len, public, &f), ARAREXT_OK);
    free((void *)(uintptr_t)out.data);
    assert_int_equal(ararext_pack_sign(&in, other, &signature, NULL, &out, NULL),
                     ARAREXT_ERR_SIGNATURE);
    raw[40] ^= 1;
    assert_int_equal(ararext_pack_sign(&in, public, &signature, NULL, &out, NULL),
                     ARAREXT_ERR_SIGNATURE);
    assert_int_equal(ararext_pack_sign(&in, public, NULL, NULL, &out, NULL), ARAREXT_ERR_ARGUMENT);
    ararext_key_free(public);
    ararext_key_free(other);
    package_key_free(secret);
    free(data);
}

/* ---- others' packages ---- */

static void test_the_builders_packages(void **state)
{
    static const enum package_packing packings[] = {PACKAGE_PLAIN, PACKAGE_LZMA2,
                                                    PACKAGE_LZMA2_THUMB};
    struct evp_pkey_st *secret = package_key(2);
    struct ararext_package_findings f;
    (void)state;
    for (size_t i = 0; i < 6; i++) {
        const struct package_recipe recipe = {.content = content,
                                              .content_len = sizeof content,
                                              .packing = packings[i % 3],
                                              .key = secret,
                                              .key_form =
                                                  i < 3 ? PACKAGE_KEY_WHOLE : PACKAGE_KEY_HASH};
        size_t len = 0;
        uint8_t *data = package_build(&recipe, &len);
        assert_int_equal(judge(data, len, NULL, &f), ARAREXT_OK);
        assert_int_equal(f.signature, i < 3 ? ARAREXT_GOOD : ARAREXT_UNCHECKED);
        assert_int_equal(f.content, ARAREXT_GOOD);
        expect_content(data, len);
        free(data);
    }
    package_key_free(secret);
}

/* Signed by the key given, but it says that it was another one: a board would look for that. */
static void test_names_another_key(void **state)
{
    struct evp_pkey_st *secret = package_key(2);
    struct ararext_key *key = NULL;
    struct ararext_package_findings f;
    static struct ararext_package p;
    const struct package_recipe recipe = {.content = content,
                                          .content_len = sizeof content,
                                          .key = secret,
                                          .key_form = PACKAGE_KEY_HASH};
    uint8_t spki[91];
    size_t len = 0;
    uint8_t *data = package_build(&recipe, &len);
    (void)state;
    package_key_spki(secret, spki);
    assert_int_equal(ararext_key_from_spki(&key, spki), ARAREXT_OK);
    assert_int_equal(judge(data, len, key, &f), ARAREXT_OK);
    assert_int_equal(ararext_package_parse(&p, data, len, NULL), ARAREXT_OK);
    data[p.key_hash_at] ^= 1; /* what the digest does not cover */
    assert_int_equal(judge(data, len, key, &f), ARAREXT_ERR_SIGNATURE);
    assert_int_equal(f.signature, ARAREXT_BAD);
    ararext_key_free(key);
    package_key_free(secret);
    free(data);
}

static uint8_t *read_vector(const char *name, size_t *len)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", ARAREXT_VECTORS, name);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        return NULL;
    }
    uint8_t *data = malloc(200000);
    *len = fread(data, 1, 200000, f);
    fclose(f);
    return data;
}

static void test_imgtools_packages(void **state)
{
    static const struct {
        const char *name;
        int rc;
        enum ararext_finding signature;
    } rows[] = {
        {"ok-20k-keyhash.bin", ARAREXT_OK, ARAREXT_GOOD},
        {"ok-60k-fullkey.bin", ARAREXT_OK, ARAREXT_GOOD},
        {"ok-20k-vid-cid.bin", ARAREXT_OK, ARAREXT_GOOD},
        {"wrong-key-20k.bin", ARAREXT_ERR_SIGNATURE, ARAREXT_BAD},
        {"unsigned-20k.bin", ARAREXT_ERR_SIGNATURE, ARAREXT_ABSENT},
        {"compressed-60k-dict128k.bin", ARAREXT_ERR_FORMAT, ARAREXT_ABSENT},
    };
    struct ararext_key *key = NULL;
    size_t len = 0;
    uint8_t *pem = read_vector("test-key-p256.pem", &len);
    (void)state;
    if (pem == NULL) {
        print_message("no vectors of imgtool here: skipped\n");
        skip();
    }
    const struct ararext_segment file = segment(pem, len);
    assert_int_equal(ararext_key_parse(&key, &file, "pem", NULL, NULL), ARAREXT_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ararext_package_findings f = {0};
        uint8_t *data = read_vector(rows[i].name, &len);
        assert_non_null(data);
        assert_int_equal(judge(data, len, key, &f), rows[i].rc);
        assert_int_equal(f.signature, rows[i].signature);
        free(data);
    }
    ararext_key_free(key);
    free(pem);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_pack_round_trip, setup),
        cmocka_unit_test_setup(test_pack_stays_plain_where_that_is_smaller, setup),
        cmocka_unit_test_setup(test_pack_options_out_of_range, setup),
        cmocka_unit_test_setup(test_sign_and_who_checks, setup),
        cmocka_unit_test_setup(test_sign_start, setup),
        cmocka_unit_test_setup(test_sign_outside, setup),
        cmocka_unit_test_setup(test_the_builders_packages, setup),
        cmocka_unit_test_setup(test_names_another_key, setup),
        cmocka_unit_test(test_imgtools_packages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
