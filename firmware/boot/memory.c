/* SPDX-License-Identifier: MIT */
/* What the compiler and the third-party sources may call in a program without a C library. Small,
 * not fast, but for copies of whole words. */
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memmove(void *to, const void *from, size_t len);
void *memset(void *to, int value, size_t len);

/* What goes in one pair of instructions: copies to and from flash are what hashing waits for. */
struct block {
    uint32_t words[4];
};

/* At any address: the chip allows that of single words. */
struct __attribute__((packed)) word {
    uint32_t value;
};

__attribute__((used)) void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    uint8_t *out = to;
    const uint8_t *in = from;

    if ((((uintptr_t)out | (uintptr_t)in) & 3u) == 0) {
        struct block *out_block = to;
        const struct block *in_block = from;

        for (; len >= sizeof(struct block); len -= sizeof(struct block)) {
            *out_block++ = *in_block++;
        }
        out = (uint8_t *)out_block;
        in = (const uint8_t *)in_block;
    }
    for (; len >= sizeof(struct word); len -= sizeof(struct word)) {
        *(struct word *)out = *(const struct word *)in;
        out += sizeof(struct word);
        in += sizeof(struct word);
    }
    while (len-- > 0) {
        *(volatile uint8_t *)out++ = *in++; /* volatile, or the compiler calls memcpy for it */
    }
    return to;
}

__attribute__((used, optimize("Os"))) void *memset(void *to, int value, size_t len)
{
    uint8_t *out = to;

    for (; value == 0 && len >= 4u && ((uintptr_t)out & 3u) == 0; len -= 4u, out += 4u) {
        *(volatile uint32_t *)(void *)out = 0;
    }
    while (len-- > 0) {
        *(volatile uint8_t *)out++ = (uint8_t)value;
    }
    return to;
}
