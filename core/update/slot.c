/* SPDX-License-Identifier: MIT */
/*
 * The records in the trailers. Words are only ever marked (bits from 1 to 0) and read back; what a
 * cut leaves of them is in FORMAT.md. Nothing here erases, and nothing is decided here.
 */
#include "slot.h"

#include "bytes.h"
#include "geometry.h"
#include "memory_map.h"

#define HEAD_SIZE (TRAILER_ATTEMPTS + TRAILER_ATTEMPT_COUNT * WORD_SIZE)

#define SLOT_A_ADDR 0x08040000u /* of the small part; the large one's is twice as far */
#define SMALL_KIB   512u
#define SMALL_SIZE  0x20000u
#define SMALL_FIRST 6u
#define LARGE_FIRST 8u

_Static_assert(SLOT_A_ADDR - MAP_APP_BASE == MAP_APP_SIZE, "the area ends where slot A begins");

/* The place of each flag in slot_records.flags. Where the cause lies there is none, and none reads
 * as set: no cause is one of a flag's words. */
#define FLAG_SIZE   (2u * WORD_SIZE)
#define FLAG_OF(at) (((at)-TRAILER_SEALED) / FLAG_SIZE)
_Static_assert(FLAG_OF(TRAILER_CHECKED) == 1 && FLAG_OF(TRAILER_CONFIRMED) == 2 &&
                   FLAG_OF(TRAILER_REJECTED) == 3 && FLAG_OF(TRAILER_CAUSE) == 4 &&
                   FLAG_OF(TRAILER_ADVANCED) == SLOT_FLAG_PLACES - 1u,
               "as in slot_records");

uint32_t slot_addr(uint32_t flash_kib, unsigned slot)
{
    uint32_t area = (SLOT_A_ADDR - MAP_FLASH_BASE) * (flash_kib / SMALL_KIB);

    return MAP_FLASH_BASE + area + slot * slot_size(flash_kib);
}

uint32_t slot_size(uint32_t flash_kib)
{
    return SMALL_SIZE * (flash_kib / SMALL_KIB);
}

uint32_t slot_package_max(uint32_t flash_kib)
{
    return slot_size(flash_kib) - TRAILER_SIZE;
}

unsigned slot_first_sector(uint32_t flash_kib, unsigned slot)
{
    return geometry_sector_at(slot_addr(flash_kib, slot));
}

unsigned slot_sector_count(uint32_t flash_kib)
{
    return (unsigned)(slot_size(flash_kib) / SMALL_SIZE);
}

uint32_t slot_content_max(uint32_t flash_kib)
{
    return slot_addr(flash_kib, 0) - MAP_APP_BASE;
}

static uint32_t slot_trailer(const struct flash_hw *flash, unsigned slot)
{
    return slot_addr(flash_hw_kib(flash), slot) + slot_package_max(flash_hw_kib(flash));
}

/* Two words, the first one first. */
static enum reason slot_mark_pair(const struct flash_hw *flash, uint32_t addr, uint32_t first,
                                  uint32_t second, uint32_t *detail)
{
    enum reason reason = flash_hw_mark(flash, addr, first, detail);

    return reason == REASON_NONE ? flash_hw_mark(flash, addr + WORD_SIZE, second, detail) : reason;
}

/* Index behind the last word of the log that says something, 0 if none does; *last is that word.
 * What is neither 0 nor LOG_DONE says nothing: a bit that flipped, or what a cut left. */
static unsigned slot_log_next(const struct flash_hw *flash, unsigned slot, uint32_t *last)
{
    uint32_t log = slot_trailer(flash, slot) + TRAILER_LOG;
    unsigned next = TRAILER_LOG_COUNT;

    *last = BLANK_WORD;
    while (next > 0 && (*last = flash_hw_word(flash, log + (next - 1u) * WORD_SIZE)) != 0 &&
           *last != LOG_DONE) {
        next--;
    }
    return next;
}

/* The first word of the log from there on that reads blank; TRAILER_LOG_COUNT if there is none. */
static unsigned slot_log_free(const struct flash_hw *flash, unsigned slot, unsigned from)
{
    uint32_t log = slot_trailer(flash, slot) + TRAILER_LOG;

    while (from < TRAILER_LOG_COUNT && flash_hw_word(flash, log + from * WORD_SIZE) != BLANK_WORD) {
        from++;
    }
    return from;
}

bool slot_is_later(uint32_t a, uint32_t b)
{
    return a != 0 && (b == 0 || (int32_t)(a - b) > 0);
}

uint32_t slot_next_sequence(uint32_t last)
{
    return last >= BLANK_WORD - 1u ? 1u : last + 1u;
}

static bool slot_flag_set(const uint8_t *flag)
{
    return load_le32(flag) == FLAG_FIRST || load_le32(flag + WORD_SIZE) == FLAG_SECOND;
}

