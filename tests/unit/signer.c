/* SPDX-License-Identifier: MIT */
/* ECDSA signing by numbers, with OpenSSL's arithmetic. */
#include "signer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/core_names.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>

#include "seeded.h"

EC_GROUP *signer_group;
BIGNUM *signer_order;
BN_CTX *signer_work;

void signer_open(void)
{
    signer_group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    signer_work = BN_CTX_new();
    signer_order = BN_dup(EC_GROUP_get0_order(signer_group));
}

void signer_close(void)
{
    EC_GROUP_free(signer_group);
    BN_free(signer_order);
    BN_CTX_free(signer_work);
}

/* ---- numbers and points, by OpenSSL ---- */

BIGNUM *signer_number(const uint8_t bytes[SIGNER_NUMBER])
{
    BIGNUM *n = BN_bin2bn(bytes, SIGNER_NUMBER, NULL);
    assert_non_null(n);
    return n;
}

void signer_bytes(const BIGNUM *n, uint8_t bytes[SIGNER_NUMBER])
{
    assert_int_equal(BN_bn2binpad(n, bytes, SIGNER_NUMBER), SIGNER_NUMBER);
}

BIGNUM *signer_random_scalar(void)
{
    uint8_t bytes[SIGNER_NUMBER];
    BIGNUM *n;
    for (;;) {
        seeded_fill(bytes, sizeof bytes);
        n = signer_number(bytes);
        if (!BN_is_zero(n) && BN_cmp(n, signer_order) < 0) {
            return n;
        }
        BN_free(n);
    }
}

void signer_multiple(const BIGNUM *k, uint8_t point[2 * SIGNER_NUMBER])
{
    EC_POINT *p = EC_POINT_new(signer_group);
    uint8_t bytes[1 + 2 * SIGNER_NUMBER];
    assert_int_equal(EC_POINT_mul(signer_group, p, k, NULL, NULL, signer_work), 1);
    assert_int_equal(EC_POINT_point2oct(signer_group, p, POINT_CONVERSION_UNCOMPRESSED, bytes,
                                        sizeof bytes, signer_work),
                     sizeof bytes);
    memcpy(point, bytes + 1, 2 * SIGNER_NUMBER);
    EC_POINT_free(p);
}

/* ---- DER ---- */

size_t signer_put_integer(uint8_t *to, const uint8_t *value, size_t len)
{
    to[0] = 0x02;
    to[1] = (uint8_t)len;
    memcpy(to + 2, value, len);
    return 2 + len;
}

/* The shortest positive INTEGER of a number. */
static size_t put_number(uint8_t *to, const BIGNUM *n)
{
    uint8_t value[SIGNER_NUMBER + 2] = {0};
    size_t len = (size_t)BN_num_bytes(n);
    BN_bn2bin(n, value + 1);
    bool zero_in_front = len == 0 || (value[1] & 0x80u) != 0;
    return signer_put_integer(to, zero_in_front ? value : value + 1, len + zero_in_front);
}

void signer_encode(struct signing *g)
{
    size_t len = 2;
    len += put_number(g->der + len, g->r);
    len += put_number(g->der + len, g->s);
    g->der[0] = 0x30;
    g->der[1] = (uint8_t)(len - 2);
    g->len = len;
}

/* ---- signing ---- */

static BIGNUM *digest_number(const struct signing *g)
{
    BIGNUM *e = signer_number(g->digest);
    assert_int_equal(BN_nnmod(e, e, signer_order, signer_work), 1);
    return e;
}

/* r of the nonce: X of nonce times generator, modulo the order. */
static void find_r(struct signing *g)
{
    uint8_t point[2 * SIGNER_NUMBER];
    signer_multiple(g->nonce, point);
    g->r = signer_number(point);
    assert_int_equal(BN_nnmod(g->r, g->r, signer_order, signer_work), 1);
}

void signer_find_s(struct signing *g)
{
    BIGNUM *e = digest_number(g);
    BIGNUM *inverse = BN_mod_inverse(NULL, g->nonce, signer_order, signer_work);
    g->s = BN_new();
    assert_int_equal(BN_mod_mul(g->s, g->r, g->key, signer_order, signer_work), 1);
    assert_int_equal(BN_mod_add(g->s, g->s, e, signer_order, signer_work), 1);
    assert_int_equal(BN_mod_mul(g->s, g->s, inverse, signer_order, signer_work), 1);
    BN_free(e);
    BN_free(inverse);
}

void signer_begin(struct signing *g)
{
    memset(g, 0, sizeof *g);
    g->key = signer_random_scalar();
    g->nonce = signer_random_scalar();
    signer_multiple(g->key, g->point);
    find_r(g);
}

void signer_sign(struct signing *g)
{
    signer_begin(g);
    seeded_fill(g->digest, sizeof g->digest);
    signer_find_s(g);
    signer_encode(g);
}

void signer_drop(struct signing *g)
{
    BN_free(g->key);
    BN_free(g->nonce);
    BN_free(g->r);
    BN_free(g->s);
}

EVP_PKEY *signer_key(const struct signing *g)
{
    uint8_t public[1 + 2 * SIGNER_NUMBER] = {POINT_CONVERSION_UNCOMPRESSED};
    memcpy(public + 1, g->point, sizeof g->point);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, public, sizeof public);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, g->key);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(build);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params), 1);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(build);
    return key;
}

bool signer_says_good(const struct signing *g)
{
    EVP_PKEY *key = signer_key(g);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_verify_init(ctx), 1);
    bool good = EVP_PKEY_verify(ctx, g->der, g->len, g->digest, DIGEST_SIZE) == 1;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(key);
    return good;
}
