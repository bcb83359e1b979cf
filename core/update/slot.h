/* SPDX-License-Identifier: MIT */
/* clang-format off: it runs the tables together */
/*
 * The two package slots and the records in their trailers (FORMAT.md, "Trailer"). It knows what a
 * record that lost power may read as: either way, and differently each time. It judges no package;
 * it must never erase.
 *
 * What is said of a slot:
 *   used       a seal is there, or may yet come to light, or was taken away: `sealed` or
 *              `confirmed` is set, or the sequence fits its complement. Only the trailer of a used
 *              slot is written to; else an application may lie there
 *   sealed     the package is complete, and was verified when it was staged
 *   checked    its content was unpacked once and is what it should be
 *   confirmed  the application said that it works: a second seal, which outlives the first
 *   rejected   it is given up; confirmed before, it is the last resort
 *   retired    the seal's two words read as zeros: it was taken back, or is about to be erased
 *   fading     the flag that makes it bootable (confirmed, else sealed) has lost its first word:
 *              retiring was cut. It may read otherwise next time, so it is not the slot to keep
 *   touched    its log has begun: the application area is no plain application's any more
 *   installed  the log's last word claims that the application area holds its content
 *   usable     (update_state.h) it begins with a readable package, and its records let it be booted
 *
 * How they go together ("-": either way):
 *   sealed  confirmed  rejected
 *     no       no         -      not bootable: empty, partly staged, or retired
 *     yes      no         no     STAGED; TRIAL once it is installed
 *     yes      no         yes    REJECTED, for good
 *     -        yes        no     CONFIRMED
 *     -        yes        yes    REJECTED, yet bootable where nothing else verifies
 */
/* clang-format on */
#ifndef ARAREXT_SLOT_H
#define ARAREXT_SLOT_H

#include <stdbool.h>
#include <stdint.h>

#include "flash_hw.h"
#include "format.h"
#include "reason.h"

#define SLOT_COUNT       2u
#define SLOT_NONE        0xFFu
#define SLOT_FLAG_PLACES 6u

/* 512 KiB part: A is sector 6, B sector 7. 1 MiB part: A is 8-9, B 10-11. */
uint32_t slot_addr(uint32_t flash_kib, unsigned slot);
uint32_t slot_size(uint32_t flash_kib); /* trailer included */
uint32_t slot_package_max(uint32_t flash_kib);
unsigned slot_first_sector(uint32_t flash_kib, unsigned slot);
unsigned slot_sector_count(uint32_t flash_kib);
/* The application area ends where slot A begins, on a board that uses packages. */
uint32_t slot_content_max(uint32_t flash_kib);

/* The records of one slot as they read just now; above is what they mean. A flag is set if either
 * of its words reads right (FORMAT.md, "Trailer"). */
struct slot_records {
    uint32_t sequence; /* 0 if there is none that fits its complement */
    uint32_t cause;    /* enum reject_cause, if rejected */
    bool used;
    bool written; /* there is something in it, whatever it is */
    union {
        struct {
            bool sealed, checked, confirmed, rejected, none, advanced;
        };
        bool flags[SLOT_FLAG_PLACES]; /* in the order of their places */
    };
    bool retired, fading, touched, installed;
    bool log_full;    /* no further install can be recorded */
    bool uncountable; /* ... no further attempt */
    uint8_t torn;     /* for slot_settle: flags that are set and not whole */
    uint8_t attempts;
};

void slot_read(const struct flash_hw *flash, unsigned slot, struct slot_records *out);
/* The first word of that alone, without the logs: for a boot in a hurry. */
bool slot_used(const struct flash_hw *flash, unsigned slot);

/* All of these: FLASH_ERROR, FLASH_TIMEOUT, VERIFY (a record does not read back). */

/* Completes the flags that slot_read found torn, so that they read as set from now on. One that
 * cannot become whole is left alone: it is set for as long as its other word reads right. */
void slot_settle(const struct flash_hw *flash, unsigned slot, uint8_t torn);
/* Whether sequence a is later than b: they go round, and 0, no sequence, is before all. */
bool slot_is_later(uint32_t a, uint32_t b);
/* What comes behind it: never 0, nor what reads blank. */
uint32_t slot_next_sequence(uint32_t last);
/* Sequence first, then the flag. The trailer must be blank: erased in this session. */
enum reason slot_seal(const struct flash_hw *flash, unsigned slot, uint32_t sequence,
                      uint32_t *detail);
/* flag is TRAILER_SEALED, ... Nothing is written if it is whole already. One of its words is
 * enough, should the other not take its value. */
enum reason slot_set_flag(const struct flash_hw *flash, unsigned slot, uint32_t flag,
                          uint32_t *detail);
/* A slot that is not confirmed never will be. */
enum reason slot_reject(const struct flash_hw *flash, unsigned slot, enum reject_cause cause,
                        uint32_t *detail);
/* Takes seal and confirmation away for good, also a seal that might come to light later. Nothing is
 * written where a slot was never used. */
enum reason slot_retire(const struct flash_hw *flash, unsigned slot, uint32_t *detail);
/* VERIFY also if there is no room for one more. */
enum reason slot_count_attempt(const struct flash_hw *flash, unsigned slot, uint32_t *detail);
/* Before the application area is changed: no slot claims it from now on, nor can a torn claim come
 * to light; used slots are touched. Both slots, also when one of them fails. No word of a log is
 * used up where it says so already. */
enum reason slot_disclaim(const struct flash_hw *flash, uint32_t *detail);
/* After it was verified. A claim that is there already is programmed once more: it may be torn.
 * Else slot_disclaim came before in the same session. VERIFY also if the log is full. */
enum reason slot_claim(const struct flash_hw *flash, unsigned slot, uint32_t *detail);

#endif
