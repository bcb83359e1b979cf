/* SPDX-License-Identifier: MIT */
/*
 * A board for the power-cut campaign on the PC: core/ over the flash model, with packages in reach,
 * snapshots, and a supply that really ends the run: what core would have done after the cut is
 * never done, because the call does not come back. It judges nothing.
 */
#ifndef POWERCUT_RIG_H
#define POWERCUT_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flash_model.h"
#include "update.h"

/* An application with its package. */
struct side {
    uint8_t *content;
    uint32_t content_len;
    uint8_t *package;
    uint32_t package_len;
    uint32_t counter;
};

/* One cut: at the nth flash operation of a run, 1 being the first. The seed decides which bits of a
 * torn operation are done and how unstable ones read. */
struct cut {
    unsigned at;
    enum flash_model_cut kind;
    uint64_t seed;
};

enum { RIG_PAGE = 2048, RIG_PAGES = 1024 * 1024 / RIG_PAGE };

struct rig {
    struct flash_model *model;
    struct flash_hw hw; /* the model's, and the pages that change are noted */
    struct update_board update;
    struct unpack_memory *memory; /* and behind it the dictionary */
    unsigned operations;          /* of the last run; erases, words, bytes of OTP */
    bool dirty[RIG_PAGES];        /* what may differ from the base */
    const struct flash_model *base;
};

void rig_open(struct rig *rig, uint32_t flash_kib);
void rig_close(struct rig *rig);

/* As from the factory. */
void rig_blank(struct rig *rig);
/* The state of flash and OTP, freed by the caller with free(). The rig's base is now this. */
struct flash_model *rig_save(struct rig *rig);
/* base must live until the rig has another one. Quick when it is the one of before. */
void rig_restore(struct rig *rig, const struct flash_model *base);

/* The rig's base, which must be base, follows what changed. Quick. */
void rig_save_again(struct rig *rig, struct flash_model *base);

/* Supply comes back: no cut pending, backup register lost, unstable bits read as the seed wants. */
void rig_power_on(struct rig *rig, uint64_t seed);

/* Powers on with the cut's seed and runs step until it returns or the supply goes; after that
 * nothing of it is done. True if it returned, and then *result is what it returned. A cut with at
 * == 0 is none. */
typedef enum reason rig_step_fn(struct rig *rig, const void *arg);
bool rig_run(struct rig *rig, rig_step_fn *step, const void *arg, const struct cut *cut,
             enum reason *result);

/* Steps and shorthands; none of them hides a failure. */
enum reason rig_stage(struct rig *rig, const struct side *side);
enum reason rig_confirm(struct rig *rig);
enum reason rig_rollback(struct rig *rig);
enum reason rig_retire(struct rig *rig);
/* A start after power-on (fresh) of the board. */
void rig_boot(struct rig *rig, struct update_result *out);

/* Past the supply, as a programmer or the years would: bytes of flash become what is given. */
void rig_poke(struct rig *rig, uint32_t addr, const void *data, size_t len);
/* Whether flash at addr is exactly data, and every bit of it stable. */
bool rig_holds(const struct rig *rig, uint32_t addr, const uint8_t *data, size_t len);
/* Zeros in the counter's OTP blocks that are stable, and those that may read as zero. */
uint32_t rig_counter(const struct rig *rig, bool with_unstable);

#endif
