/* SPDX-License-Identifier: MIT */
/* Reads wycheproof_p256.txt. */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include <stdbool.h>
#include <stdint.h>

#define VECTORS_MAX     600u
#define VECTORS_DER_MAX 300u

struct vector {
    unsigned number; /* Wycheproof's tcId */
    bool good;
    uint8_t point[64], digest[32], der[VECTORS_DER_MAX];
    unsigned len;
};

/* All of them, and how many; fails the running test if the file is not as it should be. */
const struct vector *vectors_read(unsigned *count);

#endif
