/* SPDX-License-Identifier: MIT */
/* What the files of the benchmark share. All that goes wrong ends the program. */
#ifndef ARAREXT_BENCH_BOARD_H
#define ARAREXT_BENCH_BOARD_H

#include <stdint.h>

#include "twin.h"

enum {
    FLASH_BASE = 0x08000000,
    APP_BASE = 0x08008000,
    SRAM_END = 0x20020000,
    APP_ENTRY = 0x200, /* of the images made here */
};
#define MS(n) ((uint64_t)(n)*1000000u)

/* Another bootloader than the one that was built. The path is kept. */
void bench_use_firmware(const char *path);
_Noreturn void bench_fail(const char *what, const char *why);
/* A board of 1 MiB, power off, with this binary at the start of flash; NULL = the bootloader. */
struct twin *bench_make_board(const char *elf);
/* Puts vectors into the first words, and an endless loop as reset handler at APP_ENTRY. */
void bench_make_startable(uint8_t *image);
/* Switches on; the time to the first instruction at APP_ENTRY, which is to come within limit_ns. */
uint64_t bench_start_ns(struct twin *t, uint64_t limit_ns);

#endif
