/* SPDX-License-Identifier: MIT */
/* Packages from FORMAT.md, with numbers of its own: see package_builder.h. */
#include "package_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lzma.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

enum {
    DICTIONARY = 65536,
    DICTIONARY_BYTE = 8,
    LC = 3,
    LP = 1,
    PB = 2,
    ENTRY = 0x200,
    VECTOR_WORDS = 98
};

static void builder_require(bool good, const char *what)
{
    if (!good) {
        (void)fprintf(stderr, "package_builder: %s\n", what);
        abort();
    }
}

void package_put(struct package_bytes *b, const void *data, size_t len)
{
    uint8_t *longer = realloc(b->data, b->len + len + 1);
    builder_require(longer != NULL, "no memory");
    b->data = longer;
    if (len != 0) {
        memcpy(b->data + b->len, data, len);
    }
    b->len += len;
}

void package_put_le(struct package_bytes *b, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i));
        package_put(b, &byte, 1);
    }
}

void package_put_tlv(struct package_bytes *b, uint16_t type, const void *value, uint16_t len)
{
    package_put_le(b, type, 2);
    package_put_le(b, len, 2);
    package_put(b, value, len);
}

static void put_tlv_le32(struct package_bytes *b, uint16_t type, uint32_t value)
{
    package_put_le(b, type, 2);
    package_put_le(b, 4, 2);
    package_put_le(b, value, 4);
}

void package_put_payload(struct package_bytes *b, const struct package_recipe *r)
{
    const uint8_t head[2] = {DICTIONARY_BYTE, (PB * 5 + LP) * 9 + LC};
    lzma_options_lzma options;
    lzma_filter chain[3] = {{LZMA_FILTER_ARMTHUMB, NULL}, {LZMA_FILTER_LZMA2, &options}};
    size_t size = r->content_len + r->content_len / 8 + 1024;
    size_t used = 0;
    uint8_t *out;

    if (r->packing == PACKAGE_PLAIN) {
        package_put(b, r->content, r->content_len);
        return;
    }
    builder_require(!lzma_lzma_preset(&options, 9), "no preset");
    options.dict_size = DICTIONARY;
    options.lc = LC;
    options.lp = LP;
    options.pb = PB;
    chain[2].id = LZMA_VLI_UNKNOWN;
    out = malloc(size);
    builder_require(out != NULL, "no memory");
    builder_require(lzma_raw_buffer_encode(r->packing == PACKAGE_LZMA2 ? chain + 1 : chain, NULL,
                                           r->content, r->content_len, out, &used, size) == LZMA_OK,
                    "cannot compress");
    package_put(b, head, sizeof head);
    package_put(b, out, used);
    free(out);
}

void package_put_protected(struct package_bytes *b, const struct package_recipe *r)
{
    uint8_t digest[32];

    if (!r->no_counter) {
        put_tlv_le32(b, 0x50, r->counter);
    }
    if (r->packing != PACKAGE_PLAIN) {
        put_tlv_le32(b, 0x70, (uint32_t)r->content_len);
    }
    if (r->packing != PACKAGE_PLAIN || r->content_digest) {
        package_sha256(r->content, r->content_len, digest);
        package_put_tlv(b, 0xA0, digest, sizeof digest);
    }
    if (r->identity != NULL) {
        package_put_tlv(b, 0x74, r->identity, 16);
        package_put_tlv(b, 0x75, r->identity + 16, 16);
    }
    if (r->policy != NULL) {
        package_put_tlv(b, 0xA1, r->policy, 4);
    }
    if (r->revoke != 0) {
        package_put_tlv(b, 0xA2, &r->revoke, 1);
    }
}

/* Digest, key and signature of b, and the start signature if there is a digest for it. */
static void put_signatures(struct package_bytes *b, struct evp_pkey_st *key,
                           enum package_key_form form, const uint8_t *start)
{
    struct package_bytes tlvs = {0};
    uint8_t digest[32];
    uint8_t spki[91];
    uint8_t hash[32];
    uint8_t der[72];

