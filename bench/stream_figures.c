/* SPDX-License-Identifier: MIT */
/*
 * The figures of streaming, made of the cases: how long the host library and the bootloader's
 * binary take over a line with latency or losses, against the larger of what the line and what
 * flash needs.
 */
#include "stream_figures.h"

#include "cases.h"

enum { BAUD = 115200 };

static double over_limit(enum case_kind kind, uint32_t baud, unsigned latency_ms)
{
    const struct bench_case *c = case_get(kind, 0, baud, latency_ms);
    return c->took_s / c->limit_s;
}

double bench_stream_over_limit_115200_16ms(void)
{
    return over_limit(CASE_STREAM, 115200, 16);
}

double bench_stream_over_limit_921600_16ms(void)
{
    return over_limit(CASE_STREAM, 921600, 16);
}

double bench_commands_over_limit_115200_16ms(void)
{
    return over_limit(CASE_COMMANDS, 115200, 16);
}

double bench_rom_protocol_over_limit_115200_16ms(void)
{
    return over_limit(CASE_ROM, 115200, 16);
}

double bench_stream_over_limit_worst(void)
{
    double worst = 0.0;
    for (unsigned i = 0; i < CASE_RATES; i++) {
        for (unsigned k = 0; k < CASE_LATENCIES; k++) {
            double over = over_limit(CASE_STREAM, case_rates[i], case_latencies_ms[k]);
            worst = over > worst ? over : worst;
        }
    }
    return worst;
}

/* Over what the line needs for the applications as they are. */
double bench_compressed_share_115200_mean(void)
{
    double sum = 0.0;
    for (unsigned app = 0; app < CASE_APPS; app++) {
        const struct bench_case *c = case_get(CASE_PACKED, app, BAUD, 0);
        sum += c->took_s / c->limit_s;
    }
    return sum / CASE_APPS;
}

double bench_compressed_over_plain_worst(void)
{
    double worst = 0.0;
    for (unsigned i = 0; i < CASE_RATES; i++) {
        for (unsigned app = 0; app < CASE_APPS; app++) {
            double over = case_get(CASE_PACKED, app, case_rates[i], 0)->took_s /
                          case_get(CASE_PLAIN, app, case_rates[i], 0)->took_s;
            worst = over > worst ? over : worst;
        }
    }
    return worst;
}

/* Over the time of a whole transfer. */
static double share(enum case_kind kind)
{
    return case_get(kind, 0, BAUD, 0)->took_s / case_get(CASE_STREAM, 0, BAUD, 0)->took_s;
}

double bench_unchanged_share(void)
{
    return share(CASE_UNCHANGED);
}

double bench_changed_16k_share(void)
{
    double first = share(CASE_CHANGED_FIRST), second = share(CASE_CHANGED_SECOND);
    return first > second ? first : second;
}

double bench_lossy_1pct_share(void)
{
    return share(CASE_LOSSY);
}