/* 0 stands for none: sequences begin with 1, and one of all ones would be blank. */
static uint32_t slot_sequence(const uint8_t *head)
{
    uint32_t sequence = load_le32(head + TRAILER_SEQUENCE);

    return sequence != BLANK_WORD && sequence == ~load_le32(head + TRAILER_SEQUENCE + WORD_SIZE)
               ? sequence
               : 0;
}

/* Sealing begins when the sequence is whole. An application that was flashed over the trailer does
 * not look like that, and must not have words of it changed. */
static bool slot_head_used(const uint8_t *head)
{
    return slot_sequence(head) != 0 || slot_flag_set(head + TRAILER_SEALED) ||
           slot_flag_set(head + TRAILER_CONFIRMED);
}

bool slot_used(const struct flash_hw *flash, unsigned slot)
{
    uint8_t head[TRAILER_REJECTED];

    flash_hw_read(flash, slot_trailer(flash, slot), head, sizeof head);
    return slot_head_used(head);
}

static void slot_read_log(const struct flash_hw *flash, unsigned slot, struct slot_records *out)
{
    uint32_t last;
    unsigned next = slot_log_next(flash, slot, &last);

    out->touched = next != 0;
    out->installed = last == LOG_DONE;
    out->log_full = slot_log_free(flash, slot, next) == TRAILER_LOG_COUNT;
}

static uint32_t slot_load(const uint8_t *head, uint32_t at)
{
    return load_le32(head + at);
}

void slot_read(const struct flash_hw *flash, unsigned slot, struct slot_records *out)
{
    uint8_t head[HEAD_SIZE];
    unsigned torn = 0;
    unsigned attempts = 0;
    unsigned blank = 0;
    uint32_t ones = BLANK_WORD;

    flash_hw_read(flash, slot_trailer(flash, slot), head, sizeof head);
    for (unsigned i = 0; i < SLOT_FLAG_PLACES; i++) {
        const uint8_t *flag = head + TRAILER_SEALED + i * FLAG_SIZE;

        out->flags[i] = slot_flag_set(flag);
        torn |= (unsigned)(out->flags[i] && load_le32(flag + WORD_SIZE) != FLAG_SECOND) << i;
    }
    out->torn = (uint8_t)torn;
    out->sequence = slot_sequence(head);
    out->used = slot_head_used(head);
    out->retired =
        slot_load(head, TRAILER_SEALED) == 0 && slot_load(head, TRAILER_SEALED + WORD_SIZE) == 0;
    out->fading =
        slot_load(head, out->confirmed ? TRAILER_CONFIRMED : TRAILER_SEALED) != FLAG_FIRST;
    out->cause = slot_load(head, TRAILER_CAUSE);
    for (uint32_t at = 0; at < TRAILER_ATTEMPTS; at += WORD_SIZE) {
        ones &= slot_load(head, at);
    }
    out->written = ones != BLANK_WORD;
    for (uint32_t at = TRAILER_ATTEMPTS; at < HEAD_SIZE; at += WORD_SIZE) {
        attempts += slot_load(head, at) == ATTEMPT_MADE ? 1u : 0;
        blank += slot_load(head, at) == BLANK_WORD ? 1u : 0;
    }
    out->attempts = (uint8_t)attempts;
    out->uncountable = blank == 0;
    slot_read_log(flash, slot, out);
}

void slot_settle(const struct flash_hw *flash, unsigned slot, uint8_t torn)
{
    uint32_t detail;

    for (uint32_t at = slot_trailer(flash, slot) + TRAILER_SEALED; torn != 0; torn >>= 1) {
        /* What a cut left can take the whole word. What cannot has lost a bit otherwise. */
        if ((torn & 1u) != 0 && (~flash_hw_word(flash, at + WORD_SIZE) & FLAG_SECOND) == 0) {
            (void)slot_mark_pair(flash, at, FLAG_FIRST, FLAG_SECOND, &detail);
        }
        at += FLAG_SIZE;
    }
}

enum reason slot_seal(const struct flash_hw *flash, unsigned slot, uint32_t sequence,
                      uint32_t *detail)
{
    enum reason reason = slot_mark_pair(flash, slot_trailer(flash, slot) + TRAILER_SEQUENCE,
                                        sequence, ~sequence, detail);

    return reason == REASON_NONE ? slot_set_flag(flash, slot, TRAILER_SEALED, detail) : reason;
}

enum reason slot_set_flag(const struct flash_hw *flash, unsigned slot, uint32_t flag,
                          uint32_t *detail)
{
    uint32_t addr = slot_trailer(flash, slot) + flag;
    enum reason first, second;

    if (flash_hw_word(flash, addr) == FLAG_FIRST &&
        flash_hw_word(flash, addr + WORD_SIZE) == FLAG_SECOND) {
        return REASON_NONE;
    }
    first = flash_hw_mark(flash, addr, FLAG_FIRST, detail);
    second = flash_hw_mark(flash, addr + WORD_SIZE, FLAG_SECOND, detail);
    return first == REASON_NONE ? first : second;
}

