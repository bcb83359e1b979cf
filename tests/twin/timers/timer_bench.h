/* SPDX-License-Identifier: MIT */
/*
 * Registers of the timers, retyped from RM0090, and a bench with all their clocks on.
 */
#ifndef TIMER_BENCH_H
#define TIMER_BENCH_H

#include "bench.h"

#define CR1   0x00u
#define CR2   0x04u
#define DIER  0x0Cu
#define SR    0x10u
#define EGR   0x14u
#define CCMR1 0x18u
#define CCMR2 0x1Cu
#define CCER  0x20u
#define CNT   0x24u
#define PSC   0x28u
#define ARR   0x2Cu
#define RCR   0x30u
#define CCR1  0x34u
#define CCR2  0x38u
#define CCR3  0x3Cu
#define CCR4  0x40u
#define BDTR  0x44u
#define TIM1  0x40010000u
#define TIM2  0x40000000u
#define TIM3  0x40000400u
#define TIM4  0x40000800u
#define TIM9  0x40014000u
#define TIM10 0x40014400u

static inline bool irq_pending(struct bench *b, unsigned irq)
{
    return (rd(b, NVIC_ISPR + 4 * (irq / 32)) >> (irq % 32) & 1) != 0;
}

static inline int timer_setup(void **state)
{
    (void)bench_setup(state);
    struct bench *b = *state;
    wr(b, RCC_APB1ENR, 0x001E01FF);
    wr(b, RCC_APB2ENR, 0x00074033);
    (void)rd(b, RCC_APB2ENR);
    run_ns(b, 1000);
    return 0;
}

#endif
