/*
 * OTP as FORMAT.md has it. What is asked twice is read twice and decided by different means: see
 * compare.h. It must never write outside of the blocks it names: behind the counter's lie the lock
 * bytes.
 */
#include "trust.h"

#include <stdbool.h>

#include "bytes.h"
#include "compare.h"
#include "memory_map.h"
#include "verdict.h"

#define BLANK      0xFFu
#define BLANK_WORD 0xFFFFFFFFu
#define NO_KEY     0xFFFFFFFFu
#define KEYS_SIZE  (OTP_KEY_COUNT * OTP_BLOCK_SIZE)
#define IMAGE_SIZE (OTP_LOCKED_BLOCKS * OTP_BLOCK_SIZE)

/* What trust_provision was asked for. */
struct trust_request {
    const uint8_t *hashes;
    const uint8_t *identity; /* or NULL */
    unsigned count;
};

static uint32_t trust_block_addr(unsigned block)
{
    return MAP_OTP_BASE + block * OTP_BLOCK_SIZE;
}

static bool trust_has(uint32_t mask, unsigned index)
{
    return (mask >> index & 1u) != 0;
}

static uint32_t trust_read_word(const struct flash_hw *flash, uint32_t addr)
{
    uint8_t word[4] = {0};

    flash->read(flash->ctx, addr, word, sizeof word);
    return load_le32(word);
}

