/* SPDX-License-Identifier: MIT */
/*
 * OTP as FORMAT.md has it. What is asked twice is read twice and decided by different means: see
 * compare.h. It must never write outside of the blocks it names: behind the counter's lie the lock
 * bytes.
 */
#include "trust.h"

#include <stdbool.h>

#include "bytes.h"
#include "compare.h"
#include "flash_hw.h"
#include "memory_map.h"
#include "verdict.h"

#define NO_KEY    0xFFFFFFFFu
#define KEYS_SIZE (OTP_KEY_COUNT * OTP_BLOCK_SIZE)
#define BLOCKS    (1u + OTP_LOCKED_BLOCKS) /* what trust_provision wants, behind a blank one */

static uint32_t trust_block_addr(unsigned block)
{
    return MAP_OTP_BASE + block * OTP_BLOCK_SIZE;
}

static bool trust_has(uint32_t mask, unsigned index)
{
    return (mask >> index & 1u) != 0;
}

static bool trust_is_blank(const struct flash_hw *flash, uint32_t addr, uint32_t len)
{
    uint32_t ones = BLANK_WORD;

    for (uint32_t at = 0; at < len; at += 4u) {
        ones &= flash_hw_word(flash, addr + at);
    }
    return ones == BLANK_WORD;
}

/* Key blocks and their locks in one piece: this is on the way of every start. What is not filled,
 * should a read be skipped, does not read as blank. */
#define OPEN_WORDS (KEYS_SIZE / 4u + 1u)
#define OPEN_STEP  3u
_Static_assert(OPEN_WORDS % OPEN_STEP == 0, "the loops take three words at a time");

static void trust_read_keys(const struct flash_hw *flash, uint32_t words[OPEN_WORDS])
{
    words[0] = 0;
    words[OPEN_WORDS - 1u] = 0;
    flash_hw_read(flash, MAP_OTP_BASE, words, KEYS_SIZE);
    flash_hw_read(flash, MAP_OTP_LOCK_BASE, words + OPEN_WORDS - 1u, OTP_KEY_COUNT);
}

static __attribute__((noinline)) uint32_t trust_open_by_range(const struct flash_hw *flash)
{
    uint32_t words[OPEN_WORDS];
    uint32_t ones = BLANK_WORD;

    trust_read_keys(flash, words);
    for (unsigned i = 0; i < OPEN_WORDS; i += OPEN_STEP) {
        ones &= words[i] & words[i + 1u] & words[i + 2u];
    }
    return ones == BLANK_WORD ? VERDICT_GOOD : VERDICT_BAD;
}

/* From the last word to the first, counted. */
static __attribute__((noinline)) uint32_t trust_open_by_words(const struct flash_hw *flash)
{
    uint32_t words[OPEN_WORDS];
    uint32_t blank = 0;

    trust_read_keys(flash, words);
    for (unsigned i = OPEN_WORDS; i != 0; i -= OPEN_STEP) {
        blank += (~words[i - 1u] == 0 ? 1u : 0) + (~words[i - 2u] == 0 ? 1u : 0) +
                 (~words[i - 3u] == 0 ? 1u : 0);
    }
    return blank == OPEN_WORDS ? VERDICT_GOOD : VERDICT_BAD;
}

void trust_read_open(const struct flash_hw *flash, volatile uint32_t open[2])
{
    open[0] = VERDICT_BAD;
    open[1] = VERDICT_BAD;
    open[0] = trust_open_by_range(flash);
    open[1] = trust_open_by_words(flash);
}

/* The word with the counter's bit i. */
static uint32_t trust_counter_word(const struct flash_hw *flash, uint32_t i)
{
    return flash_hw_word(flash, trust_block_addr(OTP_BLOCK_COUNTER) + i / 32u * 4u);
}

/* Bits are used up from the lowest on. The counter is where that ends: the place with the fewest
 * bits that do not fit, ones below and zeros above it, and the lowest of such places. So a bit that
 * flipped elsewhere changes nothing. */
static uint32_t trust_count(const struct flash_hw *flash)
{
    uint32_t count = 0;
    int fit = 0;
    int best = 0;
    uint32_t word = 0;

    for (uint32_t i = 0; i < OTP_COUNTER_MAX; i++) {
        word = i % 32u == 0 ? trust_counter_word(flash, i) : word >> 1;
        if (i % 32u == 0 && word == BLANK_WORD) { /* as most are: to its last bit */
            fit -= 31;
            i += 31u;
        }
        fit += (word & 1u) != 0 ? -1 : 1;
        if (fit > best) {
            best = fit;
            count = i + 1u;
        }
    }
    return count;
}

