/* SPDX-License-Identifier: MIT */
/*
 * A transport whose far end plays a script: what must be sent, and what is answered when. Its clock
 * is virtual, so that a test of a time-out takes no time and can say how long it took.
 */
#ifndef TESTS_HOST_SCRIPT_H
#define TESTS_HOST_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ararext.h"

/* One exchange. Bytes as hex text, "" for none. */
struct exchange {
    const char *sent;   /* the whole request; NULL = any */
    const char *answer; /* what comes back */
    unsigned delay_ms;  /* before the first byte of it */
    unsigned gap_ms;    /* before each further byte */
    bool broken;        /* the port fails instead of answering */
};

struct script {
    const struct exchange *steps;
    size_t count, next;
    uint64_t now_ms;
    uint64_t sent_at_ms[64]; /* when each request was sent */
    uint8_t incoming[4096];  /* bytes on their way */
    uint64_t due_ms[4096];
    size_t in_from, in_to;
    unsigned flushes, closes;
    bool fail_write;
    size_t wrong; /* requests that were not the script's */
    struct ararext_transport transport;
    struct ararext_session *session;
};

/* Starts a session with the script at its far end; count steps. */
void script_open(struct script *s, const struct exchange *steps, size_t count,
                 const struct ararext_options *options);
/* Fails the test unless all steps were played and nothing else was sent. */
void script_close(struct script *s);
/* Bytes that are there without a request, from now on. */
void script_push(struct script *s, const char *hex, unsigned delay_ms, unsigned gap_ms);

/* "05 51" to bytes. Number of bytes. */
size_t unhex(const char *hex, uint8_t *out, size_t size);
/* A native request, CRC included, as hex text. Valid until the sixteenth call from now. */
const char *request(uint8_t command, const char *payload);

#define STEPS(s, options, ...)                                                                     \
    const struct exchange steps_[] = {__VA_ARGS__};                                                \
    script_open((s), steps_, sizeof steps_ / sizeof steps_[0], (options))

#endif
