/* SPDX-License-Identifier: MIT */
/*
 * In place of Mbed TLS's header, for p256-m: only verification is used here, which has no secrets
 * to wipe, but the functions beside it are compiled too.
 */
#ifndef ARAREXT_SHIM_PLATFORM_UTIL_H
#define ARAREXT_SHIM_PLATFORM_UTIL_H

#include <stddef.h>

static inline void mbedtls_platform_zeroize(void *data, size_t len)
{
    for (volatile unsigned char *p = data; len > 0; len--) {
        *p++ = 0;
    }
}

#endif
