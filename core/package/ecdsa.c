/* SPDX-License-Identifier: MIT */
/*
 * ECDSA verification over P-256 (FIPS 186-4 section 6.4), and the strict reading of DER signatures
 * before it. Nothing here is secret, so nothing takes constant time.
 *
 * Points are in Jacobian coordinates (x = X / Z^2, y = Y / Z^3), their coordinates in Montgomery's
 * form (times 2^256), Z = 0 is the point at infinity. Both scalars are written with signed digits
 * (NAF) so that one number in five is not 0, and share their doublings. The signature's r is
 * compared as r * Z^2, so that no coordinate has to be divided.
 *
 * Inside a verification, skipping one instruction can be enough for a forgery: the scalar
 * multiplication left after its first round, or the last addition left out, gives a point that the
 * forger knows. So whoever decides by it verifies twice (package_verify.c).
 */
#include "ecdsa.h"

#include <stdbool.h>

#include "bytes.h"
#include "p256.h"
#include "verdict.h"

#define DER_SEQUENCE 0x30u
#define DER_INTEGER  0x02u
#define DER_HEAD     2u /* tag and length: two numbers of 33 bytes need no long form */
#define NUMBER_SIZE  32u
#define NEGATIVE     0x80u

#define W P256_WORDS
/* Digits are odd, from -7 to 7, or 0. */
#define DIGIT_BITS  4u
#define DIGIT_COUNT (8u * NUMBER_SIZE + 1u)
#define TABLE_SIZE  4u /* 1, 3, 5 and 7 times a point */

/* ---- DER ---- */

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

/* ---- numbers ---- */

/* The field's p, the order n of the curve, and -1/n mod 2^256. */
static const uint32_t ecdsa_p[W] = {0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0, 0, 0, 1, 0xFFFFFFFF};
static const uint32_t ecdsa_n[W] = {0xFC632551, 0xF3B9CAC2, 0xA7179E84, 0xBCE6FAAD,
                                    0xFFFFFFFF, 0xFFFFFFFF, 0x00000000, 0xFFFFFFFF};
static const uint32_t ecdsa_n_inverse[W] = {0xEE00BC4F, 0xCCD1C8AA, 0x7D74D2E4, 0x48C94408,
                                            0xC588C6F6, 0x50FE77EC, 0xA9D6281C, 0x60D06633};
/* 2^512 mod p: a product with it puts a number into Montgomery's form. */
static const uint32_t ecdsa_to_montgomery[W] = {0x00000003, 0x00000000, 0xFFFFFFFF, 0xFFFFFFFB,
                                                0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD, 0x00000004};
/* In Montgomery's form: 1, and the curve's b (y^2 = x^3 - 3x + b). */
static const uint32_t ecdsa_one[W] = {0x00000001, 0x00000000, 0x00000000, 0xFFFFFFFF,
                                      0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFE, 0x00000000};
static const uint32_t ecdsa_b[W] = {0x29C4BDDF, 0xD89CDF62, 0x78843090, 0xACF005CD,
                                    0xF7212ED6, 0xE5A220AB, 0x04874834, 0xDC30061D};
static const uint32_t ecdsa_zero[W];

static void number_copy(uint32_t z[W], const uint32_t x[W])
{
    for (unsigned i = 0; i < W; i++) {
        z[i] = x[i];
    }
}

static bool number_equal(const uint32_t x[W], const uint32_t y[W])
{
    uint32_t difference = 0;

    for (unsigned i = 0; i < W; i++) {
        difference |= x[i] ^ y[i];
    }
    return difference == 0;
}

static bool number_below(const uint32_t x[W], const uint32_t limit[W])
{
    uint32_t unused[W];

    return p256_subtract(unused, x, limit) != 0;
}

/* Big-endian bytes, as DER and keys have them. */
static void number_load(uint32_t z[W], const uint8_t bytes[NUMBER_SIZE])
{
    for (unsigned i = 0; i < W; i++) {
        z[i] = load_be32(bytes + NUMBER_SIZE - 4u * (i + 1u));
    }
}

