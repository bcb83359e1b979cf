/* SPDX-License-Identifier: MIT */
/*
 * Verdicts that a skipped instruction or a flipped bit does not turn round: wide constants, far
 * from each other and from 0, 1 and all ones. Whatever is not VERDICT_GOOD is a refusal. What
 * decides is computed and compared twice (boot.h, update.h).
 */
#ifndef ARAREXT_VERDICT_H
#define ARAREXT_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#define VERDICT_GOOD 0x3C96A55Bu
#define VERDICT_BAD  0xC3695AA4u

/* Each question gets a constant of its own, which the compiler does not know: where it does, it
 * compares a second verdict with the first, since that was found good a line above, and one skipped
 * branch answers both. */
static inline __attribute__((always_inline)) bool verdict_is_good(uint32_t verdict)
{
    uint32_t good = VERDICT_GOOD;

    __asm__ volatile("" : "+r"(good));
    return verdict == good;
}

/* The same value as one that the compiler knows nothing of: what is asked of it is computed again
 * and not taken from where it was asked before. */
static inline __attribute__((always_inline)) uint32_t verdict_again(uint32_t value)
{
    __asm__ volatile("" : "+r"(value));
    return value;
}

#endif
