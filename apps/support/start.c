/* SPDX-License-Identifier: MIT */
/*
 * From the bootloader's jump to main: vector table, initialised data, the stack painted so that its
 * use can be told. A fault says so on the console and resets.
 */
#include <stdio.h>

#include "ararext_app.h"
#include "cortex_m4.h"
#include "support.h"
#include "vectors.h"

#define STACK_PAINT 0x57ACC057u

typedef void vector_fn(void);

extern uint32_t link_data_start[], link_data_end[], link_bss_start[], link_bss_end[];
extern uint32_t link_stack_base[], link_stack_paint_end[], link_stack_top[];
extern const uint32_t link_data_load[];

noreturn void app_reset(void)
{
    const uint32_t *from = link_data_load;

    for (volatile uint32_t *to = link_data_start; to != link_data_end; to++) {
        *to = *from++;
    }
    for (volatile uint32_t *to = link_bss_start; to != link_bss_end; to++) {
        *to = 0;
    }
    for (volatile uint32_t *to = link_stack_base; to != link_stack_paint_end; to++) {
        *to = STACK_PAINT;
    }
    (void)main();
    ararext_app_reset();
}

size_t support_stack_unused(void)
{
    const volatile uint32_t *word = link_stack_base;

    while (word != link_stack_top && *word == STACK_PAINT) {
        word++;
    }
    return (size_t)((uintptr_t)word - (uintptr_t)link_stack_base);
}

size_t support_stack_size(void)
{
    return (size_t)((uintptr_t)link_stack_top - (uintptr_t)link_stack_base);
}

static void put_hex(const char *name, uint32_t value)
{
    static const char digits[] = "0123456789ABCDEF";
    char text[8];

    for (unsigned i = 0; i < sizeof text; i++) {
        text[i] = digits[value >> (28u - 4u * i) & 15u];
    }
    for (size_t i = 0; name[i] != '\0'; i++) {
        line_put(LINE_CONSOLE, name + i, 1);
    }
    line_put(LINE_CONSOLE, text, sizeof text);
}

/* Everything that nobody handles. Uses nothing that may be broken but the serial port. */
static void start_fault(void)
{
    put_hex("\r\nfault cfsr=", SCB->CFSR);
    put_hex(" hfsr=", SCB->HFSR);
    line_put(LINE_CONSOLE, "\r\n", 2);
    line_drain();
    ararext_app_reset();
}

struct vectors {
    const uint32_t *stack;
    vector_fn *handlers[15 + VECTORS_IRQ_COUNT];
};

__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
    link_stack_top,
    {
        app_reset,
        [1] = start_fault, /* NMI */
        [2] = start_fault,
        [3] = start_fault,
        [4] = start_fault,
        [5] = start_fault,
        [10] = start_fault, /* SVC */
        [11] = start_fault,
        [13] = start_fault, /* PendSV */
        [14] = support_tick,
        [15 + VECTORS_IRQ_USART1] = support_usart,
        [16 + VECTORS_IRQ_USART1] = support_usart,
        [17 + VECTORS_IRQ_USART1] = support_usart,
        [15 + VECTORS_IRQ_UART4] = support_usart,
        [16 + VECTORS_IRQ_UART4] = support_usart,
        [15 + VECTORS_IRQ_USART6] = support_usart,
    },
};
