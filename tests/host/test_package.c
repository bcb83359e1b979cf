/*
 * Keys and packages on the PC: what is packed comes back, what the tests' own builder and somebody
 * else's tool make is read, and no damaged file gets through, wherever it is cut or changed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ararext_package.h"
#include "bytes.h"
#include "package_builder.h"

enum { CONTENT = 6000 };

static uint8_t content[CONTENT];
static const uint8_t *const CONTENT_BYTES = content;

static struct ararext_segment segment(const void *data, size_t len)
{
    return (struct ararext_segment){.data = data, .len = (uint32_t)len};
}

static int setup(void **state)
{
    (void)state;
    package_content(content, sizeof content, 7);
    return 0;
}

/* A package by our packer. Freed by the caller. */
static uint8_t *pack(const struct ararext_pack_options *o, size_t *len)
{
    uint8_t *data = NULL;
    struct ararext_message why = {""};
    const struct ararext_segment in = segment(content, sizeof content);
    if (ararext_pack(&in, o, &data, len, &why) != ARAREXT_OK) {
        fail_msg("pack: %s", why.text);
    }
    return data;
}

static struct ararext_key *new_key(void)
{
    struct ararext_key *key = NULL;
    assert_int_equal(ararext_key_generate(&key), ARAREXT_OK);
    return key;
}

/* Parse and check in one: the first error. */
static int judge(const uint8_t *data, size_t len, const struct ararext_key *key,
                 struct ararext_package_findings *f)
{
    static struct ararext_package p;
    int rc = ararext_package_parse(&p, data, len, NULL);
    return rc == ARAREXT_OK ? ararext_package_check(&p, key, f, NULL) : rc;
}

/* ---- keys ---- */

static int give_passphrase(void *ctx, char *text, size_t size)
{
    const char *phrase = ctx;
    if (phrase == NULL) {
        return -1;
    }
    assert_true(strlen(phrase) <= size);
    memcpy(text, phrase, strlen(phrase));
    return (int)strlen(phrase);
}

static int parse_pem(const uint8_t *pem, size_t len, char *phrase, struct ararext_key **out,
                     struct ararext_message *why)
{
    const struct ararext_passphrase p = {give_passphrase, phrase};
    const struct ararext_segment s = segment(pem, len);
    return ararext_key_parse(out, &s, "k.pem", &p, why);
}

static void test_key_pem_round_trips(void **state)
{
    char phrase[] = "one two", wrong[] = "three";
    struct ararext_key *key = new_key(), *back = NULL;
    struct ararext_message why = {""};
    uint8_t *pem = NULL, spki[2][ARAREXT_KEY_SIZE];
    size_t len = 0;
    (void)state;
    ararext_key_spki(key, spki[0]);
    for (int locked = 0; locked < 2; locked++) {
        assert_int_equal(ararext_key_private_pem(key, locked ? phrase : NULL, &pem, &len), 0);
        assert_int_equal(parse_pem(pem, len, locked ? phrase : NULL, &back, &why), ARAREXT_OK);
        ararext_key_spki(back, spki[1]);
        assert_memory_equal(spki[0], spki[1], sizeof spki[0]);
        assert_true(ararext_key_is_private(back));
        ararext_key_free(back);
        if (locked) {
            assert_int_equal(parse_pem(pem, len, wrong, &back, &why), ARAREXT_ERR_FORMAT);
            assert_non_null(strstr(why.text, "passphrase is wrong"));
            assert_int_equal(parse_pem(pem, len, NULL, &back, &why), ARAREXT_ERR_DECLINED);
        }
        free(pem);
    }
    assert_int_equal(ararext_key_public_pem(key, &pem, &len), ARAREXT_OK);
    assert_int_equal(parse_pem(pem, len, NULL, &back, &why), ARAREXT_OK);
    assert_false(ararext_key_is_private(back));
    ararext_key_spki(back, spki[1]);
    assert_memory_equal(spki[0], spki[1], sizeof spki[0]);
    uint8_t *none = NULL;
    assert_int_equal(ararext_key_private_pem(back, NULL, &none, &len), ARAREXT_ERR_ARGUMENT);
    ararext_key_free(back);
    ararext_key_free(key);
    free(pem);
}

