/* SPDX-License-Identifier: MIT */
/* GET_SLOTS: what records and headers say. Nothing is hashed and nothing is written for it. */
#include "bytes.h"
#include "update_state.h"

#define LAST_CAUSE CAUSE_INSTALL

static enum slot_state update_slot_state(const struct update_board *u, const struct slot_records *r,
                                         unsigned slot)
{
    if (r->sealed || r->confirmed) {
        return r->rejected ? SLOT_REJECTED : r->confirmed ? SLOT_CONFIRMED : SLOT_STAGED;
    }
    return !r->retired && package_begins(u->flash, slot_addr(flash_hw_kib(u->flash), slot))
               ? SLOT_PARTIAL
               : SLOT_EMPTY;
}

static void update_report_slot(const struct update_board *u, const struct update_state *s,
                               unsigned slot, uint8_t *out)
{
    const struct slot_records *r = &s->records[slot];
    const struct package *p = &s->packages[slot];

    out[SLOT_STATE] = (uint8_t)update_slot_state(u, r, slot);
    if (out[SLOT_STATE] == SLOT_EMPTY || !s->readable[slot]) {
        return;
    }
    if (out[SLOT_STATE] != SLOT_PARTIAL) {
        out[SLOT_FLAGS] = (uint8_t)((r->installed ? SLOT_FLAG_INSTALLED : 0u) |
                                    (r->checked ? SLOT_FLAG_CHECKED : 0u));
        out[SLOT_ATTEMPTS] = r->attempts;
        out[SLOT_CAUSE] = (uint8_t)(r->rejected && r->cause <= LAST_CAUSE ? r->cause : CAUSE_NONE);
    }
    out[SLOT_TRIALS] = p->trials;
    store_le16(out + SLOT_COUNTER, (uint16_t)p->counter);
    __builtin_memcpy(out + SLOT_VERSION, p->version, PACKAGE_HEADER_VERSION);
    store_le32(out + SLOT_PACKAGE_SIZE, p->size);
    store_le32(out + SLOT_CONTENT_SIZE, p->content_size);
    store_le32(out + SLOT_SEQUENCE, r->sequence);
    __builtin_memcpy(out + SLOT_DIGEST, p->digest, SLOT_DIGEST_SIZE);
    store_le32(out + SLOT_HEADER_FLAGS, p->flags);
}

void update_report(const struct update_board *u, uint8_t out[SLOTS_SIZE])
{
    struct update_state s;
    uint8_t crashes, cause;

    __builtin_memset(out, 0, SLOTS_SIZE);
    update_read(u, &s);
    out[SLOTS_LAYOUT] = SLOTS_LAYOUT_1;
    out[SLOTS_TRUST] = (uint8_t)s.trust.state;
    out[SLOTS_KEYS] = s.trust.keys;
    out[SLOTS_REVOKED] = s.trust.revoked;
    store_le16(out + SLOTS_COUNTER, s.trust.counter);
    out[SLOTS_TARGET] = update_choose(&s, 0);
    out[SLOTS_INSTALLED] = update_find_installed(&s);
    out[SLOTS_COUNT] = SLOT_COUNT;
    out[SLOTS_ENTRY_SIZE] = SLOT_ENTRY_SIZE;
    out[SLOTS_CAUSE] = BOOT_UNKNOWN;
    if (update_note_read(u, &crashes, &cause)) {
        out[SLOTS_CAUSE] = cause;
        out[SLOTS_CRASHES] = crashes;
    }
    store_le32(out + SLOTS_PACKAGE_MAX, slot_package_max(flash_hw_kib(u->flash)));
    store_le32(out + SLOTS_CONTENT_MAX, slot_content_max(flash_hw_kib(u->flash)));
    __builtin_memcpy(out + SLOTS_IDENTITY, s.trust.identity, sizeof s.trust.identity);
    for (unsigned i = 0; i < SLOT_COUNT; i++) {
        update_report_slot(u, &s, i, out + SLOTS_ENTRIES + i * SLOT_ENTRY_SIZE);
    }
}
