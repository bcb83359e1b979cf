/* SPDX-License-Identifier: MIT */
/*
 * Faults (PM0214 section 2.4 and 4.3.10 on). Memory, bus and usage faults are not enabled and
 * arrive as hard faults, for which the MPU is off. The handler takes a fresh stack, since the old
 * one may be what is broken, touches nothing that could fault again, waits for nothing without an
 * end, and resets.
 */
#include "fault.h"

#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "chip.h"
#include "cortex_m4.h"
#include "debug_build.h"
#include "link.h"
#include "log.h"

#define TEXT(x)  TEXT_(x)
#define TEXT_(x) #x

noreturn void fault_report(uint32_t pc, uint32_t lr);

/* pc and lr of what was interrupted; 0 if its stack was not in place. */
__attribute__((used)) noreturn void fault_report(uint32_t pc, uint32_t lr)
{
    const uint32_t values[] = {SCB->CFSR, SCB->HFSR, SCB->MMFAR, SCB->BFAR, pc, lr};

    core_interrupts_off();
    if (log_take_over()) {
        log_text("FAULT cfsr hfsr mmfar bfar pc lr:");
        for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++) {
            log_hex(values[i], 8);
        }
        log_line("");
    }
    core_reset();
}

#ifdef ARAREXT_DEBUG
noreturn void debug_build_failed(const char *file, int line)
{
    core_interrupts_off();
    if (log_take_over()) {
        log_text("ASSERT ");
        log_text(file);
        log_decimal((uint32_t)line);
        log_line("");
    }
    core_reset();
}
#endif

/* clang-format off */
__attribute__((naked)) static void fault_entry(void)
{
    __asm__ volatile(
        "mov   r2, sp\n\t"
        "movs  r0, #0\n\t"
        "movs  r1, #0\n\t"
        "ldr   r3, =" TEXT(LINK_STACK_BASE) "\n\t"
        "subs  r3, r2, r3\n\t"
        "cmp   r3, #" TEXT(LINK_STACK_SIZE) " - 32\n\t"
        "itt   ls\n\t"
        "ldrls r0, [r2, #24]\n\t"
        "ldrls r1, [r2, #20]\n\t"
        "ldr   r3, =" TEXT(LINK_STACK_TOP) "\n\t"
        "mov   sp, r3\n\t"
        "b     fault_report\n\t"
        ".ltorg");
}
/* clang-format on */

typedef void vector_fn(void);

/* The first is not for a handler. VTOR takes multiples of 512 alone, since the chip has 98 vectors
 * (PM0214 section 4.4.4). */
#define FAULT_TABLE __attribute__((section(".serving_vectors"), aligned(512))) static
FAULT_TABLE vector_fn *const fault_vectors[16] = {
    NULL, fault_entry, fault_entry, fault_entry, fault_entry, fault_entry, fault_entry, NULL,
    NULL, NULL,        NULL,        fault_entry, fault_entry, NULL,        fault_entry, fault_entry,
};

void fault_watch(void)
{
    SCB->VTOR = (uint32_t)fault_vectors;
    core_dsb();
}
