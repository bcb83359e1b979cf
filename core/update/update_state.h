/* SPDX-License-Identifier: MIT */
/*
 * Inside of update_*.c: what all of them look at. Read anew for each decision; nothing of it is
 * kept from one call to the next.
 */
#ifndef ARAREXT_UPDATE_STATE_H
#define ARAREXT_UPDATE_STATE_H

#include "update.h"

struct update_state {
    bool readable[SLOT_COUNT]; /* begins with a package whose structure is right */
    bool usable[SLOT_COUNT];   /* could be booted, so far as records tell */
    struct slot_records records[SLOT_COUNT];
    struct trust trust;
    struct package packages[SLOT_COUNT]; /* of slots that are readable */
};

/* Reads only. */
void update_read(const struct update_board *u, struct update_state *s);
/* Reads, and completes torn flags, so that what was read as set stays so. One that cannot be
 * completed counts as it was read, for this time. */
void update_settle(const struct update_board *u, struct update_state *s);
/* The slot to boot by its records, leaving out those of the mask; SLOT_NONE. */
uint8_t update_choose(const struct update_state *s, unsigned without);
/* The usable slot whose content the area holds, as the log says; SLOT_NONE. */
uint8_t update_find_installed(const struct update_state *s);
/* Where no slot can be booted by its records: one whose records are lost (there are some, and they
 * say nothing), and whose package verifies; without those of the mask. Not one that was given up,
 * nor on an open board one that was taken back. SLOT_NONE. */
uint8_t update_salvage(const struct update_board *u, const struct update_state *s,
                       unsigned without);
/* Whether it runs on trial until it is confirmed. */
bool update_on_trial(const struct update_state *s, uint8_t slot);
/* Where the area may hold what must not be started as a plain application: programs zeros over its
 * first word, so that it holds no plausible vector table. */
enum reason update_spoil_area(const struct update_board *u, const struct update_state *s,
                              uint32_t *detail);
/* Whether the area may hold content of a package that nobody took back, whole or not: then it is no
 * plain application. Told by the slot of a package that an install was begun for. */
bool update_bars_plain(const struct update_state *s);
/* Whether somebody put a package there and nobody took it back. */
bool update_any_sealed(const struct update_state *s);
bool update_enforces(const struct update_state *s);

bool update_good(const struct package_check *check);
/* Both verdicts bad, for callers whose next call might be skipped. */
void update_clear_check(struct package_check *check);
/* verdict[i] is good only if both checks' are. The caller has set it to bad. */
void update_join_checks(const struct package_check *a, const struct package_check *b,
                        volatile uint32_t verdict[2]);

/* Whether the slot's package is verified. */
bool update_verifies(const struct update_board *u, const struct update_state *s, uint8_t slot);

/* Whether OTP may still lack counter and revocations of a package that has any: on a board that
 * enforces, until the record says that they are there. Never for one that was rejected: it runs as
 * the last resort, which is no reason to shut others out. */
bool update_trust_is_behind(const struct update_state *s, uint8_t slot);
/* Brings them to OTP, and records it. The package is verified and its confirmation settled. */
enum reason update_advance_trust(const struct update_board *u, const struct update_state *s,
                                 uint8_t slot, uint32_t *detail);

/* Unpacks without writing: digest, size, vector table. PACKAGE_CONTENT, PACKAGE_DICTIONARY. A plain
 * package was checked by package_verify. */
enum reason update_check_content(const struct update_board *u, const struct package *p,
                                 uint32_t *detail);
/* Erases, writes, compares, claims; matched is the comparison's judgement. The caller has
 * disclaimed (slot_disclaim, U5); a failure leaves the area unclaimed. */
enum reason update_install(const struct update_board *u, const struct package *p, uint8_t slot,
                           struct package_check *matched, uint32_t *detail);

/* The note in the backup register. */
bool update_note_read(const struct update_board *u, uint8_t *crashes, uint8_t *cause);
void update_note_write(const struct update_board *u, unsigned crashes, unsigned cause,
                       unsigned low);

#endif
