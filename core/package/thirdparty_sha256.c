/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 by the LZMA SDK. Its source is included, not compiled by itself, to leave out the
 * versions for the hash instructions of larger processors: they would want two more files, and a PC
 * that computes as the board does is the better test.
 */
#include "sha256.h"

#include "bytes.h"

#define Z7_SFX /* the smaller of its two loops */
#include <CpuArch.h>
#undef MY_CPU_X86_OR_AMD64
#undef MY_CPU_ARM_OR_ARM64
#undef MY_ALIGN /* of the constants to a cache line: 60 bytes more, for nothing here */
#define MY_ALIGN(n)
#include <Sha256.c> /* NOLINT(bugprone-suspicious-include) */

_Static_assert(sizeof(CSha256) <= sizeof(struct sha256), "struct sha256 is too small");
_Static_assert(_Alignof(CSha256) <= _Alignof(struct sha256), "struct sha256 is badly aligned");
_Static_assert(SHA256_DIGEST_SIZE == DIGEST_SIZE, "a digest is 32 bytes");

static CSha256 *context(struct sha256 *s)
{
    /* cppcheck-suppress ctuuninitvar ; an address, nothing is read */
    return (CSha256 *)(void *)s->state;
}

void sha256_init(struct sha256 *s)
{
    Sha256_Init(context(s));
}

void sha256_add(struct sha256 *s, const void *data, size_t len)
{
    Sha256_Update(context(s), data, len);
}

/* The SDK's own ending is larger: here the padding is content like any other. */
void sha256_end(struct sha256 *s, uint8_t digest[DIGEST_SIZE])
{
    CSha256 *p = context(s);
    uint8_t bits[sizeof p->count];
    uint8_t value = 0x80;
    store_be32(bits, (uint32_t)(p->count >> 29));
    store_be32(bits + 4, (uint32_t)p->count << 3);
    do {
        sha256_add(s, &value, 1);
        value = 0;
    } while (p->count % SHA256_BLOCK_SIZE != SHA256_BLOCK_SIZE - sizeof bits);
    sha256_add(s, bits, sizeof bits);
    for (unsigned i = 0; i < DIGEST_SIZE; i += 4) {
        store_be32(digest + i, p->state[i / 4]);
    }
}
