/* SPDX-License-Identifier: MIT */
/*
 * The figures of streaming, made of the cases: how long the host library and the bootloader's
 * binary take over a line with latency or losses, against the larger of what the line and what
 * flash needs.
 */
#include "stream_figures.h"

#include "cases.h"
#include "station.h"

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

double bench_rom_protocol_over_limit_115200_0ms(void)
{
    return over_limit(CASE_ROM, 115200, 0);
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

/* The limit is the larger of what the line needs for the packed bytes, and flash for all of them.
 */
static double packed_over_limit(const struct bench_case *c)
{
    double line_s = station_line_s(c->sent, c->baud), cells_s = station_cells_s(c->len);
    return c->took_s / (line_s > cells_s ? line_s : cells_s);
}

double bench_packed_over_limit_worst(void)
{
    double worst = 0.0;
    for (unsigned i = 0; i < CASE_RATES * CASE_LATENCIES * CASE_APPS; i++) {
        uint32_t baud = case_rates[i / CASE_APPS % CASE_RATES];
        unsigned latency_ms = case_latencies_ms[i / CASE_APPS / CASE_RATES];
        double over = packed_over_limit(case_get(CASE_PACKED, i % CASE_APPS, baud, latency_ms));
        worst = over > worst ? over : worst;
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
