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
#include "internal.h"
#include "reg.h"
#include "rtc_calendar.h"

#include <stdlib.h>
#include <string.h>

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
#define PS_PER_S UINT64_C(1000000000000)

__extension__ typedef unsigned __int128 wide;

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

enum { READY_INITF = 3 };

/* ---- ticks ---- */

static uint32_t divider_a(const struct twin_rtc *r)
{
    return (r->kept.prer >> 16 & 0x7F) + 1;
}

static uint32_t divider_s(const struct twin_rtc *r)
{
    return (r->kept.prer & 0x7FFF) + 1;
}

static bool counts(const struct twin_rtc *r)
{
    return r->hz != 0 && (r->kept.isr & ISR_INITF) == 0;
}

/* RTCCLK ticks since the second began. */
static uint64_t ticks_of_second(const struct twin_rtc *r, uint64_t now_ps)
{
    if (!counts(r) || now_ps <= r->origin_ps) {
        return 0;
    }
    uint64_t ticks = (uint64_t)((wide)(now_ps - r->origin_ps) * r->hz / PS_PER_S);
    return ticks < r->base_tick ? 0 : ticks - r->base_tick;
}

static uint64_t time_of_tick(const struct twin_rtc *r, uint64_t tick)
{
    wide ps = r->origin_ps + ((wide)(r->base_tick + tick) * PS_PER_S + r->hz - 1) / r->hz;
    return ps > UINT64_MAX / 2 ? UINT64_MAX / 2 : (uint64_t)ps;
}

static uint64_t clocks_ps(const struct twin_rtc *r, unsigned clocks)
{
    return (clocks * PS_PER_S + r->hz - 1) / r->hz;
}

/* The second's prescalers begin again. */
static void restart(struct twin *t, struct twin_rtc *r)
{
    r->origin_ps = twin_now_ps(t);
    r->base_tick = 0;
}

/* Brings the calendar to now. */
static void catch_up(struct twin *t, struct twin_rtc *r)
{
    uint64_t a_second = (uint64_t)divider_a(r) * divider_s(r);
    uint64_t seconds = ticks_of_second(r, twin_now_ps(t)) / a_second;
    if (seconds != 0) {
        calendar_add_seconds(&r->calendar, seconds);
        r->base_tick += seconds * a_second;
    }
}

static bool twelve(const struct twin_rtc *r)
{
    return (r->kept.cr & CR_FMT) != 0;
}

static uint32_t subsecond(const struct twin *t, const struct twin_rtc *r)
{
    uint64_t ck_apre = ticks_of_second(r, twin_now_ps(t)) / divider_a(r);
    return (uint32_t)(divider_s(r) - 1 - ck_apre % divider_s(r));
}

/* ---- flags and lines ---- */

static void update_lines(struct twin *t, const struct twin_rtc *r)
{
    uint32_t asked = r->kept.isr & (r->kept.cr >> 4); /* flags at 8 to 10, enables at 12 to 14 */
    twin_exti_line(t, EXTI_ALARM, (asked & (ISR_ALRAF * 3u)) != 0);
    twin_exti_line(t, EXTI_WAKE_UP, (asked & ISR_WUTF) != 0);
}

/* ---- alarms ---- */

static bool alarm_on(const struct twin_rtc *r, unsigned n)
{
    return (r->kept.cr >> (8 + n) & 1) != 0;
}

static uint32_t subsecond_mask(const struct twin_rtc *r, unsigned n)
{
    return (1u << (r->kept.alrmssr[n] >> 24 & 15)) - 1;
}

static bool any_alarm_in_subseconds(const struct twin_rtc *r)
{
    return (alarm_on(r, 0) && subsecond_mask(r, 0) != 0) ||
           (alarm_on(r, 1) && subsecond_mask(r, 1) != 0);
}

