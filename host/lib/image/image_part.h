/* SPDX-License-Identifier: MIT */
/*
 * Inside the library: parts of an image as they go to flash. Not installed.
 */
#ifndef ARAREXT_IMAGE_PART_H
#define ARAREXT_IMAGE_PART_H

#include "ararext.h"

enum {
    CHUNK_MAX = 248,     /* whole words in one MEM_WRITE of at most 249 bytes */
    ERASED_RUN_MIN = 16, /* a run of FF this long costs more than the frame that it saves */
    FIRST_WORD_SIZE = 4,
};

/* One MEM_WRITE: whole words, neither the first nor the last of them erased. */
struct chunk {
    uint32_t addr;
    size_t len;
    uint8_t data[CHUNK_MAX];
};
/* Finds the next chunk of the image in [from, limit), both multiples of 4; false if there is none.
 */
bool chunk_next(const struct ararext_image *image, uint32_t from, uint32_t limit,
                struct chunk *out);

/* First address of the image rounded down to a word. */
uint32_t image_first_word(const struct ararext_image *image);

/* A range of one segment, inside [from, limit). */
struct range {
    uint32_t addr, len;
    const uint8_t *data;
};
/* The part of segment i inside [from, limit); len 0 if there is none. */
struct range image_clip(const struct ararext_image *image, size_t i, uint32_t from, uint32_t limit);

#endif
