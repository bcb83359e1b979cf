/* SPDX-License-Identifier: MIT */
/*
 * The real-time clock, RM0090 section 26: calendar with prescalers, initialization mode, shadow
 * registers, two alarms, wake-up timer, write protection. It lives in the backup domain: a reset of
 * the system leaves it alone but for INIT and RSF, power-off too (the board has a battery), and its
 * clock is what RCC_BDCR chooses: without one it stands still.
 *
 * Time stamps, tamper detection, calibration, shifts, the reference clock and the outputs are not
 * modelled: reported at their first use.
 */
#include "rtc.h"
#include "reg.h"

#include <stdlib.h>

/* ---- reading ---- */

static uint32_t read_calendar(struct twin *t, struct twin_rtc *r, uint32_t reg)
{
    bool direct = (r->kept.cr & CR_BYPSHAD) != 0;
    bool fresh = direct || ((r->kept.isr & ISR_RSF) != 0 && rtc_counts(r));
    rtc_catch_up(t, r);
    if (fresh) {
        r->shadow_ssr = rtc_subsecond(t, r);
        r->shadow_tr = r->tr_locked ? r->shadow_tr : calendar_time(&r->calendar, rtc_twelve(r));
        r->shadow_dr = r->dr_locked ? r->shadow_dr : calendar_date(&r->calendar);
    }
    if (reg == RTC_DR) {
        r->tr_locked = r->dr_locked = false;
        return r->shadow_dr;
    }
    r->dr_locked = !direct;
    r->tr_locked = !direct && (reg == RTC_SSR || r->tr_locked);
    return reg == RTC_TR ? r->shadow_tr : r->shadow_ssr;
}

static void tell_unmodelled(struct twin *t, struct twin_rtc *r, uint32_t reg, const char *what)
{
    if ((r->told >> (reg / 4) & 1) == 0) {
        r->told |= UINT64_C(1) << (reg / 4);
        twin_report(t, TWIN_REPORT_UNMODELLED, RTC_REGS + reg, "RTC: %s not modelled", what);
    }
}

static uint32_t read_isr(const struct twin_rtc *r)
{
    return r->kept.isr | (r->calendar.year != 0 ? (uint32_t)ISR_INITS : 0);
}

static uint32_t read_register(struct twin *t, struct twin_rtc *r, uint32_t reg)
{
    switch (reg) {
    case RTC_TR:
    case RTC_DR:
    case RTC_SSR:
        return read_calendar(t, r, reg);
    case RTC_CR:
        return r->kept.cr;
    case RTC_ISR:
        rtc_catch_up(t, r);
        return read_isr(r);
    case RTC_PRER:
        return r->kept.prer;
    case RTC_WUTR:
        return r->kept.wutr;
    case RTC_ALRMAR:
    case RTC_ALRMBR:
        return r->kept.alrmr[(reg - RTC_ALRMAR) / 4];
    case RTC_ALRMASSR:
    case RTC_ALRMBSSR:
        return r->kept.alrmssr[(reg - RTC_ALRMASSR) / 4];
    case RTC_CALIBR:
    case RTC_CALR:
    case RTC_TAFCR:
        return r->kept.other[reg == RTC_CALIBR ? 0 : reg == RTC_CALR ? 1 : 2];
    default:
        return 0;
    }
}

static uint32_t rtc_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    uint32_t reg = offset & ~3u;
    if (reg >= RTC_BKP0R && reg < RTC_END) {
        return reg_extract(twin_backup_registers(t)[(reg - RTC_BKP0R) / 4], offset, width);
    }
    return reg_extract(read_register(t, self, reg), offset, width);
}

/* ---- writing ---- */

static void refuse(struct twin *t, uint32_t reg, const char *why)
{
    twin_report(t, TWIN_REPORT_OTHER, RTC_REGS + reg, "RTC register written %s: ignored", why);
}

static void write_key(struct twin_rtc *r, uint32_t key)
{
    bool second = r->key == 0xCA && key == 0x53;
    r->unlocked = second;
    r->key = key == 0xCA ? 0xCA : 0;
}

/* What changes INIT; the flags have been dealt with. */
static void write_init(struct twin *t, struct twin_rtc *r, bool on)
{
    bool was = (r->kept.isr & ISR_INIT) != 0;
    if (on && !was) {
        r->kept.isr |= ISR_INIT;
        r->kept.isr &= ~(uint32_t)ISR_RSF;
        rtc_after_two_clocks(t, r, &r->ready[RTC_READY_INITF]);
    } else if (!on && was) {
        r->kept.isr &= ~(uint32_t)(ISR_INIT | ISR_INITF);
        twin_event_cancel(t, &r->ready[RTC_READY_INITF]);
        rtc_restart(t, r);
        rtc_synchronize(t, r);
        rtc_plan_alarm(t, r);
    }
}

