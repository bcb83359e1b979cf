/* SPDX-License-Identifier: MIT */
/*
 * The cases of flashing that are measured, each at most once in a run: the figures are made of
 * them, and so are the plot and the table in the documents. All in virtual time.
 */
#ifndef ARAREXT_BENCH_CASES_H
#define ARAREXT_BENCH_CASES_H

#include <stdbool.h>
#include <stdint.h>

enum case_kind {
    CASE_STREAM,         /* 200 KiB, not compressed, onto a blank board */
    CASE_COMMANDS,       /* the same with the twelve commands alone, read back */
    CASE_ROM,            /* the same by stm32flash over ST's protocol, at 115200 baud; read back */
    CASE_PACKED,         /* a real application, compressed where the library does */
    CASE_PLAIN,          /* the same, not compressed */
    CASE_UNCHANGED,      /* 200 KiB that the board holds already */
    CASE_CHANGED_FIRST,  /* as much, but for the first sector of the application: 16 KiB */
    CASE_CHANGED_SECOND, /* but for the second, 16 KiB too */
    CASE_LOSSY,          /* CASE_STREAM with 1 % of all bytes lost or altered, half and half */
    CASE_KINDS,
};

enum {
    CASE_SIZE = 200 * 1024,
    CASE_SECTOR = 16 * 1024,
    CASE_APPS = 3,
    CASE_RATES = 4,
    CASE_LATENCIES = 3,
};
extern const uint32_t case_rates[CASE_RATES];
extern const unsigned case_latencies_ms[CASE_LATENCIES]; /* added each way */

struct bench_case {
    enum case_kind kind;
    unsigned app; /* of CASE_PACKED and CASE_PLAIN, below CASE_APPS; else 0 */
    uint32_t baud;
    unsigned latency_ms;
    uint32_t len;     /* of the image */
    double connect_s; /* what comes before: finding the board, raising the rate */
    double took_s;    /* as station_flash says */
    double limit_s;   /* of a whole transfer, see station.h; PACKED and PLAIN: the line's alone */
    uint32_t sent;    /* bytes of the streams: what is new, compressed or not */
    uint32_t resent;  /* bytes of streams sent again */
    unsigned lost;    /* bytes on the wire, both ways */
    unsigned altered;
    bool measured;
};

/* Measured now unless it was before. Says so on standard error. Never NULL. */
const struct bench_case *case_get(enum case_kind kind, unsigned app, uint32_t baud,
                                  unsigned latency_ms);

/* Writes all cases of the documents, those missing measured now: a line of names, then a line for
 * each. */
void cases_write(const char *path);

#endif
