/* SPDX-License-Identifier: MIT */
/* Keys without OpenSSL: what they read and say is what OpenSSL reads and says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "ararext_package.h"
#include "package_builder.h"
#include "package_internal.h"
#include "sha1.h"

/* A key's PEM as OpenSSL writes it. */
static struct ararext_segment openssl_pem(struct evp_pkey_st *pkey, char *text, size_t room)
{
    BIO *bio = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PUBKEY(bio, pkey), 1);
    int n = BIO_read(bio, text, (int)room);
    BIO_free(bio);
    assert_true(n > 0 && (size_t)n < room);
    return (struct ararext_segment){.len = (uint32_t)n, .data = (const uint8_t *)text};
}

static void test_pem(void **state)
{
    char text[512];
    uint8_t spki[91], ours[91], *pem = NULL;
    size_t len = 0;
    (void)state;
    for (uint32_t number = 1; number < 6; number++) {
        struct evp_pkey_st *pkey = package_key(number);
        struct ararext_segment file = openssl_pem(pkey, text, sizeof text);
        struct ararext_key *key = NULL;
        struct ararext_message why = {""};
        assert_int_equal(ararext_key_parse(&key, &file, "f", NULL, &why), ARAREXT_OK);
        package_key_spki(pkey, spki);
        ararext_key_spki(key, ours);
        assert_memory_equal(ours, spki, sizeof spki);
        assert_false(ararext_key_is_private(key));
        assert_int_equal(ararext_key_public_pem(key, &pem, &len), ARAREXT_OK);
        assert_int_equal(len, file.len);
        assert_memory_equal(pem, file.data, len);
        free(pem);
        ararext_key_free(key);
        package_key_free(pkey);
    }
}

static void test_bad_pem(void **state)
{
    static const struct {
        const char *text, *sentence;
        int rc;
    } rows[] = {
        {"", "no PEM file", ARAREXT_ERR_FORMAT},
        {"-----BEGIN PRIVATE KEY-----", "without OpenSSL", ARAREXT_ERR_UNSUPPORTED},
        {"-----BEGIN ENCRYPTED PRIVATE KEY-----", "without OpenSSL", ARAREXT_ERR_UNSUPPORTED},
        {"-----BEGIN PUBLIC KEY-----\nMFkw\n", "not a key on", ARAREXT_ERR_FORMAT},
        {"-----BEGIN PUBLIC KEY-----\nMFkw\n-----END PUBLIC KEY-----\n", "not a key on",
         ARAREXT_ERR_FORMAT},
        {"-----BEGIN PUBLIC KEY-----\nMF!w\n-----END PUBLIC KEY-----\n", "not a key on",
         ARAREXT_ERR_FORMAT},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct ararext_segment file = {.len = (uint32_t)strlen(rows[i].text),
                                             .data = (const uint8_t *)rows[i].text};
        struct ararext_key *key = NULL;
        struct ararext_message why = {""};
        assert_int_equal(ararext_key_parse(&key, &file, "f", NULL, &why), rows[i].rc);
        assert_non_null(strstr(why.text, rows[i].sentence));
    }
    struct ararext_key *key = NULL;
    uint8_t *pem = NULL;
    size_t len = 0;
    assert_int_equal(ararext_key_generate(&key), ARAREXT_ERR_UNSUPPORTED);
    assert_null(key);
    assert_int_equal(ararext_key_private_pem(NULL, NULL, &pem, &len), ARAREXT_ERR_ARGUMENT);
}

/* A package signed by OpenSSL is good, with any bit of the signature flipped it is not. */
static void test_verify(void **state)
{
    static uint8_t content[2048];
    struct evp_pkey_st *pkey = package_key(1);
    const struct package_recipe recipe = {
        .content = content, .content_len = sizeof content, .key = pkey, .packing = PACKAGE_LZMA2};
    static struct ararext_package p;
    struct ararext_package_findings findings;
    struct ararext_message why = {""};
    size_t len = 0;
    (void)state;
    package_content(content, sizeof content, 3);
    uint8_t *data = package_build(&recipe, &len);
    assert_int_equal(ararext_package_parse(&p, data, len, &why), ARAREXT_OK);
    assert_int_equal(ararext_package_check(&p, NULL, &findings, &why), ARAREXT_OK);
    assert_int_equal(findings.signature, ARAREXT_GOOD);
    for (unsigned bit = 0; bit < 8u * p.signature_len; bit += 7) {
        data[p.signature_at + bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_int_equal(ararext_package_check(&p, NULL, &findings, &why), ARAREXT_ERR_SIGNATURE);
        assert_int_equal(findings.signature, ARAREXT_BAD);
        data[p.signature_at + bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(data);
    package_key_free(pkey);
}

/* SHA-1 against OpenSSL's, at every length around the blocks' ends. */
static void test_sha1(void **state)
{
    uint8_t data[200], ours[SHA1_SIZE], theirs[SHA1_SIZE];
    (void)state;
    for (unsigned i = 0; i < sizeof data; i++) {
        data[i] = (uint8_t)(i * 37);
    }
    for (size_t len = 0; len <= sizeof data; len++) {
        struct sha1 s;
        sha1_init(&s);
        sha1_add(&s, data, len / 3);
        sha1_add(&s, data + len / 3, len - len / 3);
        sha1_end(&s, ours);
        assert_int_equal(EVP_Digest(data, len, theirs, NULL, EVP_sha1(), NULL), 1);
        assert_memory_equal(ours, theirs, sizeof ours);
    }
}

/* r and s as a signing machine gives them, into DER as OpenSSL has it. */
static void test_raw(void **state)
{
    struct evp_pkey_st *pkey = package_key(2);
    uint8_t digest[32] = {7}, der[72], ours[72], raw[64];
    (void)state;
    for (unsigned i = 0; i < 600; i++) { /* some of them with zeros in front */
        size_t len = package_sign(pkey, digest, der), ours_len = 0, at = 2;
        memset(raw, 0, sizeof raw);
        for (size_t half = 0; half < 2; half++) {
            size_t n = der[at + 1], skip = n > 32 ? n - 32 : 0;
            memcpy(raw + 32 * half + 32 - (n - skip), der + at + 2 + skip, n - skip);
            at += 2 + n;
        }
        assert_true(signature_from_raw(raw, ours, &ours_len));
        assert_int_equal(ours_len, len);
        assert_memory_equal(ours, der, len);
        digest[i % 32]++;
    }
    package_key_free(pkey);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pem), cmocka_unit_test(test_bad_pem), cmocka_unit_test(test_verify),
        cmocka_unit_test(test_raw), cmocka_unit_test(test_sha1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
