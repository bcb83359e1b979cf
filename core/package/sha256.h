/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 (FIPS 180-4), by the LZMA SDK's implementation; this header hides it. The caller owns the
 * context. Nothing here can fail.
 */
#ifndef ARAREXT_SHA256_H
#define ARAREXT_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "format.h"

struct sha256 {
    _Alignas(8) uint8_t state[128]; /* checked against the implementation's size */
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);
void sha256_end(struct sha256 *s, uint8_t digest[DIGEST_SIZE]);

#endif
