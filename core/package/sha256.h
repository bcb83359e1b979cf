/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 (FIPS 180-4). The caller owns the context. Nothing here can fail.
 */
#ifndef ARAREXT_SHA256_H
#define ARAREXT_SHA256_H

#include <stddef.h>
#include <stdint.h>

#include "format.h"

#define SHA256_WORDS 8u
#define SHA256_BLOCK 64u /* bytes */

struct sha256 {
    uint32_t state[SHA256_WORDS];
    uint32_t count; /* bytes so far: fewer than 2^32 */
    uint8_t block[SHA256_BLOCK];
};

void sha256_init(struct sha256 *s);
void sha256_add(struct sha256 *s, const void *data, size_t len);
void sha256_end(struct sha256 *s, uint8_t digest[DIGEST_SIZE]);

/* The compression of count blocks, at least 1, one after the other: sha256_m4.S on the board,
 * sha256_c.c on a PC. Returns the end of what it has read: a block that a glitch has it take twice
 * is none that it may leave out for it. */
const uint8_t *sha256_blocks(uint32_t state[SHA256_WORDS], const uint8_t *data, size_t count);

#endif
