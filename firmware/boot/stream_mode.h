/* SPDX-License-Identifier: MIT */
/*
 * Stream mode, and the rate of the line: core's engines over the drivers. One stream at a time; its
 * ring takes free SRAM from the answer to STREAM_BEGIN until the first request after the stream.
 */
#ifndef ARAREXT_STREAM_MODE_H
#define ARAREXT_STREAM_MODE_H

#include <stdbool.h>
#include <stdint.h>

#include "loader.h"
#include "serial.h"

/* Once, before the first request, when l->update is set; sets l->streaming. */
void stream_mode_start(struct loader *l, const struct serial_rate *rate);

/* The wide ring, or that of the commands. What lies in the one before is dropped: not to be called
 * but between a request and its answer, when a host sends nothing. */
void stream_mode_use_ring(bool wide);
/* AFTER_BAUD and AFTER_STREAM: does that, and comes back when commands are due again, after a
 * stream of any length. False for all else. */
bool stream_mode_do_after(struct loader *l);

/* A good frame has come, and its work is done. */
void stream_mode_good_frame(void);
/* To be called all the time while commands are taken: when the line does not work at its rate, it
 * goes back to 115200. */
void stream_mode_watch_rate(struct frame_receiver *receiver, uint32_t now_us);

#endif
