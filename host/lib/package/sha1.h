/* SPDX-License-Identifier: MIT */
/* SHA-1 (FIPS 180-4), for UUIDs made of names alone (RFC 9562): nothing rests on it being strong.
 */
#ifndef ARAREXT_SHA1_H
#define ARAREXT_SHA1_H

#include <stddef.h>
#include <stdint.h>

enum { SHA1_SIZE = 20, SHA1_BLOCK = 64 };

struct sha1 {
    uint32_t state[5];
    uint64_t len;
    uint8_t block[SHA1_BLOCK];
};

void sha1_init(struct sha1 *s);
void sha1_add(struct sha1 *s, const void *data, size_t len);
void sha1_end(struct sha1 *s, uint8_t digest[SHA1_SIZE]);

#endif
