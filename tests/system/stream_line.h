/* SPDX-License-Identifier: MIT */
/*
 * A host at the far end of the line that streams, written from PROTOCOL.md alone: frames, statuses,
 * going back. The line has a rate, a latency each way (a driver, a USB cable) and may do harm.
 * Everything is in the twin's time.
 */
#ifndef TESTS_STREAM_LINE_H
#define TESTS_STREAM_LINE_H

#include "board.h"
#include "stream_harm.h"

/* Retyped from PROTOCOL.md, "Streaming". */
enum {
    SET_BAUD = 0x6B,
    STREAM_BEGIN = 0x6C,
    DIGESTS = 0x6D,
    STREAM_PLAIN = 0,
    STREAM_PACKED = 1,
    STREAM_PACKAGE = 2,
    STREAM_THUMB = 4,
    STREAM_HOLD = 8,
    STREAM_PAYLOAD = 2048,
    STREAM_FRAME = 12 + STREAM_PAYLOAD + 4,
    STATUS_SIZE = 20,
    STATE_OPEN = 1,
    STATE_COMPLETE = 2,
    STATE_FAILED = 3,
    STATE_CLOSED = 4,
};

enum { STREAM_QUEUE = 256 };

struct stream_line {
    struct board *b;
    uint32_t baud;
    uint64_t latency_ns;
    struct stream_harm harm; /* to the board; commands do not expect any */
    uint32_t lose_up_ppm;    /* bytes from the board that get lost ... */
    unsigned lost_up;        /* ... and did */
    bool cut;                /* the cable is out: nothing arrives, either way */
    unsigned cut_frames;
    uint64_t free_ns; /* when what was sent has left the far end */

    /* Under way through the latency. */
    struct {
        uint64_t at_ns;
        size_t len;
        uint8_t bytes[STREAM_FRAME];
    } out[STREAM_QUEUE];
    unsigned out_first, out_count;
    struct {
        uint64_t at_ns;
        uint8_t byte;
    } in[BOARD_RX_MAX];
    size_t in_first, in_count;

    /* What STREAM_BEGIN answered. */
    uint32_t window, resume, frame_max;
    uint8_t slot;

    /* The stream. */
    const uint8_t *data;
    uint32_t size, sent, acked;
    uint32_t payload, least; /* of a frame; halved after a gap down to least */
    uint32_t polled, poll_sent;
    uint64_t heard_ns, polled_ns;
    uint32_t stop_at; /* sends nothing beyond this offset */
    uint8_t round;
    bool careless; /* does not look at the window */
    unsigned statuses, gone_back;

    /* The last status. */
    uint8_t state, reason, flags;
    uint32_t next, written, number;
    uint8_t status[STATUS_SIZE];
    size_t status_len;
};

/* CRC of the frames of streaming, from the start value. */
uint32_t stream_line_crc(uint32_t crc, const uint8_t *data, size_t words);

/* The line at 115200. Allocated; freed with free(). */
struct stream_line *stream_line_open(struct board *b, unsigned latency_ms);
/* The far end's rate, from now on. */
void stream_line_set_rate(struct stream_line *l, uint32_t baud);
/* Runs the twin for so long; what comes is queued, what is due is sent. */
void stream_line_run(struct stream_line *l, uint64_t ns);
void stream_line_send(struct stream_line *l, const uint8_t *bytes, size_t len);
/* Bytes that have come, for at most ns; returns how many. */
size_t stream_line_receive(struct stream_line *l, uint8_t *out, size_t want, uint64_t ns);

/* A command with Data, in the board's dialect (native: any command). True with its Data in data,
 * false for 7F. */
bool stream_line_ask(struct stream_line *l, unsigned command, const uint8_t *payload, size_t n,
                     uint8_t data[255]);
/* SET_BAUD; no exchange at the new rate yet. */
void stream_line_change_rate(struct stream_line *l, uint32_t baud);

struct stream_job {
    uint8_t flags, sector;
    uint32_t id, content;
    const uint8_t *data;
    uint32_t size;
};
/* The payload of STREAM_BEGIN. */
void stream_line_begin_payload(uint8_t p[14], const struct stream_job *job);
/* STREAM_BEGIN; false if it is refused. */
bool stream_line_begin(struct stream_line *l, const struct stream_job *job);
/* Sends until a status says that it is complete or failed, or stop_at is reached and everything
 * before it is taken, or the board has no power. Fails after limit_s. */
void stream_line_transfer(struct stream_line *l, uint32_t limit_s);
/* Close until a status has state 4. */
void stream_line_close(struct stream_line *l);
/* A poll that is answered. */
void stream_line_poll(struct stream_line *l);

/* ---- frames by hand ---- */
enum { KIND_DATA = 1, KIND_POLL = 2, KIND_CLOSE = 3 };
/* Makes the data frame with the len bytes of l->data from offset on; returns its size. */
size_t stream_line_frame(const struct stream_line *l, uint8_t out[STREAM_FRAME], uint32_t offset,
                         uint32_t len);
/* Sends a frame that is a head alone. */
void stream_line_control(struct stream_line *l, unsigned kind, uint32_t number);
/* Waits for the next status, for at most ns. Whether one came. */
bool stream_line_hear(struct stream_line *l, uint64_t ns);

#endif
