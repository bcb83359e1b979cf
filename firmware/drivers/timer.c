/* SPDX-License-Identifier: MIT */
/* TIM5 and SysTick; see timer.h. */
#include "timer.h"

void timer_start(uint32_t timer_mhz)
{
    RCC->APB1ENR |= RCC_APB1_TIM5;
    (void)RCC->APB1ENR; /* ES0182: two clocks before the first access */
    TIM5->PSC = timer_mhz - 1u;
    TIM5->ARR = 0xFFFFFFFFu;
    TIM5->EGR = TIM_EGR_UG; /* loads the prescaler, clears the count */
    TIM5->CR1 = TIM_CR1_CEN;
}

void timer_start_tick(uint32_t core_hz)
{
    SYSTICK->LOAD = core_hz / 1000u - 1u;
    SYSTICK->VAL = 0;
    SYSTICK->CTRL = SYSTICK_ENABLE | SYSTICK_TICKINT | SYSTICK_CLK_CORE;
}
