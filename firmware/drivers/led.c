/* SPDX-License-Identifier: MIT */
/* The LED patterns, cut out of the microsecond counter by shifts: no state but the moment of the
 * last event. */
#include "led.h"

#include <stdbool.h>
#include <stdint.h>

#include "board_block.h"
#include "pin.h"
#include "timer.h"

#define BUSY_US      50000u /* keeps a row of short commands lit */
#define ERROR_US     2000000u
#define BLINK_SHIFT  17u /* 131 ms on, 131 ms off */
#define FLASH_SHIFT  16u /* 66 ms on ... */
#define FLASH_PERIOD 15u /* ... in 16 of them */

static struct {
    uint32_t since_us;
    uint32_t hold_us; /* how long the pattern holds; 0: waiting */
    uint8_t pin;
    bool low; /* on is low */
} led;

static void led_set(bool on)
{
    pin_write(led.pin, on != led.low);
}

void led_start(const uint8_t *board)
{
    led.pin = board[BOARD_LED];
    led.low = (board[BOARD_LED_FLAGS] & BOARD_FLAG_LOW) != 0;
    pin_start_output(led.pin, led.low);
}

static void led_hold(uint32_t hold_us)
{
    led.since_us = timer_us();
    led.hold_us = hold_us;
}

void led_busy(void)
{
    if (led.hold_us != ERROR_US) { /* an error stays to be seen */
        led_hold(BUSY_US);
        led_set(true);
    }
}

void led_error(void)
{
    led_hold(ERROR_US);
}

void led_update(void)
{
    uint32_t now_us = timer_us();

    if (now_us - led.since_us >= led.hold_us) {
        led.hold_us = 0; /* and stays so when the counter wraps */
    }
    if (led.hold_us == BUSY_US) {
        return; /* led_busy has put it on */
    }
    led_set(led.hold_us == ERROR_US ? (now_us >> BLINK_SHIFT & 1u) != 0
                                    : (now_us >> FLASH_SHIFT & FLASH_PERIOD) == 0);
}
