/* SPDX-License-Identifier: MIT */
/*
 * Inside the RTC: rtc.c (registers, resets) and rtc_time.c (what time brings). Nobody else includes
 * it.
 */
#ifndef TWIN_RTC_H
#define TWIN_RTC_H

#include "internal.h"
#include "rtc_calendar.h"

enum {
    RTC_TR = 0x00,
    RTC_DR = 0x04,
    RTC_CR = 0x08,
    RTC_ISR = 0x0C,
    RTC_PRER = 0x10,
    RTC_WUTR = 0x14,
    RTC_CALIBR = 0x18,
    RTC_ALRMAR = 0x1C,
    RTC_ALRMBR = 0x20,
    RTC_WPR = 0x24,
    RTC_SSR = 0x28,
    RTC_SHIFTR = 0x2C,
    RTC_CALR = 0x3C,
    RTC_TAFCR = 0x40,
    RTC_ALRMASSR = 0x44,
    RTC_ALRMBSSR = 0x48,
    RTC_BKP0R = 0x50,
    RTC_END = 0xA0,
};
enum {
    CR_BYPSHAD = 1 << 5,
    CR_FMT = 1 << 6,
    CR_ALRAE = 1 << 8, /* ALRBE, WUTE above it; their interrupt enables 4 higher */
    CR_WUTE = 1 << 10,
    CR_ADD1H = 1 << 16,
    CR_SUB1H = 1 << 17,
    CR_BITS = 0xFCFF7F,
    CR_UNMODELLED = 0xE08898, /* COE, OSEL, TSIE, TSE, DCE, REFCKON, TSEDGE */
    ISR_ALRAWF = 1 << 0,
    ISR_WUTWF = 1 << 2,
    ISR_INITS = 1 << 4,
    ISR_RSF = 1 << 5,
    ISR_INITF = 1 << 6,
    ISR_INIT = 1 << 7,
    ISR_ALRAF = 1 << 8, /* ALRBF, WUTF above it */
    ISR_WUTF = 1 << 10,
    ISR_FLAGS = 0x3F00,
    EXTI_ALARM = 17,
    EXTI_WAKE_UP = 22,
    TWO_CLOCKS = 2,
};
#define RTC_REGS UINT32_C(0x40002800)

enum { RTC_READY_INITF = 3 };

struct twin_rtc {
    struct twin_rtc_kept kept;
    struct calendar calendar; /* at base_tick */
    uint32_t hz;              /* RTCCLK; 0: it stands still */
    /* The calendar's second began base_tick ticks of RTCCLK after origin_ps. */
    uint64_t origin_ps, base_tick;
    uint32_t shadow_tr, shadow_dr, shadow_ssr;
    bool tr_locked, dr_locked; /* shadows, by a read of one below */
    uint8_t key;               /* last right key of WPR */
    bool unlocked;
    uint64_t told;
    struct twin_event alarm; /* next tick at which an alarm may match */
    struct twin_event wake_up;
    struct twin_event ready[4]; /* ALRAWF, ALRBWF, WUTWF; INITF */
    struct twin_event synchronized;
};

bool rtc_counts(const struct twin_rtc *r);
bool rtc_twelve(const struct twin_rtc *r);
/* Brings the calendar to now. */
void rtc_catch_up(struct twin *t, struct twin_rtc *r);
/* The second's prescalers begin again. */
void rtc_restart(struct twin *t, struct twin_rtc *r);
uint32_t rtc_subsecond(const struct twin *t, const struct twin_rtc *r); /* SSR */
void rtc_update_lines(struct twin *t, const struct twin_rtc *r);
void rtc_plan_alarm(struct twin *t, struct twin_rtc *r);
void rtc_plan_wake_up(struct twin *t, struct twin_rtc *r);
void rtc_after_two_clocks(struct twin *t, struct twin_rtc *r, struct twin_event *ev);
/* RSF falls, and comes again. */
void rtc_synchronize(struct twin *t, struct twin_rtc *r);
void rtc_create_events(struct twin_rtc *r);

#endif
