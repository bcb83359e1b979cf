/* SPDX-License-Identifier: MIT */
/* The CRC of frames where there is no unit for it. A file of its own, so that the linker can leave
 * it out. */
#include "crc.h"

uint32_t crc_frame(const uint8_t *data, size_t len)
{
    return crc_update(CRC_START, data, len);
}
