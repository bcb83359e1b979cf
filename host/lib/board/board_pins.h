/* SPDX-License-Identifier: MIT */
/* Inside the library: pins, their names, and which USART can use which. Not installed. */
#ifndef ARAREXT_BOARD_PINS_H
#define ARAREXT_BOARD_PINS_H

#include "ararext_board.h"
#include "message.h"

enum { PIN_NAME_SIZE = 6, USARTS = 6 };
enum pin_side { PIN_TX, PIN_RX };

/* "PA9", "none". */
void pin_name(uint8_t pin, char text[PIN_NAME_SIZE]);
/* Reads "pa9" from text to end or to a character that belongs to no pin; NULL if it is none, else
 * where it ends. */
const char *pin_read(const char *text, uint8_t *pin);
/* "USART1", "UART4": the chip's name. */
const char *usart_name(uint8_t usart);
/* Reads "usart1" or "uart4", whatever the chip calls it; NULL if it is none. */
const char *usart_read(const char *text, uint8_t *usart);
/* Whether the data sheet gives the pin that function of that USART. */
bool usart_has_pin(uint8_t usart, enum pin_side side, uint8_t pin);
/* "PA9 or PB6". */
void usart_list_pins(uint8_t usart, enum pin_side side, struct ararext_message *out);
/* The USART that has a pin as that, 0 if none does. */
uint8_t usart_of_pin(enum pin_side side, uint8_t pin);

/* M and N that make 336 MHz of hse_hz, as near as can be; false if nothing within half a percent
 * is inside the PLL's limits. */
bool clock_find(uint32_t hse_hz, uint8_t *m, uint16_t *n);

#endif
