/* SPDX-License-Identifier: MIT */
/* What is around the compression: whole blocks are taken from where they lie, pieces of one wait.
 */
#include "sha256.h"

#include "bytes.h"

#define LENGTH_SIZE 8u /* of the count of bits at the end */

void sha256_init(struct sha256 *s)
{
    /* The first 32 bits of the fractions of the square roots of the first eight primes. */
    static const uint32_t first[SHA256_WORDS] = {0x6A09E667, 0xBB67AE85, 0x3C6EF372, 0xA54FF53A,
                                                 0x510E527F, 0x9B05688C, 0x1F83D9AB, 0x5BE0CD19};

    __builtin_memcpy(s->state, first, sizeof first);
    s->count = 0;
}

void sha256_add(struct sha256 *s, const void *data, size_t len)
{
    const uint8_t *from = data;

    while (len != 0) {
        size_t at = s->count % SHA256_BLOCK;
        size_t n = SHA256_BLOCK - at;

        if (at == 0 && len >= SHA256_BLOCK) {
            n = (size_t)(sha256_blocks(s->state, from, len / SHA256_BLOCK) - from);
        } else {
            n = n < len ? n : len;
            __builtin_memcpy(s->block + at, from, n);
            if (at + n == SHA256_BLOCK) {
                (void)sha256_blocks(s->state, s->block, 1);
            }
        }
        s->count += (uint32_t)n;
        from += n;
        len -= n;
    }
}

/* The padding is content like any other. */
void sha256_end(struct sha256 *s, uint8_t digest[DIGEST_SIZE])
{
    uint8_t bits[LENGTH_SIZE];
    uint8_t value = 0x80;

    store_be32(bits, s->count >> 29);
    store_be32(bits + 4, s->count << 3);
    do {
        sha256_add(s, &value, 1);
        value = 0;
    } while (s->count % SHA256_BLOCK != SHA256_BLOCK - sizeof bits);
    sha256_add(s, bits, sizeof bits);
    for (unsigned i = 0; i < SHA256_WORDS; i++) {
        store_be32(digest + 4u * i, s->state[i]);
    }
}
