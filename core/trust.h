/*
 * What the board trusts: keys, revocations, security counter and identity, all in OTP (FORMAT.md,
 * "OTP"). Bits there only go from 1 to 0. It must never call a board open because a read went
 * wrong: open means that every byte of the key blocks and their locks reads blank, twice.
 */
#ifndef ARAREXT_TRUST_H
#define ARAREXT_TRUST_H

#include <stddef.h>
#include <stdint.h>

#include "flash_hw.h"
#include "format.h"
#include "protocol.h"

struct trust {
    /* VERDICT_GOOD in both: the board is open (unprovisioned). Anything else: enforced. */
    volatile uint32_t open[2];
    enum trust_state state;
    uint16_t counter; /* security counter: zero bits in its blocks; not used while open */
    uint8_t keys;     /* bit i: block i holds a key and is locked */
    uint8_t revoked;  /* bit i: key i is revoked */
    uint8_t identity[2 * UUID_SIZE]; /* vendor, class */
};

/* Reads it all. builtin is the identity of the build, used while OTP has none. */
void trust_read(const struct flash_hw *flash, const uint8_t builtin[2 * UUID_SIZE],
                struct trust *out);

/* Index of the key with this hash that is there, locked and not revoked, or -1. */
int trust_find_key(const struct flash_hw *flash, const struct trust *t,
                   const uint8_t hash[DIGEST_SIZE]);

/* Brings the counter up to value and revokes the keys of the mask; what is there already costs
 * nothing. Only on an enforcing board. FLASH_ERROR, FLASH_TIMEOUT, OTP (it did not take the bits;
 * detail = address). */
enum protocol_reason trust_advance(const struct flash_hw *flash, const struct trust *t,
                                   uint32_t counter, uint8_t revoke, uint32_t *detail);

/* Writes the keys (and the identity, unless NULL) and locks blocks 0 to 4. May be repeated after a
 * power cut with the same values. OTP if a block holds bits that do not fit (then nothing is
 * written) or does not take them; PROVISIONED if it is complete already; ARGUMENT for a count that
 * is not 1 to 4, a hash of all ones, or a hash twice. */
enum protocol_reason trust_provision(const struct flash_hw *flash, const uint8_t *hashes,
                                     unsigned count, const uint8_t *identity, uint32_t *detail);

#endif
