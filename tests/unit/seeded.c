/* SPDX-License-Identifier: MIT */
/* Random numbers for unit tests. */
#include "seeded.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t state;

void seeded_start(int argc, char **argv)
{
    state = argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)time(NULL);
    printf("seed %" PRIu64 " (give it as argument to repeat)\n", state);
    fflush(stdout);
}

/* splitmix64, by Sebastiano Vigna's description of it */
uint64_t seeded_next(void)
{
    state += 0x9E3779B97F4A7C15u;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

uint32_t seeded_below(uint32_t limit)
{
    return (uint32_t)(seeded_next() % limit);
}

void seeded_fill(uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        data[i] = (uint8_t)seeded_next();
    }
}
