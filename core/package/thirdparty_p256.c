/* SPDX-License-Identifier: MIT */
/*
 * ECDSA verification by p256-m, and the strict reading of DER signatures before it.
 *
 * p256-m's own verification makes two multiplications in constant time; here there is no secret,
 * and one pass over both scalars with p256-m's arithmetic of numbers and points takes half of that.
 *
 * A verification is made twice, from the bytes on, and both must say yes. Inside one, skipping one
 * instruction can be enough for a forgery: the scalar multiplication left after its first round, or
 * the last addition left out, gives a point that the forger knows. No such skip reaches the other
 * run, which shares nothing with it but its input. Never trust one of the two alone.
 */
#include "ecdsa.h"

#include <stdbool.h>

#include "verdict.h"

#define MBEDTLS_PSA_P256M_DRIVER_ENABLED
#define MUL64_IS_CONSTANT_TIME /* faster on a PC; of no matter without secrets */
#include <p256-m.c>            /* NOLINT(bugprone-suspicious-include) */

#define DER_SEQUENCE 0x30u
#define DER_INTEGER  0x02u
#define DER_HEAD     2u /* tag and length: two numbers of 33 bytes need no long form */
#define NUMBER_SIZE  32u
#define NEGATIVE     0x80u

/* Both are one bit pattern and its complement: and-ing and or-ing two verdicts gives VERDICT_GOOD
 * both times only if both are. */
_Static_assert((VERDICT_GOOD ^ VERDICT_BAD) == 0xFFFFFFFFu, "verdicts are complements");

/* Takes an INTEGER at der[*at], in its shortest form and not negative, to number, big-endian. */
static bool der_take_number(const uint8_t *der, size_t len, size_t *at, uint8_t *number)
{
    if (len - *at < DER_HEAD + 1u || der[*at] != DER_INTEGER) {
        return false;
    }
    size_t size = der[*at + 1u];
    const uint8_t *value = der + *at + DER_HEAD;
    if (size == 0 || size > len - *at - DER_HEAD || (value[0] & NEGATIVE) != 0) {
        return false;
    }
    *at += DER_HEAD + size;
    if (value[0] == 0 && size > 1u) {
        if ((value[1] & NEGATIVE) == 0) {
            return false; /* the zero in front was not needed */
        }
        value++;
        size--;
    }
    if (size > NUMBER_SIZE) {
        return false;
    }
    for (size_t i = 0; i < NUMBER_SIZE; i++) {
        number[i] = i < NUMBER_SIZE - size ? 0 : value[i - (NUMBER_SIZE - size)];
    }
    return true;
}

/* To signature: r and s, 32 bytes each. */
static bool der_take_signature(const uint8_t *der, size_t len, uint8_t signature[2u * NUMBER_SIZE])
{
    size_t at = DER_HEAD;
    return len >= DER_HEAD && der[0] == DER_SEQUENCE && der[1] == len - DER_HEAD &&
           der_take_number(der, len, &at, signature) &&
           der_take_number(der, len, &at, signature + NUMBER_SIZE) && at == len;
}

/* A point in Jacobian coordinates, Montgomery domain; z = 0 is the point at infinity. */
struct point {
    uint32_t x[8], y[8], z[8];
};

static bool point_is_zero(const struct point *p)
{
    return u256_diff0(p->z) == 0;
}

static void point_set(struct point *p, const uint32_t x[8], const uint32_t y[8])
{
    u256_cmov(p->x, x, 1);
    u256_cmov(p->y, y, 1);
    m256_set32(p->z, 1, &p256_p);
}

/* p += (x, y), whatever the two are. p256-m's addition gives z = 0 for two points with the same x:
 * then they are the same, or their sum is zero. */
static void point_add_any(struct point *p, const uint32_t x[8], const uint32_t y[8])
{
    struct point sum;

    if (point_is_zero(p)) {
        point_set(p, x, y);
        return;
    }
    sum = *p;
    point_add(sum.x, sum.y, sum.z, x, y);
    if (point_is_zero(&sum)) {
        uint32_t affine_z[8];
        sum = *p;
        u256_cmov(affine_z, p->z, 1);
        point_to_affine(sum.x, sum.y, affine_z);
        if (u256_diff(sum.y, y) == 0) {
            sum = *p;
            point_double(sum.x, sum.y, sum.z);
        } else {
            m256_set32(sum.z, 0, &p256_p);
        }
    }
    *p = sum;
}

