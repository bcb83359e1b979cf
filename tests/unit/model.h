/* SPDX-License-Identifier: MIT */
/*
 * A chip for the core's unit tests: memories as arrays, flash that only clears bits, option bytes.
 * It checks what the core promises before it calls (aligned ranges inside a memory, bits only 1 to
 * 0) and counts what was done, so that a test can say that nothing was.
 */
#ifndef ARAREXT_TESTS_UNIT_MODEL_H
#define ARAREXT_TESTS_UNIT_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flash_table.h"
#include "frame.h"
#include "loader.h"

#define MODEL_OPTCR_RESET 0x0FFFAAEDu

struct model {
    uint8_t flash[1024 * 1024];
    uint8_t sram[128 * 1024];
    uint8_t ccm[64 * 1024];
    uint8_t backup[4 * 1024];
    uint8_t system[0x10000];
    uint32_t optcr;
    unsigned erases, programs, marks, ram_writes, option_writes;
    uint32_t note;    /* the backup register */
    enum reason fail; /* the next flash or option operation fails with this */
    uint32_t fail_detail;
    unsigned failed; /* how often it did */
    struct flash_hw flash_hw;
    struct update_board update;
    struct unpack_memory memory;
    uint8_t dictionary[UNPACK_DICTIONARY];
    struct stream stream;
    struct stream_hw stream_hw;
    struct loader_stream streaming;
    struct loader loader;
    struct frame_receiver receiver;
    uint32_t now_us;
    uint8_t sent[1024]; /* all that the loader answered since model_take_sent */
    size_t sent_len;
};

/* A board after a reset, flash erased, of 512 or 1024 KiB. Freed by the caller with free(). */
struct model *model_create(uint16_t flash_kib);
uint8_t *model_memory(struct model *m, uint32_t addr, size_t len);

/* Bytes come in, one every us_per_byte; requests are served and answers collected in sent. */
void model_feed(struct model *m, const uint8_t *bytes, size_t len, uint32_t us_per_byte);
/* Time goes by in steps of a millisecond. */
void model_wait_ms(struct model *m, uint32_t ms);

/* A whole request in a dialect: Length, command, payload, CRC. Returns its size. */
size_t model_frame(uint8_t *out, enum protocol_dialect dialect, uint8_t command,
                   const uint8_t *payload, size_t len);
/* Sends such a request and fails the test unless exactly expect is answered. */
void model_expect(struct model *m, enum protocol_dialect dialect, uint8_t command,
                  const uint8_t *payload, size_t len, const uint8_t *expect, size_t expect_len);
/* The reason, command and detail of the last failure. */
void model_expect_failure(const struct model *m, enum reason reason, uint8_t command,
                          uint32_t detail);
/* Counts of everything that changes the chip. */
unsigned model_changes(const struct model *m);

/* A literal byte list and its size, as two arguments. */
#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

#endif