static void test_key_damaged_pem(void **state)
{
    struct ararext_key *key = new_key(), *back = NULL;
    struct ararext_message why = {""};
    uint8_t *pem = NULL;
    size_t len = 0;
    (void)state;
    assert_int_equal(ararext_key_private_pem(key, NULL, &pem, &len), ARAREXT_OK);
    for (size_t cut = 1; cut + 26 < len; cut += 7) { /* less than the last line: no key */
        assert_int_equal(parse_pem(pem, cut, NULL, &back, &why), ARAREXT_ERR_FORMAT);
        assert_true(why.text[0] != '\0');
    }
    assert_int_equal(parse_pem(CONTENT_BYTES, CONTENT, NULL, &back, &why), ARAREXT_ERR_FORMAT);
    assert_non_null(strstr(why.text, "no PEM file"));
    ararext_key_free(key);
    free(pem);
}

static void test_key_spki_has_to_be_a_point(void **state)
{
    struct ararext_key *key = new_key(), *back = NULL;
    uint8_t spki[ARAREXT_KEY_SIZE], hash[32], want[32];
    (void)state;
    ararext_key_spki(key, spki);
    ararext_key_fingerprint(key, hash);
    package_sha256(spki, sizeof spki, want);
    assert_memory_equal(hash, want, sizeof want);
    assert_int_equal(ararext_key_from_spki(&back, spki), ARAREXT_OK);
    ararext_key_free(back);
    for (size_t i = 0; i < sizeof spki; i++) { /* each byte matters */
        spki[i] ^= 1;
        assert_int_equal(ararext_key_from_spki(&back, spki), ARAREXT_ERR_FORMAT);
        spki[i] ^= 1;
    }
    ararext_key_free(key);
}

/* ---- names ---- */

static void test_version_texts(void **state)
{
    static const char *const good[] = {"0.0.0", "1.2.3", "1.2.3+4", "255.255.65535+4294967295"};
    static const char *const bad[] = {"",        "1",         "1.2",      "1.2.3.4", "1.2.3+",
                                      "256.0.0", "1.2.65536", "-1.2.3",   " 1.2.3",  "1.2.3 ",
                                      "1..3",    "a.b.c",     "1.2.3+4x", "1.2.+3",  "1.2.3+-1"};
    struct ararext_version v, w;
    char text[32];
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(ararext_version_parse(&v, good[i]), ARAREXT_OK);
        ararext_version_text(&v, text, sizeof text);
        assert_string_equal(text, good[i]);
        assert_int_equal(ararext_version_compare(&v, &v), 0);
        if (i > 0) {
            assert_true(ararext_version_compare(&v, &w) > 0);
            assert_true(ararext_version_compare(&w, &v) < 0);
        }
        w = v;
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(ararext_version_parse(&v, bad[i]), ARAREXT_ERR_ARGUMENT);
    }
}

/* The UUIDs that imgtool 2.4.0 made of the same names (its --vid and --cid). */
static void test_identity_is_imgtools(void **state)
{
    uint8_t identity[ARAREXT_IDENTITY_SIZE], other[ARAREXT_IDENTITY_SIZE];
    char text[37];
    (void)state;
    assert_int_equal(ararext_identity("ararext.example/f407-demo", identity), ARAREXT_OK);
    ararext_uuid_text(identity, text);
    assert_string_equal(text, "06a5e86a-60d8-55f8-9caf-1b56a75b84d1");
    ararext_uuid_text(identity + 16, text);
    assert_string_equal(text, "e8c4332a-7d30-5e03-8164-d8b58bc82edc");
    assert_int_equal(ararext_identity("f407", identity), ARAREXT_OK);
    assert_int_equal(ararext_identity("ararext/f407", other), ARAREXT_OK);
    assert_memory_equal(identity, other, sizeof other);
    assert_int_equal(ararext_identity("", identity), ARAREXT_ERR_ARGUMENT);
    assert_int_equal(ararext_identity("/f407", identity), ARAREXT_ERR_ARGUMENT);
    assert_int_equal(ararext_identity("a/", identity), ARAREXT_ERR_ARGUMENT);
}

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

