/* SPDX-License-Identifier: MIT */
/* Between the two files of the bench: the line, and the board at its end. */
#ifndef TESTS_HOST_STREAM_BENCH_INTERNAL_H
#define TESTS_HOST_STREAM_BENCH_INTERNAL_H

#include "stream_bench.h"

#define US      1000u
#define MS      (1000u * US)
#define SECOND  (1000ull * MS)
#define STEP_NS (50u * US)
#define WORD_NS (16u * US)

/* A byte onto the line, and the next one that has arrived; *good is false for a byte that was sent
 * at another rate than it is listened for with. */
void bench_wire_put(struct bench *b, struct bench_wire *w, uint8_t byte, uint32_t baud);
bool bench_wire_get(struct bench *b, struct bench_wire *w, uint32_t baud, uint8_t *byte,
                    bool *good);

void bench_board_init(struct bench *b);
/* Time goes by, and the board does what it does. */
void bench_pass(struct bench *b, uint64_t ns);
uint64_t bench_erase_ns(unsigned sector);

#endif