static void write_isr(struct twin *t, struct twin_rtc *r, uint32_t value)
{
    r->kept.isr &= value | ~(uint32_t)ISR_FLAGS; /* written 0 clears: not write-protected */
    if (r->unlocked) {
        if ((value & ISR_RSF) == 0 && (r->kept.isr & ISR_RSF) != 0) {
            rtc_synchronize(t, r);
        }
        write_init(t, r, (value & ISR_INIT) != 0);
    }
    rtc_update_lines(t, r);
}

static void shift_hour(struct twin *t, struct twin_rtc *r, uint32_t value)
{
    rtc_catch_up(t, r);
    if ((value & CR_ADD1H) != 0) {
        calendar_add_seconds(&r->calendar, 3600);
    } else if ((value & CR_SUB1H) != 0 && r->calendar.hour != 0) { /* midnight: not to be done */
        r->calendar.hour--;
    }
}

static void write_cr(struct twin *t, struct twin_rtc *r, uint32_t value)
{
    uint32_t old = r->kept.cr;
    if ((value & CR_UNMODELLED) != 0) {
        tell_unmodelled(t, r, RTC_CR, "time stamps, outputs, coarse calibration and reference are");
    }
    rtc_catch_up(t, r);
    shift_hour(t, r, value);
    value &= CR_BITS & ~(uint32_t)(CR_ADD1H | CR_SUB1H);
    if (((value ^ old) & 7) != 0 && (r->kept.isr & ISR_WUTWF) == 0) {
        refuse(t, RTC_CR, "with another WUCKSEL while WUTWF is 0");
        value = (value & ~7u) | (old & 7);
    }
    r->kept.cr = value;
    for (unsigned n = 0; n < 3; n++) {
        bool on = (value >> (8 + n) & 1) != 0, was = (old >> (8 + n) & 1) != 0;
        if (on) {
            twin_event_cancel(t, &r->ready[n]);
            r->kept.isr &= ~(1u << n);
        } else if (was) {
            rtc_after_two_clocks(t, r, &r->ready[n]);
        }
    }
    if (((value ^ old) & CR_BYPSHAD) != 0) {
        rtc_synchronize(t, r);
    }
    rtc_plan_alarm(t, r);
    rtc_plan_wake_up(t, r);
    rtc_update_lines(t, r);
}

/* Registers that the calendar stands on: in initialization mode only. */
static void write_calendar(struct twin *t, struct twin_rtc *r, uint32_t reg, uint32_t value)
{
    if ((r->kept.isr & ISR_INITF) == 0) {
        refuse(t, reg, "while INITF is 0");
    } else if (reg == RTC_TR) {
        calendar_set_time(&r->calendar, value, rtc_twelve(r));
    } else if (reg == RTC_DR) {
        calendar_set_date(&r->calendar, value);
    } else {
        r->kept.prer = value & 0x7F7FFF;
    }
}

static void write_alarm(struct twin *t, struct twin_rtc *r, uint32_t reg, uint32_t value)
{
    unsigned n = reg == RTC_ALRMBR || reg == RTC_ALRMBSSR ? 1 : 0;
    if ((r->kept.isr & (1u << n | ISR_INITF)) == 0) {
        refuse(t, reg, "while its write flag (ALRxWF) is 0");
    } else if (reg == RTC_ALRMAR || reg == RTC_ALRMBR) {
        r->kept.alrmr[n] = value;
    } else {
        r->kept.alrmssr[n] = value & 0x0F007FFF;
    }
}

static void write_locked(struct twin *t, struct twin_rtc *r, uint32_t reg, uint32_t value)
{
    switch (reg) {
    case RTC_TR:
    case RTC_DR:
    case RTC_PRER:
        write_calendar(t, r, reg, value);
        break;
    case RTC_CR:
        write_cr(t, r, value);
        break;
    case RTC_WUTR:
        if ((r->kept.isr & ISR_WUTWF) == 0) {
            refuse(t, reg, "while WUTWF is 0");
        } else {
            r->kept.wutr = value & 0xFFFF;
        }
        break;
    case RTC_ALRMAR:
    case RTC_ALRMBR:
    case RTC_ALRMASSR:
    case RTC_ALRMBSSR:
        write_alarm(t, r, reg, value);
        break;
    case RTC_CALIBR:
        r->kept.other[0] = value & 0x9F;
        tell_unmodelled(t, r, reg, "coarse calibration is");
        break;
    case RTC_CALR:
        r->kept.other[1] = value & 0xE1FF;
        if (r->kept.other[1] != 0) {
            tell_unmodelled(t, r, reg, "smooth calibration is");
        }
        break;
    case RTC_SHIFTR:
        tell_unmodelled(t, r, reg, "shifting is");
        break;
    default:
        break;
    }
}

