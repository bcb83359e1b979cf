/* SPDX-License-Identifier: MIT */
/*
 * Signature verification: OpenSSL signs, ours verifies, and what is altered, out of range, off the
 * curve or not strict DER is refused. Where it is no matter of our own strictness, OpenSSL's
 * verdict on the same bytes is asked too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ecdsa.h"
#include "seeded.h"
#include "signer.h"
#include "verdict.h"

/* Ours. */
static bool says_good(const struct signing *g)
{
    uint8_t *der = malloc(g->len > 0 ? g->len : 1); /* exact, for the sanitizer */
    assert_non_null(der);
    memcpy(der, g->der, g->len);
    uint32_t returned = ecdsa_verify(g->point, g->digest, der, g->len);
    free(der);
    assert_true(returned == VERDICT_GOOD || returned == VERDICT_BAD);
    return returned == VERDICT_GOOD;
}

static void test_good_signatures(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 80; i++) {
        struct signing g;
        signer_sign(&g);
        assert_true(signer_says_good(&g));
        assert_true(says_good(&g));
        signer_drop(&g);
    }
}

/* OpenSSL's own signing and encoding, with its own nonces. */
static void test_signatures_of_openssl(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 80; i++) {
        struct signing g;
        signer_begin(&g);
        seeded_fill(g.digest, sizeof g.digest);
        EVP_PKEY *key = signer_key(&g);
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
        g.len = sizeof g.der;
        assert_int_equal(EVP_PKEY_sign_init(ctx), 1);
        assert_int_equal(EVP_PKEY_sign(ctx, g.der, &g.len, g.digest, DIGEST_SIZE), 1);
        assert_true(says_good(&g));
        g.digest[seeded_below(DIGEST_SIZE)] ^= (uint8_t)(1u << seeded_below(8));
        assert_false(says_good(&g));
        EVP_PKEY_CTX_free(ctx);
        EVP_PKEY_free(key);
        signer_drop(&g);
    }
}