static unsigned scalar_bit(const uint32_t s[8], unsigned i)
{
    return s[i / 32u] >> i % 32u & 1u;
}

/* p = u1 * G + u2 * (qx, qy), with the doublings shared (Shamir's trick): public data only. */
static void point_mul_both(struct point *p, const uint32_t u1[8], const uint32_t u2[8],
                           const uint32_t qx[8], const uint32_t qy[8])
{
    struct point both; /* G + Q, made affine */
    uint32_t z[8];
    bool zero;

    point_set(&both, qx, qy);
    point_add_any(&both, p256_gx, p256_gy);
    zero = point_is_zero(&both);
    u256_cmov(z, both.z, 1);
    point_to_affine(both.x, both.y, z);
    m256_set32(p->z, 0, &p256_p);
    for (unsigned i = 256; i-- != 0;) {
        unsigned bits = scalar_bit(u1, i) | scalar_bit(u2, i) << 1;
        if (!point_is_zero(p)) {
            point_double(p->x, p->y, p->z);
        }
        if (bits == 1u) {
            point_add_any(p, p256_gx, p256_gy);
        } else if (bits == 2u) {
            point_add_any(p, qx, qy);
        } else if (bits == 3u && !zero) {
            point_add_any(p, both.x, both.y);
        }
    }
}

/* x of the point that the signature stands for, as a number mod n, against r (SEC 1 section 4.1.4).
 * 0 if they are the same. r and s are in range. */
static uint32_t signature_difference(const uint32_t r[8], uint32_t s[8], const uint32_t qx[8],
                                     const uint32_t qy[8], const uint8_t digest[DIGEST_SIZE])
{
    uint32_t u1[8], u2[8];
    struct point p;

    ecdsa_m256_from_hash(u1, digest, DIGEST_SIZE); /* in the Montgomery domain */
    u256_cmov(u2, r, 1);
    m256_prep(u2, &p256_n);
    m256_prep(s, &p256_n);
    m256_inv(s, s, &p256_n);
    m256_mul(u1, u1, s, &p256_n);
    m256_done(u1, &p256_n);
    m256_mul(u2, u2, s, &p256_n);
    m256_done(u2, &p256_n);
    point_mul_both(&p, u1, u2, qx, qy);
    if (point_is_zero(&p)) {
        return 1;
    }
    point_to_affine(p.x, p.y, p.z);
    m256_done(p.x, &p256_p);
    ecdsa_m256_mod_n(p.x);
    return u256_diff(p.x, r);
}

static __attribute__((noinline)) uint32_t verify_once(const uint8_t point[64],
                                                      const uint8_t digest[DIGEST_SIZE],
                                                      const uint8_t *der, size_t len)
{
    uint8_t signature[2u * NUMBER_SIZE];
    uint32_t r[8], s[8], qx[8], qy[8];

    if (!der_take_signature(der, len, signature)) {
        return VERDICT_BAD;
    }
    if (scalar_from_bytes(r, signature) != 0 ||
        scalar_from_bytes(s, signature + NUMBER_SIZE) != 0 ||
        point_from_bytes(qx, qy, point) != 0) {
        return VERDICT_BAD; /* not 1 to n - 1; not on the curve */
    }
    return signature_difference(r, s, qx, qy, digest) == 0 ? VERDICT_GOOD : VERDICT_BAD;
}

uint32_t ecdsa_verify(const uint8_t point[64], const uint8_t digest[DIGEST_SIZE],
                      const uint8_t *der, size_t len, volatile uint32_t *verdict)
{
    /* volatile: the compiler must not see that both runs are the same, and make them one */
    const uint8_t *volatile same_point = point;
    const uint8_t *volatile same_der = der;
    *verdict = VERDICT_BAD;
    volatile uint32_t first = verify_once(point, digest, der, len);
    volatile uint32_t second = verify_once(same_point, digest, same_der, len);
    *verdict = first | second;
    return first & second;
}
