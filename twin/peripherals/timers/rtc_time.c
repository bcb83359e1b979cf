/* SPDX-License-Identifier: MIT */
/*
 * The RTC's time: its prescalers, alarms, wake-up timer, and what takes two of its clocks. RM0090
 * 26.3.
 */
#include "rtc.h"

#define PS_PER_S UINT64_C(1000000000000)

__extension__ typedef unsigned __int128 wide;

/* ---- ticks ---- */

static uint32_t divider_a(const struct twin_rtc *r)
{
    return (r->kept.prer >> 16 & 0x7F) + 1;
}

static uint32_t divider_s(const struct twin_rtc *r)
{
    return (r->kept.prer & 0x7FFF) + 1;
}

bool rtc_counts(const struct twin_rtc *r)
{
    return r->hz != 0 && (r->kept.isr & ISR_INITF) == 0;
}

/* RTCCLK ticks since the second began. */
static uint64_t ticks_of_second(const struct twin_rtc *r, uint64_t now_ps)
{
    if (!rtc_counts(r) || now_ps <= r->origin_ps) {
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
void rtc_restart(struct twin *t, struct twin_rtc *r)
{
    r->origin_ps = twin_now_ps(t);
    r->base_tick = 0;
}

/* Brings the calendar to now. */
void rtc_catch_up(struct twin *t, struct twin_rtc *r)
{
    uint64_t a_second = (uint64_t)divider_a(r) * divider_s(r);
    uint64_t seconds = ticks_of_second(r, twin_now_ps(t)) / a_second;
    if (seconds != 0) {
        calendar_add_seconds(&r->calendar, seconds);
        r->base_tick += seconds * a_second;
    }
}

bool rtc_twelve(const struct twin_rtc *r)
{
    return (r->kept.cr & CR_FMT) != 0;
}

uint32_t rtc_subsecond(const struct twin *t, const struct twin_rtc *r)
{
    uint64_t ck_apre = ticks_of_second(r, twin_now_ps(t)) / divider_a(r);
    return (uint32_t)(divider_s(r) - 1 - ck_apre % divider_s(r));
}

/* ---- flags and lines ---- */

void rtc_update_lines(struct twin *t, const struct twin_rtc *r)
{
    uint32_t asked = r->kept.isr & (r->kept.cr >> 4); /* flags at 8 to 10, enables at 12 to 14 */
    twin_exti_line(t, EXTI_ALARM, (asked & (ISR_ALRAF * 3u)) != 0);
    twin_exti_line(t, EXTI_WAKE_UP, (asked & ISR_WUTF) != 0);
    twin_pwr_rtc_changed(t, (asked & (ISR_ALRAF * 3u | ISR_WUTF)) != 0);
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

void rtc_plan_alarm(struct twin *t, struct twin_rtc *r)
{
    if (!rtc_counts(r) || (!alarm_on(r, 0) && !alarm_on(r, 1))) {
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
    rtc_catch_up(t, r);
    uint32_t ssr = rtc_subsecond(t, r);
    for (unsigned n = 0; n < 2; n++) {
        uint32_t mask = subsecond_mask(r, n);
        bool now = mask != 0 ? ((ssr ^ r->kept.alrmssr[n]) & mask) == 0 : ssr == divider_s(r) - 1;
        if (alarm_on(r, n) && now &&
            calendar_matches(&r->calendar, r->kept.alrmr[n], rtc_twelve(r))) {
            r->kept.isr |= (uint32_t)ISR_ALRAF << n;
        }
    }
    rtc_update_lines(t, r);
    rtc_plan_alarm(t, r);
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

void rtc_plan_wake_up(struct twin *t, struct twin_rtc *r)
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
    rtc_update_lines(t, r);
    rtc_plan_wake_up(t, r);
}

/* ---- what takes two clocks ---- */

void rtc_after_two_clocks(struct twin *t, struct twin_rtc *r, struct twin_event *ev)
{
    if (r->hz != 0 && !ev->pending) {
        twin_event_at(t, ev, twin_now_ps(t) + clocks_ps(r, TWO_CLOCKS));
    }
}

static void on_ready(struct twin *t, void *ctx)
{
    struct twin_rtc *r = t->rtc;
    unsigned n = (unsigned)((struct twin_event *)ctx - r->ready);
    if (n != RTC_READY_INITF) {
        r->kept.isr |= 1u << n;
        return;
    }
    rtc_catch_up(t, r);
    r->kept.isr |= ISR_INITF;
    rtc_plan_alarm(t, r);
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

void rtc_synchronize(struct twin *t, struct twin_rtc *r)
{
    r->kept.isr &= ~(uint32_t)ISR_RSF;
    r->tr_locked = r->dr_locked = false;
    twin_event_cancel(t, &r->synchronized);
    if (rtc_counts(r)) {
        rtc_after_two_clocks(t, r, &r->synchronized);
    }
}

void rtc_create_events(struct twin_rtc *r)
{
    r->alarm.fn = on_alarm;
    r->wake_up.fn = on_wake_up;
    r->synchronized.fn = on_synchronized;
    r->alarm.ctx = r->wake_up.ctx = r->synchronized.ctx = r;
    for (unsigned n = 0; n < 4; n++) {
        r->ready[n].fn = on_ready;
        r->ready[n].ctx = &r->ready[n];
    }
}
