/* SPDX-License-Identifier: MIT */
/*
 * ECDSA signing over P-256 by numbers, with OpenSSL's arithmetic: keys and nonces come from the
 * seed (seeded.h), and a test can choose what no signer would give. What fails here fails the test.
 */
#ifndef ARAREXT_TEST_SIGNER_H
#define ARAREXT_TEST_SIGNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "format.h"

#define SIGNER_NUMBER  32u
#define SIGNER_DER_MAX 160u

/* One signature and all that belongs to it, as bytes and as numbers. */
struct signing {
    uint8_t point[2 * SIGNER_NUMBER];
    uint8_t digest[DIGEST_SIZE];
    uint8_t der[SIGNER_DER_MAX];
    size_t len; /* of der */
    BIGNUM *key, *nonce, *r, *s;
};

extern EC_GROUP *signer_group;
extern BIGNUM *signer_order;
extern BN_CTX *signer_work;

void signer_open(void);
void signer_close(void);

/* A key and a nonce, the point, and r; no digest and no s. */
void signer_begin(struct signing *g);
/* s = (e + r * key) / nonce */
void signer_find_s(struct signing *g);
/* r and s as strict DER. */
void signer_encode(struct signing *g);
/* All of it, for a random digest. */
void signer_sign(struct signing *g);
void signer_drop(struct signing *g);

/* What OpenSSL thinks of the point, the digest and the DER. */
bool signer_says_good(const struct signing *g);
/* The caller frees what these return. */
EVP_PKEY *signer_key(const struct signing *g);
BIGNUM *signer_number(const uint8_t bytes[SIGNER_NUMBER]);
BIGNUM *signer_random_scalar(void); /* 1 to n - 1 */

void signer_bytes(const BIGNUM *n, uint8_t bytes[SIGNER_NUMBER]);
/* X and Y of k times the generator. */
void signer_multiple(const BIGNUM *k, uint8_t point[2 * SIGNER_NUMBER]);
/* A DER INTEGER of these bytes, well formed or not; returns its length. len is below 128. */
size_t signer_put_integer(uint8_t *to, const uint8_t *value, size_t len);

#endif
