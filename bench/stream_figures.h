/* SPDX-License-Identifier: MIT */
/* See stream_figures.c. What is measured on the way goes to standard error. */
#ifndef ARAREXT_BENCH_STREAM_FIGURES_H
#define ARAREXT_BENCH_STREAM_FIGURES_H

double bench_stream_over_limit_worst(void);
double bench_stream_over_limit_115200_16ms(void);
double bench_stream_over_limit_921600_16ms(void);
double bench_commands_over_limit_115200_16ms(void);
double bench_rom_protocol_over_limit_115200_0ms(void);
double bench_rom_protocol_over_limit_115200_16ms(void);
double bench_packed_over_limit_worst(void);
double bench_compressed_share_115200_mean(void);
double bench_compressed_over_plain_worst(void);
double bench_unchanged_share(void);
double bench_changed_16k_share(void);
double bench_lossy_1pct_share(void);

#endif
