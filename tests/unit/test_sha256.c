/* SPDX-License-Identifier: MIT */
/* SHA-256: the examples of FIPS 180-4, and any content in any pieces against OpenSSL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/evp.h>

#include "seeded.h"
#include "sha256.h"

static void hex_of(const uint8_t digest[DIGEST_SIZE], char text[2 * DIGEST_SIZE + 1])
{
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        text[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    text[2 * DIGEST_SIZE] = 0;
}

static void test_published_examples(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned times;
        const char *digest;
    } examples[] = {
        {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
        {"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct sha256 s;
        sha256_init(&s);
        for (unsigned n = 0; n < examples[i].times; n++) {
            sha256_add(&s, examples[i].text, strlen(examples[i].text));
        }
        uint8_t digest[DIGEST_SIZE];
        sha256_end(&s, digest);
        char text[2 * DIGEST_SIZE + 1];
        hex_of(digest, text);
        assert_string_equal(text, examples[i].digest);
    }
}

static void expect_as_openssl(const uint8_t *data, size_t len, uint32_t piece_max)
{
    struct sha256 s;
    sha256_init(&s);
    for (size_t at = 0; at < len;) {
        size_t piece = seeded_below(piece_max + 1);
        piece = piece < len - at ? piece : len - at;
        sha256_add(&s, data + at, piece);
        at += piece;
    }
    uint8_t got[DIGEST_SIZE];
    uint8_t wanted[EVP_MAX_MD_SIZE];
    sha256_end(&s, got);
    assert_int_equal(EVP_Digest(data, len, wanted, NULL, EVP_sha256(), NULL), 1);
    assert_memory_equal(got, wanted, DIGEST_SIZE);
}

/* Every length around the block and the padding, in pieces of every size class. */
static void test_any_length_in_pieces(void **state)
{
    (void)state;
    for (size_t len = 0; len <= 300; len++) {
        uint8_t *data = malloc(len + 1); /* exact, for the sanitizer */
        assert_non_null(data);
        seeded_fill(data, len);
        expect_as_openssl(data, len, 1);
        expect_as_openssl(data, len, 7);
        expect_as_openssl(data, len, 150);
        free(data);
    }
}

static void test_long_content_in_pieces(void **state)
{
    (void)state;
    size_t len = 200000;
    uint8_t *data = malloc(len);
    assert_non_null(data);
    seeded_fill(data, len);
    for (unsigned i = 0; i < 10; i++) {
        expect_as_openssl(data + i, len - 11 * i, 5000);
    }
    free(data);
}

/* Two at work at the same time do not disturb each other: all state is the caller's. */
static void test_contexts_are_independent(void **state)
{
    (void)state;
    struct sha256 a;
    struct sha256 b;
    struct sha256 alone;
    uint8_t of_a[DIGEST_SIZE];
    uint8_t of_b[DIGEST_SIZE];
    uint8_t of_alone[DIGEST_SIZE];
    sha256_init(&alone);
    sha256_add(&alone, "onetwo", 6);
    sha256_end(&alone, of_alone);
    sha256_init(&a);
    sha256_add(&a, "one", 3);
    sha256_init(&b);
    sha256_add(&b, "other", 5);
    sha256_add(&a, "two", 3);
    sha256_end(&b, of_b);
    sha256_end(&a, of_a);
    assert_memory_equal(of_a, of_alone, DIGEST_SIZE);
    assert_memory_not_equal(of_b, of_alone, DIGEST_SIZE);
}

int main(int argc, char **argv)
{
    seeded_start(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_examples),
        cmocka_unit_test(test_any_length_in_pieces),
        cmocka_unit_test(test_long_content_in_pieces),
        cmocka_unit_test(test_contexts_are_independent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