static uint8_t *sign(const uint8_t *data, size_t len, const struct ararext_key *key,
                     size_t *signed_len)
{
    const struct ararext_segment in = segment(data, len);
    struct ararext_segment out = {0};
    assert_int_equal(ararext_pack_sign(&in, key, NULL, &out, NULL), ARAREXT_OK);
    uint8_t *copy = malloc(out.len);
    memcpy(copy, out.data, out.len);
    *signed_len = out.len;
    free((void *)(uintptr_t)out.data);
    return copy;
}

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
    assert_int_equal(ararext_pack_sign(&in, public, &signature, &out, NULL), ARAREXT_OK);
    assert_int_equal(judge(out.data, out.len, public, &f), ARAREXT_OK);
    free((void *)(uintptr_t)out.data);
    /* DER to r and s: 30 len 02 rlen r 02 slen s, where a leading 00 is sign alone. */
    size_t rlen = der[3], slen = der[4 + rlen + 1];
    const uint8_t *r = der + 4, *s = der + 4 + rlen + 2;
    memcpy(raw + 32 - (rlen > 32 ? 32 : rlen), r + (rlen > 32), rlen > 32 ? 32 : rlen);
    memcpy(raw + 64 - (slen > 32 ? 32 : slen), s + (slen > 32), slen > 32 ? 32 : slen);
    signature = segment(raw, sizeof raw);
    assert_int_equal(ararext_pack_sign(&in, public, &signature, &out, NULL), ARAREXT_OK);
    assert_int_equal(judge(out.data, out.len, public, &f), ARAREXT_OK);
    free((void *)(uintptr_t)out.data);
    assert_int_equal(ararext_pack_sign(&in, other, &signature, &out, NULL), ARAREXT_ERR_SIGNATURE);
    raw[40] ^= 1;
    assert_int_equal(ararext_pack_sign(&in, public, &signature, &out, NULL), ARAREXT_ERR_SIGNATURE);
    assert_int_equal(ararext_pack_sign(&in, public, NULL, &out, NULL), ARAREXT_ERR_ARGUMENT);
    ararext_key_free(public);
    ararext_key_free(other);
    package_key_free(secret);
    free(data);
}

/* ---- damage ---- */

/* Signed by our packer, with every TLV there is. */
static uint8_t *full_package(size_t *len, bool plain)
{
    uint8_t identity[ARAREXT_IDENTITY_SIZE];
    assert_int_equal(ararext_identity("f407", identity), ARAREXT_OK);
    const struct ararext_pack_options o = {.version = {1, 0, 0, 0},
                                           .counter = 1,
                                           .identity = identity,
                                           .plain = plain,
                                           .has_policy = true,
                                           .trials = 1,
                                           .watchdog_s = 1,
                                           .revoke = 1};
    struct ararext_key *key = new_key();
    size_t unsigned_len = 0;
    uint8_t *data = pack(&o, &unsigned_len), *good = sign(data, unsigned_len, key, len);
    ararext_key_free(key);
    free(data);
    return good;
}

/* In memory of its own, so that the sanitizers see a step too far. Without a key in it nothing can
 * be said about a signature: that is not called good. */
static int judge_copy(const uint8_t *data, size_t len)
{
    struct ararext_package_findings f = {0};
    uint8_t *copy = malloc(len > 0 ? len : 1);
    memcpy(copy, data, len);
    int rc = judge(copy, len, NULL, &f);
    free(copy);
    return rc == ARAREXT_OK && f.signature != ARAREXT_GOOD ? ARAREXT_ERR_SIGNATURE : rc;
}

