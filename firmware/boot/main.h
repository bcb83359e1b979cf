/* SPDX-License-Identifier: MIT */
/* Bootloader mode: brings the board up and serves commands for ever, or until a window is over. */
#ifndef ARAREXT_MAIN_H
#define ARAREXT_MAIN_H

#include "start.h"

/* Comes back when facts->window_ms are over and nobody came; else never, but it is not declared so,
 * as in chip.h. The way into the serving half (serving.h). A
 * long call, whose address is data: the linker would place a jump to it among the code, for another
 * function to run into. noipa: or the compiler sees that it does not come back, and what stops
 * behind the call goes. */
__attribute__((noipa, long_call)) void main_serve(const struct start_facts *facts);

#endif