enum reason slot_reject(const struct flash_hw *flash, unsigned slot, enum reject_cause cause,
                        uint32_t *detail)
{
    uint32_t trailer = slot_trailer(flash, slot);
    uint8_t confirmed[FLAG_SIZE];
    enum reason reason = REASON_NONE;

    /* A confirmation outlives a rejection, so one that was torn and reads as not there must not
     * come to light later. */
    flash_hw_read(flash, trailer + TRAILER_CONFIRMED, confirmed, sizeof confirmed);
    if (!slot_flag_set(confirmed)) {
        reason = slot_mark_pair(flash, trailer + TRAILER_CONFIRMED, 0, 0, detail);
    }
    /* The cause is for people. One that a cut left is not mended, and not checked. */
    if (reason == REASON_NONE && flash_hw_word(flash, trailer + TRAILER_CAUSE) == BLANK_WORD) {
        reason = flash_hw_put(flash, trailer + TRAILER_CAUSE, (uint32_t)cause, detail);
    }
    return reason == REASON_NONE ? slot_set_flag(flash, slot, TRAILER_REJECTED, detail) : reason;
}

enum reason slot_retire(const struct flash_hw *flash, unsigned slot, uint32_t *detail)
{
    uint32_t trailer = slot_trailer(flash, slot);
    enum reason reason;

    if (!slot_used(flash, slot)) {
        return REASON_NONE;
    }
    reason = slot_mark_pair(flash, trailer + TRAILER_SEALED, 0, 0, detail);
    return reason == REASON_NONE ? slot_mark_pair(flash, trailer + TRAILER_CONFIRMED, 0, 0, detail)
                                 : reason;
}

enum reason slot_count_attempt(const struct flash_hw *flash, unsigned slot, uint32_t *detail)
{
    uint32_t addr = slot_trailer(flash, slot) + TRAILER_ATTEMPTS;
    uint32_t end = addr + TRAILER_ATTEMPT_COUNT * WORD_SIZE;

    /* The first that reads blank, also if it is one that a cut left so. */
    for (; addr != end; addr += WORD_SIZE) {
        if (flash_hw_word(flash, addr) == BLANK_WORD) {
            return flash_hw_mark(flash, addr, ATTEMPT_MADE, detail);
        }
    }
    *detail = end - WORD_SIZE;
    return REASON_VERIFY;
}

/* Zeros over the last word that says something (a 0 may be torn, and read otherwise later) and over
 * what else was begun behind it; in a log that says nothing yet, over its first word. */
static enum reason slot_end_log(const struct flash_hw *flash, unsigned slot, uint32_t *detail)
{
    uint32_t log = slot_trailer(flash, slot) + TRAILER_LOG;
    uint32_t last;
    unsigned at = slot_log_next(flash, slot, &last);
    enum reason reason;

    at -= at != 0 ? 1u : 0;
    reason = flash_hw_mark(flash, log + at * WORD_SIZE, 0, detail);
    while (++at < TRAILER_LOG_COUNT && reason == REASON_NONE) {
        if (flash_hw_word(flash, log + at * WORD_SIZE) != BLANK_WORD) {
            reason = flash_hw_mark(flash, log + at * WORD_SIZE, 0, detail);
        }
    }
    return reason;
}

enum reason slot_disclaim(const struct flash_hw *flash, uint32_t *detail)
{
    enum reason reason = REASON_NONE;

    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        /* One that was never sealed never claimed anything. */
        enum reason ended =
            slot_used(flash, slot) ? slot_end_log(flash, slot, detail) : REASON_NONE;

        reason = ended != REASON_NONE ? ended : reason;
    }
    return reason;
}

/* A word for a claim, in two steps: while it reads blank, the second has not begun, so it cannot
 * come to light as a claim. */
enum reason slot_claim(const struct flash_hw *flash, unsigned slot, uint32_t *detail)
{
    uint32_t log = slot_trailer(flash, slot) + TRAILER_LOG;
    uint32_t last;
    unsigned at = slot_log_next(flash, slot, &last);
    enum reason reason = REASON_VERIFY;

    if (last == LOG_DONE) {
        return flash_hw_mark(flash, log + (at - 1u) * WORD_SIZE, LOG_DONE, detail);
    }
    *detail = log;
    while (reason == REASON_VERIFY && (at = slot_log_free(flash, slot, at)) != TRAILER_LOG_COUNT) {
        reason = flash_hw_mark(flash, log + at * WORD_SIZE, LOG_BEGUN, detail);
        if (reason == REASON_NONE) {
            reason = flash_hw_mark(flash, log + at * WORD_SIZE, LOG_DONE, detail);
        }
        at++;
    }
    return reason;
}
