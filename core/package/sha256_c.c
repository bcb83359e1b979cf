/* SPDX-License-Identifier: MIT */
/* SHA-256's compression in C: the reference, and what a PC runs. sha256_m4.S is the board's. */
#include "bytes.h"
#include "sha256.h"

#define ROUNDS 64u

static const uint32_t sha256_constants[ROUNDS] = {
    0x428A2F98, 0x71374491, 0xB5C0FBCF, 0xE9B5DBA5, 0x3956C25B, 0x59F111F1, 0x923F82A4, 0xAB1C5ED5,
    0xD807AA98, 0x12835B01, 0x243185BE, 0x550C7DC3, 0x72BE5D74, 0x80DEB1FE, 0x9BDC06A7, 0xC19BF174,
    0xE49B69C1, 0xEFBE4786, 0x0FC19DC6, 0x240CA1CC, 0x2DE92C6F, 0x4A7484AA, 0x5CB0A9DC, 0x76F988DA,
    0x983E5152, 0xA831C66D, 0xB00327C8, 0xBF597FC7, 0xC6E00BF3, 0xD5A79147, 0x06CA6351, 0x14292967,
    0x27B70A85, 0x2E1B2138, 0x4D2C6DFC, 0x53380D13, 0x650A7354, 0x766A0ABB, 0x81C2C92E, 0x92722C85,
    0xA2BFE8A1, 0xA81A664B, 0xC24B8B70, 0xC76C51A3, 0xD192E819, 0xD6990624, 0xF40E3585, 0x106AA070,
    0x19A4C116, 0x1E376C08, 0x2748774C, 0x34B0BCB5, 0x391C0CB3, 0x4ED8AA4A, 0x5B9CCA4F, 0x682E6FF3,
    0x748F82EE, 0x78A5636F, 0x84C87814, 0x8CC70208, 0x90BEFFFA, 0xA4506CEB, 0xBEF9A3F7, 0xC67178F2,
};

static uint32_t sha256_rotate(uint32_t x, unsigned n)
{
    return x >> n | x << (32u - n);
}

static void sha256_schedule(uint32_t w[ROUNDS], const uint8_t data[SHA256_BLOCK])
{
    for (unsigned i = 0; i < SHA256_BLOCK / 4u; i++) {
        w[i] = load_be32(data + 4u * i);
    }
    for (unsigned i = SHA256_BLOCK / 4u; i < ROUNDS; i++) {
        uint32_t x = w[i - 15u], y = w[i - 2u];

        w[i] = w[i - 16u] + (sha256_rotate(x, 7) ^ sha256_rotate(x, 18) ^ x >> 3) + w[i - 7u] +
               (sha256_rotate(y, 17) ^ sha256_rotate(y, 19) ^ y >> 10);
    }
}

static void sha256_rounds(uint32_t state[SHA256_WORDS], const uint32_t w[ROUNDS])
{
    uint32_t s[SHA256_WORDS]; /* a to h */

    for (unsigned i = 0; i < SHA256_WORDS; i++) {
        s[i] = state[i];
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t a = s[0], e = s[4];
        uint32_t t = s[7] + sha256_constants[i] + w[i] + ((s[5] & e) ^ (s[6] & ~e)) +
                     (sha256_rotate(e, 6) ^ sha256_rotate(e, 11) ^ sha256_rotate(e, 25));
        uint32_t u = (sha256_rotate(a, 2) ^ sha256_rotate(a, 13) ^ sha256_rotate(a, 22)) +
                     ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));

        for (unsigned k = SHA256_WORDS - 1u; k != 0; k--) {
            s[k] = s[k - 1u];
        }
        s[4] += t;
        s[0] = t + u;
    }
    for (unsigned i = 0; i < SHA256_WORDS; i++) {
        state[i] += s[i];
    }
}

const uint8_t *sha256_blocks(uint32_t state[SHA256_WORDS], const uint8_t *data, size_t count)
{
    uint32_t w[ROUNDS];

    for (; count != 0; count--, data += SHA256_BLOCK) {
        sha256_schedule(w, data);
        sha256_rounds(state, w);
    }
    return data;
}
