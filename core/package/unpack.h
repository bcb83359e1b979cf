/* SPDX-License-Identifier: MIT */
/*
 * The payload of a package back to its content, piece by piece: LZMA2 (the LZMA SDK's decoder)
 * and the ARM-Thumb filter of .xz. Input and output are pushed: it never waits and reads no memory
 * but what it is handed. Memory is the caller's, sizes are fixed: no allocation.
 */
#ifndef ARAREXT_UNPACK_H
#define ARAREXT_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "reason.h"

#define UNPACK_DICTIONARY 65536u
#define UNPACK_PROBS      28672u /* bytes, for lc + lp up to 4; checked against the decoder */
#define UNPACK_STATE      320u   /* checked against the decoder */
#define UNPACK_STAGE      512u

/* Besides this a dictionary of UNPACK_DICTIONARY bytes is needed, of any alignment. On the board
 * this lies at the start of free SRAM and the dictionary takes the CCM, which only the core
 * reaches: the DMA needs the rest of SRAM. What applications left in either is lost. */
/* Of the last member only what the stream's lc + lp wants is used: 3968 + 1536 * 2^(lc + lp) bytes.
 */
struct unpack_memory {
    _Alignas(8) uint8_t state[UNPACK_STATE];
    /* Content on its way out: filtered here, because later matches refer to the dictionary as it
     * was. One fills while the sink has the other. */
    _Alignas(8) uint8_t stage[2][UNPACK_STAGE];
    _Alignas(8) uint8_t probs[UNPACK_PROBS];
};

/* Takes content in order, in pieces of 4 to UNPACK_STAGE bytes. Every piece is a multiple of 4
 * long, except for the last of the content, which may be of any length from 1. data is aligned to 8
 * bytes and is lent until the sink is called again or the work is over. A reason other than
 * REASON_NONE ends the work and is given back by unpack_add.
 */
typedef enum reason unpack_sink_fn(void *ctx, const uint8_t *data, size_t len);

struct unpack {
    struct unpack_memory *memory;
    unpack_sink_fn *sink; /* these two are the caller's to set; unpack_init leaves them alone */
    void *ctx;
    uint8_t *stage;   /* that fills */
    uint32_t size;    /* of the content, as the package says */
    uint32_t done;    /* content bytes given out */
    uint32_t pending; /* content bytes behind those, still in the stage */
    enum reason failure;
    uint8_t head; /* bytes of the payload's head taken */
    bool thumb;
    bool finished; /* the end marker came, and everything was given out */
};

/* size is the content's, thumb whether the filter was used. memory and dictionary need no
 * preparation; they must stay untouched until the work is over. */
void unpack_init(struct unpack *u, struct unpack_memory *memory, uint8_t *dictionary, uint32_t size,
                 bool thumb);
/* Takes the next len bytes of the payload (head included). REASON_NONE; PACKAGE_DICTIONARY if the
 * stream wants a dictionary over 64 KiB; PACKAGE_CONTENT if the stream is broken, gives more or
 * less than size, or goes on behind its end; or what the sink returned. After a failure the
 * unpacker is dead: every call gives that failure again. The sink never gets more than size bytes;
 * what it got before a failure is not to be used. */
enum reason unpack_add(struct unpack *u, const uint8_t *data, size_t len);
/* Undoes the filter over all of it at once, where it lies: for content that was unpacked without.
 */
void unpack_thumb(uint8_t *code, size_t len);
/* To be called after the last byte: REASON_NONE if exactly size bytes came out and the stream has
 * ended; the failure, if there was one; else PACKAGE_CONTENT. */
enum reason unpack_end(struct unpack *u);

#endif
