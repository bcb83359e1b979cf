/* SPDX-License-Identifier: MIT */
/* clang-format off: it runs the list and the diagram together */
/*
 * What every part of the update engine shares: reading the state, choosing, and what the host or
 * the application may ask for. Booting is in update_boot.c, installing in update_install.c, staging
 * in update_stage.c, GET_SLOTS in update_report.c.
 *
 * Invariants:
 *   U1  Whatever the moment of a cut, the next boot ends in a verified application, old or new,
 *       where there was one.
 *   U2  A record that a cut left torn may read either way, and differently each time. Both readings
 *       lead to a good state. One that reads as set is completed before anything is done on its
 *       strength.
 *   U3  The area is believed only when a claim was written after it was verified, and it matches
 *       now. A marginal bit can read well once, so matching alone is not enough; the claim alone is
 *       not enough, because flash ages.
 *   U4  Nothing is taken for erased because it reads blank: what is written with program() was
 *       erased in the same session.
 *   U5  Before the first byte of the area is changed: the package is verified, its content was
 *       unpacked once, and no log claims the area or can come to claim it.
 *   U6  A confirmation is a second seal. Once it is settled, a package stays bootable as the last
 *       resort, whatever else comes to light: a seal half taken away, a rejection. It is verified
 *       like any other. So OTP moves only on the strength of a settled confirmation.
 *   U7  Before a slot is erased, it is retired, and the other one is the better one to keep. A slot
 *       whose seal is going (fading) is never kept when there is another.
 *   U8  Where no package is left to go back to, an area that an install has touched is spoiled
 *       before the last record of that is erased: it never starts as a plain application.
 *   U9  Only a package that another can replace is rejected for its own damage: a read that went
 *       wrong must not cost the only one.
 *   U10 A boot of a confirmed package writes nothing.
 *
 *               begin              finish             install           confirm
 *     (empty) ---------> (partial) --------> STAGED ---------> TRIAL ------------> CONFIRMED
 *        ^                   |                  |              ^ | |                   |
 *        |                   |                  | fail         +-+ | give up           | give up
 *        |                   |                  |          attempt v                   |
 *        |                   |                  +------------> REJECTED <--------------+
 *        |      replace      |                  |                  |                   |
 *        +-------------------+------------------+------------------+-------------------+
 *
 *     begin    update_stage_begin, update_stage_write
 *     finish   update_stage_finish: slot_seal
 *     install  update_boot: update_check_content, update_install, slot_count_attempt
 *     attempt  update_boot, once more: slot_count_attempt
 *     confirm  update_confirm, or update_boot where no trial is wanted: slot_set_flag
 *     fail     update_boot: slot_reject. The content is bad, or the area does not take it
 *     give up  update_boot (trials used up, or damaged: U9) and update_rollback: slot_reject
 *     replace  update_stage_begin (not the slot to keep): slot_retire, erase; update_retire
 */
/* clang-format on */
#include "update.h"

#include "compare.h"
#include "memory_map.h"
#include "update_state.h"
#include "verdict.h"

/* A confirmation is a second seal, and outlives a rejection (U6). */
static bool update_is_usable(const struct update_state *s, unsigned slot)
{
    const struct slot_records *r = &s->records[slot];

    return s->readable[slot] && (r->confirmed || (r->sealed && !r->rejected));
}

void update_read(const struct update_board *u, struct update_state *s)
{
    const struct flash_hw *flash = u->flash;
    uint32_t detail;

    trust_read(flash, u->identity, &s->trust);
    for (unsigned i = 0; i < SLOT_COUNT; i++) {
        slot_read(flash, i, &s->records[i]);
        s->readable[i] = package_read(flash, slot_addr(flash_hw_kib(flash), i),
                                      slot_package_max(flash_hw_kib(flash)),
                                      slot_content_max(flash_hw_kib(flash)), &s->packages[i],
                                      &detail) == REASON_NONE;
        s->usable[i] = update_is_usable(s, i);
    }
}

