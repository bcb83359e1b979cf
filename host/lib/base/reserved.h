/* SPDX-License-Identifier: MIT */
/*
 * Inside the library: the reserved words at the end of its structs. Not installed.
 */
#ifndef ARAREXT_RESERVED_H
#define ARAREXT_RESERVED_H

#include "message.h"

/* Whether all of them are 0. A program that was written for a later version sets some, and counts
 * on what this version would leave out. */
ARAREXT_CHECKED bool reserved_are_zero(const uint64_t *words, size_t count,
                                       struct ararext_message *why);

/* The same of a struct of the caller's. */
#define NOTHING_RESERVED(s, why)                                                                   \
    reserved_are_zero((s)->reserved, sizeof(s)->reserved / sizeof(s)->reserved[0], (why))

/* Of one that may be NULL, which means its defaults. */
#define NOTHING_RESERVED_IF_ANY(s) ((s) == NULL || NOTHING_RESERVED(s, NULL))

#endif
