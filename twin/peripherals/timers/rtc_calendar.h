/* SPDX-License-Identifier: MIT */
/*
 * Date and time of the RTC, and how its registers show them: BCD, 12 or 24 hours. No time of its
 * own. RM0090 26.6.1, 26.6.2, 26.6.8.
 */
#ifndef TWIN_RTC_CALENDAR_H
#define TWIN_RTC_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

struct calendar {
    uint8_t year, month, day, weekday; /* 0-99, 1-12, 1-31, 1-7 */
    uint8_t hour, minute, second;      /* hour 0-23 */
};

void calendar_add_seconds(struct calendar *c, uint64_t seconds);
/* TR and DR of it; twelve: CR.FMT. */
uint32_t calendar_time(const struct calendar *c, bool twelve);
uint32_t calendar_date(const struct calendar *c);
void calendar_set_time(struct calendar *c, uint32_t tr, bool twelve);
void calendar_set_date(struct calendar *c, uint32_t dr);
/* Whether the fields that ALRMxR does not mask are those of c. */
bool calendar_matches(const struct calendar *c, uint32_t alarm, bool twelve);

#endif