static bool trust_is_blank(const struct flash_hw *flash, uint32_t addr, uint32_t len)
{
    uint32_t ones = BLANK_WORD;

    for (uint32_t at = 0; at < len; at += 4u) {
        ones &= trust_read_word(flash, addr + at);
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
    flash->read(flash->ctx, MAP_OTP_BASE, words, KEYS_SIZE);
    flash->read(flash->ctx, MAP_OTP_LOCK_BASE, words + OPEN_WORDS - 1u, OTP_KEY_COUNT);
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

static uint32_t trust_count(const struct flash_hw *flash)
{
    uint32_t count = 0;

    for (uint32_t at = 0; at < OTP_COUNTER_MAX / 8u; at += 4u) {
        uint32_t zeros = ~trust_read_word(flash, trust_block_addr(OTP_BLOCK_COUNTER) + at);
        for (; zeros != 0; zeros &= zeros - 1u) {
            count++;
        }
    }
    return count;
}

static bool trust_is_revoked(const struct flash_hw *flash, unsigned index)
{
    return !trust_is_blank(flash, trust_block_addr(OTP_BLOCK_REVOKED) + 4u * index, 4);
}

/* That of OTP, or other if there is none. */
static void trust_read_identity(const struct flash_hw *flash, const uint8_t *other, uint8_t *out)
{
    flash->read(flash->ctx, trust_block_addr(OTP_BLOCK_IDENTITY), out, OTP_BLOCK_SIZE);
    if (trust_is_blank(flash, trust_block_addr(OTP_BLOCK_IDENTITY), OTP_BLOCK_SIZE)) {
        for (unsigned i = 0; i < OTP_BLOCK_SIZE; i++) {
            out[i] = other[i];
        }
    }
}

void trust_read(const struct flash_hw *flash, const uint8_t builtin[2 * UUID_SIZE],
                struct trust *out)
{
    uint8_t locks[OTP_LOCKED_BLOCKS];

    trust_read_open(flash, out->open);
    flash->read(flash->ctx, MAP_OTP_LOCK_BASE, locks, sizeof locks);
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
    if (out->open[0] == VERDICT_GOOD && out->open[1] == VERDICT_GOOD) {
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
        flash->read(flash->ctx, trust_block_addr(i), block, sizeof block);
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
    flash->read(flash->ctx, trust_block_addr(index), block, sizeof block);
    if (trust_is_revoked(flash, index)) {
        return VERDICT_BAD;
    }
    return compare_count(hash, block, sizeof block) == DIGEST_SIZE ? VERDICT_GOOD : VERDICT_BAD;
}

/* Bits are used up from the lowest on: below the board's counter each of them is 0. */
__attribute__((noinline)) uint32_t trust_check_counter(const struct flash_hw *flash,
                                                       uint32_t counter)
{
    uint32_t word;

    if (counter >= OTP_COUNTER_MAX) {
        return counter == OTP_COUNTER_MAX ? VERDICT_GOOD : VERDICT_BAD;
    }
    word = trust_read_word(flash, trust_block_addr(OTP_BLOCK_COUNTER) + counter / 32u * 4u);
    return (word >> counter % 32u & 1u) != 0 ? VERDICT_GOOD : VERDICT_BAD;
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
static enum protocol_reason trust_wrote(enum protocol_reason reason, uint32_t addr,
                                        uint32_t *detail)
{
    if (reason == REASON_VERIFY) {
        *detail = addr;
        return REASON_OTP;
    }
    return reason;
}

static enum protocol_reason trust_mark_otp(const struct flash_hw *flash, uint32_t addr,
                                           uint8_t byte, uint32_t *detail)
{
    return trust_wrote(flash->mark_otp(flash->ctx, addr, byte, detail), addr, detail);
}

/* Programs a word, also where it reads so already, and reads it back. */
static enum protocol_reason trust_mark(const struct flash_hw *flash, uint32_t addr, uint32_t word,
                                       uint32_t *detail)
{
    enum protocol_reason reason = flash->mark(flash->ctx, addr, word, detail);

    if (reason == REASON_NONE && trust_read_word(flash, addr) != word) {
        reason = REASON_VERIFY;
    }
    return trust_wrote(reason, addr, detail);
}

enum protocol_reason trust_advance(const struct flash_hw *flash, const struct trust *t,
                                   uint32_t counter, uint8_t revoke, uint32_t *detail)
{
    enum protocol_reason reason = REASON_NONE;
    uint32_t count = trust_count(flash);

    if (counter > OTP_COUNTER_MAX) {
        *detail = counter;
        return REASON_ARGUMENT;
    }
    if (t->state != TRUST_ENFORCED) {
        return REASON_NONE;
    }
    /* From the last bit that is there on: it may be torn. */
    for (uint32_t i = count == 0 ? 0 : count - 1u; i < counter && reason == REASON_NONE; i++) {
        reason = trust_mark_otp(flash, trust_block_addr(OTP_BLOCK_COUNTER) + i / 8u,
                                (uint8_t)(0xFEu << i % 8u), detail);
        flash->alive(flash->ctx);
    }
    for (unsigned i = 0; i < OTP_KEY_COUNT && reason == REASON_NONE; i++) {
        uint32_t addr = trust_block_addr(OTP_BLOCK_REVOKED) + 4u * i;
        if (trust_has(revoke, i) && trust_read_word(flash, addr) != 0) {
            reason = trust_mark(flash, addr, 0, detail);
        }
    }
    return reason;
}

/* The word that blocks 0 to 4 are to hold at this offset. */
static uint32_t trust_wanted(const struct trust_request *q, uint32_t at)
{
    if (at < q->count * DIGEST_SIZE) {
        return load_le32(q->hashes + at);
    }
    if (at >= KEYS_SIZE && q->identity != NULL) {
        return load_le32(q->identity + (at - KEYS_SIZE));
    }
    return BLANK_WORD;
}

static enum protocol_reason trust_check_hashes(const struct trust_request *q, uint32_t *detail)
{
    *detail = q->count;
    if (q->count - 1u >= OTP_KEY_COUNT) {
        return REASON_ARGUMENT;
    }
    for (unsigned i = 0; i < q->count; i++) {
        const uint8_t *hash = q->hashes + i * DIGEST_SIZE;
        uint32_t ones = BLANK;
        for (unsigned k = 0; k < DIGEST_SIZE; k++) {
            ones &= hash[k];
        }
        for (unsigned k = 0; k < i; k++) {
            if (compare_differences(hash, q->hashes + k * DIGEST_SIZE, DIGEST_SIZE) == 0) {
                ones = BLANK;
            }
        }
        *detail = i;
        if (ones == BLANK) {
            return REASON_ARGUMENT;
        }
    }
    return REASON_NONE;
}

/* Writes the words, or (write = false) finds out whether every one can be written: bits only go to
 * 0, and a block whose lock is not blank may not take anything any more. Every word is programmed,
 * also where it reads right: bits that an earlier attempt left half done would come to light later.
 */
static enum protocol_reason trust_write(const struct flash_hw *flash, const struct trust_request *q,
                                        const uint8_t *locks, bool write, uint32_t *detail)
{
    enum protocol_reason reason = REASON_NONE;

    for (uint32_t at = 0; at < IMAGE_SIZE && reason == REASON_NONE; at += 4u) {
        uint32_t wanted = trust_wanted(q, at);
        uint32_t old = trust_read_word(flash, MAP_OTP_BASE + at);
        bool locked = locks[at / OTP_BLOCK_SIZE] != BLANK;
        if ((~old & wanted) != 0 || (locked && old != wanted)) {
            *detail = MAP_OTP_BASE + at;
            return REASON_OTP;
        }
        if (write && !locked && wanted != BLANK_WORD) {
            reason = trust_mark(flash, MAP_OTP_BASE + at, wanted, detail);
        }
    }
    return reason;
}

enum protocol_reason trust_provision(const struct flash_hw *flash, const uint8_t *hashes,
                                     unsigned count, const uint8_t *identity, uint32_t *detail)
{
    const struct trust_request q = {hashes, identity, count};
    uint8_t locks[OTP_LOCKED_BLOCKS];
    unsigned locked = 0;
    enum protocol_reason reason = trust_check_hashes(&q, detail);

    flash->read(flash->ctx, MAP_OTP_LOCK_BASE, locks, sizeof locks);
    for (unsigned i = 0; i < OTP_LOCKED_BLOCKS; i++) {
        locked += locks[i] == 0 ? 1u : 0;
    }
    if (reason == REASON_NONE && locked == OTP_LOCKED_BLOCKS) {
        reason = REASON_PROVISIONED;
    }
    for (unsigned pass = 0; pass < 2 && reason == REASON_NONE; pass++) {
        reason = trust_write(flash, &q, locks, pass != 0, detail);
    }
    for (unsigned i = 0; i < OTP_LOCKED_BLOCKS && reason == REASON_NONE; i++) {
        reason = trust_mark_otp(flash, MAP_OTP_LOCK_BASE + i, 0, detail);
    }
    return reason;
}
