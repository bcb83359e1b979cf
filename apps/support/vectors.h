/* SPDX-License-Identifier: MIT */
/* The handlers of the interrupts that the support code uses (RM0090 table 62). */
#ifndef APPS_VECTORS_H
#define APPS_VECTORS_H

#define VECTORS_IRQ_USART2 38u
#define VECTORS_IRQ_USART3 39u
#define VECTORS_IRQ_COUNT  40u

void support_tick(void);
void support_usart2(void);
void support_usart3(void);

#endif
