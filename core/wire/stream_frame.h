/* SPDX-License-Identifier: MIT */
/*
 * The frames of streaming (PROTOCOL.md, "Streaming"): their layout, their CRC, how to make and read
 * them. Shared by bootloader and host. It keeps no state and moves no bytes.
 */
#ifndef ARAREXT_STREAM_FRAME_H
#define ARAREXT_STREAM_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* To the board: head, payload padded with zeros to whole words, CRC of words 0 and 1 of the head
 * and of the payload. Frames other than data are a head alone. */
#define STREAM_START       0xC5u
#define STREAM_HEAD_KIND   1u  /* enum stream_frame_kind in bits 3:0, round in bits 7:4 */
#define STREAM_HEAD_LEN    2u  /* u16: bytes of payload, without padding */
#define STREAM_HEAD_NUMBER 4u  /* u32: offset of the first byte, or a number to be repeated */
#define STREAM_HEAD_CRC    8u  /* u32: CRC of words 0 and 1 */
#define STREAM_HEAD_BARE   8u  /* the head without its own CRC */
#define STREAM_HEAD_SIZE   12u /* ... and with it */
#define STREAM_CRC_SIZE    4u
#define STREAM_PAYLOAD_MAX 2048u
#define STREAM_FRAME_MAX   (STREAM_HEAD_SIZE + STREAM_PAYLOAD_MAX + STREAM_CRC_SIZE)

enum stream_frame_kind {
    STREAM_DATA = 1,
    STREAM_POLL = 2,
    STREAM_CLOSE = 3,
    STREAM_BLOCKS = 4, /* a poll; from here on blocks are understood. In a CRC: a block */
};
#define STREAM_KIND_MASK   0x0Fu
#define STREAM_ROUND_SHIFT 4u

/* A block, for lines that lose much: a piece of STREAM_BLOCK bytes (the stream's last one: what is
 * left, padded) at a multiple of that, behind a head of its number alone. Its CRC is that of a data
 * frame of kind STREAM_BLOCKS. */
#define STREAM_BLOCK           32u
#define STREAM_BLOCK_START     0xD0u /* number of the block, modulo STREAM_BLOCK_NUMBERS: bits 11:8 */
#define STREAM_BLOCK_LOW       1u    /* ... bits 7:0 */
#define STREAM_BLOCK_HEAD_SIZE 2u
#define STREAM_BLOCK_NUMBERS   4096u
#define STREAM_BLOCK_OLD       1024u /* that many before the one wanted are told from later ones */
#define STREAM_BLOCK_SIZE      (STREAM_BLOCK_HEAD_SIZE + STREAM_BLOCK + STREAM_CRC_SIZE)

/* From the board. */
#define STREAM_STATUS_START   0x5Cu
#define STREAM_STATUS_STATE   1u /* enum stream_state */
#define STREAM_STATUS_REASON  2u /* enum reason, if failed */
#define STREAM_STATUS_FLAGS   3u /* below; bits 7:4 the round of the frame that showed the gap */
#define STREAM_STATUS_NEXT    4u /* u32: offset of the next byte of the stream that is wanted */
#define STREAM_STATUS_WRITTEN 8u /* u32: bytes of content in flash; or the blocks in the ring */
#define STREAM_STATUS_NUMBER                                                                       \
    12u                        /* u32: of the poll or close; if failed, detail of the              \
                                * reason; if complete and no package, CRC of the content */
#define STREAM_STATUS_CRC  16u /* u32: CRC of words 0 to 3 */
#define STREAM_STATUS_SIZE 20u
#define STREAM_FLAG_GAP    1u
#define STREAM_FLAG_ANSWER 2u
#define STREAM_FLAG_KEPT   4u /* bit i of WRITTEN: the block i behind the one at NEXT is there */
#define STREAM_KEPT_BITS   32u

enum stream_state {
    STREAM_IDLE = 0, /* never on the wire */
    STREAM_OPEN = 1,
    STREAM_COMPLETE = 2,
    STREAM_FAILED = 3,
    STREAM_CLOSED = 4,
};

/* The CRC of these frames, in software: CRC32 of PROTOCOL.md, but four bytes are fed at a time, as
 * a little-endian word, which is what the chip's CRC unit does fastest. Continues crc (CRC_START at
 * the beginning). */
uint32_t stream_crc(uint32_t crc, const uint8_t *data, size_t words);

/* len rounded up to whole words. */
static inline uint32_t stream_padded(uint32_t len)
{
    return (len + 3u) & ~3u;
}

/* A frame without payload. kind_round: kind and round << STREAM_ROUND_SHIFT. */
void stream_make_control(uint8_t out[STREAM_HEAD_SIZE], uint8_t kind_round, uint32_t number);
/* A data frame of round (0 to 15) with the len (1 to STREAM_PAYLOAD_MAX) bytes at data; returns its
 * size. out has room for STREAM_FRAME_MAX. */
size_t stream_make_data(uint8_t *out, uint8_t round, uint32_t offset, const uint8_t *data,
                        uint32_t len);
/* The block at offset, a multiple of STREAM_BLOCK; data and len as above, len at most STREAM_BLOCK.
 */
size_t stream_make_block(uint8_t out[STREAM_BLOCK_SIZE], uint32_t offset, const uint8_t *data,
                         uint32_t len);
/* Whether these bytes are a status. */
bool stream_status_good(const uint8_t status[STREAM_STATUS_SIZE]);

#endif
