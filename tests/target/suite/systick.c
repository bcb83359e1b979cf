/* SPDX-License-Identifier: MIT */
/*
 * SysTick: how it counts, COUNTFLAG, reload, interrupt. Nothing printed depends on how long
 * anything took. PM0214 section 4.5.
 */
#include "suite.h"

static volatile unsigned ticks;

static void on_systick(void)
{
    ticks++;
}

static void wait_for_flag(void)
{
    for (unsigned patience = 10000000; (SYST_CSR & 0x10000) == 0 && patience > 0; patience--) {
    }
}

int main(void)
{
    set_handler(SYSTICK, on_systick);
    print_value("csr", SYST_CSR & ~4U);
    SYST_RVR = 0xFFFFFFFF;
    print_value("rvr has 24 bits", SYST_RVR);
    SYST_RVR = 0x7FFFFF; /* half a second: QEMU counts real time, and may be kept waiting */
    SYST_CVR = 1234;
    print_value("writing cvr clears it", SYST_CVR);
    SYST_CSR = 5;
    print_value("not counted yet", SYST_CSR >> 16);
    wait_for_flag();
    print_value("flag cleared by reading", SYST_CSR >> 16);
    uint32_t high = 0;
    for (unsigned i = 0; i < 200; i++) {
        uint32_t now = SYST_CVR;
        high |= now > 0x7FFFFF;
    }
    print_value("above the reload value", high);
    print_value("no interrupt without tickint", ticks);
    print_value("pending", ICSR >> 26 & 1);
    SYST_RVR = 3000;
    SYST_CVR = 0;
    SYST_CSR = 7;
    while (ticks < 5) {
        __asm volatile("wfi");
    }
    SYST_CSR = 0;
    unsigned stopped = ticks;
    print_value("five or more", stopped >= 5);
    uint32_t value = SYST_CVR;
    for (volatile unsigned i = 0; i < 1000; i++) {
    }
    print_value("stands still when off", SYST_CVR == value);
    ticks = 0;
    ICSR = 1U << 26;
    BARRIER();
    print_value("pended by hand", ticks);
    __asm volatile("cpsid i" ::: "memory");
    SYST_RVR = 100;
    SYST_CVR = 0;
    SYST_CSR = 7;
    wait_for_flag();
    SYST_CSR = 0;
    print_value("pending under primask", ICSR >> 26 & 1);
    ICSR = 1U << 25;
    __asm volatile("cpsie i\n isb" ::: "memory");
    print_value("cleared by hand", ticks);
    return 0;
}