    package_sha256(b->data, b->len, digest);
    package_put_tlv(&tlvs, 0x10, digest, sizeof digest);
    if (key != NULL) {
        package_key_spki(key, spki);
        package_key_hash(key, hash);
        if (form == PACKAGE_KEY_WHOLE) {
            package_put_tlv(&tlvs, 0x02, spki, sizeof spki);
        } else {
            package_put_tlv(&tlvs, 0x01, hash, sizeof hash);
        }
        package_put_tlv(&tlvs, 0x22, der, (uint16_t)package_sign(key, digest, der));
    }
    if (start != NULL) {
        package_put_tlv(&tlvs, 0xA3, der, (uint16_t)package_sign(key, start, der));
    }
    package_put_le(b, 0x6907, 2);
    package_put_le(b, (uint32_t)tlvs.len + 4, 2);
    package_put(b, tlvs.data, tlvs.len);
    free(tlvs.data);
}

void package_put_signature(struct package_bytes *b, struct evp_pkey_st *key,
                           enum package_key_form form)
{
    put_signatures(b, key, form, NULL);
}

void package_start_digest(const struct package_bytes *b, uint8_t digest[32])
{
    struct package_bytes fields = {0};
    uint32_t payload = (uint32_t)b->data[12] | (uint32_t)b->data[13] << 8 |
                       (uint32_t)b->data[14] << 16 | (uint32_t)b->data[15] << 24;

    package_put(&fields, b->data, 32);
    package_put(&fields, b->data + 32 + payload, b->len - 32 - payload);
    package_sha256(fields.data, fields.len, digest);
    free(fields.data);
}

void package_assemble(struct package_bytes *out, const struct package_recipe *r,
                      const struct package_bytes *tlvs)
{
    static const uint32_t flags[] = {0, 0x400, 0xC00};
    struct package_bytes payload = {0};
    uint8_t start[32];

    package_put_payload(&payload, r);
    package_put_le(out, 0x96F3B83D, 4);
    package_put_le(out, 0, 4);
    package_put_le(out, 32, 2);
    package_put_le(out, tlvs->len == 0 ? 0 : (uint32_t)tlvs->len + 4, 2);
    package_put_le(out, (uint32_t)payload.len, 4);
    package_put_le(out, flags[r->packing], 4);
    package_put(out, r->version, sizeof r->version);
    package_put_le(out, 0, 4);
    package_put(out, payload.data, payload.len);
    if (tlvs->len != 0) {
        package_put_le(out, 0x6908, 2);
        package_put_le(out, (uint32_t)tlvs->len + 4, 2);
        package_put(out, tlvs->data, tlvs->len);
    }
    if (r->start) {
        builder_require(r->key != NULL && r->key_form == PACKAGE_KEY_WHOLE, "no key for the start");
        package_start_digest(out, start);
    }
    put_signatures(out, r->key, r->key_form, r->start ? start : NULL);
    free(payload.data);
}

uint8_t *package_build(const struct package_recipe *r, size_t *len)
{
    struct package_bytes tlvs = {0};
    struct package_bytes out = {0};

    package_put_protected(&tlvs, r);
    package_assemble(&out, r, &tlvs);
    free(tlvs.data);
    *len = out.len;
    return out.data;
}

/* The private scalar of a test key is the SHA-256 of the number. One in 2^32 would be above the
 * order: OpenSSL refuses that, and the test stops. */
struct evp_pkey_st *package_key(uint32_t number)
{
    uint8_t scalar[32];
    uint8_t point[65];
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *public = EC_POINT_new(group);
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    BIGNUM *secret;
    OSSL_PARAM *params;

    package_sha256(&number, sizeof number, scalar);
    secret = BN_bin2bn(scalar, sizeof scalar, NULL);
    builder_require(EC_POINT_mul(group, public, secret, NULL, NULL, NULL) == 1 &&
                        EC_POINT_point2oct(group, public, POINT_CONVERSION_UNCOMPRESSED, point,
                                           sizeof point, NULL) == sizeof point,
                    "no public key");
    OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0);
    OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point);
    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, secret);
    params = OSSL_PARAM_BLD_to_param(build);
    builder_require(EVP_PKEY_fromdata_init(ctx) == 1 &&
                        EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) == 1,
                    "no key");
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_BLD_free(build);
    BN_free(secret);
    EC_POINT_free(public);
    EC_GROUP_free(group);
    return key;
}

struct evp_pkey_st *package_key_load(const char *path)
{
    FILE *f = fopen(path, "r");
    EVP_PKEY *key;

    if (f == NULL) {
        return NULL;
    }
    key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
    (void)fclose(f);
    return key;
}

