/* SPDX-License-Identifier: MIT */
/*
 * Keys: P-256 alone, made by and read with OpenSSL. A key on another curve never gets past this
 * file, and a SubjectPublicKeyInfo always has the 91 bytes of FORMAT.md, however the PEM file wrote
 * its point.
 */
#include "package_internal.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>

/* SubjectPublicKeyInfo of an uncompressed point on P-256, before the point (RFC 5480). */
static const uint8_t SPKI_HEAD[TLV_KEY_POINT] = {
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06,
    0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
enum { COORDINATE = 32, PASSPHRASE_ROUNDS = 600000 };

void digest_sha256(const uint8_t *data, size_t len, uint8_t digest[DIGEST_SIZE])
{
    unsigned got = 0;
    /* It can fail only for want of memory; then nothing will match a digest of zeros. */
    if (EVP_Digest(data, len, digest, &got, EVP_sha256(), NULL) != 1 || got != DIGEST_SIZE) {
        memset(digest, 0, DIGEST_SIZE);
    }
}

static bool get_coordinate(const EVP_PKEY *pkey, const char *name, uint8_t out[COORDINATE])
{
    BIGNUM *n = NULL;
    bool good = EVP_PKEY_get_bn_param(pkey, name, &n) == 1 &&
                BN_bn2binpad(n, out, COORDINATE) == COORDINATE;
    BN_free(n);
    return good;
}

static bool is_p256(const EVP_PKEY *pkey)
{
    char group[64] = "";
    return EVP_PKEY_is_a(pkey, "EC") == 1 &&
           EVP_PKEY_get_group_name(pkey, group, sizeof group, NULL) == 1 &&
           strcmp(group, "prime256v1") == 0;
}

/* Takes over pkey, also on failure. */
static int make_key(struct ararext_key **out, EVP_PKEY *pkey, bool is_private)
{
    struct ararext_key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        EVP_PKEY_free(pkey);
        return ARAREXT_ERR_MEMORY;
    }
    key->pkey = pkey;
    key->is_private = is_private;
    memcpy(key->spki, SPKI_HEAD, sizeof SPKI_HEAD);
    uint8_t *point = key->spki + TLV_KEY_POINT;
    if (!is_p256(pkey) || !get_coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_X, point) ||
        !get_coordinate(pkey, OSSL_PKEY_PARAM_EC_PUB_Y, point + COORDINATE)) {
        ararext_key_free(key);
        return ARAREXT_ERR_FORMAT;
    }
    *out = key;
    return ARAREXT_OK;
}

int ararext_key_generate(struct ararext_key **out)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    return pkey == NULL ? ARAREXT_ERR_MEMORY : make_key(out, pkey, true);
}

int ararext_key_from_spki(struct ararext_key **out, const uint8_t spki[ARAREXT_KEY_SIZE])
{
    const uint8_t *at = spki;
    if (memcmp(spki, SPKI_HEAD, sizeof SPKI_HEAD) != 0) {
        return ARAREXT_ERR_FORMAT;
    }
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &at, ARAREXT_KEY_SIZE);
    ERR_clear_error();
    return pkey == NULL ? ARAREXT_ERR_FORMAT : make_key(out, pkey, false);
}

void ararext_key_free(struct ararext_key *key)
{
    if (key != NULL) {
        EVP_PKEY_free(key->pkey);
        free(key);
    }
}

bool ararext_key_is_private(const struct ararext_key *key)
{
    return key->is_private;
}

void ararext_key_spki(const struct ararext_key *key, uint8_t spki[ARAREXT_KEY_SIZE])
{
    memcpy(spki, key->spki, ARAREXT_KEY_SIZE);
}

void ararext_key_fingerprint(const struct ararext_key *key, uint8_t hash[ARAREXT_DIGEST_SIZE])
{
    digest_sha256(key->spki, sizeof key->spki, hash);
}

/* ---- PEM ---- */

struct asking {
    const struct ararext_passphrase *passphrase;
    bool asked, given;
};

static int ask(char *text, int size, int writing, void *ctx)
{
    struct asking *a = ctx;
    (void)writing;
    a->asked = true;
    if (a->passphrase == NULL || a->passphrase->ask == NULL || size <= 0) {
        return -1;
    }
    int len = a->passphrase->ask(a->passphrase->ctx, text, (size_t)size);
    a->given = len >= 0;
    return len;
}

static bool has_text(const struct ararext_segment *pem, const char *text)
{
    size_t len = strlen(text);
    for (size_t i = 0; i + len <= pem->len; i++) {
        if (memcmp(pem->data + i, text, len) == 0) {
            return true;
        }
    }
    return false;
}

static int explain_parse(const struct asking *a, bool is_private, bool is_public, const char *name,
                         struct ararext_message *why)
{
    if (a->asked && !a->given) {
        message_set(why, "%s: the key has a passphrase, and none was given", name);
        return ARAREXT_ERR_DECLINED;
    }
    if (a->asked) {
        message_set(why, "%s: the passphrase is wrong, or the file is damaged", name);
    } else if (is_private || is_public) {
        message_set(why, "%s: the PEM block is damaged, or no key of a kind that is known here",
                    name);
    } else {
        message_set(why, "%s: no PEM file with a private or public key", name);
    }
    return ARAREXT_ERR_FORMAT;
}

