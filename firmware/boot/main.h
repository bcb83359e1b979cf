/* SPDX-License-Identifier: MIT */
/* Bootloader mode: brings the board up and serves commands for ever. */
#ifndef ARAREXT_MAIN_H
#define ARAREXT_MAIN_H

#include "start.h"

/* Does not come back; not declared so, as in chip.h. */
void main_serve(const struct start_facts *facts);

#endif
