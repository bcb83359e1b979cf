/* SPDX-License-Identifier: MIT */
/*
 * A board that takes a stream, a line that does harm, and a sender, in simulated time. The sender
 * does what PROTOCOL.md asks of one. Flash takes as long as the data sheet says, the line goes on
 * meanwhile. Every byte that is programmed is compared with what belongs there at once: a test need
 * not ask for it.
 */
#ifndef ARAREXT_TESTS_UNIT_STREAM_SIM_H
#define ARAREXT_TESTS_UNIT_STREAM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flash_table.h"
#include "stream.h"

#define SIM_FLASH_SIZE (1024u * 1024u)
#define SIM_RING_SIZE  81920u
#define SIM_WINDOW     (SIM_RING_SIZE - 1024u)
#define SIM_WIRE_SIZE  131072u

/* Bytes under way in one direction. */
struct sim_wire {
    struct {
        uint64_t at_ns;
        uint8_t byte;
    } bytes[SIM_WIRE_SIZE];
    size_t in, out;
    uint64_t free_ns; /* when the sender's last byte has left */
};

struct sim_sender {
    const uint8_t *data;
    uint32_t size;
    uint32_t sent;  /* offset */
    uint32_t acked; /* offset that the board wants next */
    uint32_t flight_limit;
    uint32_t payload;
    uint32_t poll_number;
    uint32_t poll_sent; /* what was sent when it was polled */
    uint32_t detail, written;
    uint64_t heard_ns, polled_ns, closed_ns, done_ns;
    uint8_t round;
    uint8_t state, reason;
    bool adapt; /* smaller frames after a gap */
    bool mute;  /* sends nothing more */
    unsigned gone_back, statuses;
    uint8_t in[STREAM_STATUS_SIZE];
    size_t in_len;
    uint8_t held[STREAM_FRAME_MAX]; /* a frame that the next one will overtake */
    size_t held_len;
};

struct sim_faults {
    uint32_t lose_ppm, alter_ppm;            /* of bytes, both ways */
    uint32_t drop_pct, double_pct, swap_pct; /* of frames */
    uint64_t cut_from_ns, cut_to_ns;         /* nothing arrives */
    uint32_t flash_fails_at;                 /* address: programming it fails; 0 never */
    uint32_t overflows;                      /* the ring is emptied so often */
    unsigned lost, altered, dropped, doubled, swapped, cut, flash_failed, overflowed; /* done */
};

struct sim {
    uint64_t now_ns;
    uint32_t baud, latency_us;
    struct sim_wire down, up;
    struct sim_faults faults;
    struct sim_sender sender;
    uint8_t ring[SIM_RING_SIZE];
    size_t ring_in, ring_out;
    uint8_t flash[SIM_FLASH_SIZE];
    bool erased[12];
    const uint8_t *content; /* what is to be in flash ... */
    uint32_t content_len;
    uint32_t content_addr; /* ... from here on */
    uint8_t *staged;       /* PACKAGE: as long as the stream */
    uint32_t staged_len;
    unsigned erases, programmed; /* words */
    struct flash_hw flash_hw;
    uint32_t begun_addr, begun_len; /* lent to flash; the next programming is of just that */
    unsigned begun;                 /* how often */
    struct stream_hw hw;
    struct stream stream;
    struct unpack_memory memory;
    uint8_t dictionary[UNPACK_DICTIONARY];
};

/* A board with flash full of random bytes. Freed by sim_free. */
struct sim *sim_create(uint32_t baud, uint32_t latency_us);
void sim_free(struct sim *s);
/* What the content will be, and the stream that carries it. */
void sim_send(struct sim *s, const struct stream_spec *spec, const uint8_t *stream,
              const uint8_t *content);
/* STREAM_BEGIN with this spec; returns where it begins. */
uint32_t sim_begin(struct sim *s, const struct stream_spec *spec);
/* Until the board's side is closed, which must come to pass within limit_s. */
void sim_run(struct sim *s, uint32_t limit_s);
/* The whole content is in flash, what fills its last word is FF, and only its sectors were erased.
 */
void sim_expect_content(const struct sim *s);
/* The engine's clock: it wraps 3 s after the start. */
uint32_t sim_now_us(const struct sim *s);
void sim_pass(struct sim *s, uint64_t ns);

#endif
