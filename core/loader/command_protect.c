/* SPDX-License-Identifier: MIT */
/*
 * Write protection and read protection. It must never raise the chip to read protection level 2
 * (for ever) nor take it from level 1 back to 0 (which erases the chip, bootloader included): the
 * hardware interface has no way to ask for either (loader.h, enum loader_rdp).
 */
#include "bytes.h"
#include "command.h"
#include "geometry.h"
#include "options.h"

static uint8_t command_rdp_level(struct loader *l)
{
    uint8_t rdp = command_rdp(l);

    l->detail = rdp;
    if (rdp == RDP_LEVEL_0) {
        return 0;
    }
    return rdp == RDP_LEVEL_2 ? 2 : 1;
}

/* The sectors of a bitmap may be protected by a host. */
static enum reason command_check_bitmap(struct loader *l, unsigned bitmap)
{
    unsigned beyond = bitmap >> geometry_sector_count(l->info.flash_kib);

    if ((bitmap & OPTIONS_NWRP_BOOT) != 0) {
        return command_refuse(l, REASON_BOOTLOADER, command_lowest_bit(bitmap));
    }
    if (beyond != 0) {
        return command_refuse(l, REASON_NO_SECTOR,
                              geometry_sector_count(l->info.flash_kib) +
                                  command_lowest_bit(beyond));
    }
    return REASON_NONE;
}

/* Mode 1 protects something and has no key behind it; mode 2 has the right one. */
static enum reason command_check_mode(struct loader *l, const struct frame_request *request,
                                      const uint8_t *mode, unsigned bitmap)
{
    bool key = request->payload_len > WORD_SIZE;

    if (*mode == PROTECT_READ) {
        return key && load_le32(mode + 1) == PROTECT_READ_KEY ? REASON_NONE : REASON_KEY;
    }
    if (*mode != PROTECT_WRITE) {
        return command_refuse(l, REASON_ARGUMENT, *mode);
    }
    if (key) {
        return command_refuse(l, REASON_PAYLOAD_LENGTH, request->payload_len);
    }
    return bitmap == 0 ? REASON_ARGUMENT : REASON_NONE;
}

enum reason command_protect(struct loader *l, const struct frame_request *request)
{
    bool wide = (request->payload_len & 1u) != 0;
    const uint8_t *mode = request->payload + (wide ? 2 : 1);
    unsigned bitmap = wide ? load_le16(request->payload) : request->payload[0];
    enum reason reason = command_check_mode(l, request, mode, bitmap);
    uint8_t level;

    if (reason == REASON_NONE) {
        reason = command_check_bitmap(l, bitmap);
    }
    /* Read protection only adds to what a provisioned board has. */
    if (reason == REASON_NONE && (*mode != PROTECT_READ || bitmap != 0)) {
        reason = command_check_open(l);
    }
    if (reason != REASON_NONE) {
        return reason;
    }
    level = command_rdp_level(l);
    if (level == 2) {
        return REASON_OPTIONS_LOCKED;
    }
    return command_set_options(l, command_nwrp(l) & ~bitmap,
                               *mode == PROTECT_READ && level == 0 ? LOADER_RDP_LEVEL_1
                                                                   : LOADER_RDP_KEEP);
}

enum reason command_unprotect(struct loader *l, const struct frame_request *request)
{
    uint8_t level;

    if (request->payload_len != 0 && request->payload[0] != UNPROTECT_WRITE) {
        return command_refuse(l, REASON_ARGUMENT, request->payload[0]);
    }
    if (command_check_open(l) != REASON_NONE) {
        return REASON_PROVISIONED;
    }
    level = command_rdp_level(l);
    if (level == 2) {
        return REASON_OPTIONS_LOCKED;
    }
    if (level == 1 && request->payload_len == 0) {
        return REASON_WOULD_ERASE_CHIP;
    }
    /* Who protected the bootloader's sectors did it with a programmer, and no host takes it off. */
    return command_set_options(l, command_nwrp(l) | (OPTIONS_NWRP_MASK & ~OPTIONS_NWRP_BOOT),
                               LOADER_RDP_KEEP);
}
