/* SPDX-License-Identifier: MIT */
/* What the files of the benchmark share. All that goes wrong ends the program. */
#ifndef ARAREXT_BENCH_H
#define ARAREXT_BENCH_H

#include <stdint.h>

#include "twin.h"

enum {
    FLASH_BASE = 0x08000000,
    APP_BASE = 0x08008000,
    SRAM_END = 0x20020000,
    APP_ENTRY = 0x200, /* of the images made here */
};
#define MS(n) ((uint64_t)(n)*1000000u)

_Noreturn void bench_fail(const char *what, const char *why);
/* A board of 1 MiB, power off, with this binary at the start of flash; NULL = the bootloader. */
struct twin *bench_make_board(const char *elf);
/* Puts vectors into the first words, and an endless loop as reset handler at APP_ENTRY. */
void bench_make_startable(uint8_t *image);
/* Switches on; the time to the first instruction at APP_ENTRY, which is to come within limit_ns. */
uint64_t bench_start_ns(struct twin *t, uint64_t limit_ns);

/* package_figures.c */
double bench_verified_boot_64k_ms(void);
double bench_verified_boot_200k_ms(void);
double bench_verified_boot_400k_ms(void);
double bench_install_200k_over_limit(void);
double bench_package_saves_percent(void);

/* stream_figures.c; what is measured on the way goes to standard error */
double bench_stream_over_limit_worst(void);
double bench_stream_over_limit_115200_16ms(void);
double bench_stream_over_limit_921600_16ms(void);
double bench_commands_over_limit_115200_16ms(void);
double bench_rom_protocol_over_limit_115200_16ms(void);
double bench_compressed_share_115200_mean(void);
double bench_compressed_over_plain_worst(void);
double bench_unchanged_share(void);
double bench_changed_16k_share(void);
double bench_lossy_1pct_share(void);

#endif
