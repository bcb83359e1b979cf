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

/* How many words of the log are used; *last is the value of the last of them. */
static unsigned slot_log_used(const struct flash_hw *flash, unsigned slot, uint32_t *last)
{
    uint32_t log = slot_trailer(flash, slot) + TRAILER_LOG;
    unsigned used = TRAILER_LOG_COUNT;

    while (used > 0 &&
           (*last = flash_hw_word(flash, log + (used - 1u) * WORD_SIZE)) == BLANK_WORD) {
        used--;
    }
    return used;
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
    uint32_t last = BLANK_WORD;
    unsigned used = slot_log_used(flash, slot, &last);

    out->touched = used != 0;
    out->installed = last == LOG_DONE;
    out->log_full = used + 2u > TRAILER_LOG_COUNT; /* disclaiming takes one word, the claim one */
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
    for (uint32_t at = TRAILER_ATTEMPTS; at < HEAD_SIZE; at += WORD_SIZE) {
        attempts += slot_load(head, at) != BLANK_WORD ? 1u : 0;
    }
    out->attempts = (uint8_t)attempts;
    slot_read_log(flash, slot, out);
}

enum reason slot_settle(const struct flash_hw *flash, unsigned slot, uint8_t torn, uint32_t *detail)
{
    enum reason reason = REASON_NONE;

    for (uint32_t at = TRAILER_SEALED; torn != 0 && reason == REASON_NONE; torn >>= 1) {
        if ((torn & 1u) != 0) {
            reason = slot_mark_pair(flash, slot_trailer(flash, slot) + at, FLAG_FIRST, FLAG_SECOND,
                                    detail);
        }
        at += FLAG_SIZE;
    }
    return reason;
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

    if (flash_hw_word(flash, addr) == FLAG_FIRST &&
        flash_hw_word(flash, addr + WORD_SIZE) == FLAG_SECOND) {
        return REASON_NONE;
    }
    return slot_mark_pair(flash, addr, FLAG_FIRST, FLAG_SECOND, detail);
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
    uint32_t end = addr + (TRAILER_ATTEMPT_COUNT - 1u) * WORD_SIZE;

    /* The first that reads blank, also if it is one that a cut left so. */
    while (addr < end && flash_hw_word(flash, addr) != BLANK_WORD) {
        addr += WORD_SIZE;
    }
    return flash_hw_mark(flash, addr, ATTEMPT_MADE, detail);
}

enum reason slot_disclaim(const struct flash_hw *flash, uint32_t *detail)
{
    enum reason reason = REASON_NONE;

    for (unsigned slot = 0; slot < SLOT_COUNT && reason == REASON_NONE; slot++) {
        uint32_t log = slot_trailer(flash, slot) + TRAILER_LOG;
        uint32_t last;
        unsigned at;

        if (!slot_used(flash, slot)) {
            continue; /* never sealed: never claimed anything */
        }
        /* The word behind the last one: zeros there end every claim before it, and nothing was ever
         * written behind. In a log that is full, the last word itself. */
        at = slot_log_used(flash, slot, &last);
        if (at == TRAILER_LOG_COUNT) {
            at--;
        }
        reason = flash_hw_mark(flash, log + at * WORD_SIZE, 0, detail);
    }
    return reason;
}

enum reason slot_claim(const struct flash_hw *flash, unsigned slot, uint32_t *detail)
{
    uint32_t last = BLANK_WORD;
    unsigned at = slot_log_used(flash, slot, &last);
    uint32_t addr;

    at -= last == LOG_DONE ? 1u : 0;
    addr = slot_trailer(flash, slot) + TRAILER_LOG + at * WORD_SIZE;
    if (at == TRAILER_LOG_COUNT) {
        *detail = addr;
        return REASON_VERIFY;
    }
    return flash_hw_mark(flash, addr, LOG_DONE, detail);
}
