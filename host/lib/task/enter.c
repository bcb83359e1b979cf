/* SPDX-License-Identifier: MIT */
/*
 * Resets, and what comes after them: the bootloader that is waited for, a running application that
 * is asked to make room for it. The answer to RESET may be lost, and the request too: what the
 * board then does is what counts. It must never call a board reset, or an application started, that
 * nobody looked at.
 */
#include "enter.h"

#include "ararext_board.h"
#include "protocol.h"
#include "stream_host.h"

enum {
    INSTALL_LIMIT_MS = 45000, /* PROTOCOL.md: up to 30 s; and some patience */
    ENTER_LIMIT_MS = 10000,
    ENTER_UNHEARD_MS = 3000, /* the request may not have arrived */
    RESET_MS = 250,          /* the board may still send its log for 150 ms */
    START_MS = 250,          /* a verified start, or the bootloader that stays */
    START_CLOCK = 160000000, /* ... at this core clock or more */
    START_SLOW = 10,         /* no board is slower by more */
    LOOK_MS = 50,            /* an adapter's latency, both ways */
    LOOK_LAG_MS = 500,
    RESET_TRIES = 3,
    HELLO_LOOKS = 2,
};

/* What no further look would change. */
static bool is_final(int rc)
{
    return rc == ARAREXT_OK || rc == ARAREXT_ERR_IO || rc == ARAREXT_ERR_INTERRUPTED;
}

static bool is_unheard(int rc)
{
    return rc == ARAREXT_ERR_TIMEOUT || rc == ARAREXT_ERR_GARBLED;
}

/* ---- first contact ---- */

/* 7F to everything: perhaps it has been spoken to in the other dialect since its reset. */
static int try_other_dialect(struct ararext_session *s)
{
    struct ararext_failure native = s->failure;
    struct ararext_raw course = {.dialect = ARAREXT_COURSE, .command = COMMAND_GET_VER};
    int rc = ararext_raw(s, &course);
    s->failure = native;
    if (rc == ARAREXT_OK && course.data_len == 1) {
        s->failure.code = ARAREXT_ERR_DIALECT;
    }
    return s->failure.code;
}

int ararext_hello(struct ararext_session *s, uint8_t *version)
{
    s->one_try = true;
    int rc = ararext_get_version(s, version);
    s->one_try = false;
    /* A board in the middle of somebody's stream does not answer: looked for before it is asked
     * more often, and after that, since it is silent while it erases. */
    for (unsigned i = 0; i < HELLO_LOOKS && is_unheard(rc) && !s->ended_stream; i++) {
        const struct ararext_failure failure = s->failure;
        int ended = stream_end_open(s, &s->ended_stream);
        s->failure = ended == ARAREXT_OK ? failure : s->failure;
        rc = ended != ARAREXT_OK ? ended : rc;
        if (ended == ARAREXT_OK && (s->ended_stream || i == 0)) {
            rc = ararext_get_version(s, version);
        }
    }
    if (rc == ARAREXT_ERR_REFUSED && s->options.retries > 0) {
        rc = ararext_get_version(s, version);
    }
    if (rc == ARAREXT_OK) {
        return s->options.no_extensions ? session_get_version_twice(s, version)
                                        : session_learn_checked(s, version);
    }
    return rc == ARAREXT_ERR_REFUSED && !s->failure.has_reason ? try_other_dialect(s) : rc;
}

bool ararext_ended_stream(const struct ararext_session *s)
{
    return s->ended_stream;
}

/* ---- looking once ---- */

int try_slots(struct ararext_session *s, struct ararext_slots *out)
{
    s->one_try = true;
    int rc = ararext_get_slots(s, out);
    s->one_try = false;
    return rc;
}

int try_info(struct ararext_session *s, struct ararext_info *out)
{
    s->one_try = true;
    int rc = info_get_extended(s, out);
    s->one_try = false;
    if (rc == ARAREXT_OK) {
        s->info = *out;
        s->has_info = true;
    }
    return rc;
}

/* Asks again and again until the bootloader answers, with no silence in between: a question that a
 * board hears half, since it starts just then, is a bad frame, and its 7F costs one more. */
static int look_for_bootloader(struct ararext_session *s, unsigned timeout_ms,
                               struct ararext_info *info)
{
    const struct ararext_transport *t = &s->transport;
    uint64_t limit = t->may_lag ? (uint64_t)timeout_ms * LAG_FACTOR : timeout_ms;
    uint64_t start = t->now_ms(t->ctx);
    int rc = ARAREXT_ERR_TIMEOUT;
    s->look_ms = t->may_lag ? LOOK_LAG_MS : LOOK_MS;
    while (!is_final(rc) && t->now_ms(t->ctx) - start < limit) {
        s->needs_silence = false;
        rc = try_info(s, info);
    }
    s->look_ms = 0;
    return rc;
}

