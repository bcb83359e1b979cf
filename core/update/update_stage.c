/* SPDX-License-Identifier: MIT */
/*
 * Staging: a package comes in piece by piece, into the slot that is not needed to boot. The slot is
 * retired and erased first, in the same session; it is sealed last, when the whole is judged.
 */
#include "bytes.h"
#include "compare.h"
#include "update_state.h"

#define PIECE      64u
#define NO_STAGING 0xFFFFFFFFu

static enum reason update_stage_refuse(enum reason reason, uint32_t value, uint32_t *detail)
{
    *detail = value;
    return reason;
}

/* How much a slot is to be kept: confirmed, then installed, then what may run, then what is on its
 * way out (U7). */
static unsigned update_worth(const struct update_state *s, unsigned slot)
{
    const struct slot_records *r = &s->records[slot];

    if (!s->usable[slot]) {
        return 0;
    }
    if (r->rejected || r->fading) {
        return 1;
    }
    return r->confirmed ? 4 : r->installed ? 3 : 2;
}

/* The slot to keep: the one that is worth more, unless it does not verify and the other one does.
 * SLOT_NONE if there is nothing to keep. */
static uint8_t update_keep(const struct update_board *u, const struct update_state *s)
{
    unsigned a = update_worth(s, 0);
    unsigned b = update_worth(s, 1);
    uint8_t keep;

    if (a == 0 && b == 0) {
        return update_salvage(u, s, 0);
    }
    keep = b > a || (b == a && slot_is_later(s->records[1].sequence, s->records[0].sequence));
    if (a != 0 && b != 0 && !update_verifies(u, s, keep) && update_verifies(u, s, keep ^ 1u)) {
        keep ^= 1u;
    }
    return keep;
}

/* Everything but the slot to keep goes; slot is erased. */
static enum reason update_stage_clear(const struct update_board *u, const struct update_state *s,
                                      uint8_t keep, uint8_t slot, uint32_t *detail)
{
    const struct flash_hw *flash = u->flash;
    unsigned first = slot_first_sector(flash_hw_kib(flash), slot);
    enum reason reason = REASON_NONE;

    if (keep == SLOT_NONE) {
        reason = update_spoil_area(u, s, detail); /* U8 */
    }
    for (uint8_t i = 0; i < SLOT_COUNT; i++) {
        if (i != keep) {
            (void)slot_retire(flash, i, detail); /* what does not take it is no way to boot */
        }
    }
    for (unsigned i = 0; i < slot_sector_count(flash_hw_kib(flash)) && reason == REASON_NONE; i++) {
        reason = flash_hw_erase(flash, first + i, detail);
    }
    return reason;
}

enum reason update_stage_begin(const struct update_board *u, struct update_stage *stage,
                               uint32_t size, uint32_t *detail)
{
    struct update_state s;
    enum reason reason;
    uint32_t max = slot_package_max(flash_hw_kib(u->flash));
    uint8_t keep, installed;

    stage->size = 0;
    if (size < PACKAGE_HEADER_SIZE || size > max) {
        return update_stage_refuse(REASON_PACKAGE_SIZE, max, detail);
    }
    update_settle(u, &s);
    installed = update_find_installed(&s);
    if (u->memory == NULL && installed != SLOT_NONE && update_on_trial(&s, installed)) {
        return REASON_UNCONFIRMED;
    }
    keep = update_keep(u, &s);
    stage->slot = keep == 0 ? 1 : 0;
    reason = update_stage_clear(u, &s, keep, stage->slot, detail);
    if (reason == REASON_NONE) {
        stage->size = size;
        stage->next = 0;
    }
    return reason;
}

static uint32_t update_stage_addr(const struct update_board *u, const struct update_stage *stage,
                                  uint32_t offset)
{
    return slot_addr(flash_hw_kib(u->flash), stage->slot) + offset;
}

/* Whether flash holds these bytes: the piece is sent again. */
static bool update_stage_holds(const struct update_board *u, uint32_t addr, const uint8_t *data,
                               uint32_t len)
{
    uint8_t piece[PIECE];

    while (len != 0) {
        uint32_t n = len < PIECE ? len : PIECE;

        flash_hw_read(u->flash, addr, piece, n);
        if (compare_differences(piece, data, n) != 0) {
            return false;
        }
        addr += n;
        data += n;
        len -= n;
    }
    return true;
}

