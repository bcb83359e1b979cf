/* SPDX-License-Identifier: MIT */
/*
 * For the drivers that Frama-C's Eva reads (scripts/prove): values of which nothing is known, and
 * the accesses that a function which is only described may make. Nothing here is ever run.
 */
#ifndef ARAREXT_PROVE_ANY_H
#define ARAREXT_PROVE_ANY_H

#include <__fc_builtin.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reason.h"

/* Reads as anything, each time anew. */
extern volatile int any;

static inline bool any_bool(void)
{
    return any != 0;
}

static inline uint32_t any_below(uint32_t end) /* [0, end) */
{
    return Frama_C_unsigned_int_interval(0, end - 1u);
}

static inline uint32_t any_word(void)
{
    return Frama_C_unsigned_int_interval(0, 0xFFFFFFFFu);
}

static inline uint8_t any_byte(void)
{
    return (uint8_t)Frama_C_unsigned_int_interval(0, 0xFF);
}

static inline void any_bytes(void *data, size_t len)
{
    if (len != 0) {
        Frama_C_make_unknown(data, len);
    }
}

/* Reads all of it; whoever hands it in has to have written all of it before. */
/*@ requires readable: len == 0 || \valid_read((uint8_t *)data + (0 .. len - 1));
    requires written: len == 0 || \initialized((uint8_t *)data + (0 .. len - 1));
    assigns \nothing; */
void touch(const void *data, size_t len);

/* What an operation of flash may end with. */
enum reason any_end(uint32_t *detail);

#endif