void update_settle(const struct update_board *u, struct update_state *s)
{
    update_read(u, s);
    for (unsigned i = 0; i < SLOT_COUNT; i++) {
        slot_settle(u->flash, i, s->records[i].torn);
    }
}

/* Not rejected before rejected, then the later one, then the confirmed one. */
static bool update_is_better(const struct slot_records *a, const struct slot_records *b)
{
    if (a->rejected != b->rejected) {
        return b->rejected;
    }
    return a->sequence != b->sequence ? slot_is_later(a->sequence, b->sequence)
                                      : a->confirmed && !b->confirmed;
}

uint8_t update_choose(const struct update_state *s, unsigned without)
{
    uint8_t best = SLOT_NONE;

    for (uint8_t i = 0; i < SLOT_COUNT; i++) {
        if (s->usable[i] && (without >> i & 1u) == 0 &&
            (best == SLOT_NONE || update_is_better(&s->records[i], &s->records[best]))) {
            best = i;
        }
    }
    return best;
}

uint8_t update_find_installed(const struct update_state *s)
{
    unsigned without = 0;

    for (unsigned i = 0; i < SLOT_COUNT; i++) {
        without |= s->records[i].installed ? 0 : 1u << i;
    }
    return update_choose(s, without);
}

bool update_on_trial(const struct update_state *s, uint8_t slot)
{
    return !s->records[slot].confirmed && s->packages[slot].trials != 0;
}

bool update_any_sealed(const struct update_state *s)
{
    return s->records[0].sealed || s->records[0].confirmed || s->records[1].sealed ||
           s->records[1].confirmed;
}

bool update_bars_plain(const struct update_state *s)
{
    for (unsigned i = 0; i < SLOT_COUNT; i++) {
        const struct slot_records *r = &s->records[i];

        if ((r->sealed || r->confirmed) && r->touched && (r->sequence != 0 || s->readable[i])) {
            return true;
        }
    }
    return false;
}

enum reason update_spoil_area(const struct update_board *u, const struct update_state *s,
                              uint32_t *detail)
{
    return update_bars_plain(s) ? flash_hw_put(u->flash, MAP_APP_BASE, 0, detail) : REASON_NONE;
}

bool update_enforces(const struct update_state *s)
{
    return !verdict_is_good(s->trust.open[0]) || !verdict_is_good(s->trust.open[1]);
}

bool update_good(const struct package_check *check)
{
    return verdict_is_good(check->verdict[0]) && verdict_is_good(check->verdict[1]);
}

bool update_verifies(const struct update_board *u, const struct update_state *s, uint8_t slot)
{
    struct package_check check;

    update_clear_check(&check);
    package_verify(u->flash, &s->trust, &s->packages[slot], &check);
    return update_good(&check);
}

void update_clear_check(struct package_check *check)
{
    check->verdict[0] = VERDICT_BAD;
    check->verdict[1] = VERDICT_BAD;
    check->reason = REASON_NOT_VERIFIED;
    check->detail = 0;
}

bool update_trust_is_behind(const struct update_state *s, uint8_t slot)
{
    const struct slot_records *r = &s->records[slot];

    return s->trust.state == TRUST_ENFORCED && !r->advanced && !r->rejected &&
           (s->packages[slot].counter | s->packages[slot].revoke) != 0;
}

/* The confirmation first: where a word of it is not whole, it is programmed now (U6). The flag
 * last: what a cut left of OTP's bits is programmed once more, however it reads. */
enum reason update_advance_trust(const struct update_board *u, const struct update_state *s,
                                 uint8_t slot, uint32_t *detail)
{
    const struct package *p = &s->packages[slot];
    enum reason reason = slot_set_flag(u->flash, slot, TRAILER_CONFIRMED, detail);

    if (reason == REASON_NONE) {
        reason = trust_advance(u->flash, &s->trust, p->counter, p->revoke, detail);
    }
    return reason == REASON_NONE ? slot_set_flag(u->flash, slot, TRAILER_ADVANCED, detail) : reason;
}