static void write_register(struct twin *t, struct twin_rtc *r, uint32_t reg, uint32_t value)
{
    if (reg == RTC_WPR) {
        write_key(r, value & 0xFF);
    } else if (reg == RTC_ISR) {
        write_isr(t, r, value);
    } else if (reg == RTC_TAFCR) {
        r->kept.other[2] = value & 0x0007FFFF;
        if (value != 0) {
            tell_unmodelled(t, r, reg, "tamper detection is");
        }
    } else if (!r->unlocked) {
        refuse(t, reg, "without the keys CA and 53 in WPR");
    } else {
        write_locked(t, r, reg, value);
    }
}

static void rtc_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    uint32_t reg = offset & ~3u;
    value = reg_repeat(width, value);
    if (!twin_pwr_backup_writable(t)) {
        refuse(t, reg, "without PWR_CR.DBP");
        return;
    }
    if (reg >= RTC_BKP0R && reg < RTC_END) {
        twin_backup_registers(t)[(reg - RTC_BKP0R) / 4] = value;
    } else {
        write_register(t, self, reg, value);
    }
    twin_state_changed(t);
}

/* ---- clock, resets, state ---- */

void twin_rtc_clock_changed(struct twin *t)
{
    struct twin_rtc *r = t->rtc;
    uint32_t hz = r == NULL ? 0 : twin_rtcclk_hz(t);
    if (r == NULL || hz == r->hz) {
        return;
    }
    rtc_catch_up(t, r);
    r->hz = hz;
    rtc_restart(t, r); /* simplified: the second under way begins again */
    for (unsigned n = 0; n < 4; n++) {
        twin_event_cancel(t, &r->ready[n]);
        bool wanted =
            n == RTC_READY_INITF ? (r->kept.isr & ISR_INIT) != 0 : (r->kept.cr >> (8 + n) & 1) == 0;
        if (wanted) {
            rtc_after_two_clocks(t, r, &r->ready[n]);
        }
    }
    twin_event_cancel(t, &r->wake_up);
    if ((r->kept.isr & ISR_RSF) == 0) {
        rtc_synchronize(t, r);
    }
    rtc_plan_alarm(t, r);
    rtc_plan_wake_up(t, r);
}

static void cancel_all(struct twin *t, struct twin_rtc *r)
{
    twin_event_cancel(t, &r->alarm);
    twin_event_cancel(t, &r->wake_up);
    twin_event_cancel(t, &r->synchronized);
    for (unsigned n = 0; n < 4; n++) {
        twin_event_cancel(t, &r->ready[n]);
    }
}

void twin_rtc_domain_reset(struct twin *t)
{
    struct twin_rtc *r = t->rtc;
    cancel_all(t, r);
    r->kept = (struct twin_rtc_kept){.isr = 7, .prer = 0x007F00FF, .wutr = 0xFFFF};
    r->calendar = (struct calendar){.month = 1, .day = 1, .weekday = 1};
    r->shadow_tr = r->shadow_ssr = 0;
    r->shadow_dr = calendar_date(&r->calendar);
    r->unlocked = false;
    r->hz = 0;
    rtc_restart(t, r);
    rtc_update_lines(t, r);
    twin_rtc_clock_changed(t);
}

/* The system's: INIT and the shadows only (RM0090 26.3.8). */
static void rtc_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct twin_rtc *r = self;
    (void)kind;
    rtc_catch_up(t, r);
    r->kept.isr &= ~(uint32_t)(ISR_INIT | ISR_INITF | ISR_RSF);
    twin_event_cancel(t, &r->ready[RTC_READY_INITF]);
    r->shadow_tr = r->shadow_ssr = 0;
    r->shadow_dr = 0x00002101;
    r->unlocked = false;
    r->told = 0;
    rtc_synchronize(t, r);
    rtc_update_lines(t, r);
}

struct twin_rtc_kept *twin_rtc_kept(struct twin *t)
{
    struct twin_rtc *r = t->rtc;
    rtc_catch_up(t, r);
    r->kept.tr = calendar_time(&r->calendar, false);
    r->kept.dr = calendar_date(&r->calendar);
    return &r->kept;
}

void twin_rtc_restored(struct twin *t)
{
    struct twin_rtc *r = t->rtc;
    calendar_set_time(&r->calendar, r->kept.tr, false);
    calendar_set_date(&r->calendar, r->kept.dr);
    r->hz = 0;
    rtc_restart(t, r);
    twin_rtc_clock_changed(t);
}

static void rtc_destroy(struct twin *t, void *self)
{
    free(self);
    t->rtc = NULL;
}

int twin_rtc_create(struct twin *t)
{
    struct twin_rtc *r = calloc(1, sizeof *r);
    t->rtc = r;
    if (r == NULL) {
        return TWIN_ERR_MEMORY;
    }
    rtc_create_events(r);
    twin_periph_add(t, &(struct twin_periph){.name = "RTC",
                                             .base = RTC_REGS,
                                             .size = 0x400,
                                             .self = r,
                                             .read = rtc_read,
                                             .write = rtc_write,
                                             .reset = rtc_reset,
                                             .destroy = rtc_destroy});
    twin_rtc_domain_reset(t);
    return TWIN_OK;
}