int ararext_key_parse(struct ararext_key **out, const struct ararext_segment *pem, const char *name,
                      const struct ararext_passphrase *passphrase, struct ararext_message *why)
{
    bool is_private = has_text(pem, "PRIVATE KEY-----");
    bool is_public = has_text(pem, "PUBLIC KEY-----");
    struct asking a = {.passphrase = passphrase};
    BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
    if (bio == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    EVP_PKEY *pkey = is_private  ? PEM_read_bio_PrivateKey(bio, NULL, ask, &a)
                     : is_public ? PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL)
                                 : NULL;
    BIO_free(bio);
    ERR_clear_error();
    if (pkey == NULL) {
        return explain_parse(&a, is_private, is_public, name, why);
    }
    int rc = make_key(out, pkey, is_private);
    if (rc == ARAREXT_ERR_FORMAT) {
        message_set(why,
                    "%s: not a key on the curve P-256 (prime256v1), the only one that boards "
                    "know",
                    name);
    }
    return rc;
}

/* What the BIO has gathered, as the caller's own; frees the BIO. */
static int take_bio(BIO *bio, bool good, uint8_t **out, size_t *len)
{
    char *data = NULL;
    long n = good ? BIO_get_mem_data(bio, &data) : 0;
    *out = n > 0 ? malloc((size_t)n) : NULL;
    if (*out != NULL) {
        memcpy(*out, data, (size_t)n);
        *len = (size_t)n;
    }
    BIO_free(bio);
    ERR_clear_error();
    return *out != NULL ? ARAREXT_OK : ARAREXT_ERR_MEMORY;
}

/* PKCS #8 with a passphrase: AES-256-CBC, and PBKDF2 with so many rounds that guessing costs. The
 * shorter way to it (PEM_write_bio_PKCS8PrivateKey) has 2048. */
static bool write_locked(BIO *bio, const EVP_PKEY *pkey, const char *passphrase)
{
    PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(pkey);
    X509_ALGOR *how =
        PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), PASSPHRASE_ROUNDS, NULL, 0, NULL, NID_hmacWithSHA256);
    X509_SIG *locked = plain != NULL && how != NULL
                           ? PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), plain, how)
                           : NULL;
    if (locked == NULL) { /* else it has taken it over */
        X509_ALGOR_free(how);
    }
    bool good = locked != NULL && PEM_write_bio_PKCS8(bio, locked) == 1;
    X509_SIG_free(locked);
    PKCS8_PRIV_KEY_INFO_free(plain);
    return good;
}

static bool write_unlocked(BIO *bio, const EVP_PKEY *pkey)
{
    return PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL) == 1;
}

int ararext_key_private_pem(const struct ararext_key *key, const char *passphrase, uint8_t **out,
                            size_t *len)
{
    if (key == NULL || !key->is_private) {
        return ARAREXT_ERR_ARGUMENT;
    }
    BIO *bio = BIO_new(BIO_s_secmem());
    bool good = bio != NULL && (passphrase != NULL ? write_locked(bio, key->pkey, passphrase)
                                                   : write_unlocked(bio, key->pkey));
    return take_bio(bio, good, out, len);
}

int ararext_key_public_pem(const struct ararext_key *key, uint8_t **out, size_t *len)
{
    BIO *bio = BIO_new(BIO_s_mem());
    bool good =
        bio != NULL && PEM_write_bio(bio, "PUBLIC KEY", "", key->spki, (long)sizeof key->spki) > 0;
    return take_bio(bio, good, out, len);
}

/* ---- signatures ---- */

bool key_verify(const struct ararext_key *key, const uint8_t digest[DIGEST_SIZE],
                const uint8_t *signature, size_t len)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
    bool good = ctx != NULL && EVP_PKEY_verify_init(ctx) == 1 &&
                EVP_PKEY_verify(ctx, signature, len, digest, DIGEST_SIZE) == 1;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return good;
}

bool key_sign(const struct ararext_key *key, const uint8_t digest[DIGEST_SIZE],
              uint8_t signature[TLV_SIGNATURE_MAX], size_t *len)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
    *len = TLV_SIGNATURE_MAX;
    bool good = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
                EVP_PKEY_sign(ctx, signature, len, digest, DIGEST_SIZE) == 1;
    EVP_PKEY_CTX_free(ctx);
    ERR_clear_error();
    return good;
}

bool signature_from_raw(const uint8_t raw[2 * COORDINATE], uint8_t der[TLV_SIGNATURE_MAX],
                        size_t *len)
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, COORDINATE, NULL);
    BIGNUM *s = BN_bin2bn(raw + COORDINATE, COORDINATE, NULL);
    bool good = sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1;
    if (!good) {
        BN_free(r);
        BN_free(s);
    }
    uint8_t *at = der;
    int n = good ? i2d_ECDSA_SIG(sig, NULL) : -1;
    good = n > 0 && n <= (int)TLV_SIGNATURE_MAX && i2d_ECDSA_SIG(sig, &at) == n;
    *len = good ? (size_t)n : 0;
    ECDSA_SIG_free(sig);
    ERR_clear_error();
    return good;
}
