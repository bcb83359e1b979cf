/* SPDX-License-Identifier: MIT */
/*
 * Keys as PEM and as SubjectPublicKeyInfo, versions, and the identity of boards.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pack_bench.h"
#include "package_builder.h"

/* ---- keys ---- */

static int give_passphrase(void *ctx, char *text, size_t size)
{
    const char *phrase = ctx;
    if (phrase == NULL) {
        return -1;
    }
    assert_true(strlen(phrase) <= size);
    for (size_t i = 0; phrase[i] != '\0'; i++) {
        text[i] = phrase[i];
    }
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
    assert_int_equal(parse_pem((const uint8_t *)"text", 4, NULL, &back, &why), ARAREXT_ERR_FORMAT);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_key_pem_round_trips),        cmocka_unit_test(test_key_damaged_pem),
        cmocka_unit_test(test_key_spki_has_to_be_a_point), cmocka_unit_test(test_version_texts),
        cmocka_unit_test(test_identity_is_imgtools),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
