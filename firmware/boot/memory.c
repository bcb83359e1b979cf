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

__attribute__((used)) void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
    uint8_t *out = to;
    const uint8_t *in = from;

    if ((((uintptr_t)out | (uintptr_t)in) & 3u) == 0) {
        for (; len >= sizeof(struct block); len -= sizeof(struct block)) {
            *(struct block *)(void *)out = *(const struct block *)(const void *)in;
            out += sizeof(struct block);
            in += sizeof(struct block);
        }
    }
    while (len-- > 0) {
        *(volatile uint8_t *)out++ = *in++; /* volatile, or the compiler calls memcpy for it */
    }
    return to;
}

__attribute__((used)) void *memset(void *to, int value, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ((volatile uint8_t *)to)[i] = (uint8_t)value;
    }
    return to;
}
