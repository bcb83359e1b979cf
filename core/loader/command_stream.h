/* SPDX-License-Identifier: MIT */
/* Layouts of the commands around streaming: SET_BAUD, STREAM_BEGIN, DIGESTS (PROTOCOL.md,
 * "Streaming"). */
#ifndef ARAREXT_COMMAND_STREAM_H
#define ARAREXT_COMMAND_STREAM_H

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
#define STREAM_BEGUN_TAKES   11u /* u8: bits, below */
#define STREAM_BEGUN_SIZE    12u
#define STREAM_BEGUN_BLOCKS  1u

/* DIGESTS: u8 first sector, u8 count; answers 4 bytes for each sector. */
#define DIGESTS_SIZE 2u
#define DIGESTS_MAX  12u

#endif
