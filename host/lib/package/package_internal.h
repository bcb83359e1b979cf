/* SPDX-License-Identifier: MIT */
/*
 * Inside the library: what the files about packages share. Not installed.
 */
#ifndef ARAREXT_PACKAGE_INTERNAL_H
#define ARAREXT_PACKAGE_INTERNAL_H

#include "ararext_package.h"
#include "format.h"
#include "message.h"

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

struct ararext_key {
    struct evp_pkey_st *pkey; /* owned */
    bool is_private;
    uint8_t spki[TLV_KEY_SIZE];
};

void digest_sha256(const uint8_t *data, size_t len, uint8_t digest[DIGEST_SIZE]);
/* Whether that is key's signature of the digest. Strict DER. */
bool key_verify(const struct ararext_key *key, const uint8_t digest[DIGEST_SIZE],
                const uint8_t *signature, size_t len);
bool key_sign(const struct ararext_key *key, const uint8_t digest[DIGEST_SIZE],
              uint8_t signature[TLV_SIGNATURE_MAX], size_t *len);
/* r and s of 32 bytes each to DER. */
bool signature_from_raw(const uint8_t raw[64], uint8_t der[TLV_SIGNATURE_MAX], size_t *len);

/* The payload of a compressed package: its two bytes of head and the stream. len is the content's.
 * The smallest of a number of ways; *packing says whether the filter is in it. *out is freed with
 * free(). MEMORY. */
ARAREXT_CHECKED int payload_compress(const uint8_t *content, size_t len, uint8_t **out,
                                     size_t *out_len, enum ararext_packing *packing);
/* The same with one setting: a fraction of the time, some per cent larger. */
ARAREXT_CHECKED int payload_compress_quickly(const uint8_t *content, size_t len, uint8_t **out,
                                             size_t *out_len, enum ararext_packing *packing);
/* And back: content has room for the len bytes that have to come out. FORMAT, MEMORY. */
ARAREXT_CHECKED int payload_unpack(const uint8_t *payload, size_t payload_len,
                                   enum ararext_packing packing, uint8_t *content, size_t len);
/* Bytes of dictionary that the first byte of a payload asks for; 0 = no such value. */
uint32_t payload_dictionary(uint8_t byte);

#endif