/* Most bits of its word are 0: neither one that flipped revokes a key, nor does it give one back.
 */
static bool trust_is_revoked(const struct flash_hw *flash, unsigned index)
{
    uint32_t zeros = ~flash_hw_word(flash, trust_block_addr(OTP_BLOCK_REVOKED) + 4u * index);
    unsigned count = 0;

    for (; zeros != 0; zeros &= zeros - 1u) {
        count++;
    }
    return count >= 16u;
}

/* That of OTP, or other if there is none. */
static void trust_read_identity(const struct flash_hw *flash, const uint8_t *other, uint8_t *out)
{
    flash_hw_read(flash, trust_block_addr(OTP_BLOCK_IDENTITY), out, OTP_BLOCK_SIZE);
    if (trust_is_blank(flash, trust_block_addr(OTP_BLOCK_IDENTITY), OTP_BLOCK_SIZE)) {
        __builtin_memcpy(out, other, OTP_BLOCK_SIZE);
    }
}

void trust_read(const struct flash_hw *flash, const uint8_t builtin[2 * UUID_SIZE],
                struct trust *out)
{
    uint8_t locks[OTP_LOCKED_BLOCKS];

    trust_read_open(flash, out->open);
    flash_hw_read(flash, MAP_OTP_LOCK_BASE, locks, sizeof locks);
    out->keys = 0;
    out->revoked = 0;
    out->state = TRUST_ENFORCED;
    for (unsigned i = 0; i < OTP_LOCKED_BLOCKS; i++) {
        if (locks[i] != 0) {
            out->state = TRUST_INCOMPLETE;
        } else if (i < OTP_KEY_COUNT &&
                   !trust_is_blank(flash, trust_block_addr(i), OTP_BLOCK_SIZE)) {
            out->keys |= (uint8_t)(1u << i);
        }
        if (i < OTP_KEY_COUNT && trust_is_revoked(flash, i)) {
            out->revoked |= (uint8_t)(1u << i);
        }
    }
    if (verdict_is_good(out->open[0]) && verdict_is_good(out->open[1])) {
        out->state = TRUST_OPEN;
    }
    trust_read_identity(flash, builtin, out->identity);
    out->counter = (uint16_t)trust_count(flash);
}

int trust_find_key(const struct flash_hw *flash, const struct trust *t,
                   const uint8_t hash[DIGEST_SIZE], uint32_t *revoked)
{
    uint8_t block[OTP_BLOCK_SIZE];

    *revoked = NO_KEY;
    for (unsigned i = 0; i < OTP_KEY_COUNT; i++) {
        flash_hw_read(flash, trust_block_addr(i), block, sizeof block);
        if (!trust_has(t->keys, i) || compare_differences(block, hash, sizeof block) != 0) {
            continue;
        }
        if (!trust_has(t->revoked, i)) {
            return (int)i;
        }
        *revoked = i;
    }
    return -1;
}

__attribute__((noinline)) uint32_t trust_check_key(const struct flash_hw *flash, unsigned index,
                                                   const uint8_t hash[DIGEST_SIZE])
{
    uint8_t block[OTP_BLOCK_SIZE];

    if (index >= OTP_KEY_COUNT) {
        return VERDICT_BAD;
    }
    compare_clear(block, sizeof block);
    flash_hw_read(flash, trust_block_addr(index), block, sizeof block);
    if (trust_is_revoked(flash, index)) {
        return VERDICT_BAD;
    }
    return compare_count(hash, block, sizeof block) == DIGEST_SIZE ? VERDICT_GOOD : VERDICT_BAD;
}

/* The same from the other end, counting what does not fit. */
__attribute__((noinline)) uint32_t trust_check_counter(const struct flash_hw *flash,
                                                       uint32_t counter)
{
    uint32_t place = OTP_COUNTER_MAX;
    uint32_t wrong = OTP_COUNTER_MAX; /* relative to what it is at the end */
    uint32_t least = wrong;
    uint32_t word = 0;

    for (uint32_t i = OTP_COUNTER_MAX; i-- != 0;) {
        word = i % 32u == 31u ? trust_counter_word(flash, i) : word << 1;
        if (i % 32u == 31u && word == BLANK_WORD) { /* to its first */
            wrong -= 31u;
            i -= 31u;
        }
        wrong = (word >> 31) != 0 ? wrong - 1u : wrong + 1u;
        if (wrong <= least) {
            least = wrong;
            place = i;
        }
    }
    return counter <= OTP_COUNTER_MAX && place <= counter ? VERDICT_GOOD : VERDICT_BAD;
}

