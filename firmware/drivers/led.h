/* SPDX-License-Identifier: MIT */
/*
 * The status LED. Waiting: a short flash every second. Busy: on. Error: quick blinking for two
 * seconds after a failure. It never blocks; the loop calls led_update.
 */
#ifndef ARAREXT_LED_H
#define ARAREXT_LED_H

#include <stdint.h>

/* board: the board block that holds. */
void led_start(const uint8_t *board);
void led_busy(void);  /* on until busy time is over: see led_update */
void led_error(void); /* a command or a frame has failed */
void led_update(void);

#endif
