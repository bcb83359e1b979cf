/* SPDX-License-Identifier: MIT */
/* Frames of streaming, made and checked in software. The board uses none of it but the layout. */
#include "stream_frame.h"

#include <string.h>

#include "bytes.h"
#include "crc.h"

uint32_t stream_crc(uint32_t crc, const uint8_t *data, size_t words)
{
    return crc_update_words(crc, data, words);
}

static void stream_make_head(uint8_t *out, uint8_t kind_round, uint32_t len, uint32_t number)
{
    out[0] = STREAM_START;
    out[STREAM_HEAD_KIND] = kind_round;
    store_le16(out + STREAM_HEAD_LEN, (uint16_t)len);
    store_le32(out + STREAM_HEAD_NUMBER, number);
    store_le32(out + STREAM_HEAD_CRC, stream_crc(CRC_START, out, STREAM_HEAD_BARE / 4));
}

void stream_make_control(uint8_t out[STREAM_HEAD_SIZE], uint8_t kind_round, uint32_t number)
{
    stream_make_head(out, kind_round, 0, number);
}

size_t stream_make_data(uint8_t *out, uint8_t round, uint32_t offset, const uint8_t *data,
                        uint32_t len)
{
    uint32_t padded = stream_padded(len);
    uint8_t *payload = out + STREAM_HEAD_SIZE;

    stream_make_head(out, (uint8_t)(STREAM_DATA | (unsigned)round << STREAM_ROUND_SHIFT), len,
                     offset);
    memcpy(payload, data, len);
    memset(payload + len, 0, padded - len);
    /* Not over the head's own CRC: what stood before that would no longer count. */
    uint32_t crc = stream_crc(CRC_START, out, STREAM_HEAD_BARE / 4);
    store_le32(payload + padded, stream_crc(crc, payload, padded / 4));
    return STREAM_HEAD_SIZE + padded + STREAM_CRC_SIZE;
}

size_t stream_make_block(uint8_t out[STREAM_BLOCK_SIZE], uint32_t offset, const uint8_t *data,
                         uint32_t len)
{
    uint8_t frame[STREAM_HEAD_SIZE + STREAM_BLOCK + STREAM_CRC_SIZE];
    uint32_t number = offset / STREAM_BLOCK % STREAM_BLOCK_NUMBERS;
    uint32_t padded = stream_padded(len);

    stream_make_head(frame, STREAM_BLOCKS, len, offset);
    memset(frame + STREAM_HEAD_BARE, 0, STREAM_BLOCK);
    memcpy(frame + STREAM_HEAD_BARE, data, len);
    out[0] = (uint8_t)(STREAM_BLOCK_START | number >> 8);
    out[STREAM_BLOCK_LOW] = (uint8_t)number;
    memcpy(out + STREAM_BLOCK_HEAD_SIZE, frame + STREAM_HEAD_BARE, padded);
    store_le32(out + STREAM_BLOCK_HEAD_SIZE + padded,
               stream_crc(CRC_START, frame, (STREAM_HEAD_BARE + padded) / 4));
    return STREAM_BLOCK_HEAD_SIZE + padded + STREAM_CRC_SIZE;
}

bool stream_status_good(const uint8_t status[STREAM_STATUS_SIZE])
{
    return status[0] == STREAM_STATUS_START &&
           load_le32(status + STREAM_STATUS_CRC) ==
               stream_crc(CRC_START, status, STREAM_STATUS_CRC / 4);
}