__attribute__((noinline)) uint32_t trust_check_identity(const struct flash_hw *flash,
                                                        const struct trust *t, unsigned half,
                                                        const uint8_t uuid[UUID_SIZE])
{
    uint8_t identity[OTP_BLOCK_SIZE];

    trust_read_identity(flash, t->identity, identity);
    return compare_count(uuid, identity + half * UUID_SIZE, UUID_SIZE) == UUID_SIZE ? VERDICT_GOOD
                                                                                    : VERDICT_BAD;
}

/* A failure to read back is one of OTP. */
static enum reason trust_wrote(enum reason reason, uint32_t addr, uint32_t *detail)
{
    if (reason == REASON_VERIFY) {
        *detail = addr;
        return REASON_OTP;
    }
    return reason;
}

/* Bits to 0; others of the byte may be 0 already. */
static enum reason trust_mark_otp(const struct flash_hw *flash, uint32_t addr, uint8_t byte,
                                  uint32_t *detail)
{
    enum reason reason = flash_hw_put_otp(flash, addr, byte, detail);
    uint8_t now = BLANK_BYTE;

    flash_hw_read(flash, addr, &now, 1);
    if (reason == REASON_VERIFY && (now & ~byte & 0xFFu) == 0) {
        reason = REASON_NONE;
    }
    return trust_wrote(reason, addr, detail);
}

/* Programs a word, also where it reads so already, and reads it back. */
static enum reason trust_mark(const struct flash_hw *flash, uint32_t addr, uint32_t word,
                              uint32_t *detail)
{
    return trust_wrote(flash_hw_mark(flash, addr, word, detail), addr, detail);
}

enum reason trust_advance(const struct flash_hw *flash, const struct trust *t, uint32_t counter,
                          uint8_t revoke, uint32_t *detail)
{
    enum reason reason = REASON_NONE;
    uint32_t i = trust_count(flash);

    if (counter > OTP_COUNTER_MAX) {
        *detail = counter;
        return REASON_ARGUMENT;
    }
    if (t->state != TRUST_ENFORCED) {
        return REASON_NONE;
    }
    /* The last bit that is there or the first that is not may be torn. A byte takes all its bits up
     * to this one, so both are in the first step, or the last one that is there ends a byte. */
    if (i != 0 && (i % 8u == 0 || i == counter)) {
        i--;
    }
    for (; i < counter && reason == REASON_NONE; i++) {
        reason = trust_mark_otp(flash, trust_block_addr(OTP_BLOCK_COUNTER) + i / 8u,
                                (uint8_t)(0xFEu << i % 8u), detail);
        flash_hw_alive(flash);
    }
    for (i = 0; i < OTP_KEY_COUNT && reason == REASON_NONE; i++) {
        if (trust_has(revoke, i)) {
            reason = trust_mark(flash, trust_block_addr(OTP_BLOCK_REVOKED) + 4u * i, 0, detail);
        }
    }
    return reason;
}

#define TRUST_READ_ADDR (MAP_OTP_BASE + OTP_READ_PROTECTION)

bool trust_allows_read_protection(const struct flash_hw *flash)
{
    return flash_hw_word(flash, TRUST_READ_ADDR) == OTP_READ_ALLOWED;
}

enum reason trust_prepare(const struct flash_hw *flash, bool read_protection, uint32_t *detail)
{
    for (unsigned i = 0; i < OTP_KEY_COUNT; i++) {
        if (trust_is_revoked(flash, i)) {
            *detail = trust_block_addr(OTP_BLOCK_REVOKED) + 4u * i;
            return REASON_OTP;
        }
    }
    if (read_protection) {
        return trust_mark(flash, TRUST_READ_ADDR, OTP_READ_ALLOWED, detail);
    }
    *detail = TRUST_READ_ADDR;
    return trust_allows_read_protection(flash) ? REASON_OTP : REASON_NONE;
}

