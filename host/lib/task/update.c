/* SPDX-License-Identifier: MIT */
/*
 * Gets a package onto a board and stays with it until its fate is known (PROTOCOL.md, "Packages").
 *
 *   stage  ->  finish  ->  install (RESET 02)  ->  start (RESET 00)  ->  wait for the confirmation
 *
 * Each arrow is checked with GET_SLOTS before the next one: the slot that holds our digest is the
 * one that counts, not the answer to a command. It must never call an update confirmed unless the
 * board said so, and every wait ends.
 */
#include <string.h>

#include "enter.h"
#include "protocol.h"
#include "command_stream.h"
#include "stream_host.h"

enum {
    PIECE = 248, /* a multiple of 4, and the most that fits a frame */
    START_MS = 700,
    POLL_MS = 1000,
    STEP_MS = 100,      /* how often a wait looks whether it is to stop */
    TRIAL_SPARE_S = 10, /* a boot on trial: the watchdog's time, resetting, installing */
};

struct update {
    struct ararext_session *s;
    const struct ararext_package *package;
    const struct ararext_update_options *options;
    struct ararext_update_result *result;
};

static uint64_t now(const struct update *u)
{
    return u->s->transport.now_ms(u->s->transport.ctx);
}

static void show(const struct update *u, enum ararext_update_step step, uint32_t done,
                 uint32_t total)
{
    u->result->step = step;
    if (u->options->progress != NULL) {
        u->options->progress(u->options->ctx, step, done, total);
    }
}

static int fail(const struct update *u, int code)
{
    u->s->failure = (struct ararext_failure){.code = code};
    return code;
}

/* The slot that holds our package, sealed. */
static const struct ararext_slot *find_ours(const struct update *u)
{
    const struct ararext_slots *all = &u->result->slots;
    for (uint8_t i = 0; i < ARAREXT_SLOT_COUNT; i++) {
        const struct ararext_slot *slot = &all->slots[i];
        if (slot->state >= SLOT_STAGED && slot->package_size == u->package->size &&
            memcmp(slot->digest, u->package->data + u->package->digest_at, sizeof slot->digest) ==
                0) {
            u->result->slot = i;
            return slot;
        }
    }
    return NULL;
}

static int refresh(const struct update *u)
{
    return ararext_get_slots(u->s, &u->result->slots);
}

/* ---- staging ---- */

static void show_staged(void *ctx, uint32_t written)
{
    const struct update *u = ctx;
    show(u, ARAREXT_STEP_STAGE, written, u->package->size);
}

static int stage_by_stream(const struct update *u)
{
    struct update mine = *u;
    struct stream_job job = {.data = u->package->data,
                             .size = u->package->size,
                             .flags = STREAM_PACKAGE,
                             .slot = ARAREXT_SLOT_NONE,
                             .progress = show_staged,
                             .ctx = &mine};
    show(u, ARAREXT_STEP_ERASE, 0, 0);
    int rc = stream_send(u->s, &job);
    if (rc == ARAREXT_OK) {
        u->result->slot = job.slot;
        show(u, ARAREXT_STEP_STAGE, u->package->size, u->package->size);
    }
    return rc;
}

static int stage(const struct update *u)
{
    const struct ararext_package *p = u->package;
    if (session_has(u->s, ARAREXT_FEATURE_STREAM) && !u->options->no_stream) {
        return stage_by_stream(u);
    }
    show(u, ARAREXT_STEP_ERASE, 0, 0);
    int rc = ararext_stage_begin(u->s, p->size, &u->result->slot);
    for (uint32_t at = 0; rc == ARAREXT_OK && at < p->size;) {
        uint32_t n = p->size - at < PIECE ? p->size - at : PIECE;
        show(u, ARAREXT_STEP_STAGE, at, p->size);
        rc = ararext_stage_write(u->s, at, p->data + at, n);
        at += n;
    }
    if (rc == ARAREXT_OK) {
        show(u, ARAREXT_STEP_STAGE, p->size, p->size);
    }
    return rc;
}

/* An answer that got lost, or a second request after one: the slots tell what happened. */
static int finish(const struct update *u)
{
    show(u, ARAREXT_STEP_FINISH, 0, 0);
    int rc = ararext_stage_finish(u->s);
    const struct ararext_failure failure = u->s->failure;
    bool unsure = rc == ARAREXT_ERR_TIMEOUT || rc == ARAREXT_ERR_GARBLED ||
                  (rc == ARAREXT_ERR_REFUSED && failure.attempts > 1);
    if (rc != ARAREXT_OK && !unsure) {
        return rc;
    }
    int asked = refresh(u);
    if (asked != ARAREXT_OK) {
        return asked;
    }
    const struct ararext_slot *ours = find_ours(u);
    if (ours == NULL || u->result->slots.target != u->result->slot) {
        u->s->failure = failure;
        return rc != ARAREXT_OK ? rc : fail(u, ARAREXT_ERR_VERIFY);
    }
    u->result->staged = true;
    return ARAREXT_OK;
}

/* ---- installing ---- */

static int reject(const struct update *u, const struct ararext_slot *slot)
{
    u->result->reject_cause = slot->cause;
    return fail(u, ARAREXT_ERR_REJECTED);
}