static void plan_alarm(struct twin *t, struct twin_rtc *r)
{
    if (!counts(r) || (!alarm_on(r, 0) && !alarm_on(r, 1))) {
        twin_event_cancel(t, &r->alarm);
        return;
    }
    uint64_t step = divider_a(r);
    if (!any_alarm_in_subseconds(r)) {
        step *= divider_s(r);
    }
    uint64_t next = (ticks_of_second(r, twin_now_ps(t)) / step + 1) * step;
    twin_event_at(t, &r->alarm, time_of_tick(r, next));
}

static void on_alarm(struct twin *t, void *ctx)
{
    struct twin_rtc *r = ctx;
    catch_up(t, r);
    uint32_t ssr = subsecond(t, r);
    for (unsigned n = 0; n < 2; n++) {
        uint32_t mask = subsecond_mask(r, n);
        bool now = mask != 0 ? ((ssr ^ r->kept.alrmssr[n]) & mask) == 0 : ssr == divider_s(r) - 1;
        if (alarm_on(r, n) && now && calendar_matches(&r->calendar, r->kept.alrmr[n], twelve(r))) {
            r->kept.isr |= (uint32_t)ISR_ALRAF << n;
        }
    }
    update_lines(t, r);
    plan_alarm(t, r);
}

/* ---- wake-up timer ---- */

/* RTCCLK ticks of one round of it. */
static uint64_t wake_up_ticks(const struct twin_rtc *r)
{
    unsigned select = r->kept.cr & 7;
    uint64_t count = (uint64_t)r->kept.wutr + 1;
    if (select < 4) {
        return count * (16u >> select);
    }
    count += select >= 6 ? 0x10000u : 0;
    return count * divider_a(r) * divider_s(r);
}

static void plan_wake_up(struct twin *t, struct twin_rtc *r)
{
    if ((r->kept.cr & CR_WUTE) == 0 || r->hz == 0) {
        twin_event_cancel(t, &r->wake_up);
    } else if (!r->wake_up.pending) {
        wide ps = (wide)wake_up_ticks(r) * PS_PER_S / r->hz;
        uint64_t longest = UINT64_MAX / 4;
        twin_event_at(t, &r->wake_up, twin_now_ps(t) + (ps > longest ? longest : (uint64_t)ps));
    }
}

static void on_wake_up(struct twin *t, void *ctx)
{
    struct twin_rtc *r = ctx;
    r->kept.isr |= ISR_WUTF;
    update_lines(t, r);
    plan_wake_up(t, r);
}

/* ---- what takes two clocks ---- */

static void after_two_clocks(struct twin *t, struct twin_rtc *r, struct twin_event *ev)
{
    if (r->hz != 0 && !ev->pending) {
        twin_event_at(t, ev, twin_now_ps(t) + clocks_ps(r, TWO_CLOCKS));
    }
}

static void on_ready(struct twin *t, void *ctx)
{
    struct twin_rtc *r = t->rtc;
    unsigned n = (unsigned)((struct twin_event *)ctx - r->ready);
    if (n != READY_INITF) {
        r->kept.isr |= 1u << n;
        return;
    }
    catch_up(t, r);
    r->kept.isr |= ISR_INITF;
    plan_alarm(t, r);
}

/* The shadows are copies of the calendar, and stay so until a reset or INIT. */
static void on_synchronized(struct twin *t, void *ctx)
{
    struct twin_rtc *r = ctx;
    (void)t;
    if ((r->kept.isr & ISR_INIT) == 0 && (r->kept.cr & CR_BYPSHAD) == 0) {
        r->kept.isr |= ISR_RSF;
    }
}

static void synchronize(struct twin *t, struct twin_rtc *r)
{
    r->kept.isr &= ~(uint32_t)ISR_RSF;
    r->tr_locked = r->dr_locked = false;
    twin_event_cancel(t, &r->synchronized);
    if (counts(r)) {
        after_two_clocks(t, r, &r->synchronized);
    }
}

/* ---- reading ---- */

