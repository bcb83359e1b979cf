/* SPDX-License-Identifier: MIT */
/*
 * Whether bytes are the same, by two means that share no instruction: a decision that a skipped
 * instruction must not turn round asks both (verdict.h), with the arguments the other way round the
 * second time. Never call one of them twice instead.
 */
#ifndef ARAREXT_COMPARE_H
#define ARAREXT_COMPARE_H

#include <stddef.h>
#include <stdint.h>

/* 0 if all of the len bytes are the same. */
uint32_t compare_differences(const uint8_t *a, const uint8_t *b, size_t len);
/* How many of the len bytes are the same. */
uint32_t compare_count(const uint8_t *a, const uint8_t *b, size_t len);
/* Writes zeros that the compiler cannot leave out: a result that a skipped call does not write must
 * not be the one of the call before. */
void compare_clear(void *data, size_t len);

#endif