void package_key_free(struct evp_pkey_st *key)
{
    EVP_PKEY_free(key);
}

void package_key_spki(struct evp_pkey_st *key, uint8_t spki[91])
{
    uint8_t *at = spki;

    builder_require(i2d_PUBKEY(key, NULL) == 91 && i2d_PUBKEY(key, &at) == 91, "key of other size");
}

void package_key_hash(struct evp_pkey_st *key, uint8_t hash[32])
{
    uint8_t spki[91];

    package_key_spki(key, spki);
    package_sha256(spki, sizeof spki, hash);
}

/* k of the signature: SHA-256 of scalar and digest, so that a package is the same in every run
 * (OpenSSL 3.0 signs with a random one). Good enough for keys that protect nothing. */
static BIGNUM *sign_secret(const BIGNUM *scalar, const uint8_t digest[32])
{
    uint8_t both[64];
    uint8_t k[32];

    builder_require(BN_bn2binpad(scalar, both, 32) == 32, "no scalar");
    memcpy(both + 32, digest, 32);
    package_sha256(both, sizeof both, k);
    return BN_bin2bn(k, sizeof k, NULL);
}

/* s = (digest + r * scalar) / k, all modulo the order; r is the x of k times the base point. */
static ECDSA_SIG *sign_numbers(const BIGNUM *scalar, const uint8_t digest[32], BN_CTX *ctx)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    const BIGNUM *order = EC_GROUP_get0_order(group);
    EC_POINT *point = EC_POINT_new(group);
    BIGNUM *k = sign_secret(scalar, digest);
    BIGNUM *z = BN_bin2bn(digest, 32, NULL);
    BIGNUM *r = BN_new();
    BIGNUM *s = BN_new();
    ECDSA_SIG *sig = ECDSA_SIG_new();

    builder_require(
        EC_POINT_mul(group, point, k, NULL, NULL, ctx) == 1 &&
            EC_POINT_get_affine_coordinates(group, point, r, NULL, ctx) == 1 &&
            BN_nnmod(r, r, order, ctx) == 1 && BN_mod_mul(s, r, scalar, order, ctx) == 1 &&
            BN_mod_add(s, s, z, order, ctx) == 1 && BN_mod_inverse(k, k, order, ctx) != NULL &&
            BN_mod_mul(s, s, k, order, ctx) == 1 && ECDSA_SIG_set0(sig, r, s) == 1,
        "cannot sign");
    BN_free(z);
    BN_free(k);
    EC_POINT_free(point);
    EC_GROUP_free(group);
    return sig;
}

size_t package_sign(struct evp_pkey_st *key, const uint8_t digest[32], uint8_t der[72])
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *scalar = NULL;
    ECDSA_SIG *sig;
    int len;

    builder_require(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_PRIV_KEY, &scalar) == 1,
                    "no private key");
    sig = sign_numbers(scalar, digest, ctx);
    len = i2d_ECDSA_SIG(sig, &der);
    builder_require(len >= 8 && len <= 72, "signature of other size");
    ECDSA_SIG_free(sig);
    BN_free(scalar);
    BN_CTX_free(ctx);
    return (size_t)len;
}

void package_sha256(const void *data, size_t len, uint8_t digest[32])
{
    builder_require(SHA256(data, len, digest) != NULL, "no SHA-256");
}

static void content_word(uint8_t *out, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

void package_content(uint8_t *out, size_t len, uint32_t seed)
{
    uint32_t state = seed * 2654435761u + 1u;

    builder_require(len >= 1024, "content too short");
    for (size_t i = 0; i < len; i++) {
        state = state * 1664525u + 1013904223u;
        /* Noise for 64 bytes, then the same 64 again: what a compressor can use. */
        out[i] = i % 128 < 64 ? (uint8_t)(state >> 24) : out[i - 64];
    }
    /* BL to somewhere, for the ARM-Thumb filter. */
    for (size_t i = ENTRY + 2; i + 64 < len; i += 64) {
        memcpy(out + i, (const uint8_t[]){0x00, 0xF0, (uint8_t)(i / 64), 0xF8}, 4);
    }
    content_word(out, 0x20020000);
    for (size_t i = 1; i < VECTOR_WORDS; i++) {
        content_word(out + 4 * i, (0x08008000 + ENTRY) | 1);
    }
    memcpy(out + ENTRY, (const uint8_t[]){0xFE, 0xE7}, 2);
}
