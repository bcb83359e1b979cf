/* SPDX-License-Identifier: MIT */
/*
 * Inside the library: streaming, the host's side (PROTOCOL.md, "Streaming"). Not installed. Named
 * so that it is not taken for core's stream.h.
 */
#ifndef ARAREXT_STREAM_HOST_H
#define ARAREXT_STREAM_HOST_H

#include "session.h"

/* One stream. What data points to stays the caller's. */
struct stream_job {
    const uint8_t *data;
    uint32_t size;    /* of data, at least 1 */
    uint32_t content; /* bytes that come out of a packed stream; else 0 */
    uint32_t addr;    /* not for a package: where the content begins, ... */
    uint32_t len;     /* ... how long it is, ... */
    uint32_t wanted;  /* ... its digest (PROTOCOL.md, "Streaming": CRC) ... */
    uint32_t crc;     /* ... and what MEM_CRC gives of it when all is done */
    uint8_t flags;    /* enum stream_kind, STREAM_FLAG_... */
    uint8_t sector;   /* where its content begins; 0 for a package */
    /* Called often, with the bytes of content that the board has in flash. May be NULL. */
    void (*progress)(void *ctx, uint32_t written);
    void *ctx;
    bool begun;      /* out: the board has taken STREAM_BEGIN, so flash changes from now on */
    bool all_sent;   /* out: the board may have all of it */
    bool has_digest; /* out: the next one is known */
    uint32_t digest; /* out: that of the content as flash holds it */
    uint8_t slot;    /* out: where a package goes */
    uint32_t resent; /* out: bytes on the line that had to go again */
};

/* Sends it, and comes back when the board has written all of it and listens to commands again. What
 * the line loses is sent again; a board that was lost is looked for at 115200, and the stream goes
 * on where it stopped. REFUSED also when the board fails in the middle, with the reason. When
 * stopped, the board is told first. */
ARAREXT_CHECKED int stream_send(struct ararext_session *s, struct stream_job *job);

enum { STREAM_RATE_COUNT = 5 };
/* Rates above 115200 that are tried, descending. */
extern const uint32_t STREAM_RATES[STREAM_RATE_COUNT];
/* Asks the board for a rate, and changes to it whatever it answers. */
ARAREXT_CHECKED int stream_set_rate(struct ararext_session *s, uint32_t baud);

/* Ends a stream that is open on the board, at whatever rate, if there is one; *ended says so. Both
 * ends are at the rate of before then. */
ARAREXT_CHECKED int stream_end_open(struct ararext_session *s, bool *ended);

/* Whether a board answers GET_VER; asked once, also when options.stop says so. */
bool session_board_listens(struct ararext_session *s);
/* The board has closed by itself, or lost its supply, or nobody is there: looks for it at 115200,
 * for a while. code is what went wrong: after IO the port has to come back first, and the same
 * board behind it. IO, TIMEOUT, INTERRUPTED. */
ARAREXT_CHECKED int session_find_again(struct ararext_session *s, int code);
/* CRC32 of sectors as they are in flash (DIGESTS); count of at most 12. */
ARAREXT_CHECKED int session_digests(struct ararext_session *s, uint8_t first, uint8_t count,
                                    uint32_t *digests);

/* ---- stream_flash.c: its part of plan and flash operation ---- */

/* Decides for each sector of the plan by digests: KEEP or ERASE. */
ARAREXT_CHECKED int stream_compare(struct ararext_session *s, const struct ararext_image *image,
                                   struct ararext_plan *plan);
/* Bytes of content that the plan's runs of sectors have. */
uint32_t stream_count_bytes(const struct ararext_info *info, const struct ararext_image *image,
                            const struct ararext_plan *plan);
/* What a flash operation is about. */
struct stream_flash {
    struct ararext_session *s;
    const struct ararext_image *image;
    const struct ararext_plan *plan;
    const struct ararext_flash_options *options;
    struct ararext_flash_result *result;
};
/* Erases and writes all that the plan changes, and compares each run with the digest of what flash
 * then holds. VERIFY. *whole: with the image's first word, which the board wrote last; else it is
 * left out. */
ARAREXT_CHECKED int stream_flash_write(const struct stream_flash *f, bool *whole);

#endif
