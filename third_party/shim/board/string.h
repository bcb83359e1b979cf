/* SPDX-License-Identifier: MIT */
/*
 * What third-party sources use of string.h, on the board, where there is no C library. The
 * functions are in firmware/boot/memory.c.
 */
#ifndef ARAREXT_SHIM_STRING_H
#define ARAREXT_SHIM_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t len);
void *memset(void *to, int value, size_t len);

#endif
