/* SPDX-License-Identifier: MIT */
/*
 * The start: which package, install it if need be, count, and hand out the verdict. Invariants and
 * the diagram are in update.c. It must never call anything good that was not verified and compared
 * in this very call.
 */
#include "boot.h"
#include "update_state.h"
#include "verdict.h"

#define ROUNDS   8u /* each ends, rejects (two at most), or installs */
#define INSTALLS 2u /* of one slot in one boot */

/* A boot under way. */
struct update_start {
    const struct update_board *u;
    const struct update_facts *facts;
    struct update_result *out;
    struct update_state state;
    struct package_check judged, matched;
    unsigned without;          /* slots that are out for this boot */
    enum stay_reason refused;  /* what to say if nothing else is found */
    bool salvaged;             /* the target's records say nothing, and nothing is written there */
    uint8_t tries[SLOT_COUNT]; /* failed installs */
    uint8_t target;
};

enum update_step { STEP_AGAIN, STEP_END };

static enum update_step update_stay(struct update_start *b, enum stay_reason stay)
{
    b->out->stay = stay;
    return STEP_END;
}

static void update_note_failure(struct update_start *b, enum reason reason, uint32_t detail)
{
    if (reason != REASON_NONE) {
        b->out->reason = reason;
        b->out->detail = detail;
    }
}

/* The target is out for this boot. A record that cannot be written keeps nobody from booting the
 * other one. */
static enum update_step update_drop(struct update_start *b, enum reject_cause cause)
{
    uint32_t detail = 0;

    if (cause != CAUSE_NONE) {
        update_note_failure(b, slot_reject(b->u->flash, b->target, cause, &detail), detail);
    }
    b->without |= 1u << b->target;
    return STEP_AGAIN;
}

/* Whether the other slot can take the target's place. Leaves what is known of the target alone. */
static bool update_other_verifies(struct update_start *b)
{
    uint8_t other = update_choose(&b->state, b->without | 1u << b->target);

    return other != SLOT_NONE && update_verifies(b->u, &b->state, other);
}

/* ---- ready to start ---- */

static bool update_newer_rejected(const struct update_start *b)
{
    const struct slot_records *other = &b->state.records[b->target ^ 1u];

    return other->sealed && other->rejected &&
           slot_is_later(other->sequence, b->state.records[b->target].sequence);
}

static bool update_target_on_trial(const struct update_start *b)
{
    return !b->salvaged && update_on_trial(&b->state, b->target);
}

static enum boot_cause update_cause(const struct update_start *b)
{
    if (update_target_on_trial(b)) {
        return BOOT_TRIAL;
    }
    if (!b->salvaged && !b->state.records[b->target].confirmed) {
        return BOOT_INSTALLED;
    }
    if (b->out->installs == 0) {
        return BOOT_NORMAL;
    }
    return update_newer_rejected(b) ? BOOT_ROLLBACK : BOOT_HEALED;
}

/* The number of starts in a row that follow a crash, this one included. The bootloader's own resets
 * are none, nor are the pin and the supply. */
static unsigned update_crashes(const struct update_start *b)
{
    uint8_t crashes, cause;
    bool known = update_note_read(b->u, &crashes, &cause);
    bool asked = known && (flash_hw_note(b->u->flash) & BOOT_NOTE_ASKED) != 0;

    if ((b->facts->reset & (asked ? RESET_WATCHDOG : RESET_WATCHDOG | RESET_SOFTWARE)) == 0) {
        return 0;
    }
    if (!known) {
        return 1;
    }
    return crashes < UINT8_MAX ? crashes + 1u : UINT8_MAX;
}

/* One on trial: counted before it starts, and watched. Its claim was found good, maybe while torn:
 * settled (U2), so that CONFIRM finds it, too. One that cannot be counted, since its trailer takes
 * no words, is kept from starting for ever by its crashes: returns the limit for them, or 0. */
static unsigned update_start_trial(struct update_start *b)
{
    const struct package *p = &b->state.packages[b->target];
    uint32_t detail = 0;
    enum reason reason;

    (void)slot_claim(b->u->flash, b->target, &detail);
    reason = slot_count_attempt(b->u->flash, b->target, &detail);
    update_note_failure(b, reason, detail);
    b->out->watchdog_s = p->watchdog_s;
    return reason == REASON_NONE ? 0 : p->trials;
}

