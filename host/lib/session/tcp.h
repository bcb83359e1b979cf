/* SPDX-License-Identifier: MIT */
/* A serial port at the far end of a TCP connection. Not installed. */
#ifndef ARAREXT_TCP_H
#define ARAREXT_TCP_H

#include "session.h"

/* Connects to HOST:PORT ([HOST]:PORT for IPv6) within a few seconds; the line is taken to have
 * that rate (0 = 115200). ARGUMENT, NO_PORT, IO,
 * MEMORY with a sentence. */
ARAREXT_CHECKED int tcp_open(struct ararext_transport *out, const char *address, uint32_t baud,
                             struct ararext_message *why);

#endif