static void test_cut_at_each_offset(void **state)
{
    size_t len = 0;
    (void)state;
    for (int plain = 0; plain < 2; plain++) {
        uint8_t *good = full_package(&len, plain);
        assert_int_equal(judge_copy(good, len), ARAREXT_OK);
        for (size_t cut = 0; cut < len; cut++) {
            assert_int_equal(judge_copy(good, cut), ARAREXT_ERR_FORMAT);
        }
        uint8_t *padded = calloc(1, len + 1);
        memcpy(padded, good, len);
        assert_int_equal(judge_copy(padded, len + 1), ARAREXT_ERR_FORMAT);
        free(padded);
        free(good);
    }
}

/* Each bit of header and TLVs, and some of the payload. */
static void test_any_bit_changed(void **state)
{
    size_t len = 0;
    static struct ararext_package p;
    uint8_t *good = full_package(&len, false);
    (void)state;
    assert_int_equal(ararext_package_parse(&p, good, len, NULL), ARAREXT_OK);
    size_t payload_end = 32 + p.payload_size;
    for (size_t at = 0; at < len; at += at >= 40 && at + 97 < payload_end ? 97 : 1) {
        for (unsigned bit = 0; bit < 8; bit++) {
            good[at] = (uint8_t)(good[at] ^ 1u << bit);
            int rc = judge_copy(good, len);
            good[at] = (uint8_t)(good[at] ^ 1u << bit);
            if (rc != ARAREXT_ERR_FORMAT && rc != ARAREXT_ERR_SIGNATURE) {
                fail_msg("byte %zu bit %u of %zu: %d", at, bit, len, rc);
            }
        }
    }
    free(good);
}

/* Malformed, but with a digest that fits: each breaks one rule of FORMAT.md. */
static int judge_tlvs(void (*put)(struct package_bytes *b), enum package_packing packing,
                      struct ararext_message *why)
{
    static struct ararext_package p;
    struct package_recipe recipe = {
        .content = content, .content_len = sizeof content, .packing = packing, .no_counter = true};
    struct package_bytes tlvs = {0}, out = {0};
    package_put_protected(&tlvs, &recipe);
    put(&tlvs);
    package_assemble(&out, &recipe, &tlvs);
    int rc = ararext_package_parse(&p, out.data, out.len, why);
    free(tlvs.data);
    free(out.data);
    return rc;
}

static const uint8_t ZEROS[91];

static void put_nothing(struct package_bytes *b)
{
    (void)b;
}
static void put_restriction(struct package_bytes *b)
{
    package_put_tlv(b, 0x60, ZEROS, 4);
}
static void put_vendor_own(struct package_bytes *b)
{
    package_put_tlv(b, 0xA7, ZEROS, 4);
}
static void put_twice(struct package_bytes *b)
{
    package_put_tlv(b, 0x50, ZEROS, 4);
    package_put_tlv(b, 0x50, ZEROS, 4);
}
static void put_short(struct package_bytes *b)
{
    package_put_tlv(b, 0x50, ZEROS, 3);
}
static void put_key(struct package_bytes *b)
{
    package_put_tlv(b, 0x02, ZEROS, 91);
}
static void put_policy(struct package_bytes *b)
{
    package_put_tlv(b, 0xA1, ZEROS, 4); /* a watchdog of 0 s */
}
static void put_revoke(struct package_bytes *b)
{
    static const uint8_t mask = 0x10;
    package_put_tlv(b, 0xA2, &mask, 1);
}
static void put_counter(struct package_bytes *b)
{
    static const uint8_t counter[4] = {0x01, 0x0A, 0, 0};
    package_put_tlv(b, 0x50, counter, 4);
}
static void put_content_size(struct package_bytes *b)
{
    static const uint8_t size[4] = {0x70, 0x17, 0, 0};
    package_put_tlv(b, 0x70, size, 4);
}