/* No key is blank, and none is there twice. */
static enum reason trust_check_hashes(uint8_t blocks[BLOCKS][OTP_BLOCK_SIZE], unsigned count,
                                      uint32_t *detail)
{
    for (unsigned i = 1; i <= count; i++) {
        for (unsigned k = 0; k < i; k++) {
            if (compare_differences(blocks[i], blocks[k], OTP_BLOCK_SIZE) == 0) {
                *detail = i - 1u;
                return REASON_ARGUMENT;
            }
        }
    }
    return REASON_NONE;
}

/* Programs a word, also where it reads right: bits that an earlier attempt left half done would
 * come to light later. It may be refused because the block's lock was torn and happens to be in
 * force. Locks come in order, and only when all words are done, so the first one tells. */
static enum reason trust_write_word(const struct flash_hw *flash, uint32_t at, uint32_t wanted,
                                    uint32_t old, uint32_t *detail)
{
    uint8_t lock = BLANK_BYTE;
    enum reason reason = trust_mark(flash, MAP_OTP_BASE + at, wanted, detail);

    flash_hw_read(flash, MAP_OTP_LOCK_BASE, &lock, 1);
    return lock != BLANK_BYTE && old == wanted ? REASON_NONE : reason;
}

/* Writes the words, or (write = false) finds out whether every one can be written: bits only go to
 * 0, and a block whose lock is not blank may not take anything any more. */
static enum reason trust_write(const struct flash_hw *flash, uint8_t blocks[BLOCKS][OTP_BLOCK_SIZE],
                               const uint8_t *locks, bool write, uint32_t *detail)
{
    enum reason reason = REASON_NONE;

    for (uint32_t at = 0; at < OTP_LOCKED_BLOCKS * OTP_BLOCK_SIZE && reason == REASON_NONE;
         at += 4u) {
        unsigned block = at / OTP_BLOCK_SIZE;
        uint32_t wanted = load_le32(blocks[1u + block] + at % OTP_BLOCK_SIZE);
        uint32_t old = flash_hw_word(flash, MAP_OTP_BASE + at);
        bool locked = locks[block] != BLANK_BYTE;
        if ((~old & wanted) != 0 || (locked && old != wanted)) {
            *detail = MAP_OTP_BASE + at;
            return REASON_OTP;
        }
        if (write && !locked && wanted != BLANK_WORD) {
            reason = trust_write_word(flash, at, wanted, old, detail);
        }
    }
    return reason;
}

enum reason trust_provision(const struct flash_hw *flash, const uint8_t *hashes, unsigned count,
                            const uint8_t *identity, uint32_t *detail)
{
    uint8_t blocks[BLOCKS][OTP_BLOCK_SIZE];
    uint8_t locks[OTP_LOCKED_BLOCKS];
    enum reason done = REASON_PROVISIONED;
    enum reason reason;

    *detail = count;
    if (count - 1u >= OTP_KEY_COUNT) {
        return REASON_ARGUMENT;
    }
    __builtin_memset(blocks, BLANK_BYTE, sizeof blocks);
    __builtin_memcpy(blocks[1], hashes, count * DIGEST_SIZE);
    if (identity != NULL) {
        __builtin_memcpy(blocks[1 + OTP_BLOCK_IDENTITY], identity, OTP_BLOCK_SIZE);
    }
    reason = trust_check_hashes(blocks, count, detail);
    if (reason != REASON_NONE) {
        return reason;
    }
    flash_hw_read(flash, MAP_OTP_LOCK_BASE, locks, sizeof locks);
    for (unsigned i = 0; i < OTP_LOCKED_BLOCKS; i++) {
        if (locks[i] != 0) {
            done = REASON_NONE;
        }
    }
    reason = trust_write(flash, blocks, locks, false, detail);
    if (reason != REASON_NONE) {
        return done != REASON_NONE ? done : reason;
    }
    reason = trust_write(flash, blocks, locks, true, detail);
    /* Also those that read right: what was torn may read otherwise later. Should the chip refuse
     * that of a lock in force, it is in force. */
    for (unsigned i = 0; i < OTP_LOCKED_BLOCKS && reason == REASON_NONE; i++) {
        reason = trust_mark_otp(flash, MAP_OTP_LOCK_BASE + i, 0, detail);
        if (locks[i] == 0) {
            flash_hw_read(flash, MAP_OTP_LOCK_BASE + i, &locks[i], 1);
            reason = locks[i] == 0 ? REASON_NONE : reason;
        }
    }
    return reason == REASON_NONE ? done : reason;
}
