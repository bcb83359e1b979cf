/* SPDX-License-Identifier: MIT */
/*
 * Stop mode, RM0090 5.3.5: HSI, HSE and the PLLs are off and no peripheral but the RTC and the
 * independent watchdog has a clock, until an EXTI line wakes the core; HSI drives it then. The core
 * itself (cpu.c) says when.
 *
 * Simplified: a conversion or frame of ADC, SPI or I2C that is under way comes to its end.
 */
#include "rcc.h"

/* DS8626, "Low-power mode wakeup timings", typical; for LPDS = 0, 1, and with FPDS. */
enum { WAKE_MAIN_US = 13, WAKE_LOW_US = 17, WAKE_FLASH_DOWN_US = 110 };

#define PS_PER_US UINT64_C(1000000)

static void change(struct twin *t, bool stopped)
{
    t->rcc->stopped = stopped;
    rcc_update(t);
    twin_clock_changed(t);
    twin_rtc_clock_changed(t);
}

void twin_stop_enter(struct twin *t)
{
    struct twin_rcc *r = t->rcc;
    twin_event_cancel(t, &r->hse_event);
    twin_event_cancel(t, &r->pll_event);
    twin_event_cancel(t, &r->plli2s_event);
    r->regs[RCC_CR / 4] &=
        ~(uint32_t)(CR_HSEON | CR_HSERDY | CR_PLLON | CR_PLLRDY | CR_PLLI2SON | CR_PLLI2SRDY);
    r->regs[RCC_CR / 4] |= CR_HSION | CR_HSIRDY;
    r->regs[RCC_CFGR / 4] &= ~0xFu; /* SW and SWS: HSI */
    change(t, true);
}

uint64_t twin_stop_leave(struct twin *t)
{
    uint32_t pwr_cr = twin_pwr_cr(t);
    bool flash_down = (pwr_cr & 1u << 9) != 0, low = (pwr_cr & 1) != 0;
    change(t, false);
    return (flash_down ? WAKE_FLASH_DOWN_US : low ? WAKE_LOW_US : WAKE_MAIN_US) * PS_PER_US;
}
