/*
 * ECDSA verification by p256-m, and the strict reading of DER signatures before it.
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

static __attribute__((noinline)) uint32_t verify_once(const uint8_t point[64],
                                                      const uint8_t digest[DIGEST_SIZE],
                                                      const uint8_t *der, size_t len)
{
    uint8_t signature[2u * NUMBER_SIZE];
    if (!der_take_signature(der, len, signature)) {
        return VERDICT_BAD;
    }
    /* Refuses r and s outside of 1 to n - 1, and a point that is not on the curve. */
    if (p256_ecdsa_verify(signature, point, digest, DIGEST_SIZE) != P256_SUCCESS) {
        return VERDICT_BAD;
    }
    return VERDICT_GOOD;
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
