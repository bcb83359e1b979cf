/* SPDX-License-Identifier: MIT */
/* Software CRC of the protocol. Kept small and plain: it is the reference, not the fast path. */
#include "crc.h"

#include "bytes.h"

#define CRC_POLYNOMIAL 0x04C11DB7u

static uint32_t crc_word(uint32_t crc, uint32_t word)
{
    crc ^= word;
    for (unsigned bit = 0; bit < 32; bit++) {
        crc = (crc & 0x80000000u) != 0 ? (crc << 1) ^ CRC_POLYNOMIAL : crc << 1;
    }
    return crc;
}

uint32_t crc_update(uint32_t crc, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        crc = crc_word(crc, data[i]);
    }
    return crc;
}

uint32_t crc_update_words(uint32_t crc, const uint8_t *data, size_t words)
{
    for (size_t i = 0; i < words; i++) {
        crc = crc_word(crc, load_le32(data + WORD_SIZE * i));
    }
    return crc;
}
