/* SPDX-License-Identifier: MIT */
/* Debian's stm32flash, as it is, flashing a board in the twin over ST's ROM protocol. */
#ifndef ARAREXT_BENCH_STM32FLASH_H
#define ARAREXT_BENCH_STM32FLASH_H

#include <stdint.h>

struct bench_stm32flash {
    double connect_s; /* from the first byte to the first of the erase */
    double took_s;    /* from there to the last answer: erased, written, read back */
};

/* Writes and verifies len bytes at APP_BASE of a blank board at 115200 baud, with latency_ms added
 * each way, in virtual time: what the program itself thinks takes none. All that goes wrong ends
 * the benchmark; afterwards flash holds the bytes, as the twin tells. */
void bench_run_stm32flash(const uint8_t *bytes, uint32_t len, unsigned latency_ms,
                          struct bench_stm32flash *out);

#endif