static int install(const struct update *u)
{
    show(u, ARAREXT_STEP_INSTALL, 0, 0);
    int rc = ararext_install(u->s);
    if (rc == ARAREXT_OK) {
        rc = refresh(u);
    }
    if (rc != ARAREXT_OK) {
        return rc;
    }
    const struct ararext_slot *ours = find_ours(u);
    u->result->stay_reason = u->s->info.stay_reason;
    if (ours != NULL && ours->state == SLOT_REJECTED) {
        return reject(u, ours);
    }
    if (ours == NULL || u->result->slots.installed != u->result->slot) {
        return fail(u, ARAREXT_ERR_VERIFY);
    }
    u->result->installed = true;
    return ARAREXT_OK;
}

/* ---- starting, and waiting ---- */

static int start(const struct update *u)
{
    show(u, ARAREXT_STEP_START, 0, 0);
    int rc = ararext_reset(u->s, false);
    u->result->started = rc == ARAREXT_OK;
    return rc;
}

static int sleep_for(const struct update *u, unsigned ms)
{
    for (unsigned i = 0; i < ms; i += STEP_MS) {
        if (session_stopped(u->s)) {
            return ARAREXT_ERR_INTERRUPTED;
        }
        u->s->transport.sleep_ms(u->s->transport.ctx, STEP_MS);
    }
    return ARAREXT_OK;
}

/* One look. *over: the verdict is in the return value. */
static int look(const struct update *u, bool *over)
{
    struct ararext_info info;
    struct ararext_slots slots;
    *over = true;
    int rc = try_slots(u->s, &slots);
    if (rc == ARAREXT_ERR_IO || rc == ARAREXT_ERR_INTERRUPTED) {
        return rc;
    }
    if (rc != ARAREXT_OK) {
        *over = false; /* nobody there who understands, or not yet */
        return ARAREXT_OK;
    }
    u->result->answered = true;
    u->result->slots = slots;
    const struct ararext_slot *ours = find_ours(u);
    if (ours != NULL && ours->state == SLOT_CONFIRMED) {
        u->result->confirmed = true;
        return ARAREXT_OK;
    }
    if (ours != NULL && ours->state == SLOT_REJECTED) {
        return reject(u, ours);
    }
    rc = try_info(u->s, &info); /* an application does not know this */
    if (rc == ARAREXT_OK) {
        u->result->in_bootloader = true;
        u->result->stay_reason = info.stay_reason;
    }
    *over = rc == ARAREXT_OK || ours == NULL;
    return *over ? fail(u, ARAREXT_ERR_UNCONFIRMED) : ARAREXT_OK;
}

static unsigned time_limit(const struct update *u)
{
    unsigned boot_s = u->package->watchdog_s + (unsigned)TRIAL_SPARE_S;
    return u->options->timeout_ms != 0 ? u->options->timeout_ms
                                       : u->package->trials * boot_s * 1000u;
}

static int wait_for_confirmation(const struct update *u)
{
    unsigned limit = time_limit(u);
    uint64_t began = now(u);
    int rc = sleep_for(u, START_MS);
    while (rc == ARAREXT_OK) {
        uint64_t waited = now(u) - began;
        bool over = false;
        show(u, ARAREXT_STEP_WAIT, waited < limit ? (uint32_t)waited : limit, limit);
        rc = look(u, &over);
        if (over) {
            return rc;
        }
        if (now(u) - began >= limit) {
            return fail(u, ARAREXT_ERR_UNCONFIRMED);
        }
        rc = sleep_for(u, POLL_MS);
    }
    return rc;
}

/* ---- the whole ---- */

/* The board holds it, confirmed and installed. */
static bool is_there(const struct update *u)
{
    const struct ararext_slot *ours = find_ours(u);
    return ours != NULL && ours->state == SLOT_CONFIRMED &&
           u->result->slots.installed == u->result->slot &&
           u->result->slots.target == u->result->slot;
}

static int bring(const struct update *u)
{
    int rc = stage(u);
    if (rc == ARAREXT_OK) {
        rc = finish(u);
    }
    return rc == ARAREXT_OK ? install(u) : rc;
}

int ararext_update(struct ararext_session *s, const struct ararext_package *package,
                   const struct ararext_board *board, const struct ararext_update_options *options,
                   struct ararext_update_result *result)
{
    const struct update u = {s, package, options, result};
    *result = (struct ararext_update_result){.slot = ARAREXT_SLOT_NONE, .slots = board->slots};
    result->nothing_to_do = is_there(&u);
    int rc = ARAREXT_OK;
    if (result->nothing_to_do) {
        result->staged = result->installed = result->confirmed = true;
    } else {
        result->slot = ARAREXT_SLOT_NONE;
        rc = bring(&u);
    }
    if (rc == ARAREXT_OK && !options->no_start) {
        rc = start(&u);
        if (rc == ARAREXT_OK && !result->confirmed && package->trials != 0) {
            rc = wait_for_confirmation(&u);
        }
    }
    if (rc == ARAREXT_OK) {
        show(&u, ARAREXT_STEP_DONE, 0, 0);
    }
    return rc;
}