enum reason update_stage_write(const struct update_board *u, struct update_stage *stage,
                               uint32_t offset, const uint8_t *data, uint32_t len, uint32_t *detail)
{
    const struct flash_hw *flash = u->flash;
    uint32_t addr = update_stage_addr(u, stage, offset);
    uint32_t rest = len % WORD_SIZE;
    uint8_t word[WORD_SIZE] = {BLANK_BYTE, BLANK_BYTE, BLANK_BYTE, BLANK_BYTE};
    enum reason reason;

    if (stage->size == 0) {
        return update_stage_refuse(REASON_STAGE_ORDER, NO_STAGING, detail);
    }
    if (offset > stage->size || len > stage->size - offset) {
        return update_stage_refuse(REASON_PACKAGE_SIZE, stage->size, detail);
    }
    if (len != 0 && offset + len == stage->next && update_stage_holds(u, addr, data, len)) {
        return REASON_NONE;
    }
    if (offset != stage->next) {
        return update_stage_refuse(REASON_STAGE_ORDER, stage->next, detail);
    }
    if (len == 0 || (rest != 0 && offset + len != stage->size)) {
        return update_stage_refuse(REASON_ARGUMENT, len, detail);
    }
    reason = flash_hw_program(flash, addr, data, len - rest, detail);
    if (reason == REASON_NONE && rest != 0) {
        for (uint32_t i = 0; i < rest; i++) {
            word[i] = data[len - rest + i];
        }
        reason = flash_hw_program(flash, addr + len - rest, word, WORD_SIZE, detail);
    }
    if (reason == REASON_NONE) {
        stage->next = offset + len;
    }
    return reason;
}

/* Structure, size, judgement, content. */
static enum reason update_stage_judge(const struct update_board *u,
                                      const struct update_stage *stage, struct update_state *s,
                                      uint32_t *detail)
{
    struct package *p = &s->packages[stage->slot];
    struct package_check check;
    enum reason reason = package_read(u->flash, update_stage_addr(u, stage, 0), stage->size,
                                      slot_content_max(flash_hw_kib(u->flash)), p, detail);

    if (reason != REASON_NONE) {
        return reason;
    }
    if (p->size != stage->size) {
        return update_stage_refuse(REASON_PACKAGE_FORMAT, p->size, detail);
    }
    update_clear_check(&check);
    package_verify(u->flash, &s->trust, p, &check);
    /* A start signature that is wrong would cost each start its time. At a start it costs no more
     * than that: it may have lost a bit since. */
    if (update_good(&check) && p->start_len != 0 && update_enforces(s)) {
        package_verify_start(u->flash, &s->trust, p, &check);
    }
    if (!update_good(&check)) {
        return update_stage_refuse(check.reason == REASON_NONE ? REASON_NOT_VERIFIED : check.reason,
                                   check.detail, detail);
    }
    return u->memory != NULL ? update_check_content(u, p, detail) : REASON_NONE;
}

enum reason update_stage_finish(const struct update_board *u, struct update_stage *stage,
                                uint32_t *detail)
{
    struct update_state s;
    enum reason reason;

    if (stage->size == 0) {
        return update_stage_refuse(REASON_STAGE_ORDER, NO_STAGING, detail);
    }
    if (stage->next != stage->size) {
        return update_stage_refuse(REASON_STAGE_ORDER, stage->next, detail);
    }
    update_read(u, &s);
    if (s.records[stage->slot].sealed) {
        return REASON_NONE; /* the answer was lost, and it is asked again */
    }
    reason = update_stage_judge(u, stage, &s, detail);
    if (reason != REASON_NONE) {
        return reason;
    }
    reason = slot_seal(u->flash, stage->slot,
                       slot_next_sequence(s.records[stage->slot ^ 1u].sequence), detail);
    if (reason == REASON_NONE && (u->memory != NULL || s.packages[stage->slot].flags == 0)) {
        reason = slot_set_flag(u->flash, stage->slot, TRAILER_CHECKED, detail);
    }
    return reason;
}
