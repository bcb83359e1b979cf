/* SPDX-License-Identifier: MIT */
/*
 * A session of the host library with a board that streams, in simulated time: the core's engines
 * (commands, stream, rate of the line) over the model chip, at the other end of a line with a rate,
 * latency and faults. Flash takes the data sheet's typical times, and the line goes on meanwhile.
 * What is programmed is compared with what belongs there at once: a test need not ask for it.
 */
#ifndef TESTS_HOST_STREAM_BENCH_H
#define TESTS_HOST_STREAM_BENCH_H

#include "ararext.h"
#include "baud.h"
#include "model.h"
#include "command_stream.h"

enum { BENCH_IMAGE_MAX = 400 * 1024 };
#define BENCH_RING 81920u
#define BENCH_WIRE 262144u

struct bench_wire {
    struct {
        uint64_t at_ns;
        uint32_t baud; /* that it was sent with */
        uint8_t byte;
    } bytes[BENCH_WIRE];
    size_t in, out;
    uint64_t free_ns; /* when the last byte has left */
};

/* What goes wrong, and how often it did. */
struct bench_faults {
    uint32_t lose_ppm, alter_ppm;      /* of bytes, both ways */
    uint64_t cut_from_ns, cut_to_ns;   /* nothing gets through */
    uint32_t holds_baud;               /* above this rate nothing gets through; 0 = any rate does */
    uint32_t adapter_baud;             /* rates above this are refused by the adapter; 0 = none */
    uint32_t fail_at;                  /* programming this address fails */
    uint32_t dies_at;                  /* the board resets when it would program this address */
    uint32_t fast_ppm;                 /* the line is so much faster than its rate says */
    uint64_t nap_ns, nap_every_ns;     /* the host does not run for so long, so often; 0 = never */
    uint8_t eats;                      /* this byte never gets into a stream; 0 = all do */
    uint64_t gone_from_ns, gone_to_ns; /* the port is not there */
    bool other_board;                  /* and then there is another one behind it */
    bool swapped;                      /* another one is there when the host looks for it */
    unsigned drop_answers[256];        /* by command: so many answers are lost */
    unsigned napped, lost, altered, cut, garbled, refused, failed, dropped, eaten, reopened, died;
};

struct bench {
    struct model *model;
    struct ararext_transport transport;
    struct ararext_session *session;
    struct ararext_info info;
    uint64_t next_nap_ns;
    uint64_t now_ns, busy_ns; /* busy: the board does nothing else until then */
    uint64_t latency_ns;
    uint32_t host_baud;
    struct bench_wire down, up;
    struct bench_faults faults;
    bool port_lost;                       /* it went away, and was not opened again */
    unsigned told_of_port, told_of_board; /* options.lost */
    uint64_t stop_ns;                     /* options.stop says so from then on; 0 = never */
    /* the board */
    struct baud baud;
    bool no_streaming; /* one of an earlier version */
    bool no_blocks;    /* one that streams, and does not know blocks */
    bool dying;        /* resets after this step */
    uint8_t ring[BENCH_RING];
    size_t ring_in, ring_out;
    uint8_t command[FRAME_SIZE_MAX];
    size_t command_len;
    uint64_t command_ns, model_ns;
    uint8_t answer[600]; /* sent when the board is no longer busy */
    size_t answer_len;
    bool begin_stream, last_word;
    uint32_t change_to; /* rate, when the answer has left */
    struct flash_hw flash;
    struct stream_hw stream_hw;
    struct stream stream;
    struct loader_stream service;
    struct unpack_memory memory;
    uint8_t dictionary[UNPACK_DICTIONARY];
    unsigned erases[12];
    unsigned programmed;        /* words, by streams */
    unsigned told_of_blocks;    /* statuses that did */
    uint64_t began_ns, done_ns; /* the last stream: when it was opened, and all was in flash */
    uint64_t healed_ns;         /* for a test's own use */
    unsigned requests[256], streams, resumed, overflows, fell_back;
    /* what belongs into flash */
    uint8_t bytes[BENCH_IMAGE_MAX]; /* of the image, from MAP_APP_BASE on */
    uint32_t len;
    struct ararext_image *image;
    struct ararext_plan plan;
    struct ararext_flash_result result;
};

/* A connected session that has asked for the board's info, at this rate on both sides. retries for
 * lines that lose much. */
struct bench *bench_create(uint32_t baud, unsigned latency_ms, unsigned retries);
void bench_free(struct bench *b);
/* An image of random bytes that could be an application, or of bytes that pack well. */
void bench_make_image(struct bench *b, uint32_t len, bool packs);
/* It is in flash already, and the rest of its last sector is erased. */
void bench_preload(struct bench *b);
/* Plans and carries out. */
int bench_flash(struct bench *b, const struct ararext_flash_options *options);
/* The same; fails the test unless the image is then in flash. Returns the time in ms. */
uint64_t bench_flash_ok(struct bench *b, const struct ararext_flash_options *options);
/* The larger of what the line and what flash needs, in ms. */
uint64_t bench_limit_ms(const struct bench *b);

#endif
