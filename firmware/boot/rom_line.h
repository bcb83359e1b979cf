/* SPDX-License-Identifier: MIT */
/* The line in ST's ROM protocol: its acknowledgement of a hello, and whether the host sends 8E1, as
 * ST's note has it, or 8N1. */
#ifndef ARAREXT_ROM_LINE_H
#define ARAREXT_ROM_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "frame.h"
#include "loader.h"

/* Says that somebody is there. From now on the format is not known. */
void rom_line_greet(void);
/* An error of the line that may be the other format, and is none then. */
bool rom_line_takes_error(void);
/* Before a request is served: it may tell the format. first: byte of its block. */
void rom_line_judge(enum protocol_dialect dialect, uint8_t first);

#endif
