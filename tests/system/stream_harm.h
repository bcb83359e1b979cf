/* SPDX-License-Identifier: MIT */
/*
 * A line to the board that does harm: to bytes, and to whole frames as they were sent. Seeded, and
 * it counts what it did, so that a test can say that harm came to pass.
 */
#ifndef TESTS_STREAM_HARM_H
#define TESTS_STREAM_HARM_H

#include <stddef.h>
#include <stdint.h>

#include "twin.h"

enum harm_kind {
    HARM_LOSE,   /* the byte is gone */
    HARM_ALTER,  /* some of its bits are others */
    HARM_DOUBLE, /* it comes twice */
    HARM_SWAP,   /* it comes behind the next one */
    HARM_BREAK,  /* it comes as another, with a framing error */
    HARM_DROP,   /* a frame is gone */
    HARM_TWICE,  /* a frame comes twice */
    HARM_LATE,   /* a frame comes behind the next one */
    HARM_KINDS
};
enum { HARM_FRAME_MAX = 4096 };

struct stream_harm {
    uint32_t ppm[HARM_KINDS];  /* of bytes, or of frames */
    unsigned done[HARM_KINDS]; /* how often it came to pass */
    uint64_t seed;
    uint8_t held[HARM_FRAME_MAX]; /* the frame that is late */
    size_t held_len;
};

/* Sends the bytes of one frame over the line of the board's usart, with the harm asked for. */
void stream_harm_send(struct stream_harm *h, struct twin *t, unsigned usart, const uint8_t *bytes,
                      size_t len);

#endif
