/* SPDX-License-Identifier: MIT */
/* A board of core's update engine over flash that loses power, for the unit tests. */
#ifndef ARAREXT_TESTS_UNIT_UPDATE_BENCH_H
#define ARAREXT_TESTS_UNIT_UPDATE_BENCH_H

#include "flash_model.h"
#include "package_builder.h"
#include "update.h"

struct bench {
    struct flash_model *m;
    struct update_board update;
    struct unpack_memory memory;
    uint8_t dictionary[UNPACK_DICTIONARY];
    struct update_stage stage;
    struct update_result result; /* of the last boot */
    uint32_t detail;             /* of the last operation */
};

/* What a test says of a package; the rest is chosen. */
struct bench_package {
    uint32_t seed; /* of the content */
    uint32_t len;  /* of the content; 0 = 20 KiB and something */
    enum package_packing packing;
    const uint8_t *policy;
    uint32_t counter;
    uint8_t revoke;
    struct evp_pkey_st *key;
    bool start; /* with a start signature */
};

struct bench *bench_create(uint32_t flash_kib);
void bench_free(struct bench *b);
/* Stages it; the reason of the last step. */
enum reason bench_stage(struct bench *b, const struct bench_package *p);
/* Does so with a package that is given. */
enum reason bench_stage_bytes(struct bench *b, const uint8_t *bytes, size_t len);
/* A boot by a reset (fresh: power-on). Fails the test unless it ends so; STAY_NOT with the slot and
 * the cause of the start, or a reason to stay. */
void bench_boots(struct bench *b, bool fresh, uint8_t slot, enum boot_cause cause);
void bench_stays(struct bench *b, bool fresh, enum stay_reason stay);
/* A board that runs this package, confirmed, from slot A. */
struct bench *bench_runs(uint32_t flash_kib, const struct bench_package *p);
/* Fails the test unless the area begins with that content. */
void bench_area_holds(struct bench *b, const struct bench_package *p);
/* Writes a content there as a programmer would. */
void bench_put_plain(struct bench *b, const struct bench_package *p);
/* The same by a reset with these flags (RCC_CSR 31:24). */
#define BENCH_POWER_ON 0x0Eu
#define BENCH_SOFTWARE 0x14u
#define BENCH_WATCHDOG 0x24u
void bench_boots_by(struct bench *b, uint8_t reset, uint8_t slot, enum boot_cause cause);
void bench_stays_by(struct bench *b, uint8_t reset, enum stay_reason stay);
/* Another board, in the same state. */
struct bench *bench_copy(const struct bench *b);
/* A new package is taken, and the next start runs it: whatever the board's state is. */
void bench_takes(struct bench *b, const struct bench_package *p);
/* The cells of the trailer at an offset. */
uint8_t *bench_trailer(struct bench *b, unsigned slot, uint32_t offset, size_t len);
void bench_set_record(struct bench *b, unsigned slot, uint32_t offset, uint32_t word);
/* The trailer's word at an offset. */
uint32_t bench_record(struct bench *b, unsigned slot, uint32_t offset);
/* Provisions it with one key. */
void bench_provision(struct bench *b, struct evp_pkey_st *key);

#endif
