/* SPDX-License-Identifier: MIT */
/* Put in front of every source that Frama-C reads: what its C front end does not know. */
#ifndef ARAREXT_PROVE_BEFORE_H
#define ARAREXT_PROVE_BEFORE_H

#include <string.h>

#define _Alignas(n)
#define __builtin_memcpy     memcpy
#define __builtin_memset     memset
#define __builtin_bswap16(v) ((v) >> 8 | ((v)&0xFF) << 8)
#define __builtin_bswap32(v)                                                                       \
    ((v) >> 24 | ((v) >> 8 & 0xFF00) | ((v)&0xFF00) << 8 | ((v)&0xFF) << 24)

#endif
