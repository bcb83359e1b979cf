/* SPDX-License-Identifier: MIT */
/* Milliseconds since some moment: for differences. Safe in a signal handler. */
#ifndef ARAREXT_CLI_CLOCK_H
#define ARAREXT_CLI_CLOCK_H

#include <stdint.h>

uint64_t cli_now_ms(void);

#endif
