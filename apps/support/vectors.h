/* SPDX-License-Identifier: MIT */
/* The handlers of the interrupts that the support code uses (RM0090 table 62). */
#ifndef APPS_VECTORS_H
#define APPS_VECTORS_H

#define VECTORS_IRQ_USART1 37u /* to USART3, in order */
#define VECTORS_IRQ_UART4  52u /* and UART5 */
#define VECTORS_IRQ_USART6 71u
#define VECTORS_IRQ_COUNT  72u

void support_tick(void);
void support_usart(void); /* of any of them */

#endif