/* One that needs no trial, or has it behind it. OTP follows only what is settled (U6); if it does
 * not take it, the next boot tries again. */
static void update_start_confirmed(struct update_start *b)
{
    const struct update_board *u = b->u;
    uint32_t detail = 0;
    enum reason reason = REASON_NONE;

    if (b->salvaged) {
        return;
    }
    if (!b->state.records[b->target].confirmed) {
        reason = slot_set_flag(u->flash, b->target, TRAILER_CONFIRMED, &detail);
    }
    if (reason == REASON_NONE && update_trust_is_behind(&b->state, b->target)) {
        reason = update_advance_trust(u, &b->state, b->target, &detail);
    }
    update_note_failure(b, reason, detail);
}

static enum update_step update_boot_ready(struct update_start *b)
{
    struct update_result *out = b->out;
    unsigned limit = b->state.packages[b->target].crashes;
    unsigned crashes = update_crashes(b);
    enum boot_cause cause = update_cause(b);

    out->slot = b->target;
    if (b->facts->install_only) {
        return update_stay(b, STAY_HOST_REQUEST);
    }
    if (update_target_on_trial(b)) {
        limit = update_start_trial(b);
    } else {
        update_start_confirmed(b);
    }
    if (limit != 0 && crashes >= limit) {
        return update_stay(b, STAY_CRASH_LOOP);
    }
    update_note_write(b->u, crashes, cause, b->facts->reset & BOOT_NOTE_RESET);
    out->cause = cause;
    out->stay = STAY_NOT;
    update_join_checks(&b->judged, &b->matched, out->verdict);
    return STEP_END;
}

/* ---- from the target to a ready area ---- */

static enum update_step update_boot_install(struct update_start *b)
{
    const struct package *p = &b->state.packages[b->target];
    uint32_t detail = 0;
    enum reason reason;

    /* U5. A claim that cannot be ended keeps a package from being installed only where another one
     * can run. */
    reason = slot_disclaim(b->u->flash, &detail);
    if (reason != REASON_NONE) {
        update_note_failure(b, reason, detail);
        if (update_other_verifies(b)) {
            return update_drop(b, CAUSE_NONE);
        }
    }
    b->out->installs++;
    reason = update_install(b->u, p, b->target, &b->matched, &detail);
    if (reason == REASON_NONE) {
        return update_boot_ready(b); /* judged and matched in this round */
    }
    update_note_failure(b, reason, detail);
    if (++b->tries[b->target] < INSTALLS) {
        return STEP_AGAIN;
    }
    return update_other_verifies(b) ? update_drop(b, CAUSE_INSTALL)
                                    : update_stay(b, STAY_FLASH_FAILED);
}

/* Trials used up; or none can be counted any more, and another package can take its place. */
static bool update_trial_is_over(struct update_start *b)
{
    const struct slot_records *r = &b->state.records[b->target];

    return update_target_on_trial(b) && (r->attempts >= b->state.packages[b->target].trials ||
                                         (r->uncountable && update_other_verifies(b)));
}

/* The content of a packed one, once. Reason why it is not good. */
static enum reason update_check_once(struct update_start *b, uint32_t *detail)
{
    enum reason reason = REASON_NONE;

    if (!b->state.records[b->target].checked) {
        reason = update_check_content(b->u, &b->state.packages[b->target], detail);
        if (reason == REASON_NONE && !b->salvaged) {
            update_note_failure(b, slot_set_flag(b->u->flash, b->target, TRAILER_CHECKED, detail),
                                *detail);
        }
    }
    return reason;
}

/* Whether the area may be started by the package's start signature, without its payload being
 * looked at: what is installed and was checked, and may still be tried. If not, nothing is known.
 */
static bool update_starts_at_once(struct update_start *b)
{
    const struct slot_records *r = &b->state.records[b->target];
    const struct package *p = &b->state.packages[b->target];

    if (!r->installed || !r->checked || update_trial_is_over(b)) {
        return false;
    }
    package_verify_start(b->u->flash, &b->state.trust, p, &b->judged);
    if (update_good(&b->judged)) {
        package_match_start(b->u->flash, p, &b->matched);
        if (update_good(&b->matched)) {
            return true;
        }
    }
    update_clear_check(&b->judged);
    update_clear_check(&b->matched);
    return false;
}

