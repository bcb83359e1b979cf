/* SPDX-License-Identifier: MIT */
/* The commands that only tell: versions, identity, protection, the last failure, GET_INFO. */
#include "board_block.h"
#include "bytes.h"
#include "command.h"
#include "debug_build.h"
#include "geometry.h"
#include "memory_map.h"

#define IDCODE_DEVICE 0xFFFu

_Static_assert(INFO_GROUPS + GEOMETRY_GROUPS * INFO_GROUP_SIZE <= ANSWER_DATA_MAX, "one answer");

enum reason command_get_ver(struct loader *l, const struct frame_request *request)
{
    (void)request;
    *command_append(l, 1) = PROTOCOL_GENERATION;
    return REASON_NONE;
}

/* Hosts of the course have room for its twelve, and no more. */
enum reason command_get_help(struct loader *l, const struct frame_request *request)
{
    unsigned count = l->dialect == DIALECT_COURSE ? COMMAND_COURSE_COUNT : COMMAND_COUNT;

    (void)request;
    for (unsigned i = 0; i < count; i++) {
        *command_append(l, 1) = command_forms[i].code;
    }
    return REASON_NONE;
}

enum reason command_get_cid(struct loader *l, const struct frame_request *request)
{
    (void)request;
    store_le16(command_append(l, 2), (uint16_t)(l->info.idcode & IDCODE_DEVICE));
    return REASON_NONE;
}

enum reason command_get_rdp(struct loader *l, const struct frame_request *request)
{
    (void)request;
    *command_append(l, 1) = command_rdp(l);
    return REASON_NONE;
}

enum reason command_get_nwrp(struct loader *l, const struct frame_request *request)
{
    (void)request;
    store_le16(command_append(l, 2), command_nwrp(l));
    return REASON_NONE;
}

enum reason command_get_last_error(struct loader *l, const struct frame_request *request)
{
    uint8_t *out = command_append(l, LAST_ERROR_SIZE);

    (void)request;
    out[LAST_ERROR_REASON] = (uint8_t)l->failure.reason;
    out[LAST_ERROR_COMMAND] = l->failure.command;
    store_le16(out + LAST_ERROR_COUNT, l->failure.count);
    store_le32(out + LAST_ERROR_DETAIL, l->failure.detail);
    return REASON_NONE;
}

enum reason command_get_info(struct loader *l, const struct frame_request *request)
{
    const struct loader_info *info = &l->info;
    uint8_t *out = command_append(l, INFO_GROUPS + GEOMETRY_GROUPS * INFO_GROUP_SIZE);

    (void)request;
    out[INFO_LAYOUT] = INFO_LAYOUT_1;
    out[INFO_PROTOCOL] = PROTOCOL_GENERATION;
    for (unsigned i = 0; i < sizeof info->version; i++) {
        out[INFO_VERSION + i] = info->version[i];
    }
    out[INFO_DIALECT] = (uint8_t)l->dialect;
    store_le16(out + INFO_DEVICE_ID, (uint16_t)(info->idcode & IDCODE_DEVICE));
    store_le16(out + INFO_REVISION_ID, (uint16_t)(info->idcode >> 16));
    store_le16(out + INFO_FLASH_KIB, info->flash_kib);
    memory_hw_read(l->update->flash, MAP_UID_BASE, out + INFO_UID, INFO_UID_SIZE);
    store_le32(out + INFO_FEATURES,
               FEATURE_LAST_ERROR | FEATURE_RESET | FEATURE_MEM_CRC | FEATURE_PACKAGES |
                   FEATURE_CHECKED | FEATURE_LOCK | FEATURE_BOARD | DEBUG_BUILD_FEATURE |
                   (info->board[BOARD_DRIVER] > BOARD_PIN_LAST ? FEATURE_STREAM : 0));
    store_le16(out + INFO_LENGTH_MAX, FRAME_LENGTH_MAX);
    store_le16(out + INFO_RING_SIZE, info->ring_size);
    store_le32(out + INFO_APP_BASE, MAP_APP_BASE);
    store_le32(out + INFO_APP_END, geometry_flash_end(info->flash_kib));
    store_le32(out + INFO_FREE_SRAM_BASE, MAP_FREE_SRAM_BASE);
    store_le32(out + INFO_FREE_SRAM_END, MAP_FREE_SRAM_BASE + MAP_FREE_SRAM_SIZE);
    store_le32(out + INFO_CORE_HZ, info->core_hz);
    out[INFO_RESET_CAUSE] = info->reset_cause;
    out[INFO_STAY_REASON] = (uint8_t)info->stay;
    out[INFO_CLOCK_SOURCE] = info->clock_source;
    out[INFO_RDP] = command_rdp(l);
    store_le16(out + INFO_NWRP, command_nwrp(l));
    out[INFO_GROUP_COUNT] = GEOMETRY_GROUPS;
    for (unsigned i = 0; i < GEOMETRY_GROUPS; i++) {
        uint8_t *group = out + INFO_GROUPS + i * INFO_GROUP_SIZE;
        uint16_t kib;

        geometry_group(info->flash_kib, i, group, &kib);
        store_le16(group + 1, kib);
    }
    return REASON_NONE;
}

enum reason command_get_board(struct loader *l, const struct frame_request *request)
{
    uint8_t *out = command_append(l, BOARD_REPORT_BYTES + BOARD_BLOCK_SIZE);

    (void)request;
    out[BOARD_REPORT_BLOCK] = l->info.board_is_block;
    __builtin_memcpy(out + BOARD_REPORT_BYTES, l->info.board, BOARD_BLOCK_SIZE);
    return REASON_NONE;
}