static bool field_is_zero(const uint32_t x[W])
{
    if (x[0] + 1u > 1u) {
        return false; /* the first word of 0 and p is 0 or all ones; few others pass */
    }
    return number_equal(x, ecdsa_zero) || number_equal(x, ecdsa_p);
}

/* z = x * y / 2^256 mod n; x * y is below 2^256 * n. */
static __attribute__((noinline)) void order_multiply(uint32_t z[W], const uint32_t x[W],
                                                     const uint32_t y[W])
{
    uint32_t product[2u * W], multiple[2u * W], factor[2u * W];
    uint32_t carry;

    p256_multiply(product, x, y);
    p256_multiply(factor, product, ecdsa_n_inverse);
    p256_multiply(multiple, factor, ecdsa_n);
    /* The lower halves add up to 0, with a carry unless both are 0 already. */
    carry = p256_add(product, product, multiple);
    for (unsigned i = W; carry != 0; i++) { /* ends: the upper half is below n */
        carry = ++multiple[i] == 0 ? 1u : 0;
    }
    carry = p256_add(product, product + W, multiple + W);
    if (p256_subtract(z, product, ecdsa_n) > carry) {
        number_copy(z, product);
    }
}

/* z = z - x mod n, both below n. */
static void order_subtract(uint32_t z[W], const uint32_t x[W])
{
    if (p256_subtract(z, z, x) != 0) {
        (void)p256_add(z, z, ecdsa_n);
    }
}

/* z = 2^256 / x mod n, for x from 1 to n - 1: the binary extended algorithm of Euclid, in which
 * u = x * z / 2^256 and v = x * b / 2^256 mod n hold all the time. */
static __attribute__((noinline)) void order_invert(uint32_t z[W], const uint32_t x[W])
{
    uint32_t u[W], v[W], b[W], t[W];

    number_copy(u, x);
    number_copy(v, ecdsa_n);
    (void)p256_subtract(z, ecdsa_zero, ecdsa_n); /* 2^256 mod n */
    number_copy(b, ecdsa_zero);
    for (;;) {
        while ((u[0] & 1u) == 0) {
            p256_halve(u, ecdsa_n);
            p256_halve(z, ecdsa_n);
        }
        while ((v[0] & 1u) == 0) {
            p256_halve(v, ecdsa_n);
            p256_halve(b, ecdsa_n);
        }
        if (p256_subtract(t, u, v) != 0) {
            (void)p256_subtract(v, v, u);
            order_subtract(b, z);
        } else if (number_equal(t, ecdsa_zero)) {
            return; /* u = v = 1 */
        } else {
            number_copy(u, t);
            order_subtract(z, b);
        }
    }
}

/* ---- points ---- */

/* 1, 3, 5 and 7 times the base point, affine (Z = 1). */
static const struct {
    uint32_t x[W], y[W];
} ecdsa_base[TABLE_SIZE] = {
    {{0x18A9143C, 0x79E730D4, 0x5FEDB601, 0x75BA95FC, 0x77622510, 0x79FB732B, 0xA53755C6,
      0x18905F76},
     {0xCE95560A, 0xDDF25357, 0xBA19E45C, 0x8B4AB8E4, 0xDD21F325, 0xD2E88688, 0x25885D85,
      0x8571FF18}},
    {{0x4EEBC127, 0xFFAC3F90, 0x087D81FB, 0xB027F84A, 0x87CBBC98, 0x66AD77DD, 0xB6FF747E,
      0x26936A3F},
     {0xC983A7EB, 0xB04C5C1F, 0x0861FE1A, 0x583E47AD, 0x1A2EE98E, 0x78820831, 0xE587CC07,
      0xD5F06A29}},
    {{0xC45C61F5, 0xBE1B8AAE, 0x94B9537D, 0x90EC649A, 0xD076C20C, 0x941CB5AA, 0x890523C8,
      0xC9079605},
     {0xE7BA4F10, 0xEB309B4A, 0xE5EB882B, 0x73C568EF, 0x7E7A1F68, 0x3540A987, 0x2DD1E916,
      0x73A076BB}},
    {{0xA0173B4F, 0x0746354E, 0xD23C00F7, 0x2BD20213, 0x0C23BB08, 0xF43EAAB5, 0xC3123E03,
      0x13BA5119},
     {0x3F5B9D4D, 0x2847D030, 0x5DA67BDD, 0x6742F2F2, 0x77C94195, 0xEF933BDC, 0x6E240867,
      0xEAEDD915}},
};

