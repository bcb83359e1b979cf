/* SPDX-License-Identifier: MIT */
/*
 * Reset values of the registers that a loader could leave changed, for the tests that look at the
 * chip as an application finds it. Retyped from RM0090 (register maps) and PM0214 section 4.
 */
#ifndef TESTS_RESET_STATE_H
#define TESTS_RESET_STATE_H

#include "board.h"
#include "image.h"

/* Makes the probe's script. Returns the number of operations. */
size_t reset_state_script(struct probe_op *ops, size_t most);
/* Fails at the first register that is not as a reset leaves it; vtor is what VTOR must be. The
 * reset flags in RCC_CSR must be reset_flags (bits 31:24). */
void reset_state_check(struct board *b, uint32_t vtor, uint32_t reset_flags);

#endif