static int wait_for_bootloader(struct ararext_session *s, unsigned timeout_ms,
                               struct ararext_info *info)
{
    s->transport.sleep_ms(s->transport.ctx, RESET_MS);
    int rc = look_for_bootloader(s, timeout_ms, info);
    if (!is_final(rc)) {
        rc = s->failure.code = ARAREXT_ERR_TIMEOUT;
    }
    return rc;
}

static int send_reset(struct ararext_session *s, uint8_t how)
{
    uint8_t payload[1] = {how};
    struct call call = {.command = COMMAND_RESET,
                        .payload = payload,
                        .payload_len = sizeof payload,
                        .once = true,
                        .extension = true};
    return session_call(s, &call);
}

int ararext_install(struct ararext_session *s)
{
    struct ararext_info info;
    int rc = ARAREXT_OK;
    /* Twice is as good as once: what is installed already stays so. */
    for (unsigned i = 0; i < RESET_TRIES; i++) {
        int heard = send_reset(s, RESET_INSTALL);
        if (heard != ARAREXT_OK && !is_unheard(heard)) {
            return heard;
        }
        rc = wait_for_bootloader(s, INSTALL_LIMIT_MS, &info);
        if (heard == ARAREXT_OK || rc != ARAREXT_OK) {
            return rc;
        }
    }
    return rc;
}

/* From an application that answers. */
static int leave_application(struct ararext_session *s, struct ararext_info *info)
{
    int rc = ARAREXT_ERR_TIMEOUT;
    for (unsigned i = 0; i < RESET_TRIES; i++) {
        int heard = send_reset(s, RESET_TO_LOADER);
        if (heard != ARAREXT_OK && !is_unheard(heard)) {
            return heard;
        }
        rc = wait_for_bootloader(s, heard == ARAREXT_OK ? ENTER_LIMIT_MS : ENTER_UNHEARD_MS, info);
        if (heard == ARAREXT_OK || is_final(rc)) {
            return rc;
        }
    }
    return rc;
}

int ararext_enter_bootloader(struct ararext_session *s, struct ararext_info *info,
                             bool *was_running)
{
    struct ararext_slots slots;
    *was_running = false;
    int rc = try_info(s, info);
    if (is_final(rc)) {
        return rc;
    }
    if (try_slots(s, &slots) != ARAREXT_OK) {
        /* No application of ours; the proper question, for the proper error. */
        return ararext_get_info(s, info);
    }
    /* The bootloader knows GET_SLOTS, too: its description may have been lost on the line. */
    rc = try_info(s, info);
    if (is_final(rc)) {
        return rc;
    }
    *was_running = true;
    return leave_application(s, info);
}

/* How long a start takes that verifies what it starts, until the bootloader that stays after all
 * answers. */
static unsigned start_ms(const struct ararext_session *s)
{
    uint32_t hz = s->has_info && s->info.extended ? s->info.core_hz : 0;
    unsigned ms = START_MS;
    if (hz != 0 && hz < START_CLOCK) {
        ms *= START_CLOCK / hz < START_SLOW ? START_CLOCK / hz + 1u : START_SLOW;
    }
    return ms;
}

/* How long the board listens after a reset: a question in that time would keep it from starting. */
static unsigned entry_window_ms(struct ararext_session *s)
{
    struct ararext_block block;
    uint8_t bytes[ARAREXT_BLOCK_SIZE];
    bool own = false;
    bool known = session_has(s, ARAREXT_FEATURE_BOARD) &&
                 ararext_get_block(s, &own, bytes) == ARAREXT_OK &&
                 ararext_block_decode(&block, bytes, NULL) == ARAREXT_OK;
    unsigned window_ms = known ? block.window_ms : 0;
    return s->transport.may_lag ? window_ms * LAG_FACTOR : window_ms;
}

/* Whether a bootloader is there after a reset. */
static int see_who_starts(struct ararext_session *s, unsigned window_ms, bool *there)
{
    struct ararext_info info;
    s->transport.sleep_ms(s->transport.ctx, RESET_MS + window_ms);
    int rc = look_for_bootloader(s, start_ms(s), &info);
    *there = rc == ARAREXT_OK;
    return is_final(rc) ? rc : ARAREXT_OK;
}

int ararext_start(struct ararext_session *s, struct ararext_start *out)
{
    struct ararext_failure unheard;
    *out = (struct ararext_start){0};
    unsigned window_ms = entry_window_ms(s);
    for (unsigned i = 0; i < RESET_TRIES; i++) {
        int rc = send_reset(s, RESET_TO_BOOT);
        if (rc != ARAREXT_OK && !is_unheard(rc)) {
            return rc;
        }
        out->answered = rc == ARAREXT_OK;
        unheard = s->failure;
        rc = see_who_starts(s, window_ms, &out->in_bootloader);
        if (rc != ARAREXT_OK || out->answered || !out->in_bootloader) {
            out->stay_reason = out->in_bootloader ? s->info.stay_reason : 0;
            return rc;
        }
    }
    s->failure = unheard; /* it is there and does not hear that, whatever it is */
    return s->failure.code;
}
