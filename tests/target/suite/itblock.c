/* SPDX-License-Identifier: MIT */
/*
 * What is special inside an IT block: exclusives after an exception, WFE, MRS of CONTROL, and the
 * rest of a block of which one instruction faulted. ARMv7-M A7.3 (ITSTATE), B1.5.6 (monitor).
 */
#include "suite.h"

static volatile uint32_t word;
static volatile unsigned calls;
__attribute__((used)) static volatile uint32_t resume;

static void on_svc(void)
{
    calls++;
}

#pragma GCC diagnostic ignored "-Wunused-parameter" /* naked functions */
/* What STREX returns in bits 0 to 3, and 1 more in bit 4 when the block went on behind it. */
__attribute__((naked, noinline)) static uint32_t exclusive(volatile uint32_t *at, uint32_t value)
{
    __asm volatile("movs r3, #0\n ldrex r2, [r0]\n cmp r0, r0\n"
                   "ittt eq\n strexeq r2, r1, [r0]\n addeq r3, #16\n orreq r2, r3\n"
                   "mov r0, r2\n bx lr\n");
}

__attribute__((naked, noinline)) static uint32_t interrupted(volatile uint32_t *at, uint32_t value)
{
    __asm volatile("movs r3, #0\n ldrex r2, [r0]\n svc 0\n cmp r0, r0\n"
                   "ittt eq\n strexeq r2, r1, [r0]\n addeq r3, #16\n orreq r2, r3\n"
                   "mov r0, r2\n bx lr\n");
}

/* The event register is set: neither of them sleeps, though nothing would wake it. */
__attribute__((naked, noinline)) static uint32_t wait_for_event(void)
{
    __asm volatile("movs r0, #1\n sev\n cmp r0, r0\n itt eq\n wfeeq\n addeq r0, #1\n"
                   "sev\n cmp r0, r0\n ite ne\n addne r0, #16\n wfeeq\n bx lr\n");
}

__attribute__((naked, noinline)) static uint32_t control_with_fp(void)
{
    __asm volatile("vmov.f32 s0, #1.0\n cmp r0, r0\n ite eq\n mrseq r0, control\n movne r0, #9\n"
                   "bx lr\n");
}

__attribute__((used)) static void go_on(struct frame *f, uint32_t exc_return)
{
    (void)exc_return;
    CFSR = 0xFFFFFFFF;
    f->xpsr = (f->xpsr & ~0x0600FC00U) | 0x01000000U;
    f->pc = resume;
}

FRAME_HANDLER(on_fault, go_on)

/* The load faults; r1, r2 and s0 are as before, whatever the rest of the block does with them. */
__attribute__((naked, noinline)) static uint32_t faulting(volatile uint32_t *at)
{
    __asm volatile("ldr r3, =resume\n adr r1, 2f\n str r1, [r3]\n ldr r3, =0x60000060\n"
                   "movs r1, #1\n movs r2, #2\n vmov.f32 s0, #1.0\n vmov.f32 s1, #2.0\n"
                   "cmp r0, r0\n itttt eq\n ldreq r1, [r3]\n addeq r2, #4\n"
                   "vaddeq.f32 s0, s0, s1\n streq r3, [r0]\n"
                   ".align 2\n 2: vcvt.u32.f32 s0, s0\n vmov r0, s0\n lsls r0, #8\n"
                   "orr r0, r0, r2, lsl #4\n orrs r0, r1\n bx lr\n .align 2\n .pool\n");
}

int main(void)
{
    set_handler(SVCALL, on_svc);
    set_handler(BUSFAULT, on_fault);
    SHCSR |= 1U << 17;
    CPACR = 0xF << 20;
    BARRIER();
    word = 1;
    print_value("strex", exclusive(&word, 5));
    print_value("  stored", word);
    print_value("strex after svc", interrupted(&word, 6));
    print_value("  stored", word);
    print_value("svc", calls);
    print_value("wfe with the event there", wait_for_event());
    print_value("control", control_with_fp());
    print_value("a fault in the block", faulting(&word));
    print_value("  stored", word);
    return 0;
}