bool update_note_read(const struct update_board *u, uint8_t *crashes, uint8_t *cause)
{
    uint32_t note = flash_hw_note(u->flash);

    *crashes = (uint8_t)(note >> BOOT_NOTE_CRASH_SHIFT);
    *cause = (uint8_t)(note >> BOOT_NOTE_CAUSE_SHIFT);
    return note >> 24 == BOOT_NOTE_MAGIC;
}

void update_note_write(const struct update_board *u, unsigned crashes, unsigned cause, unsigned low)
{
    flash_hw_set_note(u->flash, BOOT_NOTE_MAGIC << 24 | crashes << BOOT_NOTE_CRASH_SHIFT |
                                    cause << BOOT_NOTE_CAUSE_SHIFT | low);
}

void update_stays(const struct update_board *u)
{
    uint8_t crashes, cause;

    if (!update_note_read(u, &crashes, &cause)) {
        cause = BOOT_UNKNOWN;
    }
    update_note_write(u, 0, cause, BOOT_NOTE_ASKED);
}

/* That no slot was used is found once: it only counts on an open board. */
void update_ask_plain(const struct update_board *u, volatile uint32_t verdict[2])
{
    volatile uint32_t open[2];

    verdict[0] = VERDICT_BAD;
    verdict[1] = VERDICT_BAD;
    trust_read_open(u->flash, open);
    if (!slot_used(u->flash, 0) && !slot_used(u->flash, 1)) {
        verdict[0] = open[0];
        verdict[1] = open[1];
    }
}

bool update_has_work(const struct update_board *u)
{
    volatile uint32_t verdict[2];

    update_ask_plain(u, verdict);
    return !verdict_is_good(verdict[0]) || !verdict_is_good(verdict[1]);
}

/* The slot whose content the area holds, as far as can be told. Without a claim it is the one to
 * boot, and no other one claims: if it was confirmed before (its claim may be torn, and have been
 * there when it was started: U10, nothing was written then), or if its log takes no claims. */
static uint8_t update_find_running(const struct update_board *u, const struct update_state *s)
{
    struct package_check matched;
    uint8_t slot = update_find_installed(s);

    if (slot != SLOT_NONE) {
        return slot;
    }
    slot = update_choose(s, 0);
    if (slot == SLOT_NONE || s->records[slot ^ 1u].installed) {
        return SLOT_NONE;
    }
    if (s->records[slot].confirmed) {
        return slot;
    }
    update_clear_check(&matched);
    if (s->records[slot].log_full) {
        package_match_area(u->flash, &s->packages[slot], &matched);
    }
    return update_good(&matched) ? slot : SLOT_NONE;
}

enum reason update_confirm(const struct update_board *u, uint32_t *detail)
{
    struct update_state s;
    enum reason reason = REASON_NONE;
    const struct slot_records *r;
    uint8_t slot, crashes, cause;

    update_settle(u, &s);
    slot = update_find_running(u, &s);
    if (slot == SLOT_NONE) {
        return REASON_NO_TRIAL;
    }
    r = &s.records[slot];
    if (!r->confirmed) { /* one whose first word is gone already stays as it is */
        if (r->attempts == 0 && !r->uncountable) {
            return REASON_NO_TRIAL; /* it never ran */
        }
        reason = slot_set_flag(u->flash, slot, TRAILER_CONFIRMED, detail);
    }
    if (reason != REASON_NONE) {
        return reason;
    }
    if (update_note_read(u, &crashes, &cause) && crashes != 0) {
        update_note_write(u, 0, cause, 0); /* what ran so far counts as no crash */
    }
    if (!update_trust_is_behind(&s, slot)) {
        return REASON_NONE;
    }
    /* Numbers of a package are believed only when it verifies. If it does not, the next boot has to
     * see to it. */
    return update_verifies(u, &s, slot) ? update_advance_trust(u, &s, slot, detail) : REASON_NONE;
}

