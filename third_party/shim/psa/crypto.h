/* SPDX-License-Identifier: MIT */
/*
 * In place of Mbed TLS's header, for p256-m. There is no random number generator here and none is
 * needed: signing and making keys always fail.
 */
#ifndef ARAREXT_SHIM_PSA_CRYPTO_H
#define ARAREXT_SHIM_PSA_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

static inline int psa_generate_random(uint8_t *output, size_t len)
{
    (void)output;
    (void)len;
    return -1;
}

#endif
