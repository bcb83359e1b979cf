/* SPDX-License-Identifier: MIT */
/* What the test and crypto.c on the board hand to each other, at JOB_ADDR in SRAM. */
#ifndef TESTS_JOB_H
#define TESTS_JOB_H

#include <stdint.h>

#include "p256.h"

#define JOB_ADDR 0x20000000u
#define JOB_DO   1u
#define JOB_DONE 2u

enum job_op {
    JOB_VERIFY,
    JOB_SHA256,
    JOB_ADD,
    JOB_SUBTRACT,
    JOB_MULTIPLY,
    JOB_HALVE,
    JOB_FIELD_ADD,
    JOB_FIELD_SUBTRACT,
    JOB_FIELD_MULTIPLY,
    JOB_DOUBLE,
    JOB_OPS,
};

#define JOB_COUNT   100u
#define JOB_DER_MAX 300u
#define JOB_BLOCKS  64u
#define JOB_BLOCK   64u

struct job_verify {
    uint8_t point[64], digest[32];
    uint32_t len, verdict;
    uint8_t der[JOB_DER_MAX];
};

/* z of eight words, of sixteen for JOB_MULTIPLY; JOB_HALVE halves z modulo x;
 * JOB_DOUBLE doubles the point of which x, y and z's first words are the coordinates. */
struct job_numbers {
    uint32_t x[8], y[8], z[16], result;
};

struct job {
    volatile uint32_t flag;
    uint32_t op, count, cycles;
    union {
        struct job_verify verify[JOB_COUNT];
        struct job_numbers numbers[JOB_COUNT];
        struct {
            uint32_t state[8], offset; /* of the first block in data */
            uint8_t data[JOB_BLOCKS * JOB_BLOCK + 4u];
        } sha256;
    };
};

/* One function of p256.h, by whichever implementation this is linked with. */
static inline void job_compute(uint32_t op, struct job_numbers *n)
{
    n->result = 0;
    switch (op) {
    case JOB_ADD:
        n->result = p256_add(n->z, n->x, n->y);
        break;
    case JOB_SUBTRACT:
        n->result = p256_subtract(n->z, n->x, n->y);
        break;
    case JOB_MULTIPLY:
        p256_multiply(n->z, n->x, n->y);
        break;
    case JOB_HALVE:
        p256_halve(n->z, n->x);
        break;
    case JOB_FIELD_ADD:
        p256_field_add(n->z, n->x, n->y);
        break;
    case JOB_DOUBLE:
        p256_point_double((struct p256_point *)(void *)n->x);
        break;
    case JOB_FIELD_SUBTRACT:
        p256_field_subtract(n->z, n->x, n->y);
        break;
    default:
        p256_field_multiply(n->z, n->x, n->y);
    }
}

#endif
