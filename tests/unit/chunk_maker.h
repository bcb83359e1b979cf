/* SPDX-License-Identifier: MIT */
/*
 * Streams of LZMA2 put together chunk by chunk, in any order of kinds, also those that are to be
 * refused.
 */
#ifndef ARAREXT_TEST_CHUNK_MAKER_H
#define ARAREXT_TEST_CHUNK_MAKER_H

#include <stddef.h>
#include <stdint.h>

#define ROOM (4u << 20)

struct bytes {
    uint8_t *data; /* ROOM; the test's */
    size_t len;
};

extern struct bytes stream;
extern struct bytes content; /* of the stream's chunks */
extern struct bytes packed;  /* of the last chunk with LZMA */

void put(struct bytes *to, const void *data, size_t len);
void put_byte(struct bytes *to, uint32_t value);
/* Empties stream and content, and forgets all state. */
void start(void);
/* A chunk with that first byte (0x01, 0x02, 0x80, 0xA0, 0xC0 or 0xE0) of len bytes, to stream and
 * content. Properties are others with every chunk that sets them. */
void put_chunk(uint32_t control, const uint8_t *data, size_t len);
void put_random_chunk(uint32_t control, size_t len); /* len up to 65,536 */
/* pb may be 5, which no decoder is to take. */
void put_chunk_of_properties(uint8_t lc, uint8_t lp, uint8_t pb, size_t len);
/* One of exactly 65,536 bytes, packed; control is 0xA0. */
void put_full_chunk(uint32_t control);

#endif