enum reason update_rollback(const struct update_board *u, uint32_t *detail)
{
    struct update_state s;
    uint8_t target;
    uint8_t other = SLOT_NONE;

    update_settle(u, &s);
    target = update_choose(&s, 0);
    if (target != SLOT_NONE) {
        other = update_choose(&s, 1u << target);
    }
    if (other == SLOT_NONE || !s.records[other].confirmed || s.records[other].rejected) {
        return REASON_NO_FALLBACK;
    }
    return update_verifies(u, &s, other) ? slot_reject(u->flash, target, CAUSE_ASKED, detail)
                                         : REASON_NO_FALLBACK;
}

enum reason update_retire(const struct update_board *u, uint32_t *detail)
{
    struct update_state s;
    enum reason reason = REASON_NONE;
    uint8_t installed;
    unsigned last;

    update_settle(u, &s);
    installed = update_find_installed(&s);
    last = installed == SLOT_NONE ? 0 : installed;
    if (update_enforces(&s)) {
        return REASON_PROVISIONED;
    }
    if (installed == SLOT_NONE) {
        reason = update_spoil_area(u, &s, detail);
    }
    /* The installed one last: until then it starts as a package, from then on as a plain
     * application. In between, a rejected one would bar it. */
    if (reason == REASON_NONE) {
        reason = slot_retire(u->flash, last ^ 1u, detail);
    }
    if (reason == REASON_NONE) {
        reason = slot_retire(u->flash, last, detail);
    }
    return reason;
}

uint8_t update_salvage(const struct update_board *u, const struct update_state *s, unsigned without)
{
    for (uint8_t i = 0; i < SLOT_COUNT; i++) {
        const struct slot_records *r = &s->records[i];

        if ((without >> i & 1u) == 0 && s->readable[i] && !s->usable[i] && !r->rejected &&
            r->written && (!r->retired || update_enforces(s)) && update_verifies(u, s, i)) {
            return i;
        }
    }
    return SLOT_NONE;
}

uint8_t update_find_package(const struct update_board *u, const uint8_t digest[SLOT_DIGEST_SIZE])
{
    struct update_state s;

    update_read(u, &s);
    for (uint8_t i = 0; i < SLOT_COUNT; i++) {
        if (s.usable[i] && !s.records[i].rejected && !s.records[i].fading &&
            compare_differences(s.packages[i].digest, digest, SLOT_DIGEST_SIZE) == 0 &&
            update_verifies(u, &s, i)) {
            return i;
        }
    }
    return SLOT_NONE;
}

/* Both verdicts are put together by different means, so that no skipped instruction does for both.
 */
void update_join_checks(const struct package_check *a, const struct package_check *b,
                        volatile uint32_t verdict[2])
{
    if (verdict_is_good(a->verdict[0]) && verdict_is_good(b->verdict[0])) {
        verdict[0] = VERDICT_GOOD;
    }
    verdict[1] = ((a->verdict[1] ^ VERDICT_GOOD) | (b->verdict[1] ^ VERDICT_GOOD)) ^ VERDICT_GOOD;
}

void update_verify_area(const struct update_board *u, struct package_check *out)
{
    struct update_state s;
    struct package_check judged, matched;
    uint8_t slot;

    update_clear_check(out);
    update_clear_check(&judged);
    update_clear_check(&matched);
    update_read(u, &s);
    slot = update_choose(&s, 0);
    if (slot == SLOT_NONE) {
        if (!update_any_sealed(&s)) {
            out->verdict[0] = s.trust.open[0];
            out->verdict[1] = s.trust.open[1];
        }
    } else if (s.records[slot].installed || s.records[slot].log_full) {
        package_verify(u->flash, &s.trust, &s.packages[slot], &judged);
        package_match_area(u->flash, &s.packages[slot], &matched);
        update_join_checks(&judged, &matched, out->verdict);
    }
    if (update_good(out)) {
        out->reason = REASON_NONE;
    }
}
