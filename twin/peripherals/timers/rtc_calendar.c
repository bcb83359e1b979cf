/* SPDX-License-Identifier: MIT */
/* See rtc_calendar.h. */
#include "rtc_calendar.h"

#define TR_PM 0x00400000u

static uint32_t to_bcd(unsigned n)
{
    return n / 10 << 4 | n % 10;
}

static unsigned from_bcd(uint32_t bcd)
{
    return (bcd >> 4 & 15) * 10 + (bcd & 15);
}

/* The RTC takes every fourth year, 00 included, for a leap year. */
static unsigned days_in(const struct calendar *c)
{
    static const uint8_t days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    unsigned month = c->month >= 1 && c->month <= 12 ? c->month : 1u;
    return month == 2 && c->year % 4 == 0 ? 29 : days[month - 1];
}

static void next_day(struct calendar *c)
{
    c->weekday = c->weekday >= 7 ? 1 : (uint8_t)(c->weekday + 1);
    c->day++;
    if (c->day <= days_in(c)) {
        return;
    }
    c->day = 1;
    c->month++;
    if (c->month > 12) {
        c->month = 1;
        c->year = (uint8_t)((c->year + 1) % 100);
    }
}

void calendar_add_seconds(struct calendar *c, uint64_t seconds)
{
    uint64_t of_day = c->hour * 3600u + c->minute * 60u + c->second + seconds;
    for (; of_day >= 86400; of_day -= 86400) {
        next_day(c);
    }
    c->hour = (uint8_t)(of_day / 3600);
    c->minute = (uint8_t)(of_day / 60 % 60);
    c->second = (uint8_t)(of_day % 60);
}

uint32_t calendar_time(const struct calendar *c, bool twelve)
{
    unsigned hour = c->hour;
    uint32_t pm = 0;
    if (twelve) {
        pm = hour >= 12 ? TR_PM : 0;
        hour = hour % 12 == 0 ? 12 : hour % 12;
    }
    return pm | to_bcd(hour) << 16 | to_bcd(c->minute) << 8 | to_bcd(c->second);
}

uint32_t calendar_date(const struct calendar *c)
{
    return to_bcd(c->year) << 16 | (uint32_t)c->weekday << 13 | to_bcd(c->month) << 8 |
           to_bcd(c->day);
}

void calendar_set_time(struct calendar *c, uint32_t tr, bool twelve)
{
    unsigned hour = from_bcd(tr >> 16 & 0x3F);
    if (twelve) {
        hour = hour % 12 + ((tr & TR_PM) != 0 ? 12 : 0);
    }
    c->hour = (uint8_t)hour;
    c->minute = (uint8_t)from_bcd(tr >> 8 & 0x7F);
    c->second = (uint8_t)from_bcd(tr & 0x7F);
}

void calendar_set_date(struct calendar *c, uint32_t dr)
{
    c->year = (uint8_t)from_bcd(dr >> 16 & 0xFF);
    c->weekday = dr >> 13 & 7;
    c->month = (uint8_t)from_bcd(dr >> 8 & 0x1F);
    c->day = (uint8_t)from_bcd(dr & 0x3F);
}

bool calendar_matches(const struct calendar *c, uint32_t alarm, bool twelve)
{
    uint32_t time = calendar_time(c, twelve);
    uint32_t date = calendar_date(c);
    bool weekday = (alarm >> 30 & 1) != 0; /* WDSEL: DU is the weekday */
    uint32_t day = weekday ? date >> 13 & 7 : date & 0x3F;
    uint32_t wanted = weekday ? alarm >> 24 & 7 : alarm >> 24 & 0x3F;
    bool second = (alarm >> 7 & 1) != 0 || ((alarm ^ time) & 0x7F) == 0;
    bool minute = (alarm >> 15 & 1) != 0 || ((alarm ^ time) & 0x7F00) == 0;
    bool hour = (alarm >> 23 & 1) != 0 || ((alarm ^ time) & 0x7F0000) == 0;
    return second && minute && hour && ((alarm >> 31 & 1) != 0 || wanted == day);
}
