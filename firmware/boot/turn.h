/* SPDX-License-Identifier: MIT */
/* What each turn of the loops of bootloader mode ends with: that of the commands, and that of
 * streams. */
#ifndef ARAREXT_TURN_H
#define ARAREXT_TURN_H

#include <stdbool.h>
#include <stdint.h>

/* Whether nothing has happened on the line for so long that the loop may sleep: until then more is
 * likely, and is answered at once. */
bool turn_is_quiet(uint32_t now_us, uint32_t active_us);
/* Sleeps until the next millisecond if it may; then log, LED and watchdog. */
void turn_end(bool may_sleep);

#endif
