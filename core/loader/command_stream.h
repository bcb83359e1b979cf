/* SPDX-License-Identifier: MIT */
/*
 * The commands around streaming: SET_BAUD, STREAM_BEGIN, DIGESTS (PROTOCOL.md, "Streaming"). All
 * arguments are checked before anything is touched. It works over functions that are handed in, so
 * that it knows neither loader nor packages.
 */
#ifndef ARAREXT_COMMAND_STREAM_H
#define ARAREXT_COMMAND_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "protocol.h"
#include "stream.h"

/* SET_BAUD: u32 rate. */
#define SET_BAUD_SIZE 4u

/* STREAM_BEGIN: offsets in its payload, and in its answer. */
#define STREAM_BEGIN_FLAGS   0u  /* u8: enum stream_kind, STREAM_FLAG_... */
#define STREAM_BEGIN_SECTOR  1u  /* u8: where the content begins; 0 for a PACKAGE */
#define STREAM_BEGIN_SIZE    2u  /* u32 */
#define STREAM_BEGIN_ID      6u  /* u32 */
#define STREAM_BEGIN_CONTENT 10u /* u32: PACKED, else 0 */
#define STREAM_BEGIN_LENGTH  14u
#define STREAM_BEGUN_WINDOW  0u  /* u32: bytes that may be under way, whole frames counted */
#define STREAM_BEGUN_RESUME  4u  /* u32: offset to begin at */
#define STREAM_BEGUN_FRAME   8u  /* u16: largest payload */
#define STREAM_BEGUN_SLOT    10u /* u8: of a PACKAGE, else FF */
#define STREAM_BEGUN_SIZE    12u

/* DIGESTS: u8 first sector, u8 count; answers 4 bytes for each sector. */
#define DIGESTS_SIZE 2u
#define DIGESTS_MAX  12u

#define STREAM_ANSWER_MAX (4u * DIGESTS_MAX)

/* What the commands work with; owned by the caller. ctx goes to each function. rate is theirs. */
struct stream_service {
    struct stream *stream;
    void *ctx;
    bool (*provisioned)(void *ctx); /* or provisioning has begun: not surely open */
    /* Before direct flashing, as update_retire: refuses on a provisioned board. */
    enum reason (*retire)(void *ctx, uint32_t *detail);
    /* As update_stage_begin. */
    enum reason (*stage_begin)(void *ctx, uint32_t size, uint8_t *slot, uint32_t *detail);
    uint32_t (*options_read)(void *ctx); /* FLASH_OPTCR */
    uint32_t usart_hz;
    uint32_t window;
    uint32_t rate; /* after SET_BAUD: change to it when the answer has left */
};

struct stream_answer {
    uint32_t detail; /* of the reason, if refused */
    uint8_t len;
    uint8_t data[STREAM_ANSWER_MAX];
};

/* Runs one of these commands, its payload length checked (the three sizes above). After SET_BAUD,
 * once the answer has left: set the divider for v->rate, baud_change. After STREAM_BEGIN, once the
 * answer has left: stream mode. ARGUMENT, BOOTLOADER, NO_SECTOR, ADDRESS (detail: first address
 * behind the part), WRITE_PROTECTED, what retire and stage_begin give; DIGESTS also PROVISIONED. */
enum reason stream_serve(struct stream_service *v, const struct frame_request *q,
                         struct stream_answer *answer);

#endif
