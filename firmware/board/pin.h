/* SPDX-License-Identifier: MIT */
/*
 * One pin, named by a byte as in the board block (core/chip/board_block.h). One that the chip has
 * not, as BOARD_PIN_NONE, may be given everywhere: then nothing happens, and it reads low.
 */
#ifndef ARAREXT_PIN_H
#define ARAREXT_PIN_H

#include <stdbool.h>
#include <stdint.h>

#include "stm32f407.h"

/* How a pin is used: mode, pull and alternate function. */
#define PIN_USE(mode, pull, af) ((mode) | (pull) << 2 | (af) << 4)
#define PIN_INPUT(pull)         PIN_USE(GPIO_MODE_INPUT, (pull), 0u)

/* Clock of the port, then pull and function before the mode; outputs at the speed for 2 Mbaud. */
void pin_start(unsigned pin, unsigned use);
/* An output that begins at that level. */
void pin_start_output(unsigned pin, bool high);
void pin_write(unsigned pin, bool high);
bool pin_read(unsigned pin);

#endif
