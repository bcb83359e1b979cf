/* SPDX-License-Identifier: MIT */
/*
 * The commands of packages, 64 to 6A, and what a provisioned board refuses (PROTOCOL.md,
 * "Packages"). The work is update.h's; here are only payloads. It must never take a board for open
 * that may not be.
 */
#include "bytes.h"
#include "command.h"
#include "options.h"

enum reason command_get_slots(struct loader *l, const struct frame_request *request)
{
    (void)request;
    update_report(l->update, command_append(l, SLOTS_SIZE));
    return REASON_NONE;
}

enum reason command_stage_begin(struct loader *l, const struct frame_request *request)
{
    uint8_t slot = SLOT_NONE;
    enum reason reason;

    if (request->payload_len == STAGE_BEGIN_LENGTH) {
        slot = update_find_package(l->update, request->payload + STAGE_BEGIN_SIZE);
    }
    if (slot != SLOT_NONE) {
        return command_refuse(l, REASON_ALREADY_THERE, slot);
    }
    reason = command_begin_stage(l, load_le32(request->payload));

    stream_forget(l->streaming->stream);
    if (reason == REASON_NONE) {
        *command_append(l, 1) = l->stage.slot;
    }
    return reason;
}

enum reason command_stage_write(struct loader *l, const struct frame_request *request)
{
    return update_stage_write(l->update, &l->stage, load_le32(request->payload),
                              request->payload + 5, request->payload[4], &l->detail);
}

enum reason command_stage_finish(struct loader *l, const struct frame_request *request)
{
    (void)request;
    l->retired = false; /* there may be a package again */
    return update_stage_finish(l->update, &l->stage, &l->detail);
}

enum reason command_confirm(struct loader *l, const struct frame_request *request)
{
    (void)request;
    return update_confirm(l->update, &l->detail);
}

enum reason command_rollback(struct loader *l, const struct frame_request *request)
{
    (void)request;
    return update_rollback(l->update, &l->detail);
}

/* What the board could not be helped out of later: a sector of the application that takes no
 * update, and what trust.h says of the blocks that stay open. */
static enum reason command_check_provision(struct loader *l, unsigned flags)
{
    enum reason reason = command_check_app_protection(l);

    if (reason == REASON_NONE) {
        reason = trust_prepare(l->update->flash, (flags & PROVISION_READ) != 0, &l->detail);
    }
    return reason;
}

enum reason command_provision(struct loader *l, const struct frame_request *request)
{
    const uint8_t *hashes = request->payload + PROVISION_HASHES;
    unsigned count = request->payload[PROVISION_COUNT];
    unsigned flags = request->payload[PROVISION_FLAGS];
    const uint8_t *identity =
        (flags & PROVISION_IDENTITY) != 0 ? hashes + count * DIGEST_SIZE : NULL;
    uint32_t detail;
    enum reason reason = REASON_NONE;
    enum reason protect;

    if (load_le32(request->payload + PROVISION_KEY_AT) != PROVISION_KEY) {
        return REASON_KEY;
    }
    if (flags > (PROVISION_IDENTITY | PROVISION_READ)) {
        return command_refuse(l, REASON_ARGUMENT, flags);
    }
    if (!l->enforced) {
        reason = command_check_provision(l, flags);
    }
    if (reason == REASON_NONE) {
        reason = trust_provision(l->update->flash, hashes, count, identity, &l->detail);
    }
    command_read_trust(l);
    if (reason != REASON_NONE && reason != REASON_PROVISIONED) {
        return reason;
    }
    /* Also where OTP was complete: the power may have gone between the two. */
    detail = l->detail;
    protect = command_set_options(l, command_nwrp(l) & ~OPTIONS_NWRP_BOOT, MEMORY_RDP_KEEP);
    if (reason == REASON_NONE) {
        return protect;
    }
    return command_refuse(l, reason, detail);
}
