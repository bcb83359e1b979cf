/* SPDX-License-Identifier: MIT */
/*
 * A whole board on the PC: core's loader and core's start over the rig of the power-cut campaign,
 * with option bytes and RAM. Commands go in as a frame's payload and come out as a reason; a start
 * decides as firmware/boot does. It judges nothing.
 */
#ifndef LOADER_RIG_H
#define LOADER_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loader.h"
#include "powercut_rig.h"

struct loader_rig {
    struct rig rig; /* first: its flash is asked with it as ctx */
    enum reason (*program)(void *ctx, uint32_t addr, const uint8_t *data, size_t len,
                           uint32_t *detail); /* of the rig: words */
    uint8_t rdp; /* option byte; write protection is the model's protected_mask */
    unsigned option_writes;
    struct loader loader; /* what was answered last */
    struct stream stream;
    struct stream_hw stream_hw;
    struct loader_stream streaming;
    uint8_t sram[128 * 1024];
    uint8_t ccm[64 * 1024];
};

/* How a reset came about. */
struct loader_rig_reset {
    bool button;
    bool software;    /* no power-on and no pin: may count as a crash */
    uint32_t request; /* BOOT_REQUEST_..., or 0 */
};

/* Who has the board after a reset. If nothing was started, the loader listens. */
struct loader_rig_start {
    bool started;
    uint8_t slot; /* SLOT_NONE: a plain application */
    enum stay_reason stay;
    enum boot_cause cause;
    enum reason reason; /* of the last thing refused on the way */
};

void loader_rig_open(struct loader_rig *r, uint32_t flash_kib);
void loader_rig_close(struct loader_rig *r);

/* A reset, without loss of power. */
void loader_rig_reset(struct loader_rig *r, const struct loader_rig_reset *how,
                      struct loader_rig_start *out);
/* The loader listens, as after a reset with the button down. */
void loader_rig_listen(struct loader_rig *r);

/* A request in the native dialect, and its reason. What after says is left to the caller. */
enum reason loader_rig_command(struct loader_rig *r, uint8_t code, const void *payload, size_t len);
/* Data of the last answer; *len bytes. */
const uint8_t *loader_rig_answer(const struct loader_rig *r, size_t *len);

/* Several commands, up to the first that is refused. */
enum reason loader_rig_stage(struct loader_rig *r, const uint8_t *package, uint32_t len);
/* Erases the sectors from the application area's first on and writes content there. */
enum reason loader_rig_flash(struct loader_rig *r, const uint8_t *content, uint32_t len);

#endif
