/* SPDX-License-Identifier: MIT */
/*
 * Two threads on process stacks, switched by PendSV as an RTOS does it, one of them unprivileged
 * and one using floating point; a system call that gives privilege for a moment.
 * PM0214 2.1.3, 2.3.7.
 */
#include "suite.h"

enum { STACK = 256, ROUNDS = 4 };

static uint32_t stack_a[STACK], stack_b[STACK];
__attribute__((used)) static uint32_t *volatile saved[2];
__attribute__((used)) static volatile uint32_t running;
static volatile uint32_t fault_count;
static volatile uint32_t privileged_read, b_control, a_control, b_primask;

/* Saves r4-r11, EXC_RETURN and, when the frame has them, s16-s31. */
__attribute__((naked)) static void on_pendsv(void)
{
    __asm volatile("mrs r0, psp\n tst lr, #16\n it eq\n vstmdbeq r0!, {s16-s31}\n"
                   "stmdb r0!, {r4-r11, lr}\n"
                   "ldr r1, =running\n ldr r2, [r1]\n ldr r3, =saved\n str r0, [r3, r2, lsl #2]\n"
                   "eor r2, #1\n str r2, [r1]\n ldr r0, [r3, r2, lsl #2]\n"
                   "ldmia r0!, {r4-r11, lr}\n"
                   "tst lr, #16\n it eq\n vldmiaeq r0!, {s16-s31}\n msr psp, r0\n"
                   "cmp r2, #1\n mrs r0, control\n ite eq\n orreq r0, #1\n bicne r0, #1\n"
                   "msr control, r0\n isb\n bx lr\n .pool\n");
}

__attribute__((used)) static void syscall(struct frame *f, uint32_t exc_return)
{
    (void)exc_return;
    uint32_t number = *(const uint8_t *)(uintptr_t)(f->pc - 2);
    switch (number) {
    case 0:
        ICSR = 1U << 28;
        break;
    case 1:
        f->r0 = *(volatile uint32_t *)(uintptr_t)f->r0;
        break;
    case 2:
        mark((char)f->r0);
        break;
    default:
        f->r0 = f->r1 + number;
        break;
    }
}

FRAME_HANDLER(on_svc, syscall)

__attribute__((used)) static void busfault(struct frame *f, uint32_t exc_return)
{
    fault_count++;
    print_value("unprivileged access: cfsr", CFSR);
    print_value("  bfar", BFAR);
    print_value("  exc_return", exc_return & ~0x10U);
    CFSR = 0xFFFFFFFF;
    f->pc += 2;
}

FRAME_HANDLER(on_busfault, busfault)

static void yield(void)
{
    __asm volatile("svc 0" ::: "memory");
}

static void say(char c)
{
    register uint32_t r0 __asm("r0") = (uint32_t)c;
    __asm volatile("svc 2" : "+r"(r0)::"memory");
}

/* Not privileged: masks and the private peripheral bus are out of reach. */
static void thread_b(void)
{
    for (unsigned i = 0; i < ROUNDS; i++) {
        say('b');
        yield();
    }
    b_control = read_control();
    __asm volatile("cpsid i\n mrs %0, primask" : "=r"(b_primask));
    __asm volatile(
        "ldr r0, =0xE000ED00\n movs r1, #0\n .align 2\n ldr r1, [r0]\n b 1f\n .pool\n1:" ::
            : "r0", "r1", "memory");
    register uint32_t r0 __asm("r0") = 0xE000ED00;
    __asm volatile("svc 1" : "+r"(r0)::"memory");
    privileged_read = r0;
    for (;;) {
        yield();
    }
}

static uint32_t sum_of_floats(void)
{
    float sum = 0.5F;
    for (unsigned i = 0; i < ROUNDS; i++) {
        say('a');
        sum = sum * 2.0F + 1.0F;
        yield();
    }
    return (uint32_t)(int32_t)(sum * 2.0F);
}

static void prepare(unsigned n, uint32_t *top, void (*entry)(void))
{
    *--top = 0x01000000;
    *--top = (uint32_t)(uintptr_t)entry & ~1U;
    for (unsigned i = 0; i < 6; i++) {
        *--top = 0;
    }
    *--top = 0xFFFFFFFD;
    for (unsigned i = 0; i < 8; i++) {
        *--top = 0;
    }
    saved[n] = top;
}

int main(void)
{
    set_handler(PENDSV, on_pendsv);
    set_handler(SVCALL, on_svc);
    set_handler(BUSFAULT, on_busfault);
    SHPR(PENDSV) = 0xF0;
    SHCSR |= 1U << 17;
    CPACR = 0xF << 20;
    BARRIER();
    prepare(1, stack_b + STACK, thread_b);
    __asm volatile("msr psp, %0" ::"r"(stack_a + STACK));
    write_control(2);
    a_control = read_control();
    uint32_t sum = sum_of_floats();
    yield();
    print_trace("order");
    print_value("sum of floats, doubled", sum);
    print_value("control of a at first", a_control);
    print_value("control of b", b_control & ~4U);
    print_value("primask of b", b_primask);
    print_value("read through a system call", privileged_read >> 24);
    print_value("faults", fault_count);
    register uint32_t r0 __asm("r0") = 1;
    register uint32_t r1 __asm("r1") = 40;
    __asm volatile("svc 99" : "+r"(r0) : "r"(r1) : "memory");
    print_value("svc 99", r0);
    return 0;
}