static void flip(uint8_t *data, size_t bit)
{
    data[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

static void test_every_altered_bit_is_refused(void **state)
{
    (void)state;
    struct signing g;
    signer_sign(&g);
    for (size_t bit = 0; bit < 8 * sizeof g.digest; bit++) {
        flip(g.digest, bit);
        assert_false(says_good(&g));
        flip(g.digest, bit);
    }
    for (size_t bit = 0; bit < 8 * sizeof g.point; bit++) {
        flip(g.point, bit);
        assert_false(says_good(&g));
        flip(g.point, bit);
    }
    for (size_t bit = 0; bit < 8 * g.len; bit++) {
        flip(g.der, bit);
        assert_false(says_good(&g));
        assert_false(signer_says_good(&g));
        flip(g.der, bit);
    }
    assert_true(says_good(&g));
    signer_drop(&g);
}

static void test_other_keys_are_refused(void **state)
{
    (void)state;
    struct signing a;
    struct signing b;
    signer_sign(&a);
    signer_sign(&b);
    memcpy(b.point, a.point, sizeof a.point);
    assert_false(says_good(&b));
    BN_sub(b.key, signer_order, a.key); /* same X, Y on the other side */
    signer_multiple(b.key, a.point);
    assert_memory_equal(a.point, b.point, SIGNER_NUMBER);
    assert_false(says_good(&a));
    signer_drop(&a);
    signer_drop(&b);
}

static void test_every_truncation_and_more_bytes(void **state)
{
    (void)state;
    struct signing g;
    signer_sign(&g);
    size_t whole = g.len;
    for (g.len = 0; g.len < whole; g.len++) {
        assert_false(says_good(&g));
        if (g.len >= 2) { /* the length fits, the content does not */
            g.der[1] = (uint8_t)(g.len - 2);
            assert_false(says_good(&g));
            g.der[1] = (uint8_t)(whole - 2);
        }
    }
    for (g.len = whole + 1; g.len < SIGNER_DER_MAX; g.len++) {
        assert_false(says_good(&g));
        g.der[1] = (uint8_t)(g.len - 2); /* more bytes inside of the sequence */
        assert_false(says_good(&g));
        g.der[1] = (uint8_t)(whole - 2);
    }
    g.len = whole;
    assert_true(says_good(&g));
    signer_drop(&g);
}

/* Puts together a sequence of two integers, given as their bytes. */
static void assemble(struct signing *g, const uint8_t *r, size_t r_len, const uint8_t *s,
                     size_t s_len)
{
    g->len = 2;
    g->len += signer_put_integer(g->der + g->len, r, r_len);
    g->len += signer_put_integer(g->der + g->len, s, s_len);
    g->der[0] = 0x30;
    g->der[1] = (uint8_t)(g->len - 2);
}

/* A signature of which r and s have their top bit as asked, so that the form is known. */
static void sign_with_top_bits(struct signing *g, bool r_top, bool s_top)
{
    for (;;) {
        signer_sign(g);
        if (BN_is_bit_set(g->r, 255) == r_top && BN_num_bytes(g->r) == SIGNER_NUMBER &&
            BN_is_bit_set(g->s, 255) == s_top && BN_num_bytes(g->s) == SIGNER_NUMBER) {
            return;
        }
        signer_drop(g);
    }
}

static void test_zeros_in_front(void **state)
{
    (void)state;
    for (unsigned tops = 0; tops < 4; tops++) {
        bool r_top = (tops & 1) != 0;
        bool s_top = (tops & 2) != 0;
        struct signing g;
        sign_with_top_bits(&g, r_top, s_top);
        for (size_t r_zeros = 0; r_zeros < 4; r_zeros++) {
            for (size_t s_zeros = 0; s_zeros < 4; s_zeros++) {
                uint8_t r[SIGNER_NUMBER + 3] = {0};
                uint8_t s[SIGNER_NUMBER + 3] = {0};
                signer_bytes(g.r, r + 3);
                signer_bytes(g.s, s + 3);
                assemble(&g, r + 3 - r_zeros, SIGNER_NUMBER + r_zeros, s + 3 - s_zeros,
                         SIGNER_NUMBER + s_zeros);
                /* without the zero it is negative, with more it is not the shortest */
                bool good = r_zeros == (r_top ? 1u : 0u) && s_zeros == (s_top ? 1u : 0u);
                assert_int_equal(says_good(&g), good);
                assert_int_equal(signer_says_good(&g), good);
            }
        }
        signer_drop(&g);
    }
}

/* Forms that a lenient reader takes. */
static void test_other_forms(void **state)
{
    (void)state;
    struct signing g;
    sign_with_top_bits(&g, false, false);
    const struct signing good = g;
    assert_int_equal(g.len, 70);

    memmove(g.der + 3, g.der + 2, 68); /* long form of the sequence's length */
    g.der[1] = 0x81;
    g.der[2] = 68;
    g.len = 71;
    assert_false(says_good(&g));
    g = good;
    memmove(g.der + 5, g.der + 4, 66); /* of r's length */
    g.der[1] = 69;
    g.der[3] = 0x81;
    g.der[4] = 32;
    g.len = 71;
    assert_false(says_good(&g));
    g = good;
    memmove(g.der + 39, g.der + 38, 32); /* of s's length */
    g.der[1] = 69;
    g.der[37] = 0x81;
    g.der[38] = 32;
    g.len = 71;
    assert_false(says_good(&g));
    g = good;
    g.der[1] = 0x80; /* indefinite length */
    g.der[70] = g.der[71] = 0;
    g.len = 72;
    assert_false(says_good(&g));
    static const size_t tags[] = {0, 2, 36};
    for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
        for (unsigned value = 0; value < 256; value++) {
            g = good;
            g.der[tags[i]] = (uint8_t)value;
            assert_int_equal(says_good(&g), value == good.der[tags[i]]);
        }
    }
    static const size_t lengths[] = {1, 3, 37};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        for (unsigned value = 0; value < 256; value++) {
            g = good;
            g.der[lengths[i]] = (uint8_t)value;
            assert_int_equal(says_good(&g), value == good.der[lengths[i]]);
        }
    }
    g = good;
    assert_true(says_good(&g));
    signer_drop(&g);
}

/* r and s that are no numbers of 1 to n - 1, by their bytes; also empty, and of more than 32 bytes.
 */
