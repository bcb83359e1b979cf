/* SPDX-License-Identifier: MIT */
/*
 * What the larger applications share: start-up, clock, milliseconds, two serial lines, and the few
 * functions that newlib wants underneath. One is where a host speaks frames, the other the
 * application's console, 8N1; both, and the LED, are those of the bootloader's board block: as it
 * is built USART2 (PA2, PA3), USART3 (PB10, PB11) and PA5. A board without a log has no console.
 *
 * Reception is by interrupt into a ring for each line, so bytes get lost while flash is erased;
 * sending waits for the line. Every wait ends.
 */
#ifndef APPS_SUPPORT_H
#define APPS_SUPPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

enum support_line { LINE_HOST = 0, LINE_CONSOLE = 1, LINE_COUNT = 2 };

/* Pins, both lines and the millisecond. fast: HSI and PLL to 80 MHz, if the PLL locks; else, and if
 * it does not, 16 MHz from HSI as after reset. */
void support_start(bool fast);
uint32_t support_ms(void);
uint32_t support_core_hz(void);
void support_led(bool on);
/* Sleeps until the next interrupt, a millisecond at most. */
void support_sleep(void);

/* Takes one received byte; whether there was one. */
bool line_get(enum support_line line, uint8_t *byte);
/* Whether bytes were lost or damaged since the last call. */
bool line_failed(enum support_line line);
/* Sends; returns when all is on its way. */
void line_put(enum support_line line, const void *data, size_t len);
/* Waits until the last bit has left both lines. */
void line_drain(void);

/* Bytes of the stack that were never used, and all of its bytes. */
size_t support_stack_unused(void);
size_t support_stack_size(void);

noreturn void app_reset(void);
int main(void);

#endif
