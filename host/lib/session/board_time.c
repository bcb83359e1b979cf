/* SPDX-License-Identifier: MIT */
/*
 * How long a board may take for a command, as PROTOCOL.md says.
 */
#include "command_stream.h"
#include "protocol.h"
#include "session.h"

/* 1 s per 16 KiB sector, 2.5 s per 64 KiB, 4.5 s per 128 KiB. */
static unsigned erase_ms(const struct ararext_info *map, uint8_t first, uint8_t count)
{
    unsigned ms = 0;
    if (first == ERASE_ALL_SECTORS) {
        first = 0;
        count = ERASE_ALL_SECTORS;
    }
    for (size_t i = first; i < (size_t)first + count && i < map->sector_count; i++) {
        uint32_t size = map->sectors[i].size;
        ms += size <= 0x4000 ? 1000 : size <= 0x10000 ? 2500 : 4500;
    }
    return ms == 0 ? 1000 : ms;
}

unsigned session_board_time_ms(const struct ararext_session *s, uint8_t command,
                               const uint8_t *payload, size_t payload_len)
{
    switch (command) {
    case COMMAND_FLASH_ERASE: {
        struct ararext_info fallback = {0};
        const struct ararext_info *map = &s->info;
        if (!s->has_info) {
            sectors_set_default(&fallback, 1024);
            map = &fallback;
        }
        return payload_len == 2 ? erase_ms(map, payload[0], payload[1]) : 1000;
    }
    case COMMAND_MEM_WRITE:
    case COMMAND_STAGE_WRITE:
        return 100;
    case COMMAND_EN_RW_PROTECT:
    case COMMAND_DIS_R_W_PROTECT:
        return 2000;
    case COMMAND_MEM_CRC:
    case COMMAND_DIGESTS:
        return 1500;
    case COMMAND_STREAM_BEGIN: /* a package: the erase of a slot */
        return payload_len > 0 && (payload[0] & STREAM_KIND_BITS) == STREAM_PACKAGE ? 10000 : 100;
    case COMMAND_GET_SLOTS:
        return 50;
    case COMMAND_STAGE_BEGIN:
    case COMMAND_STAGE_FINISH:
        return 10000;
    case COMMAND_CONFIRM:
        return 3000;
    case COMMAND_ROLLBACK:
    case COMMAND_PROVISION:
        return 5000;
    default:
        return 20;
    }
}