/* p += (x, y, z), which is not infinity; z NULL stands for 1. Whatever the two are: the same point
 * is doubled, opposite ones give infinity. */
static __attribute__((noinline)) void point_add(struct p256_point *p, const uint32_t x[W],
                                                const uint32_t y[W], const uint32_t *z)
{
    uint32_t t[W], h[W], r[W], x1[W], y1[W];

    number_copy(x1, p->x);
    number_copy(y1, p->y);
    if (field_is_zero(p->z)) {
        number_copy(p->x, x);
        number_copy(p->y, y);
        number_copy(p->z, z == NULL ? ecdsa_one : z);
        return;
    }
    if (z != NULL) {
        p256_field_multiply(t, z, z);
        p256_field_multiply(x1, x1, t);
        p256_field_multiply(t, t, z);
        p256_field_multiply(y1, y1, t);
    }
    p256_field_multiply(t, p->z, p->z);
    p256_field_multiply(h, x, t);
    p256_field_multiply(t, t, p->z);
    p256_field_multiply(r, y, t);
    p256_field_subtract(h, h, x1);
    p256_field_subtract(r, r, y1);
    if (field_is_zero(h)) {
        if (field_is_zero(r)) {
            p256_point_double(p);
        } else {
            number_copy(p->z, ecdsa_zero);
        }
        return;
    }
    if (z != NULL) {
        p256_field_multiply(p->z, p->z, z);
    }
    p256_field_multiply(p->z, p->z, h);
    p256_field_multiply(t, h, h);
    p256_field_multiply(x1, x1, t);
    p256_field_multiply(h, h, t);
    p256_field_multiply(t, r, r);
    p256_field_subtract(t, t, h);
    p256_field_subtract(t, t, x1);
    p256_field_subtract(p->x, t, x1);
    p256_field_subtract(x1, x1, p->x);
    p256_field_multiply(x1, x1, r);
    p256_field_multiply(h, h, y1);
    p256_field_subtract(p->y, x1, h);
}

/* s as sum of digits[i] * 2^i: of any DIGIT_BITS digits in a row, one at most is not 0. */
static __attribute__((noinline)) void scalar_recode(int8_t digits[DIGIT_COUNT], const uint32_t s[W])
{
    unsigned carry = 0;

    for (unsigned i = 0; i < DIGIT_COUNT; i++) {
        digits[i] = 0;
    }
    for (unsigned i = 0; i < DIGIT_COUNT;) {
        unsigned at = i / 32u;
        uint32_t bits = at < W ? s[at] >> i % 32u : 0;

        if ((bits & 1u) == carry) {
            i++;
            continue;
        }
        if (at + 1u < W && i % 32u != 0) {
            bits |= s[at + 1u] << (32u - i % 32u);
        }
        bits = (bits & ((1u << DIGIT_BITS) - 1u)) + carry;
        carry = bits >> (DIGIT_BITS - 1u) & 1u; /* 8 and more stand for themselves less 16 */
        digits[i] = (int8_t)((int)bits - (int)(carry << DIGIT_BITS));
        i += DIGIT_BITS;
    }
}

/* p += digit * point, from a table of its odd multiples; the distance between two of them is stride
 * words, and z follows y where it is not 1. */
static void point_add_digit(struct p256_point *p, int digit, const uint32_t *table, unsigned stride)
{
    const uint32_t *entry = table + (unsigned)(digit < 0 ? -digit : digit) / 2u * stride;
    uint32_t y[W];

    if (digit == 0) {
        return;
    }
    number_copy(y, entry + W);
    if (digit < 0) {
        p256_field_subtract(y, ecdsa_zero, y);
    }
    point_add(p, entry, y, stride == 3u * W ? entry + 2u * W : NULL);
}