static uint32_t read_calendar(struct twin *t, struct twin_rtc *r, uint32_t reg)
{
    bool direct = (r->kept.cr & CR_BYPSHAD) != 0;
    bool fresh = direct || ((r->kept.isr & ISR_RSF) != 0 && counts(r));
    catch_up(t, r);
    if (fresh) {
        r->shadow_ssr = subsecond(t, r);
        r->shadow_tr = r->tr_locked ? r->shadow_tr : calendar_time(&r->calendar, twelve(r));
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
        catch_up(t, r);
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
        after_two_clocks(t, r, &r->ready[READY_INITF]);
    } else if (!on && was) {
        r->kept.isr &= ~(uint32_t)(ISR_INIT | ISR_INITF);
        twin_event_cancel(t, &r->ready[READY_INITF]);
        restart(t, r);
        synchronize(t, r);
        plan_alarm(t, r);
    }
}

static void write_isr(struct twin *t, struct twin_rtc *r, uint32_t value)
{
    r->kept.isr &= value | ~(uint32_t)ISR_FLAGS; /* written 0 clears: not write-protected */
    if (r->unlocked) {
        if ((value & ISR_RSF) == 0 && (r->kept.isr & ISR_RSF) != 0) {
            synchronize(t, r);
        }
        write_init(t, r, (value & ISR_INIT) != 0);
    }
    update_lines(t, r);
}

static void shift_hour(struct twin *t, struct twin_rtc *r, uint32_t value)
{
    catch_up(t, r);
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
    catch_up(t, r);
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
            after_two_clocks(t, r, &r->ready[n]);
        }
    }
    if (((value ^ old) & CR_BYPSHAD) != 0) {
        synchronize(t, r);
    }
    plan_alarm(t, r);
    plan_wake_up(t, r);
    update_lines(t, r);
}

/* Registers that the calendar stands on: in initialization mode only. */
static void write_calendar(struct twin *t, struct twin_rtc *r, uint32_t reg, uint32_t value)
{
    if ((r->kept.isr & ISR_INITF) == 0) {
        refuse(t, reg, "while INITF is 0");
    } else if (reg == RTC_TR) {
        calendar_set_time(&r->calendar, value, twelve(r));
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
    catch_up(t, r);
    r->hz = hz;
    restart(t, r); /* simplified: the second under way begins again */
    for (unsigned n = 0; n < 4; n++) {
        twin_event_cancel(t, &r->ready[n]);
        bool wanted =
            n == READY_INITF ? (r->kept.isr & ISR_INIT) != 0 : (r->kept.cr >> (8 + n) & 1) == 0;
        if (wanted) {
            after_two_clocks(t, r, &r->ready[n]);
        }
    }
    twin_event_cancel(t, &r->wake_up);
    if ((r->kept.isr & ISR_RSF) == 0) {
        synchronize(t, r);
    }
    plan_alarm(t, r);
    plan_wake_up(t, r);
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
    restart(t, r);
    update_lines(t, r);
    twin_rtc_clock_changed(t);
}

/* The system's: INIT and the shadows only (RM0090 26.3.8). */
static void rtc_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct twin_rtc *r = self;
    (void)kind;
    catch_up(t, r);
    r->kept.isr &= ~(uint32_t)(ISR_INIT | ISR_INITF | ISR_RSF);
    twin_event_cancel(t, &r->ready[READY_INITF]);
    r->shadow_tr = r->shadow_ssr = 0;
    r->shadow_dr = 0x00002101;
    r->unlocked = false;
    r->told = 0;
    synchronize(t, r);
    update_lines(t, r);
}

struct twin_rtc_kept *twin_rtc_kept(struct twin *t)
{
    struct twin_rtc *r = t->rtc;
    catch_up(t, r);
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
    restart(t, r);
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
    r->alarm.fn = on_alarm;
    r->wake_up.fn = on_wake_up;
    r->synchronized.fn = on_synchronized;
    r->alarm.ctx = r->wake_up.ctx = r->synchronized.ctx = r;
    for (unsigned n = 0; n < 4; n++) {
        r->ready[n].fn = on_ready;
        r->ready[n].ctx = &r->ready[n];
    }
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
