/* SPDX-License-Identifier: MIT */
/* The arithmetic of p256.h in C: the reference, and what a PC runs. It is written to be read. */
#include "p256.h"

static const uint32_t p256_p[P256_WORDS] = {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0,
                                            0,          0,          1,          0xFFFFFFFF};

uint32_t p256_add(uint32_t z[P256_WORDS], const uint32_t x[P256_WORDS],
                  const uint32_t y[P256_WORDS])
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < P256_WORDS; i++) {
        sum += (uint64_t)x[i] + y[i];
        z[i] = (uint32_t)sum;
        sum >>= 32;
    }
    return (uint32_t)sum;
}

uint32_t p256_subtract(uint32_t z[P256_WORDS], const uint32_t x[P256_WORDS],
                       const uint32_t y[P256_WORDS])
{
    uint32_t borrow = 0;

    for (unsigned i = 0; i < P256_WORDS; i++) {
        uint64_t difference = (uint64_t)x[i] - y[i] - borrow;
        z[i] = (uint32_t)difference;
        borrow = (uint32_t)(difference >> 32) & 1u;
    }
    return borrow;
}

/* z[0 .. 8] += x * word; what does not fit into z[8] is returned. */
static uint32_t p256_add_row(uint32_t z[P256_WORDS + 1u], const uint32_t x[P256_WORDS],
                             uint32_t word)
{
    uint64_t sum = 0;

    for (unsigned i = 0; i < P256_WORDS; i++) {
        sum += (uint64_t)x[i] * word + z[i];
        z[i] = (uint32_t)sum;
        sum >>= 32;
    }
    sum += z[P256_WORDS];
    z[P256_WORDS] = (uint32_t)sum;
    return (uint32_t)(sum >> 32);
}

void p256_multiply(uint32_t z[2u * P256_WORDS], const uint32_t x[P256_WORDS],
                   const uint32_t y[P256_WORDS])
{
    for (unsigned i = 0; i < 2u * P256_WORDS; i++) {
        z[i] = 0;
    }
    for (unsigned i = 0; i < P256_WORDS; i++) {
        (void)p256_add_row(z + i, x, y[i]); /* z[i + 8] is still 0: nothing is over */
    }
}

void p256_halve(uint32_t z[P256_WORDS], const uint32_t m[P256_WORDS])
{
    uint32_t carry = (z[0] & 1u) != 0 ? p256_add(z, z, m) : 0;

    for (unsigned i = 0; i < P256_WORDS - 1u; i++) {
        z[i] = z[i] >> 1 | z[i + 1u] << 31;
    }
    z[P256_WORDS - 1u] = z[P256_WORDS - 1u] >> 1 | carry << 31;
}

void p256_field_add(uint32_t z[P256_WORDS], const uint32_t x[P256_WORDS],
                    const uint32_t y[P256_WORDS])
{
    uint32_t carry = p256_add(z, x, y);

    while (carry != 0) { /* twice at most */
        carry -= p256_subtract(z, z, p256_p);
    }
}

void p256_field_subtract(uint32_t z[P256_WORDS], const uint32_t x[P256_WORDS],
                         const uint32_t y[P256_WORDS])
{
    uint32_t borrow = p256_subtract(z, x, y);

    while (borrow != 0) { /* twice at most */
        borrow -= p256_add(z, z, p256_p);
    }
}

/* -1/p mod 2^32 is 1: the word to be got rid of is itself the multiple of p to add. */
void p256_field_multiply(uint32_t z[P256_WORDS], const uint32_t x[P256_WORDS],
                         const uint32_t y[P256_WORDS])
{
    uint32_t t[2u * P256_WORDS];
    uint32_t carry = 0;

    p256_multiply(t, x, y);
    for (unsigned i = 0; i < P256_WORDS; i++) {
        uint32_t over = p256_add_row(t + i, p256_p, t[i]);

        for (unsigned k = i + P256_WORDS + 1u; over != 0 && k < 2u * P256_WORDS; k++) {
            t[k] += 1u;
            over = t[k] == 0 ? 1u : 0;
        }
        carry += over;
    }
    for (unsigned i = 0; i < P256_WORDS; i++) {
        z[i] = t[P256_WORDS + i];
    }
    if (carry != 0) {
        (void)p256_subtract(z, z, p256_p);
    }
}

/* (X - Z^2)(X + Z^2) stands for X^2 - Z^4, since a = -3. */
void p256_point_double(struct p256_point *p)
{
    uint32_t a[P256_WORDS], b[P256_WORDS], s[P256_WORDS];

    p256_field_multiply(a, p->z, p->z);
    p256_field_multiply(p->z, p->y, p->z);
    p256_field_subtract(b, p->x, a);
    p256_field_add(a, p->x, a);
    p256_field_multiply(a, a, b);
    p256_field_add(b, a, a);
    p256_field_add(a, a, b);
    p256_halve(a, p256_p); /* 3/2 (X^2 - Z^4), so that Z needs no doubling */
    p256_field_multiply(b, p->y, p->y);
    p256_field_multiply(s, p->x, b);
    p256_field_multiply(b, b, b);
    p256_field_multiply(p->x, a, a);
    p256_field_subtract(p->x, p->x, s);
    p256_field_subtract(p->x, p->x, s);
    p256_field_subtract(s, s, p->x);
    p256_field_multiply(s, s, a);
    p256_field_subtract(p->y, s, b);
}
