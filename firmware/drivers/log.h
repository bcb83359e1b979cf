/* SPDX-License-Identifier: MIT */
/*
 * The debug log on the board's USART for it, 115200 8N1, transmit only, or nowhere. It must never
 * hold up the commands: text goes into a ring that DMA empties; what does not fit is dropped and
 * counted.
 */
#ifndef ARAREXT_LOG_H
#define ARAREXT_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "usart.h"

/* board: the board block that holds. */
void log_start(const uint8_t *board, const struct usart_buses *buses);

void log_text(const char *text);
void log_hex(uint32_t value, unsigned digits); /* a space, then 1 to 8 digits */
void log_decimal(uint32_t value);
void log_line(const char *text); /* text and the end of the line */

/* Hands what is waiting to the DMA; to be called often. */
void log_pump(void);
/* Waits until all is out, at most 100 ms; before a reset or a jump. */
void log_flush(void);

/* For fault handlers: takes the line over from the DMA and from then on sends at once, waiting for
 * each character a bounded number of loops. Returns false when there is no line to log to. */
bool log_take_over(void);

#endif
