/* SPDX-License-Identifier: MIT */
/* Comparisons for decisions; see compare.h. Not in line: the compiler must not see that two of them
 * ask the same. */
#include "compare.h"

__attribute__((noinline)) uint32_t compare_differences(const uint8_t *a, const uint8_t *b,
                                                       size_t len)
{
    uint32_t differences = 0;

    for (size_t i = 0; i < len; i++) {
        differences |= (uint32_t)(a[i] ^ b[i]);
    }
    return differences;
}

__attribute__((noinline)) uint32_t compare_count(const uint8_t *a, const uint8_t *b, size_t len)
{
    uint32_t same = 0;

    while (len-- != 0) {
        if (a[len] == b[len]) {
            same++;
        }
    }
    return same;
}

__attribute__((noinline)) void compare_clear(void *data, size_t len)
{
    volatile uint8_t *byte = data;

    while (len-- != 0) {
        byte[len] = 0;
    }
}
