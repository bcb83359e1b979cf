/* SPDX-License-Identifier: MIT */
/*
 * What the hardware would not forgive goes to the owner of the board from here, with time and
 * place; and the board's one source of randomness. Nothing is printed.
 */
#include "internal.h"

#include <stdarg.h>
#include <stdio.h>

void twin_report(struct twin *t, enum twin_report_kind kind, uint32_t address, const char *fmt, ...)
{
    if (t->config.on_report == NULL) {
        return;
    }
    char text[240];
    va_list args;
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    struct twin_report report = {
        .kind = kind,
        .time_ns = twin_now_ps(t) / 1000,
        .pc = twin_cpu_pc(t),
        .address = address,
        .text = text,
    };
    t->config.on_report(t->config.ctx, &report);
}

/* SplitMix64, Steele, Lea and Flood 2014: any seed will do, 0 too. */
uint32_t twin_random(struct twin *t)
{
    t->random_state += UINT64_C(0x9E3779B97F4A7C15);
    uint64_t z = t->random_state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return (uint32_t)((z ^ (z >> 31)) >> 32);
}
