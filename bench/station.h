/* SPDX-License-Identifier: MIT */
/*
 * A board in the twin that stays in its bootloader, a line with latency or losses, and the host
 * library's session over it: what the figures of flashing are measured with. And the limit that
 * they are held against. All that goes wrong ends the program.
 */
#ifndef ARAREXT_BENCH_STATION_H
#define ARAREXT_BENCH_STATION_H

#include "ararext.h"
#include "ararext_package.h"
#include "bench_board.h"
#include "twin_transport.h"

enum {
    STATION_KIB = 1024,
    STATION_APP_MAX = 480 * STATION_KIB,
    STATION_CONNECT_BAUD = 115200, /* the rate of every first exchange */
    STATION_FASTEST = 2000000,     /* what the library finds by itself */
};

struct station_setup {
    uint32_t baud;
    unsigned latency_ms; /* added each way */
    bool twelve;         /* the twelve commands alone; a higher rate is set before them */
    const uint8_t *held; /* in flash from APP_BASE on before power-on; NULL = blank */
    uint32_t held_len;
    void (*prepare)(struct twin *t); /* before power-on; NULL = nothing */
};

struct station {
    struct twin *twin;
    struct twin_wire wire;
    struct ararext_transport transport;
    struct ararext_session *session;
    struct ararext_session *raiser; /* of the twelve commands: the one that set the rate; or NULL */
    struct ararext_info info;
    double connect_s; /* from the first byte to a session that knows the board, at its rate */
};

struct station *station_make(const struct station_setup *setup);
void station_free(struct station *st);

/* Flashes len bytes at APP_BASE. Seconds from the first request of the operation (what does flash
 * hold?) to its verdict, erasing, programming and verifying included. Afterwards flash holds the
 * bytes, as the twin tells, not the session. */
double station_flash(struct station *st, const uint8_t *bytes, uint32_t len,
                     const struct ararext_flash_options *how, struct ararext_flash_result *result);

/* Updates with a package that needs no confirmation. Seconds from the question what the slots hold
 * to the library's verdict; the application runs by then. */
double station_update(struct station *st, const uint8_t *package, size_t len);

/* What the line needs, 10 bits a byte. */
double station_line_s(uint32_t len, uint32_t baud);
/* What flash needs from APP_BASE on: erasing the sectors and programming the words, typical times
 * of the data sheet (DS8626 tables 40 and 41, x32: 16 KiB 250 ms, 64 KiB 550 ms, 128 KiB 1 s, a
 * word 16 us). */
double station_cells_s(uint32_t len);
/* The larger of the two. */
double station_limit_s(uint32_t len, uint32_t baud);

#endif