static void test_numbers_out_of_range(void **state)
{
    (void)state;
    struct signing g;
    signer_sign(&g);
    uint8_t r[SIGNER_NUMBER + 1] = {0};
    uint8_t s[SIGNER_NUMBER + 1] = {0};
    signer_bytes(g.r, r + 1);
    signer_bytes(g.s, s + 1);
    size_t r_at = (r[1] & 0x80u) == 0;
    size_t s_at = (s[1] & 0x80u) == 0;
    uint8_t n[SIGNER_NUMBER + 1] = {0};
    signer_bytes(signer_order, n + 1);
    uint8_t after_n[SIGNER_NUMBER + 1];
    memcpy(after_n, n, sizeof n);
    after_n[SIGNER_NUMBER]++;
    static const uint8_t zeros[SIGNER_NUMBER + 1] = {0};
    uint8_t ones[SIGNER_NUMBER + 1] = {0};
    memset(ones + 1, 0xFF, SIGNER_NUMBER);
    uint8_t large[SIGNER_NUMBER + 8];
    memset(large, 0x11, sizeof large);
    const struct {
        const uint8_t *data;
        size_t len;
    } bad[] = {{zeros, 1},     {zeros, 0},    {zeros, 33},
               {n, 33},        {after_n, 33}, {ones, 33},
               {ones + 1, 32}, {large, 33},   {large, SIGNER_NUMBER + 8}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assemble(&g, bad[i].data, bad[i].len, s + s_at, SIGNER_NUMBER + 1 - s_at);
        assert_false(says_good(&g));
        assemble(&g, r + r_at, SIGNER_NUMBER + 1 - r_at, bad[i].data, bad[i].len);
        assert_false(says_good(&g));
        for (size_t j = 0; j < sizeof bad / sizeof bad[0]; j++) {
            assemble(&g, bad[i].data, bad[i].len, bad[j].data, bad[j].len);
            assert_false(says_good(&g));
        }
    }
    signer_encode(&g);
    assert_true(says_good(&g));
    signer_drop(&g);
}

/* With a chosen s, a digest is found that it signs: s may be short, and s + n means the same
 * number. */
static void test_short_s_and_its_double(void **state)
{
    (void)state;
    for (unsigned bits = 1; bits < 250; bits += 31) {
        struct signing g;
        signer_begin(&g);
        g.s = BN_new();
        BN_set_bit(g.s, (int)bits - 1);
        BIGNUM *e = BN_new();
        BIGNUM *t = BN_new();
        BN_mod_mul(e, g.s, g.nonce, signer_order, signer_work);
        BN_mod_mul(t, g.r, g.key, signer_order, signer_work);
        BN_mod_sub(e, e, t, signer_order, signer_work);
        signer_bytes(e, g.digest);
        signer_encode(&g);
        assert_true(signer_says_good(&g));
        assert_true(says_good(&g));
        if (bits < 220) {
            BN_add(g.s, g.s, signer_order);
            assert_int_equal(BN_num_bits(g.s), 256);
            signer_encode(&g);
            assert_false(signer_says_good(&g));
            assert_false(says_good(&g));
        }
        BN_free(e);
        BN_free(t);
        signer_drop(&g);
    }
}

/* Digests at the edges: 0, n, n + 1, all ones; each is good for its own signature. */
static void test_digests_at_the_edges(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        struct signing g;
        signer_begin(&g);
        if (i == 1 || i == 2) {
            signer_bytes(signer_order, g.digest);
            g.digest[DIGEST_SIZE - 1] = (uint8_t)(g.digest[DIGEST_SIZE - 1] + (i - 1));
        } else if (i == 3) {
            memset(g.digest, 0xFF, sizeof g.digest);
        }
        signer_find_s(&g);
        signer_encode(&g);
        assert_true(signer_says_good(&g));
        assert_true(says_good(&g));
        signer_drop(&g);
    }
}

/* Digest chosen so that the two products of verification are equal (must be doubled: good) or
 * opposite (give the point at infinity: bad). */
static void test_equal_and_opposite_products(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 8; i++) {
        bool opposite = i % 2 != 0;
        struct signing g;
        signer_begin(&g);
        BIGNUM *e = BN_new();
        BN_mod_mul(e, g.r, g.key, signer_order, signer_work);
        if (opposite) {
            BN_sub(e, signer_order, e);
        }
        signer_bytes(e, g.digest);
        if (opposite) {
            g.s = signer_random_scalar();
        } else {
            signer_find_s(&g);
        }
        signer_encode(&g);
        assert_int_equal(signer_says_good(&g), !opposite);
        assert_int_equal(says_good(&g), !opposite);
        BN_free(e);
        signer_drop(&g);
    }
}

/* Keys near the generator and its opposite: sums inside the verification that are equal points,
 * opposite ones, or nothing. */