/* What the target's package is worth, before the area is looked at. */
static enum update_step update_boot_target(struct update_start *b)
{
    const struct update_board *u = b->u;
    const struct slot_records *r = &b->state.records[b->target];
    const struct package *p = &b->state.packages[b->target];
    uint32_t detail = 0;
    enum reason reason;

    if (update_starts_at_once(b)) {
        return update_boot_ready(b);
    }
    package_verify(u->flash, &b->state.trust, p, &b->judged);
    if (!update_good(&b->judged)) {
        update_note_failure(b, b->judged.reason, b->judged.detail);
        b->refused = update_enforces(&b->state) ? STAY_UNTRUSTED : STAY_REJECTED;
        return update_drop(b, update_other_verifies(b) ? CAUSE_DAMAGED : CAUSE_NONE); /* U9 */
    }
    if (update_trial_is_over(b)) {
        return update_drop(b, CAUSE_TRIAL);
    }
    reason = update_check_once(b, &detail);
    if (reason != REASON_NONE) {
        update_note_failure(b, reason, detail);
        return update_drop(b, b->salvaged ? CAUSE_NONE : CAUSE_CONTENT);
    }
    if (r->installed || r->log_full) {
        package_match_area(u->flash, p, &b->matched);
        if (update_good(&b->matched)) {
            return update_boot_ready(b);
        }
    }
    return update_boot_install(b);
}

/* ---- nothing to choose ---- */

static bool update_plain_plausible(const struct update_board *u)
{
    struct boot_facts facts;

    boot_read_app(u->flash, &facts);
    return boot_app_plausible(&facts);
}

static enum update_step update_boot_plain(struct update_start *b)
{
    struct update_result *out = b->out;

    if (b->facts->install_only) {
        return update_stay(b, STAY_HOST_REQUEST);
    }
    out->stay = STAY_NOT;
    out->cause = BOOT_PLAIN;
    out->verdict[0] = b->state.trust.open[0];
    out->verdict[1] = b->state.trust.open[1];
    update_note_write(b->u, 0, BOOT_PLAIN, b->facts->reset & BOOT_NOTE_RESET);
    return STEP_END;
}

static enum stay_reason update_nothing(const struct update_start *b)
{
    if (b->refused != STAY_NOT) {
        return b->refused;
    }
    if (update_any_sealed(&b->state)) {
        return STAY_REJECTED;
    }
    if (update_enforces(&b->state)) {
        return STAY_UNTRUSTED;
    }
    return b->facts->install_only ? STAY_HOST_REQUEST : STAY_NOTHING_TO_BOOT;
}

/* No slot can be booted by its records. */
static enum update_step update_boot_rest(struct update_start *b)
{
    if (!update_enforces(&b->state) && !update_bars_plain(&b->state) &&
        update_plain_plausible(b->u)) {
        return update_boot_plain(b);
    }
    b->target = update_salvage(b->u, &b->state, b->without);
    b->salvaged = true;
    return b->target == SLOT_NONE ? update_stay(b, update_nothing(b)) : update_boot_target(b);
}

static enum update_step update_boot_round(struct update_start *b)
{
    update_clear_check(&b->judged);
    update_clear_check(&b->matched);
    update_settle(b->u, &b->state);
    if (b->state.trust.state == TRUST_INCOMPLETE) {
        return update_stay(b, STAY_UNTRUSTED);
    }
    b->salvaged = false;
    b->target = update_choose(&b->state, b->without);
    return b->target == SLOT_NONE ? update_boot_rest(b) : update_boot_target(b);
}

void update_boot(const struct update_board *u, const struct update_facts *facts,
                 struct update_result *out)
{
    struct update_start b = {.u = u, .facts = facts, .out = out};
    enum update_step step = STEP_AGAIN;

    *out = (struct update_result){.verdict = {VERDICT_BAD, VERDICT_BAD},
                                  .stay = STAY_FLASH_FAILED,
                                  .slot = SLOT_NONE,
                                  .reason = REASON_NONE};
    for (unsigned round = 0; round < ROUNDS && step == STEP_AGAIN; round++) {
        step = update_boot_round(&b);
    }
    if (out->stay != STAY_NOT) {
        out->watchdog_s = 0;
        update_stays(u);
    }
}
