/* SPDX-License-Identifier: MIT */
/*
 * Write protection and read protection. It must never raise the chip to read protection level 2
 * (for ever) nor take it from level 1 back to 0 (which erases the chip, bootloader included): the
 * hardware interface has no way to ask for either (memory_hw.h, enum memory_rdp).
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
enum reason command_check_bitmap(struct loader *l, unsigned bitmap)
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

/* Mode 1 protects something and has no key behind it; the others have theirs. */
static enum reason command_check_mode(struct loader *l, const struct frame_request *request,
                                      const uint8_t *mode, unsigned bitmap)
{
    bool key = request->payload_len > WORD_SIZE;

    switch (*mode) {
    case PROTECT_WRITE:
        if (key) {
            return command_refuse(l, REASON_PAYLOAD_LENGTH, request->payload_len);
        }
        return bitmap == 0 ? REASON_ARGUMENT : REASON_NONE;
    case PROTECT_READ:
        return key && load_le32(mode + 1) == PROTECT_READ_KEY ? REASON_NONE : REASON_KEY;
    case PROTECT_BOOT:
        if (bitmap != OPTIONS_NWRP_BOOT) {
            return command_refuse(l, REASON_ARGUMENT, bitmap);
        }
        return key && load_le32(mode + 1) == PROTECT_BOOT_KEY ? REASON_NONE : REASON_KEY;
    default:
        return command_refuse(l, REASON_ARGUMENT, *mode);
    }
}

/* A board that is not open takes the protection of its bootloader, and read protection if that was
 * allowed when it was provisioned. */
static __attribute__((noinline)) bool command_may_protect(const struct loader *l, unsigned mode,
                                                          unsigned bitmap)
{
    if (mode == PROTECT_BOOT ||
        (mode == PROTECT_READ && bitmap == 0 && trust_allows_read_protection(l->update->flash))) {
        return true;
    }
    return command_is_open(l);
}

enum reason command_protect(struct loader *l, const struct frame_request *request)
{
    bool wide = (request->payload_len & 1u) != 0;
    const uint8_t *mode = request->payload + (wide ? 2 : 1);
    unsigned bitmap = wide ? load_le16(request->payload) : request->payload[0];
    enum reason reason = command_check_mode(l, request, mode, bitmap);
    enum memory_rdp rdp = MEMORY_RDP_KEEP;
    uint8_t level;

    if (reason == REASON_NONE && !command_may_protect(l, *mode, bitmap)) {
        return command_refuse(l, REASON_PROVISIONED, 0);
    }
    if (reason == REASON_NONE && *mode != PROTECT_BOOT) {
        reason = command_check_bitmap(l, bitmap);
    }
    if (reason != REASON_NONE) {
        return reason;
    }
    level = command_rdp_level(l);
    if (level == 2) {
        return REASON_OPTIONS_LOCKED;
    }
    if (*mode == PROTECT_READ && level == 0) {
        rdp = MEMORY_RDP_LEVEL_1;
    }
    if (!command_may_protect(l, *mode, bitmap)) {
        return REASON_PROVISIONED;
    }
    return command_set_options(l, command_nwrp(l) & ~bitmap, rdp);
}

/* Also on a provisioned board: it shows and changes nothing that the board runs, and where sectors
 * were protected when it was provisioned there is no other way to an update. */
enum reason command_unprotect(struct loader *l, const struct frame_request *request)
{
    uint8_t level;

    if (request->payload_len != 0 && request->payload[0] != UNPROTECT_WRITE) {
        return command_refuse(l, REASON_ARGUMENT, request->payload[0]);
    }
    level = command_rdp_level(l);
    if (level == 2) {
        return REASON_OPTIONS_LOCKED;
    }
    if (level == 1 && request->payload_len == 0) {
        return REASON_WOULD_ERASE_CHIP;
    }
    /* Nothing takes it off the bootloader's own sectors. */
    return command_set_options(l, command_nwrp(l) | (OPTIONS_NWRP_MASK & ~OPTIONS_NWRP_BOOT),
                               MEMORY_RDP_KEEP);
}
