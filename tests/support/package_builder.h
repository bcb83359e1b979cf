/* SPDX-License-Identifier: MIT */
/*
 * Makes packages for tests, from FORMAT.md alone: it shares no code with the host's own packer nor
 * with the reader in core/, so that neither can agree with itself. Signs with OpenSSL, compresses
 * with liblzma. A wrong use ends the test program.
 */
#ifndef TESTS_PACKAGE_BUILDER_H
#define TESTS_PACKAGE_BUILDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

enum package_packing { PACKAGE_PLAIN, PACKAGE_LZMA2, PACKAGE_LZMA2_THUMB };
enum package_key_form { PACKAGE_KEY_WHOLE, PACKAGE_KEY_HASH };

/* What is zero or NULL is left out, but for the content. */
struct package_recipe {
    const uint8_t *content;
    size_t content_len;
    enum package_packing packing;
    bool no_counter; /* else the TLV is there, also for 0 */
    uint32_t counter;
    const uint8_t *policy;   /* 4 bytes */
    const uint8_t *identity; /* 32 bytes: vendor, class */
    uint8_t revoke;
    bool content_digest; /* for a plain package; a compressed one always has it */
    uint8_t version[8];
    struct evp_pkey_st *key; /* NULL = unsigned */
    bool start;              /* a start signature, too; with key, whole, and a content digest */
    enum package_key_form key_form;
};

/* The package in memory that the caller frees with free(); *len is its size. */
uint8_t *package_build(const struct package_recipe *recipe, size_t *len);

/* The steps of it, for tests that want something else in between. A growing buffer: data is freed
 * by the caller with free(). */
struct package_bytes {
    uint8_t *data;
    size_t len;
};
void package_put(struct package_bytes *b, const void *data, size_t len);
void package_put_le(struct package_bytes *b, uint32_t value, unsigned bytes);
void package_put_tlv(struct package_bytes *b, uint16_t type, const void *value, uint16_t len);
/* The value of a payload (compressed if the packing says so), appended. */
void package_put_payload(struct package_bytes *b, const struct package_recipe *recipe);
/* The protected TLVs of a recipe, without the area's head. */
void package_put_protected(struct package_bytes *b, const struct package_recipe *recipe);
/* b is header, payload and protected area: appends digest, key and signature of them. */
void package_put_signature(struct package_bytes *b, struct evp_pkey_st *key,
                           enum package_key_form form);
/* b is header, payload and protected area: the digest that a start signature is over. */
void package_start_digest(const struct package_bytes *b, uint8_t digest[32]);
/* Header, payload and an area of the TLVs given, signed. */
void package_assemble(struct package_bytes *out, const struct package_recipe *recipe,
                      const struct package_bytes *tlvs);

/* A test key, always the same for the same number from 1 on. Freed with package_key_free. */
struct evp_pkey_st *package_key(uint32_t number);
/* The key in a PEM file, or NULL if that is not there. */
struct evp_pkey_st *package_key_load(const char *path);
void package_key_free(struct evp_pkey_st *key);
/* SubjectPublicKeyInfo, and its SHA-256: what a board is provisioned with. */
void package_key_spki(struct evp_pkey_st *key, uint8_t spki[91]);
void package_key_hash(struct evp_pkey_st *key, uint8_t hash[32]);
/* DER signature of a digest; returns its length. */
size_t package_sign(struct evp_pkey_st *key, const uint8_t digest[32], uint8_t der[72]);
void package_sha256(const void *data, size_t len, uint8_t digest[32]);

/* A content that may be installed at 0x08008000: plausible vectors, and bytes that compress to
 * about half and differ with the seed. len is at least 1024. */
void package_content(uint8_t *out, size_t len, uint32_t seed);

#endif
