/* SPDX-License-Identifier: MIT */
/* The CRCs of frames where there is no unit for it. A file of its own, so that the linker can leave
 * it out. */
#include "crc.h"

uint32_t crc_frame(const uint8_t *data, size_t len)
{
    return crc_update(CRC_START, data, len);
}

uint32_t crc_words(const uint8_t *data, size_t words)
{
    return crc_update_words(CRC_START, data, words);
}
