/* SPDX-License-Identifier: MIT */
/*
 * What a board is: GET_INFO taken apart, or, for a bootloader with the twelve commands alone, put
 * together from those and from the chip's identification words. Every count and size in the answer
 * is checked before it is used.
 *
 * RM0090: section 3.3 (flash organisation), 39 (device electronic signature), 7.3.21 (RCC_CSR).
 */
#include "session.h"

#include <string.h>

#include "bytes.h"
#include "memory_map.h"
#include "protocol.h"

static bool add_sectors(struct ararext_info *info, unsigned count, uint32_t size)
{
    uint32_t at = MAP_FLASH_BASE;
    if (info->sector_count > 0) {
        const struct ararext_sector *last = &info->sectors[info->sector_count - 1];
        at = last->addr + last->size;
    }
    for (unsigned i = 0; i < count; i++) {
        if (info->sector_count >= ARAREXT_SECTORS_MAX) {
            return false;
        }
        info->sectors[info->sector_count++] = (struct ararext_sector){at, size};
        at += size;
    }
    return true;
}

static bool parse_groups(struct ararext_info *info, const uint8_t *data, size_t len)
{
    unsigned groups = data[INFO_GROUP_COUNT];
    if (len < INFO_GROUPS + (size_t)groups * INFO_GROUP_SIZE) {
        return false;
    }
    uint64_t total = 0;
    for (unsigned i = 0; i < groups; i++) {
        const uint8_t *group = data + INFO_GROUPS + (size_t)i * INFO_GROUP_SIZE;
        uint32_t kib = load_le16(group + 1);
        total += (uint64_t)group[0] * kib;
        if (kib == 0 || total > info->flash_kib || !add_sectors(info, group[0], kib * 1024)) {
            return false;
        }
    }
    return total == info->flash_kib;
}

static bool areas_make_sense(const struct ararext_info *info)
{
    uint32_t flash_end = MAP_FLASH_BASE + info->flash_kib * 1024u;
    return info->app_base >= MAP_FLASH_BASE && info->app_base < info->app_end &&
           info->app_end <= flash_end && info->sram_base <= info->sram_end;
}

static bool parse_info(struct ararext_info *info, const uint8_t *data, size_t len)
{
    *info = (struct ararext_info){
        .extended = true,
        .protocol = data[INFO_PROTOCOL],
        .dialect = data[INFO_DIALECT],
        .device_id = load_le16(data + INFO_DEVICE_ID),
        .revision_id = load_le16(data + INFO_REVISION_ID),
        .flash_kib = load_le16(data + INFO_FLASH_KIB),
        .features = load_le32(data + INFO_FEATURES),
        .length_max = load_le16(data + INFO_LENGTH_MAX),
        .ring_size = load_le16(data + INFO_RING_SIZE),
        .app_base = load_le32(data + INFO_APP_BASE),
        .app_end = load_le32(data + INFO_APP_END),
        .sram_base = load_le32(data + INFO_FREE_SRAM_BASE),
        .sram_end = load_le32(data + INFO_FREE_SRAM_END),
        .core_hz = load_le32(data + INFO_CORE_HZ),
        .reset_cause = data[INFO_RESET_CAUSE],
        .stay_reason = data[INFO_STAY_REASON],
        .clock_source = data[INFO_CLOCK_SOURCE],
        .rdp = data[INFO_RDP],
        .nwrp = load_le16(data + INFO_NWRP),
    };
    memcpy(info->version, data + INFO_VERSION, sizeof info->version);
    memcpy(info->uid, data + INFO_UID, sizeof info->uid);
    return parse_groups(info, data, len) && areas_make_sense(info);
}

