/* SPDX-License-Identifier: MIT */
/*
 * Packages: which one to run, installing it, trial, rollback, staging. The boot path, the commands
 * and the services for applications all come here. It works over struct flash_hw alone, so the same
 * code runs on the board and on the PC, where tests cut the power at every operation.
 *
 * The two slots are the truth, the application area is a cache of one of them. The invariants (U1
 * ...), the state diagram and the function for each arrow are at the top of update.c.
 */
#ifndef ARAREXT_UPDATE_H
#define ARAREXT_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "flash_hw.h"
#include "format.h"
#include "package.h"
#include "protocol.h"
#include "slot.h"
#include "trust.h"
#include "unpack.h"

/* What the work needs; owned by the caller, not changed. */
struct update_board {
    const struct flash_hw *flash;
    struct unpack_memory *memory; /* NULL where there is none (services): content is not unpacked */
    uint8_t *dictionary;          /* of UNPACK_DICTIONARY bytes, if there is memory */
    const uint8_t *identity;      /* the build's: vendor UUID, class UUID */
};

/* ---- at boot ---- */

struct update_facts {
    uint8_t reset;     /* RCC_CSR bits 31:24, of this reset alone: cleared after the one before */
    bool install_only; /* the host asked for RESET 02: no attempt is counted, nothing is started */
};

struct update_result {
    /* Start only if both are VERDICT_GOOD; else stay says why not. */
    volatile uint32_t verdict[2];
    enum stay_reason stay;
    enum boot_cause cause;
    uint8_t slot;       /* SLOT_NONE for a plain application */
    uint8_t watchdog_s; /* not 0: start the independent watchdog with it */
    /* What happened on the way, for the log. */
    uint8_t installs;   /* how often the area was written */
    enum reason reason; /* of the last thing refused */
    uint32_t detail;
};

/* When the bootloader stays for a reason that update_boot does not know (button, request): the
 * count of crashes begins again, and the next reset by software is the bootloader's. */
void update_stays(const struct update_board *u);

/* Whether update_boot will have more to do than to look at a plain application: a slot was used, or
 * the board is provisioned. Reads a few words. */
bool update_has_work(const struct update_board *u);
/* The same as verdicts, found by different means: a plain application may be looked at only if both
 * are VERDICT_GOOD. */
void update_ask_plain(const struct update_board *u, volatile uint32_t verdict[2]);

/* Decides, installs, counts, until there is something to start or a reason to stay. Writes flash
 * only where the decision needs it. */
void update_boot(const struct update_board *u, const struct update_facts *facts,
                 struct update_result *out);

/* ---- commands and services ---- */

/* GET_SLOTS. No package is hashed for it: states are those of the records, numbers those of the
 * headers. */
void update_report(const struct update_board *u, uint8_t out[SLOTS_SIZE]);

/* The slot with this package, if it verifies and is not given up: staging it again would only take
 * the other one away. By the first bytes of its digest, as GET_SLOTS shows them. SLOT_NONE. */
uint8_t update_find_package(const struct update_board *u, const uint8_t digest[SLOT_DIGEST_SIZE]);

/* Staging into the free slot, in order. The caller keeps the struct between the calls. */
struct update_stage {
    uint32_t size; /* of the package; 0 = no staging under way */
    uint32_t next; /* offset of the next byte */
    uint8_t slot;
};
/* Chooses and erases the free slot. PACKAGE_SIZE (too small to be one, or too large for the slot;
 * detail = the most that fits), flash reasons. */
enum reason update_stage_begin(const struct update_board *u, struct update_stage *s, uint32_t size,
                               uint32_t *detail);
/* offset must be s->next, or the piece just written again. len is a multiple of 4, except in the
 * last piece. STAGE_ORDER (detail = the offset expected, or FFFFFFFF without a begin), PACKAGE_SIZE
 * (beyond the size announced), flash reasons. */
enum reason update_stage_write(const struct update_board *u, struct update_stage *s,
                               uint32_t offset, const uint8_t *data, uint32_t len,
                               uint32_t *detail);
/* Judges the package, unpacks it once for its content digest if there is memory for that, and seals
 * it. STAGE_ORDER if bytes are missing; reasons 41 to 4A, and then the slot stays unsealed. */
enum reason update_stage_finish(const struct update_board *u, struct update_stage *s,
                                uint32_t *detail);

/* Confirms what the application area holds and was started on trial; on an enforcing board its
 * counter and revocations go to OTP. A second time is no error. NO_TRIAL if the area holds no
 * package, or one that was never started. */
enum reason update_confirm(const struct update_board *u, uint32_t *detail);
/* Rejects the target if the other slot can take its place; it does at the next boot. NO_FALLBACK.
 */
enum reason update_rollback(const struct update_board *u, uint32_t *detail);
/* Before direct flashing: no package will be installed over it. PROVISIONED. */
enum reason update_retire(const struct update_board *u, uint32_t *detail);
/* For GO: the application area holds the target, and the target is good. Both verdicts. On an open
 * board without packages always good. Reason NOT_VERIFIED. */
void update_verify_area(const struct update_board *u, struct package_check *out);

#endif