/* p = u1 * G + u2 * Q, with the doublings shared; q is the table's first entry already. */
static __attribute__((noinline)) void point_multiply_both(struct p256_point *p,
                                                          const uint32_t u1[W],
                                                          const uint32_t u2[W],
                                                          struct p256_point q[TABLE_SIZE])
{
    int8_t digits[2][DIGIT_COUNT];

    scalar_recode(digits[0], u1);
    scalar_recode(digits[1], u2);
    *p = q[0];
    p256_point_double(p);
    for (unsigned i = 1; i < TABLE_SIZE; i++) {
        q[i] = q[i - 1u];
        point_add(&q[i], p->x, p->y, p->z);
    }
    number_copy(p->z, ecdsa_zero);
    for (unsigned i = DIGIT_COUNT; i-- != 0;) {
        p256_point_double(p);
        point_add_digit(p, digits[0][i], ecdsa_base[0].x, 2u * W);
        point_add_digit(p, digits[1][i], q[0].x, 3u * W);
    }
}

/* ---- the signature ---- */

/* Y^2 = X^3 - 3X + b: q is on the curve. In Montgomery's form, Z is 1. */
static bool point_on_curve(const struct p256_point *q)
{
    uint32_t t[W], y[W];

    p256_field_multiply(t, q->x, q->x);
    p256_field_multiply(t, t, q->x);
    for (unsigned i = 0; i < 3u; i++) {
        p256_field_subtract(t, t, q->x);
    }
    p256_field_add(t, t, ecdsa_b);
    p256_field_multiply(y, q->y, q->y);
    p256_field_subtract(t, t, y);
    return field_is_zero(t);
}

/* To q, in Montgomery's form; false if it is none of the curve's points. */
static bool point_load(struct p256_point *q, const uint8_t point[2u * NUMBER_SIZE])
{
    number_load(q->x, point);
    number_load(q->y, point + NUMBER_SIZE);
    if (!number_below(q->x, ecdsa_p) || !number_below(q->y, ecdsa_p)) {
        return false;
    }
    p256_field_multiply(q->x, q->x, ecdsa_to_montgomery);
    p256_field_multiply(q->y, q->y, ecdsa_to_montgomery);
    number_copy(q->z, ecdsa_one);
    return point_on_curve(q);
}

/* Whether number is p's affine x. */
static bool point_has_x(const struct p256_point *p, const uint32_t number[W])
{
    uint32_t t[W], x[W];

    p256_field_multiply(t, p->z, p->z);
    p256_field_multiply(x, number, ecdsa_to_montgomery);
    p256_field_multiply(x, x, t);
    p256_field_subtract(x, x, p->x);
    return field_is_zero(x);
}

/* Whether p's affine x is r mod n: it is r, or r + n where that is below p. */
static bool point_matches(const struct p256_point *p, uint32_t r[W])
{
    if (field_is_zero(p->z)) {
        return false;
    }
    if (point_has_x(p, r)) {
        return true;
    }
    return p256_add(r, r, ecdsa_n) == 0 && number_below(r, ecdsa_p) && point_has_x(p, r);
}

static bool scalar_load(uint32_t z[W], const uint8_t bytes[NUMBER_SIZE])
{
    number_load(z, bytes);
    return number_below(z, ecdsa_n) && !number_equal(z, ecdsa_zero);
}

__attribute__((noinline)) uint32_t ecdsa_verify(const uint8_t point[2u * NUMBER_SIZE],
                                                const uint8_t digest[DIGEST_SIZE],
                                                const uint8_t *der, size_t len)
{
    uint8_t signature[2u * NUMBER_SIZE];
    uint32_t r[W], s[W], u1[W], u2[W];
    struct p256_point q[TABLE_SIZE], p;

    if (!der_take_signature(der, len, signature) || !scalar_load(r, signature) ||
        !scalar_load(s, signature + NUMBER_SIZE) || !point_load(&q[0], point)) {
        return VERDICT_BAD;
    }
    number_load(u1, digest);
    order_invert(s, s);        /* 2^256 / s */
    order_multiply(u1, u1, s); /* digest / s: s is below n, so it may be any number */
    order_multiply(u2, r, s);  /* r / s */
    point_multiply_both(&p, u1, u2, q);
    return point_matches(&p, r) ? VERDICT_GOOD : VERDICT_BAD;
}
