/* SPDX-License-Identifier: MIT */
/*
 * The rate of the line: when to change it, and when to go back to that of the start so that no
 * host is ever locked out (PROTOCOL.md, "SET_BAUD"). Decisions only: the caller sets the divider.
 *
 *   BASE --baud_change--> TRIED --baud_good--> KEPT
 *   TRIED --500 ms without a good frame--> BASE
 *   KEPT --a bad frame and 1000 ms without a good one; 5 s without anything--> BASE
 *
 * Times are microseconds of a free-running 32-bit counter; it may wrap.
 */
#ifndef ARAREXT_BAUD_H
#define ARAREXT_BAUD_H

#include <stdbool.h>
#include <stdint.h>

#define BAUD_BASE     115200u /* of the start, where a board says no other */
#define BAUD_MIN      9600u
#define BAUD_TRY_US   (500u * 1000u)
#define BAUD_BAD_US   (1000u * 1000u)
#define BAUD_QUIET_US (5u * 1000u * 1000u)

enum baud_state { BAUD_AT_BASE = 0, BAUD_TRIED, BAUD_KEPT };

/* Owned by the caller; rate and state may be read. */
struct baud {
    uint32_t rate, base;
    uint32_t good_us; /* of the change, or of the last good frame */
    uint32_t bad_us;  /* of the first bad frame since */
    enum baud_state state;
    bool bad;
};

/* Whether a USART at clock_hz (up to 84 MHz) that takes 16 samples a bit makes this rate within
 * 2 %: PROTOCOL.md allows BAUD_MIN to clock_hz / 16. */
bool baud_possible(uint32_t clock_hz, uint32_t rate);
/* The divider for it (USART_BRR), for a possible rate. */
uint32_t baud_divider(uint32_t clock_hz, uint32_t rate);

/* base: the rate of the start, to which all ways lead back. */
void baud_init(struct baud *b, uint32_t base);
/* The answer to SET_BAUD has left the wire, and the line changes to rate now. */
void baud_change(struct baud *b, uint32_t rate, uint32_t now_us);
/* A good frame came; also to be called at the end of long work for one, and when a stream is
 * closed: the line was not listened to. */
void baud_good(struct baud *b, uint32_t now_us);
/* Something came that is no good frame. */
void baud_bad(struct baud *b, uint32_t now_us);
/* True if the line must go back to its base now: the caller sets the divider. Not to be asked
 * while a stream is open; when one has timed out, baud_init and the divider do it at once. */
bool baud_poll(struct baud *b, uint32_t now_us);

#endif
