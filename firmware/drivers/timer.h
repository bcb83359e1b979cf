/* SPDX-License-Identifier: MIT */
/*
 * Time: TIM5 counts microseconds in 32 bits (RM0090 rev 19 section 18), and SysTick pends once a
 * millisecond to end a WFI. No interrupt is ever taken. Differences only: the counter wraps every
 * 71 minutes. What is inline here may be used by code in SRAM.
 */
#ifndef ARAREXT_TIMER_H
#define ARAREXT_TIMER_H

#include <stdint.h>

#include "cortex_m4.h"
#include "stm32f407.h"

CORE_INLINE uint32_t timer_us(void)
{
    return TIM5->CNT;
}

/* With PRIMASK set a pending exception ends WFI and is not taken; it is cleared by hand. */
CORE_INLINE void timer_clear_tick(void)
{
    SCB->ICSR = SCB_ICSR_PENDSTCLR;
}

/* Sleeps until the next tick at the latest. */
CORE_INLINE void timer_sleep(void)
{
    core_wfi();
    timer_clear_tick();
}

/* Starts (again) from zero; timer_mhz is the clock of TIM5. */
void timer_start(uint32_t timer_mhz);
/* Makes timer_sleep wake up every millisecond. */
void timer_start_tick(uint32_t core_hz);

#endif
