/* SPDX-License-Identifier: MIT */
/* What the tests of reading images share. */
#ifndef TESTS_HOST_IMAGE_BENCH_H
#define TESTS_HOST_IMAGE_BENCH_H

#include <stddef.h>

#include "ararext.h"

#define HEX_END  ":00000001FF"
#define HEX_BASE ":020000040800F2\n"

/* A part of 512 KiB. */
extern const struct ararext_info PART;
/* Of the damage; print it, set it from the command line. */
extern uint64_t seed;
uint32_t any(uint32_t below);

int parse_bytes(struct ararext_image **out, const void *data, size_t len, const char *name,
                struct ararext_message *why);
/* A text that is a good image; the caller frees it. */
struct ararext_image *good(const char *text, const char *name);
void expect_segment(const struct ararext_image *image, size_t i, uint32_t addr, const char *data);

struct bad_text {
    const char *text, *sentence;
};
/* Each is refused with its sentence; the file is called "f". */
void expect_bad(const struct bad_text *rows, size_t count);
void expect_bad_bytes(const void *data, size_t len, const char *sentence);

/* Damages a copy in a few places, perhaps cuts it, and parses it from a block of its exact size: it
 * is understood, or refused with a sentence. */
void parse_damaged(const uint8_t *data, size_t len, const char *name);

#endif
