/* SPDX-License-Identifier: MIT */
#include "turn.h"

#include "led.h"
#include "log.h"
#include "serial.h"
#include "stm32f407.h"
#include "timer.h"

#define AWAKE_US 2000u /* after the last byte or answer: the next may be under way */

bool turn_is_quiet(uint32_t now_us, uint32_t active_us)
{
    return now_us - active_us > AWAKE_US;
}

void turn_end(bool may_sleep)
{
    if (serial_is_done() && may_sleep) {
        timer_sleep();
    }
    log_pump();
    led_update();
    IWDG->KR = IWDG_KEY_RELOAD;
}
