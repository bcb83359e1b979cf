/* SPDX-License-Identifier: MIT */
/* See sha1.h. Block by block, the words of the schedule in a ring of 16. */
#include "sha1.h"

static uint32_t rotate(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static uint32_t load_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store_be32(uint8_t *p, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        p[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

/* The function and the constant of round i. */
static uint32_t mix(unsigned i, uint32_t b, uint32_t c, uint32_t d)
{
    switch (i / 20) {
    case 0:
        return ((b & c) | (~b & d)) + 0x5A827999u;
    case 1:
        return (b ^ c ^ d) + 0x6ED9EBA1u;
    case 2:
        return ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDCu;
    default:
        return (b ^ c ^ d) + 0xCA62C1D6u;
    }
}

static void take_block(struct sha1 *s)
{
    uint32_t w[16] = {0}, v[5];
    for (unsigned i = 0; i < 5; i++) {
        v[i] = s->state[i];
    }
    for (unsigned i = 0; i < 80; i++) {
        uint32_t *word = &w[i % 16];
        *word = i < 16 ? load_be32(s->block + 4 * (size_t)i)
                       : rotate(w[(i + 13) % 16] ^ w[(i + 8) % 16] ^ w[(i + 2) % 16] ^ *word, 1);
        uint32_t next = rotate(v[0], 5) + mix(i, v[1], v[2], v[3]) + v[4] + *word;
        v[4] = v[3];
        v[3] = v[2];
        v[2] = rotate(v[1], 30);
        v[1] = v[0];
        v[0] = next;
    }
    for (unsigned i = 0; i < 5; i++) {
        s->state[i] += v[i];
    }
}

void sha1_init(struct sha1 *s)
{
    *s = (struct sha1){.state = {0x67452301u, 0xEFCDAB89u, 0x98BADCFEu, 0x10325476u, 0xC3D2E1F0u}};
}

void sha1_add(struct sha1 *s, const void *data, size_t len)
{
    const uint8_t *bytes = data;
    for (size_t i = 0; i < len; i++) {
        s->block[s->len++ % SHA1_BLOCK] = bytes[i];
        if (s->len % SHA1_BLOCK == 0) {
            take_block(s);
        }
    }
}

void sha1_end(struct sha1 *s, uint8_t digest[SHA1_SIZE])
{
    static const uint8_t pad[SHA1_BLOCK] = {0x80};
    uint8_t bits[8];
    store_be32(bits, (uint32_t)(s->len >> 29));
    store_be32(bits + 4, (uint32_t)(s->len << 3));
    sha1_add(s, pad, 1 + (SHA1_BLOCK + 55 - s->len % SHA1_BLOCK) % SHA1_BLOCK);
    sha1_add(s, bits, sizeof bits);
    for (unsigned i = 0; i < 5; i++) {
        store_be32(digest + 4 * (size_t)i, s->state[i]);
    }
}
