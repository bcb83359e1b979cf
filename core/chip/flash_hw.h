/* SPDX-License-Identifier: MIT */
/*
 * Flash, OTP and the backup register as core sees them. core declares these functions and the link
 * decides what they are: on the board the driver, in tests a model with cells that lose power.
 * Addresses are the chip's.
 */
#ifndef ARAREXT_FLASH_HW_H
#define ARAREXT_FLASH_HW_H

#include <stddef.h>
#include <stdint.h>

#include "reason.h"

/* What erased flash and OTP that nobody wrote read as. */
#define BLANK_BYTE 0xFFu
#define BLANK_WORD 0xFFFFFFFFu

/* Which flash, and how it is worked with; defined by whoever defines the functions. */
struct flash_hw;

/* Those that return a reason return REASON_NONE, FLASH_ERROR, FLASH_TIMEOUT or VERIFY, with *detail
 * as PROTOCOL.md has it for that reason. */

/* KiB of flash: 512 or 1024. */
uint32_t flash_hw_kib(const struct flash_hw *flash);
/* Flash, OTP, lock bytes: any address and length inside one of them. */
void flash_hw_read(const struct flash_hw *flash, uint32_t addr, void *data, size_t len);
/* The same where the core sees it as memory: there it is, and nothing is copied; where it does not,
 * it is read into data. Good until either changes. */
const uint8_t *flash_hw_view(const struct flash_hw *flash, uint32_t addr, uint8_t *data,
                             size_t len);
/* Erases a sector and reads it back blank. */
enum reason flash_hw_erase(const struct flash_hw *flash, unsigned sector, uint32_t *detail);
/* Programs len bytes at addr and reads them back: words where addr is a multiple of 4, and what is
 * over by bytes. */
enum reason flash_hw_program(const struct flash_hw *flash, uint32_t addr, const uint8_t *data,
                             size_t len, uint32_t *detail);
/* Says what program is asked for next (len 0: nothing), so that the chip may program some of its
 * words while the core unpacks what follows. It is no promise: program does what is missing, a word
 * that failed or does not read as it should once more, reads all back, and tells what is wrong
 * then. Until then data is lent, reads give what is there at that moment, and nothing else is
 * erased or programmed. Not for services. */
void flash_hw_begin(const struct flash_hw *flash, uint32_t addr, const uint8_t *data, size_t len);
/* Programs one word, also where it reads so already: for records whose bits may be marginal after a
 * power cut. Bits that are 0 stay 0; it is not read back. Flash or OTP. */
enum reason flash_hw_put(const struct flash_hw *flash, uint32_t addr, uint32_t word,
                         uint32_t *detail);
/* Programs one byte of OTP or of its lock bytes; read back. */
enum reason flash_hw_put_otp(const struct flash_hw *flash, uint32_t addr, uint8_t byte,
                             uint32_t *detail);
/* Called now and then in long work (at least every 10 ms at 16 MHz): feeds watchdogs. */
void flash_hw_alive(const struct flash_hw *flash);
/* The backup register that keeps a note across resets: RTC_BKP19R. */
uint32_t flash_hw_note(const struct flash_hw *flash);
void flash_hw_set_note(const struct flash_hw *flash, uint32_t note);

/* ---- core's own, over these ---- */

/* The little-endian word there; 0 should the read be skipped, so that it never reads as blank. */
uint32_t flash_hw_word(const struct flash_hw *flash, uint32_t addr);
/* put, read back: VERIFY with *detail = addr if it does not read so. */
enum reason flash_hw_mark(const struct flash_hw *flash, uint32_t addr, uint32_t word,
                          uint32_t *detail);

#endif
