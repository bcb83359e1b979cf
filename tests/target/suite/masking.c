/* SPDX-License-Identifier: MIT */
/*
 * PRIMASK, BASEPRI, BASEPRI_MAX, FAULTMASK and what they hold back; WFI with PRIMASK set. PM0214
 * section 2.1.3, ARMv7-M B1.5.
 */
#include "suite.h"

enum { LOW = 6, HIGH = 7 };

static volatile unsigned in_fault;

static void pend(unsigned irq)
{
    NVIC_ISPR(0) = 1U << irq;
    BARRIER();
}

static void on_low(void)
{
    mark('l');
}

static void on_high(void)
{
    mark('h');
}

static void on_nmi(void)
{
    mark('n');
}

static void on_svc(void)
{
    mark('s');
}

static void on_hard(void)
{
    mark('f');
    in_fault++;
    HFSR = 0xFFFFFFFF;
    CFSR = 0xFFFFFFFF;
}

static uint32_t primask(void)
{
    uint32_t value;
    __asm volatile("mrs %0, primask" : "=r"(value));
    return value;
}

static uint32_t basepri(void)
{
    uint32_t value;
    __asm volatile("mrs %0, basepri" : "=r"(value));
    return value;
}

static uint32_t faultmask(void)
{
    uint32_t value;
    __asm volatile("mrs %0, faultmask" : "=r"(value));
    return value;
}

static void basepri_max(uint32_t value)
{
    __asm volatile("msr basepri_max, %0\n isb" ::"r"(value) : "memory");
}

static void test_primask(void)
{
    __asm volatile("cpsid i" ::: "memory");
    pend(LOW);
    pend(HIGH);
    print_trace("primask holds");
    print_value("primask", primask());
    mark('|');
    __asm volatile("cpsie i\n isb" ::: "memory");
    mark('|');
    print_trace("primask lets go");
    __asm volatile("cpsid i" ::: "memory");
    ICSR = 1U << 31;
    BARRIER();
    print_trace("nmi passes primask");
    __asm volatile("cpsie i\n isb" ::: "memory");
}

static void test_basepri(void)
{
    write_basepri(0x80);
    pend(LOW);
    pend(HIGH);
    print_trace("basepri 80");
    basepri_max(0x40);
    print_value("basepri_max to 40", basepri());
    pend(HIGH);
    basepri_max(0xC0);
    print_value("basepri_max to C0", basepri());
    basepri_max(0);
    print_value("basepri_max to 00", basepri());
    print_trace("both held");
    write_basepri(0x50);
    print_trace("basepri 50");
    write_basepri(0);
    print_trace("basepri 00");
}

static void test_faultmask(void)
{
    __asm volatile("cpsid f" ::: "memory");
    print_value("faultmask", faultmask());
    pend(HIGH);
    print_trace("faultmask holds");
    ICSR = 1U << 31;
    BARRIER();
    print_trace("nmi passes faultmask");
    __asm volatile("cpsie f\n isb" ::: "memory");
    print_trace("faultmask lets go");
}

/* SVC that cannot be taken escalates. */
static void test_svc_masked(void)
{
    SHPR(SVCALL) = 0x80;
    write_basepri(0x40);
    __asm volatile("svc 0" ::: "memory");
    write_basepri(0);
    print_trace("svc under basepri");
    __asm volatile("svc 0" ::: "memory");
    print_trace("svc");
}

static void on_systick(void)
{
    SYST_CSR = 0;
    mark('t');
}

static void test_wfi(void)
{
    set_handler(SYSTICK, on_systick);
    __asm volatile("cpsid i" ::: "memory");
    SYST_RVR = 0x3FFFFF; /* a quarter of a second: QEMU counts real time, and may be kept waiting */
    SYST_CVR = 0;
    SYST_CSR = 7;
    __asm volatile("wfi" ::: "memory");
    SYST_CSR = 0;
    mark('w');
    print_value("woken, systick pending", ICSR >> 26 & 1);
    __asm volatile("cpsie i\n isb" ::: "memory");
    print_trace("wfi with primask");
    SYST_CVR = 0;
    SYST_CSR = 7;
    __asm volatile("wfi" ::: "memory");
    mark('w');
    print_trace("wfi");
}

int main(void)
{
    set_handler(IRQ0 + LOW, on_low);
    set_handler(IRQ0 + HIGH, on_high);
    set_handler(NMI, on_nmi);
    set_handler(SVCALL, on_svc);
    set_handler(HARDFAULT, on_hard);
    NVIC_IPR(LOW) = 0xA0;
    NVIC_IPR(HIGH) = 0x40;
    NVIC_ISER(0) = 1U << LOW | 1U << HIGH;
    test_primask();
    test_basepri();
    test_faultmask();
    test_svc_masked();
    test_wfi();
    print_value("escalations", in_fault);
    return 0;
}