static void test_keys_near_the_generator(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 32; i++) {
        struct signing g;
        signer_begin(&g);
        BN_set_word(g.key, 1 + i / 4);
        if (i % 2 != 0) {
            BN_sub(g.key, signer_order, g.key);
        }
        signer_multiple(g.key, g.point);
        seeded_fill(g.digest, sizeof g.digest);
        signer_find_s(&g);
        signer_encode(&g);
        assert_true(signer_says_good(&g));
        assert_true(says_good(&g));
        g.digest[i] ^= 1;
        assert_false(signer_says_good(&g));
        assert_false(says_good(&g));
        signer_drop(&g);
    }
}

static void test_points_off_the_curve(void **state)
{
    (void)state;
    struct signing g;
    signer_sign(&g);
    uint8_t good[2 * SIGNER_NUMBER];
    memcpy(good, g.point, sizeof good);
    memset(g.point, 0, sizeof g.point);
    assert_false(says_good(&g));
    memset(g.point, 0xFF, sizeof g.point);
    assert_false(says_good(&g));
    memcpy(g.point, good + SIGNER_NUMBER, SIGNER_NUMBER); /* X and Y exchanged */
    memcpy(g.point + SIGNER_NUMBER, good, SIGNER_NUMBER);
    assert_false(says_good(&g));
    BIGNUM *p = BN_new();
    assert_int_equal(EC_GROUP_get_curve(signer_group, p, NULL, NULL, signer_work), 1);
    for (unsigned half = 0; half < 2; half++) { /* X or Y of p itself */
        memcpy(g.point, good, sizeof good);
        signer_bytes(p, g.point + (size_t)half * SIGNER_NUMBER);
        assert_false(says_good(&g));
    }
    memcpy(g.point, good, sizeof good);
    assert_true(says_good(&g));
    BN_free(p);
    signer_drop(&g);
}

/* A point on the curve with a small X, once as it is and once with X + p, which fits 32 bytes too.
 */
static void test_coordinates_not_reduced(void **state)
{
    (void)state;
    BIGNUM *p = BN_new();
    EC_POINT *q = EC_POINT_new(signer_group);
    BIGNUM *x = BN_new();
    BIGNUM *y = BN_new();
    assert_int_equal(EC_GROUP_get_curve(signer_group, p, NULL, NULL, signer_work), 1);
    unsigned found = 0;
    for (BN_ULONG small = 1; small < 40; small++) {
        BN_set_word(x, small);
        if (EC_POINT_set_compressed_coordinates(signer_group, q, x, 0, signer_work) != 1) {
            continue;
        }
        found++;
        EC_POINT_get_affine_coordinates(signer_group, q, x, y, signer_work);
        struct signing g;
        signer_begin(
            &g); /* R = nonce * Q by e = 0: r = X of it, s = r / nonce; the key is not known */
        EC_POINT *r = EC_POINT_new(signer_group);
        BIGNUM *inverse = BN_mod_inverse(NULL, g.nonce, signer_order, signer_work);
        EC_POINT_mul(signer_group, r, NULL, q, g.nonce, signer_work);
        EC_POINT_get_affine_coordinates(signer_group, r, g.r, NULL, signer_work);
        BN_nnmod(g.r, g.r, signer_order, signer_work);
        g.s = BN_new();
        BN_mod_mul(g.s, g.r, inverse, signer_order, signer_work);
        signer_encode(&g);
        signer_bytes(x, g.point);
        signer_bytes(y, g.point + SIGNER_NUMBER);
        assert_true(says_good(&g));
        BN_add(x, x, p);
        signer_bytes(x, g.point);
        assert_false(says_good(&g));
        EC_POINT_free(r);
        BN_free(inverse);
        signer_drop(&g);
    }
    assert_true(found > 5);
    EC_POINT_free(q);
    BN_free(p);
    BN_free(x);
    BN_free(y);
}

int main(int argc, char **argv)
{
    seeded_start(argc, argv);
    signer_open();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good_signatures),
        cmocka_unit_test(test_signatures_of_openssl),
        cmocka_unit_test(test_every_altered_bit_is_refused),
        cmocka_unit_test(test_other_keys_are_refused),
        cmocka_unit_test(test_every_truncation_and_more_bytes),
        cmocka_unit_test(test_zeros_in_front),
        cmocka_unit_test(test_other_forms),
        cmocka_unit_test(test_numbers_out_of_range),
        cmocka_unit_test(test_short_s_and_its_double),
        cmocka_unit_test(test_digests_at_the_edges),
        cmocka_unit_test(test_equal_and_opposite_products),
        cmocka_unit_test(test_keys_near_the_generator),
        cmocka_unit_test(test_points_off_the_curve),
        cmocka_unit_test(test_coordinates_not_reduced),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    signer_close();
    return failed;
}
