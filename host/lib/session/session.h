/* SPDX-License-Identifier: MIT */
/*
 * Inside the library: a session and how its files share it. Not installed.
 */
#ifndef ARAREXT_SESSION_H
#define ARAREXT_SESSION_H

#include "ararext.h"
#include "message.h"

enum {
    BAUD_DEFAULT = 115200,
    MARGIN_DEFAULT_MS = 300,
    RETRIES_DEFAULT = 2,
    RETRIES_MAX = 10,
    LAG_FACTOR = 6,           /* patience with a transport that may_lag: times the board's time, */
    LAG_MARGIN_MS = 1000,     /* and at least this margin */
    RESYNC_SILENCE_MS = 1100, /* PROTOCOL.md, "Frames, silence and errors" */
};

struct ararext_session {
    struct ararext_transport transport;
    struct ararext_options options;
    struct ararext_failure failure;
    struct ararext_counters counters;
    uint32_t baud;            /* of our end of the line */
    uint32_t start_baud;      /* the board's after a reset, and after silence: 115200 mostly */
    struct ararext_info info; /* of the last ararext_get_info: the sector map */
    bool has_info;
    bool raised;              /* baud was negotiated: the board may go back to 115200 */
    bool checked;             /* the loader puts a CRC behind an answer where it is asked to */
    bool one_try;             /* nobody may answer: nothing is sent again, and the rate stays */
    bool ended_stream;        /* ararext_hello has */
    unsigned look_ms;         /* not 0: the margin, where nobody may be there yet */
    bool needs_silence;       /* the board may still wait for the rest of a frame */
    uint64_t silent_since_ms; /* our last byte; has a meaning when needs_silence */
};

/* One request and what its answer must look like. */
struct call {
    uint8_t command;
    const uint8_t *payload;
    size_t payload_len;
    uint8_t *data; /* out: room for data_max bytes; NULL if that is 0 */
    size_t data_min, data_max;
    size_t data_len; /* out */
    bool once;       /* never sent again after silence: it may have been carried out */
    bool extension;  /* one of the commands from 60 on */
    bool decides;    /* asked twice where the answer has no check of its own */
};

/* Sends a native request and takes its answer, with retries; see ararext.h for the errors. */
ARAREXT_CHECKED int session_call(struct ararext_session *s, struct call *call);

/* Finds out whether the one that answers knows checked answers, and asks for its version, so that
 * it is right. */
ARAREXT_CHECKED int session_learn_checked(struct ararext_session *s, uint8_t *version);

/* Time that PROTOCOL.md gives the board for a command, without the line, in milliseconds. */
unsigned session_board_time_ms(const struct ararext_session *s, uint8_t command,
                               const uint8_t *payload, size_t payload_len);

/* Sets our end of the line. */
ARAREXT_CHECKED int session_set_line(struct ararext_session *s, uint32_t baud);
/* After a rate that does not hold any more: our end goes back to that of the start, as the board's
 * does. */
ARAREXT_CHECKED int session_fall_back(struct ararext_session *s);

/* Whether the board has said that it has all of these (ARAREXT_FEATURE_), and they may be used. */
bool session_has(const struct ararext_session *s, uint32_t features);

/* Whether options.stop says so; records the failure. */
bool session_stopped(struct ararext_session *s);

/* As ararext_get_version and ararext_read; where answers have no check of their own, twice. */
ARAREXT_CHECKED int session_get_version_twice(struct ararext_session *s, uint8_t *version);
ARAREXT_CHECKED int session_read_twice(struct ararext_session *s, uint32_t addr, uint8_t *data,
                                       size_t len);

/* GET_INFO alone: as ararext_get_info, without making do with the twelve commands. */
ARAREXT_CHECKED int info_get_extended(struct ararext_session *s, struct ararext_info *out);
/* The known sectors of an F407 with 512 or 1024 KiB (core/chip/geometry.h). */
void sectors_set_default(struct ararext_info *info, uint16_t flash_kib);

#endif
