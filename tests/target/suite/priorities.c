/* SPDX-License-Identifier: MIT */
/*
 * NVIC: order of pending interrupts, pre-emption, sub-priorities, tail-chaining, nesting, changes
 * of priority and enable while pending. PM0214 section 4.3, ARMv7-M B1.5.
 */
#include "suite.h"

enum { A = 6, B = 7, C = 8, D = 70 }; /* EXTI0, EXTI1, EXTI2, DMA2 stream 7 */

static volatile unsigned mode;

static void pend(unsigned irq)
{
    NVIC_ISPR(irq / 32) = 1U << (irq % 32);
    BARRIER();
}

static void enable(unsigned irq, unsigned priority)
{
    NVIC_IPR(irq) = (uint8_t)priority;
    NVIC_ISER(irq / 32) = 1U << (irq % 32);
}

static void on_a(void)
{
    mark('a');
    if (mode == 1) {
        pend(B); /* more urgent: comes in between */
        mark('-');
        pend(C); /* less urgent: afterwards */
    }
    if (mode == 4) {
        NVIC_IPR(B) = 0x00; /* already pending, becomes more urgent now */
        BARRIER();
    }
    if (mode == 5) {
        print_value("iabr0", NVIC_IABR(0));
        print_value("ispr0", NVIC_ISPR(0));
        print_value("icsr", ICSR & ~0x400000U);
        print_value("ipsr", read_ipsr());
    }
    mark('A');
}

static void on_b(void)
{
    mark('b');
    if (mode == 1) {
        pend(D);
    }
    mark('B');
}

static void on_c(void)
{
    mark('c');
    mark('C');
}

static void on_d(void)
{
    mark('d');
    mark('D');
}

static void on_pendsv(void)
{
    mark('p');
    mark('P');
}

static void on_svc(void)
{
    mark('s');
    ICSR = 1U << 28;
    BARRIER();
    pend(A);
    mark('S');
}

static void all_pending(const char *name)
{
    __asm volatile("cpsid i" ::: "memory");
    pend(D);
    pend(C);
    pend(B);
    pend(A);
    ICSR = 1U << 28;
    __asm volatile("cpsie i\n isb" ::: "memory");
    print_trace(name);
}

static void test_order(void)
{
    all_pending("by priority");
    mode = 1;
    pend(A);
    print_trace("nested");
    mode = 2;
    NVIC_IPR(A) = NVIC_IPR(B) = NVIC_IPR(C) = NVIC_IPR(D) = 0x40;
    all_pending("equal priorities: by number");
    AIRCR = 0x05FA0000 | 5U << 8; /* two bits of group, two of sub-priority */
    NVIC_IPR(A) = 0x70;
    NVIC_IPR(B) = 0x60;
    NVIC_IPR(C) = 0x50;
    NVIC_IPR(D) = 0x40;
    all_pending("sub-priorities");
    mode = 1;
    pend(A);
    print_trace("same group does not nest");
    AIRCR = 0x05FA0000 | 3U << 8;
    print_value("aircr", AIRCR);
    mode = 4;
    NVIC_IPR(A) = 0x40;
    NVIC_IPR(B) = 0x80;
    __asm volatile("cpsid i" ::: "memory");
    pend(A);
    pend(B);
    __asm volatile("cpsie i\n isb" ::: "memory");
    print_trace("raised while pending");
    mode = 5;
    pend(A);
    print_trace("state in the handler");
}

static void test_pending(void)
{
    mode = 0;
    SHPR(SVCALL) = 0x80;
    __asm volatile("svc 0");
    print_trace("svc, then what it pended");
    NVIC_ICER(0) = 1U << B;
    pend(B);
    print_value("disabled but pending", NVIC_ISPR(0));
    print_trace("nothing");
    NVIC_ISER(0) = 1U << B;
    BARRIER();
    print_trace("enabled");
    NVIC_ICER(0) = 1U << B;
    pend(B);
    NVIC_ICPR(0) = 1U << B;
    NVIC_ISER(0) = 1U << B;
    BARRIER();
    print_trace("cleared");
    STIR = C;
    BARRIER();
    print_trace("stir");
    print_value("iser2", NVIC_ISER(2));
    print_value("icsr idle", ICSR & ~0x800U); /* RETTOBASE means nothing in Thread mode */
}

/* MemManage by hand, against an interrupt of priority 0x80. */
static void test_memmanage(void)
{
    static const uint8_t levels[] = {0x00, 0x70, 0x80, 0x90};
    mode = 0;
    REG(0xE000ED18) = 0x40404040; /* byte 3 belongs to nobody */
    print_value("shpr1", REG(0xE000ED18));
    SHCSR |= 1U << 16;
    for (unsigned i = 0; i < sizeof levels; i++) {
        SHPR(MEMMANAGE) = levels[i];
        __asm volatile("cpsid i" ::: "memory");
        pend(A);
        SHCSR |= 1U << 13;
        __asm volatile("cpsie i\n isb" ::: "memory");
        print_trace("memmanage");
    }
}

static void on_memmanage(void)
{
    mark('m');
}

int main(void)
{
    set_handler(MEMMANAGE, on_memmanage);
    set_handler(IRQ0 + A, on_a);
    set_handler(IRQ0 + B, on_b);
    set_handler(IRQ0 + C, on_c);
    set_handler(IRQ0 + D, on_d);
    set_handler(PENDSV, on_pendsv);
    set_handler(SVCALL, on_svc);
    enable(A, 0x80);
    enable(B, 0x40);
    enable(C, 0xC0);
    enable(D, 0x20);
    SHPR(PENDSV) = 0xF0;
    test_order();
    test_pending();
    NVIC_IPR(A) = 0x80;
    test_memmanage();
    return 0;
}
