/* SPDX-License-Identifier: MIT */
/*
 * Gets to the bootloader: waits for it after a reset, and asks a running application to make room.
 */
#include "enter.h"

#include "protocol.h"

enum {
    INSTALL_LIMIT_MS = 45000, /* PROTOCOL.md: up to 30 s; and some patience */
    ENTER_LIMIT_MS = 10000,
    RESET_MS = 250, /* the board may still send its log for 150 ms */
};

int try_slots(struct ararext_session *s, struct ararext_slots *out)
{
    unsigned retries = s->options.retries;
    s->options.retries = 0;
    int rc = ararext_get_slots(s, out);
    s->options.retries = retries;
    return rc;
}

int try_info(struct ararext_session *s, struct ararext_info *out)
{
    unsigned retries = s->options.retries;
    s->options.retries = 0;
    int rc = info_get_extended(s, out);
    s->options.retries = retries;
    if (rc == ARAREXT_OK) {
        s->info = *out;
        s->has_info = true;
    }
    return rc;
}

int wait_for_bootloader(struct ararext_session *s, unsigned timeout_ms, struct ararext_info *info)
{
    const struct ararext_transport *t = &s->transport;
    uint64_t limit = t->may_lag ? (uint64_t)timeout_ms * LAG_FACTOR : timeout_ms;
    uint64_t start = t->now_ms(t->ctx);
    for (;;) {
        t->sleep_ms(t->ctx, RESET_MS);
        int rc = try_info(s, info);
        if (rc == ARAREXT_OK || rc == ARAREXT_ERR_IO || rc == ARAREXT_ERR_INTERRUPTED) {
            return rc;
        }
        if (t->now_ms(t->ctx) - start >= limit) {
            s->failure.code = ARAREXT_ERR_TIMEOUT;
            return ARAREXT_ERR_TIMEOUT;
        }
    }
}

int ararext_install(struct ararext_session *s)
{
    uint8_t payload[1] = {RESET_INSTALL};
    struct ararext_info info;
    struct call call = {.command = COMMAND_RESET,
                        .payload = payload,
                        .payload_len = sizeof payload,
                        .once = true,
                        .extension = true};
    int rc = session_call(s, &call);
    return rc == ARAREXT_OK ? wait_for_bootloader(s, INSTALL_LIMIT_MS, &info) : rc;
}

int ararext_enter_bootloader(struct ararext_session *s, struct ararext_info *info,
                             bool *was_running)
{
    struct ararext_slots slots;
    *was_running = false;
    int rc = try_info(s, info);
    if (rc == ARAREXT_OK || rc == ARAREXT_ERR_IO || rc == ARAREXT_ERR_INTERRUPTED) {
        return rc;
    }
    if (try_slots(s, &slots) != ARAREXT_OK) {
        /* No application of ours; the proper question, for the proper error. */
        rc = ararext_get_info(s, info);
        if (rc == ARAREXT_OK && !info->extended) {
            s->failure = (struct ararext_failure){.code = ARAREXT_ERR_UNSUPPORTED};
            rc = ARAREXT_ERR_UNSUPPORTED;
        }
        return rc;
    }
    *was_running = true;
    rc = ararext_reset(s, true);
    return rc == ARAREXT_OK ? wait_for_bootloader(s, ENTER_LIMIT_MS, info) : rc;
}