int info_get_extended(struct ararext_session *s, struct ararext_info *out)
{
    uint8_t data[ANSWER_DATA_MAX];
    struct call call = {.command = COMMAND_GET_INFO,
                        .data = data,
                        .data_min = INFO_SIZE_MIN,
                        .data_max = sizeof data,
                        .extension = true,
                        .decides = true};
    int rc = session_call(s, &call);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    if (data[INFO_LAYOUT] != INFO_LAYOUT_1) {
        s->failure = (struct ararext_failure){.code = ARAREXT_ERR_UNSUPPORTED};
        return ARAREXT_ERR_UNSUPPORTED;
    }
    if (!parse_info(out, data, call.data_len)) {
        s->failure = (struct ararext_failure){.code = ARAREXT_ERR_GARBLED};
        return ARAREXT_ERR_GARBLED;
    }
    s->checked = (out->features & FEATURE_CHECKED) != 0;
    return ARAREXT_OK;
}

/* With the twelve commands: the chip's own words tell the rest. */
static int get_plain_info(struct ararext_session *s, struct ararext_info *out)
{
    uint8_t size[2];
    *out = (struct ararext_info){.dialect = ARAREXT_NATIVE, .length_max = FRAME_LENGTH_MAX};
    int rc = session_get_version_twice(s, &out->protocol);
    if (rc == ARAREXT_OK) {
        rc = ararext_get_chip_id(s, &out->device_id);
    }
    if (rc == ARAREXT_OK) {
        rc = ararext_get_rdp(s, &out->rdp);
    }
    if (rc == ARAREXT_OK) {
        rc = ararext_get_protection(s, &out->nwrp);
    }
    if (rc == ARAREXT_OK) {
        rc = session_read_twice(s, MAP_UID_BASE, out->uid, sizeof out->uid);
    }
    if (rc == ARAREXT_OK) {
        rc = session_read_twice(s, MAP_FLASH_KIB_ADDR, size, sizeof size);
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    out->flash_kib = load_le16(size);
    if (out->flash_kib != 512 && out->flash_kib != 1024) {
        s->failure = (struct ararext_failure){.code = ARAREXT_ERR_UNSUPPORTED};
        return ARAREXT_ERR_UNSUPPORTED;
    }
    sectors_set_default(out, out->flash_kib);
    out->app_base = MAP_APP_BASE;
    out->app_end = MAP_FLASH_BASE + out->flash_kib * 1024u;
    out->sram_base = MAP_FREE_SRAM_BASE;
    out->sram_end = MAP_FREE_SRAM_BASE + MAP_FREE_SRAM_SIZE;
    return ARAREXT_OK;
}

int ararext_get_info(struct ararext_session *s, struct ararext_info *out)
{
    int rc = s->options.no_extensions ? ARAREXT_ERR_UNSUPPORTED : info_get_extended(s, out);
    bool absent =
        rc == ARAREXT_ERR_UNSUPPORTED && (s->options.no_extensions || s->failure.sent_len);
    if (absent || (rc == ARAREXT_ERR_REFUSED && !s->failure.has_reason)) {
        rc = get_plain_info(s, out);
    }
    if (rc == ARAREXT_OK) {
        s->info = *out;
        s->has_info = true;
    }
    return rc;
}

const char *ararext_reset_cause_text(uint8_t cause)
{
    /* RCC_CSR bits 31:24; a power-on also sets BOR and pin, every reset sets pin. */
    static const struct {
        uint8_t bit;
        const char *text;
    } CAUSES[] = {
        {1u << 7, "low-power reset"}, {1u << 6, "window watchdog"}, {1u << 5, "watchdog"},
        {1u << 4, "software"},        {1u << 3, "power-on"},        {1u << 1, "brown-out"},
        {1u << 2, "reset pin"},
    };
    for (size_t i = 0; i < sizeof CAUSES / sizeof CAUSES[0]; i++) {
        if ((cause & CAUSES[i].bit) != 0) {
            return CAUSES[i].text;
        }
    }
    return "unknown";
}

const char *ararext_stay_reason_text(uint8_t reason)
{
    static const char *const TEXTS[] = {"not told",
                                        "button",
                                        "request of the application",
                                        "nothing to boot",
                                        "request of the host",
                                        "every package was rejected",
                                        "provisioned, and no package verifies",
                                        "the application crashes again and again",
                                        "flash does not take the package"};
    return reason < sizeof TEXTS / sizeof TEXTS[0] ? TEXTS[reason] : "unknown";
}
