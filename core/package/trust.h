/* SPDX-License-Identifier: MIT */
/*
 * What the board trusts: keys, revocations, security counter and identity, all in OTP (FORMAT.md,
 * "OTP"). Bits there only go from 1 to 0. It must never call a board open because a read went
 * wrong: open means that every byte of the key blocks and their locks reads blank, twice.
 */
#ifndef ARAREXT_TRUST_H
#define ARAREXT_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flash_hw.h"
#include "format.h"
#include "reason.h"

struct trust {
    uint16_t counter;       /* security counter: zero bits in its blocks; not used while open */
    uint8_t keys;           /* bit i: block i holds a key and is locked */
    uint8_t revoked;        /* bit i: key i is revoked */
    enum trust_state state; /* for reports; what decides is open */
    /* VERDICT_GOOD in both: the board is open (unprovisioned). Anything else: enforced. Not at the
     * front, where other structs have verdicts: a pointer gone astray must not read as open. */
    volatile uint32_t open[2];
    uint8_t identity[2 * UUID_SIZE]; /* vendor, class */
};

/* Reads it all. builtin is the identity of the build, used while OTP has none. The caller sets
 * open[] to VERDICT_BAD before, if a skipped call must not leave what was there. */
void trust_read(const struct flash_hw *flash, const uint8_t builtin[2 * UUID_SIZE],
                struct trust *out);

/* Its open[] alone: for a start in a hurry. */
void trust_read_open(const struct flash_hw *flash, volatile uint32_t open[2]);

/* Index of the key with this hash that is there, locked and not revoked, or -1. *revoked is the
 * index of a revoked one with this hash, else FFFFFFFF. */
int trust_find_key(const struct flash_hw *flash, const struct trust *t,
                   const uint8_t hash[DIGEST_SIZE], uint32_t *revoked);

/* Each decides by means of its own and reads OTP again, so that one skipped instruction does not
 * reach both this and what trust_read found. VERDICT_GOOD or VERDICT_BAD. */
/* Key index has this hash and is not revoked. */
uint32_t trust_check_key(const struct flash_hw *flash, unsigned index,
                         const uint8_t hash[DIGEST_SIZE]);
/* A package with this counter is not below the board's. */
uint32_t trust_check_counter(const struct flash_hw *flash, uint32_t counter);
/* Half (0 vendor, 1 class) of the identity is uuid. */
uint32_t trust_check_identity(const struct flash_hw *flash, const struct trust *t, unsigned half,
                              const uint8_t uuid[UUID_SIZE]);

/* Brings the counter up to value and revokes the keys of the mask. On a board that is not enforcing
 * it does nothing. The last bit of the counter and the words of the keys are programmed also where
 * they read so already, since what lost its power may read either way: call it until it ended well
 * once. Bits of the counter are programmed one by one in order, so at most one is ever torn.
 * ARGUMENT for a counter over OTP_COUNTER_MAX; FLASH_ERROR, FLASH_TIMEOUT, OTP (it did not take the
 * bits; detail = address). */
enum reason trust_advance(const struct flash_hw *flash, const struct trust *t, uint32_t counter,
                          uint8_t revoke, uint32_t *detail);

/* Before a board is provisioned: whether a host may set read protection level 1 afterwards goes to
 * OTP for good (and may be asked with trust_allows_read_protection). OTP (detail = address) if that
 * says otherwise already, or if one of the keys' words says that it is revoked: no package would
 * ever be good. FLASH_ERROR, FLASH_TIMEOUT. */
enum reason trust_prepare(const struct flash_hw *flash, bool read_protection, uint32_t *detail);
bool trust_allows_read_protection(const struct flash_hw *flash);

/* Writes the keys (and the identity, unless NULL) and locks blocks 0 to 4. May be repeated after a
 * power cut with the same values, and then programs the locks once more, also those that read
 * right. OTP if a block holds bits that do not fit or was locked otherwise (then nothing is
 * written), or does not take them (detail = address); PROVISIONED if it was complete already;
 * ARGUMENT for a count that is not 1 to 4 (detail = count), a hash of all ones or a hash twice
 * (detail = its index); FLASH_ERROR, FLASH_TIMEOUT. */
enum reason trust_provision(const struct flash_hw *flash, const uint8_t *hashes, unsigned count,
                            const uint8_t *identity, uint32_t *detail);

#endif
