/* SPDX-License-Identifier: MIT */
/*
 * Random numbers for unit tests: the same for the same seed. The seed is the program's argument, or
 * else taken from the clock; it is printed, so that a failure can be had again.
 */
#ifndef ARAREXT_TEST_SEEDED_H
#define ARAREXT_TEST_SEEDED_H

#include <stddef.h>
#include <stdint.h>

void seeded_start(int argc, char **argv);
uint64_t seeded_next(void);
/* 0 to limit - 1; limit is at least 1. */
uint32_t seeded_below(uint32_t limit);
void seeded_fill(uint8_t *data, size_t len);

#endif
