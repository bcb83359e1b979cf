/* SPDX-License-Identifier: MIT */
/*
 * Numbers of 256 bits, and the field of the curve P-256 (FIPS 186-4 D.1.2.3): what ECDSA spends its
 * time on. A number is eight words, the least significant first. There are two implementations of
 * the same: p256_m4.S for the board, p256_c.c for the PC, which is also the reference that the
 * other one is tested against. Nothing here takes constant time: it handles public data alone.
 *
 * Results may be the same array as an argument, except that of p256_multiply.
 */
#ifndef ARAREXT_P256_H
#define ARAREXT_P256_H

#include <stdint.h>

#define P256_WORDS 8u

/* z = x + y mod 2^256; returns the carry. */
uint32_t p256_add(uint32_t z[P256_WORDS], const uint32_t x[P256_WORDS],
                  const uint32_t y[P256_WORDS]);
/* z = x - y mod 2^256; returns the borrow: 1 if x is below y. */
uint32_t p256_subtract(uint32_t z[P256_WORDS], const uint32_t x[P256_WORDS],
                       const uint32_t y[P256_WORDS]);
/* z = x * y, all of it. */
void p256_multiply(uint32_t z[2u * P256_WORDS], const uint32_t x[P256_WORDS],
                   const uint32_t y[P256_WORDS]);
/* z = z / 2 mod m, m odd: (z + m) / 2 if z is odd. */
void p256_halve(uint32_t z[P256_WORDS], const uint32_t m[P256_WORDS]);

/* Modulo p = 2^256 - 2^224 + 2^192 + 2^96 - 1. Any number of 256 bits stands for its remainder, so
 * that zero is 0 or p; arguments and results alike. */
void p256_field_add(uint32_t z[P256_WORDS], const uint32_t x[P256_WORDS],
                    const uint32_t y[P256_WORDS]);
void p256_field_subtract(uint32_t z[P256_WORDS], const uint32_t x[P256_WORDS],
                         const uint32_t y[P256_WORDS]);
/* z = x * y / 2^256 (Montgomery's product). */
void p256_field_multiply(uint32_t z[P256_WORDS], const uint32_t x[P256_WORDS],
                         const uint32_t y[P256_WORDS]);

/* A point of the curve in Jacobian coordinates (x = X / Z^2, y = Y / Z^3), each in Montgomery's
 * form; Z = 0 is the point at infinity. */
struct p256_point {
    uint32_t x[P256_WORDS], y[P256_WORDS], z[P256_WORDS];
};

/* p = 2 * p; infinity stays infinity. */
void p256_point_double(struct p256_point *p);

#endif
