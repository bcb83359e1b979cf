/* SPDX-License-Identifier: MIT */
/*
 * Gets a package onto a board and stays with it until its fate is known (PROTOCOL.md, "Packages").
 *
 *   stage  ->  finish  ->  install (RESET 02)  ->  start (RESET 00)  ->  wait for the confirmation
 *
 * Each arrow is checked with GET_SLOTS before the next one: what the slot that staging named holds
 * is what counts, not the answer to a command. It must never call an update confirmed unless the
 * board said so, and every wait ends.
 */
#include <string.h>

#include "enter.h"
#include "protocol.h"
#include "command_stream.h"
#include "reserved.h"
#include "stream_host.h"

enum {
    PIECE = 248, /* a multiple of 4, and the most that fits a frame */
    POLL_MS = 1000,
    MUTE_MS = 4000, /* an application that speaks to us does so by then ... */
    MUTE_LAG_MS = 10000,
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

/* Whether slot i holds our package, sealed. */
static bool is_ours(const struct update *u, uint8_t i)
{
    if (i >= ARAREXT_SLOT_COUNT) {
        return false;
    }
    const struct ararext_slot *slot = &u->result->slots.slots[i];
    return slot->state >= SLOT_STAGED && slot->package_size == u->package->size &&
           memcmp(slot->digest, u->package->data + u->package->digest_at, sizeof slot->digest) == 0;
}

/* The slot with our package; NULL if there is none. Both may hold it: the one that staging named
 * counts, and where it named none (a stream that is resumed), or the board kept what it had
 * instead, the one that it would start. */
static const struct ararext_slot *find_ours(const struct update *u)
{
    struct ararext_update_result *r = u->result;
    const uint8_t candidates[] = {r->slot, r->slots.target, 0, 1};
    for (size_t i = 0; i < sizeof candidates; i++) {
        if (is_ours(u, candidates[i])) {
            r->slot = candidates[i];
            return &r->slots.slots[r->slot];
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
    struct ararext_start start;
    show(u, ARAREXT_STEP_START, 0, 0);
    int rc = ararext_start(u->s, &start);
    u->result->started = rc == ARAREXT_OK && !start.in_bootloader;
    u->result->unheard = !start.answered;
    u->result->in_bootloader = start.in_bootloader;
    u->result->stay_reason = start.in_bootloader ? start.stay_reason : u->result->stay_reason;
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

/* Whoever uses the tool wants it confirmed: possible once it was started on trial. */
static int confirm_in_its_place(const struct update *u)
{
    show(u, ARAREXT_STEP_CONFIRM, 0, 0);
    int rc = ararext_confirm(u->s);
    const struct ararext_failure failure = u->s->failure;
    bool lost = rc == ARAREXT_ERR_TIMEOUT || rc == ARAREXT_ERR_GARBLED;
    if (rc != ARAREXT_OK && !lost) {
        return rc;
    }
    int asked = refresh(u); /* where the answer was lost the slots tell */
    if (asked != ARAREXT_OK) {
        return asked;
    }
    const struct ararext_slot *ours = find_ours(u);
    u->result->confirmed = ours != NULL && ours->state == SLOT_CONFIRMED;
    if (!u->result->confirmed && lost) {
        u->s->failure = failure;
        return rc;
    }
    if (!u->result->confirmed) {
        return fail(u, ARAREXT_ERR_UNCONFIRMED);
    }
    return u->result->in_bootloader ? start(u) : ARAREXT_OK;
}

static bool wants_confirming(const struct update *u)
{
    return u->options->confirm != NULL && u->options->confirm(u->options->ctx);
}

/* Our package is on trial: who answers, and is it to be confirmed by us? */
static int look_at_trial(const struct update *u, const struct ararext_slot *ours, bool *over)
{
    struct ararext_info info;
    int rc = try_info(u->s, &info); /* an application does not know this */
    u->result->in_bootloader = rc == ARAREXT_OK;
    u->result->stay_reason = rc == ARAREXT_OK ? info.stay_reason : u->result->stay_reason;
    u->result->started = u->result->started || rc != ARAREXT_OK;
    if (ours->attempts > 0 && wants_confirming(u)) {
        return confirm_in_its_place(u);
    }
    *over = rc == ARAREXT_OK;
    return *over ? fail(u, ARAREXT_ERR_UNCONFIRMED) : ARAREXT_OK;
}

/* One look. *over: the verdict is in the return value. */
static int look(const struct update *u, bool *over)
{
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
    return ours != NULL ? look_at_trial(u, ours, over) : fail(u, ARAREXT_ERR_UNCONFIRMED);
}

static unsigned time_limit(const struct update *u)
{
    unsigned boot_s = u->package->watchdog_s + (unsigned)TRIAL_SPARE_S;
    return u->options->timeout_ms != 0 ? u->options->timeout_ms
                                       : u->package->trials * boot_s * 1000u;
}

/* Nobody has answered since the start, and nobody said how long to wait, or wants to confirm it: it
 * has no line to us. */
static bool is_mute(const struct update *u, uint64_t waited)
{
    unsigned limit = u->s->transport.may_lag ? MUTE_LAG_MS : MUTE_MS;
    return !u->result->answered && u->options->timeout_ms == 0 && waited >= limit &&
           !wants_confirming(u);
}

static int wait_for_confirmation(const struct update *u, uint64_t began)
{
    unsigned limit = time_limit(u);
    int rc = ARAREXT_OK;
    while (rc == ARAREXT_OK) {
        uint64_t waited = now(u) - began;
        bool over = false;
        show(u, ARAREXT_STEP_WAIT, waited < limit ? (uint32_t)waited : limit, limit);
        rc = look(u, &over);
        if (over) {
            return rc;
        }
        waited = now(u) - began;
        if (rc == ARAREXT_OK && (waited >= limit || is_mute(u, waited))) {
            return fail(u, ARAREXT_ERR_UNCONFIRMED);
        }
        rc = rc == ARAREXT_OK ? sleep_for(u, POLL_MS) : rc;
    }
    return rc;
}

/* ---- the whole ---- */

/* The board holds it, installed, and would start it: sending it again would only take the package
 * to go back to away. */
static bool is_there(const struct update *u)
{
    const struct ararext_slot *ours = find_ours(u);
    return ours != NULL && ours->state != SLOT_REJECTED &&
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

static int start_and_wait(const struct update *u)
{
    uint64_t began = now(u);
    int rc = start(u);
    bool trial = !u->result->confirmed && u->package->trials != 0;
    return rc == ARAREXT_OK && trial ? wait_for_confirmation(u, began) : rc;
}

int ararext_update(struct ararext_session *s, const struct ararext_package *package,
                   const struct ararext_board *board, const struct ararext_update_options *options,
                   struct ararext_update_result *result)
{
    static const struct ararext_update_options defaults;
    const struct update u = {s, package, options != NULL ? options : &defaults, result};
    *result = (struct ararext_update_result){.slot = ARAREXT_SLOT_NONE, .slots = board->slots};
    if (!NOTHING_RESERVED_IF_ANY(options)) {
        return ARAREXT_ERR_ARGUMENT;
    }
    result->nothing_to_do = !u.options->force && is_there(&u);
    int rc = ARAREXT_OK;
    if (result->nothing_to_do) {
        result->staged = result->installed = true;
        result->confirmed = result->slots.slots[result->slot].state == SLOT_CONFIRMED;
    } else {
        result->slot = ARAREXT_SLOT_NONE;
        rc = bring(&u);
    }
    if (rc == ARAREXT_OK && !u.options->no_start) {
        rc = start_and_wait(&u);
    }
    if (rc == ARAREXT_OK) {
        show(&u, ARAREXT_STEP_DONE, 0, 0);
    }
    return rc;
}