static void test_rules_of_tlvs(void **state)
{
    static const struct {
        void (*put)(struct package_bytes *b);
        const char *text; /* NULL = good */
    } rows[] = {
        {put_nothing, NULL},
        {put_vendor_own, NULL},
        {put_restriction, "TLV 0x60 is not known"},
        {put_twice, "is there twice"},
        {put_short, "cannot have 3 bytes"},
        {put_key, "is in the wrong area"},
        {put_policy, "out of its range"},
        {put_revoke, "boards have four"},
        {put_counter, "is above 2560"},
        {put_content_size, "not compressed, but with a content size"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ararext_message why = {""};
        int rc = judge_tlvs(rows[i].put, PACKAGE_PLAIN, &why);
        assert_int_equal(rc, rows[i].text == NULL ? ARAREXT_OK : ARAREXT_ERR_FORMAT);
        if (rows[i].text != NULL && strstr(why.text, rows[i].text) == NULL) {
            fail_msg("'%s' is not in '%s'", rows[i].text, why.text);
        }
    }
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

/* The payload is whole and its digest right, but what comes out is not what the package says. */
static void test_content_that_lies(void **state)
{
    static struct ararext_package p;
    const struct ararext_pack_options o = {.version = {1, 0, 0, 0}};
    struct ararext_package_findings f;
    size_t len = 0;
    uint8_t *data = pack(&o, &len);
    (void)state;
    assert_int_equal(ararext_package_parse(&p, data, len, NULL), ARAREXT_OK);
    uint32_t size_at = 0;
    for (uint32_t i = 0; i < p.tlv_count; i++) {
        size_at = p.tlvs[i].type == 0x70 ? p.tlvs[i].offset : size_at;
    }
    for (int delta = -1; delta <= 1; delta += 2) {
        store_le32(data + size_at, (uint32_t)((int)sizeof content + delta));
        package_sha256(data, p.signed_size, data + p.digest_at);
        assert_int_equal(judge(data, len, NULL, &f), ARAREXT_ERR_FORMAT);
        assert_int_equal(f.digest, ARAREXT_GOOD);
        assert_int_equal(f.content, ARAREXT_BAD);
    }
    store_le32(data + size_at, 0xFFFFFFFF);
    package_sha256(data, p.signed_size, data + p.digest_at);
    assert_int_equal(judge(data, len, NULL, &f), ARAREXT_ERR_FORMAT);
    store_le32(data + size_at, sizeof content);
    data[p.content_digest_at] ^= 1;
    package_sha256(data, p.signed_size, data + p.digest_at);
    assert_int_equal(judge(data, len, NULL, &f), ARAREXT_ERR_FORMAT);
    assert_int_equal(f.digest, ARAREXT_GOOD);
    assert_int_equal(f.content, ARAREXT_BAD);
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
    assert_int_equal(parse_pem(pem, len, NULL, &key, NULL), ARAREXT_OK);
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
        cmocka_unit_test(test_key_pem_round_trips),
        cmocka_unit_test(test_key_damaged_pem),
        cmocka_unit_test(test_key_spki_has_to_be_a_point),
        cmocka_unit_test(test_version_texts),
        cmocka_unit_test(test_identity_is_imgtools),
        cmocka_unit_test_setup(test_pack_round_trip, setup),
        cmocka_unit_test_setup(test_pack_stays_plain_where_that_is_smaller, setup),
        cmocka_unit_test_setup(test_pack_options_out_of_range, setup),
        cmocka_unit_test_setup(test_sign_and_who_checks, setup),
        cmocka_unit_test_setup(test_sign_outside, setup),
        cmocka_unit_test_setup(test_cut_at_each_offset, setup),
        cmocka_unit_test_setup(test_any_bit_changed, setup),
        cmocka_unit_test_setup(test_rules_of_tlvs, setup),
        cmocka_unit_test_setup(test_the_builders_packages, setup),
        cmocka_unit_test_setup(test_content_that_lies, setup),
        cmocka_unit_test(test_imgtools_packages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
