/* SPDX-License-Identifier: MIT */
/*
 * The command line: the board's USART, 8N1. DMA puts what arrives into a ring, so that nothing is
 * lost while the flash is busy or a command runs; errors of the line are polled. It never takes an
 * interrupt, and no wait in it is without an end.
 */
#ifndef ARAREXT_SERIAL_H
#define ARAREXT_SERIAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "link.h"
#include "usart.h"

#define SERIAL_RING_SIZE 4096u

enum serial_format {
    SERIAL_8N1 = 0,
    SERIAL_8N2,
    SERIAL_8E1,
};

struct serial_rate {
    uint32_t base;     /* at which the line starts */
    uint32_t usart_hz; /* clock that rates are divided from */
};
/* board: the board block that holds. Fills rate. */
void serial_start(const uint8_t *board, const struct usart_buses *buses, struct serial_rate *rate);
/* Another format, when the last bit has left the pin and nothing is being received. */
void serial_set_format(enum serial_format format);
/* Another rate, or another divider of it; what is on the line at that moment is lost. */
void serial_set_divider(uint32_t divider);

/* Receives into what lies from wide to LINK_RING_END from now on, or, NULL, into the ring of its
 * own. The change takes less than a character and loses none that arrives meanwhile; what was not
 * taken out before is dropped. */
void serial_use_ring(uint8_t *wide);

/* Received bytes, in the two pieces that they lie in; len[1] is 0 if len[0] is. They stay until
 * serial_skip. True when bytes were lost because the ring was full: then everything in it has been
 * dropped, and there is nothing. */
bool serial_peek(const uint8_t *bytes[2], size_t len[2]);
void serial_skip(size_t len);

/* Whether the line had an error (framing, noise, parity, overrun) since the last call; *sr is
 * USART_SR then. A received byte may be lost with it: what is being received is broken anyway. */
bool serial_take_error(uint32_t *sr);

/* Counts laps of the ring; runs in SRAM. To be called at least once in the time of one lap (355 ms
 * at 115200 baud) or, of the wide one, half a lap (170 ms at 2 Mbaud). */
void serial_watch_ring(void);

/* Starts sending; waits for what is still being sent before. bytes stay as they are until it is
 * out. */
void serial_send(const uint8_t *bytes, size_t len);
/* Bytes that the DMA has not handed to the transmitter yet. */
size_t serial_unsent(void);
/* Whether the DMA has taken the last byte: what was given to serial_send may change. With a driver
 * enable, whether the last bit has left the pin; the driver goes off then. So it is to be asked all
 * the time. */
bool serial_is_done(void);
/* Waits for that. */
void serial_wait_unsent(void);
/* Waits until the last bit has left the pin. */
void serial_flush(void);

#endif
