/* SPDX-License-Identifier: MIT */
/*
 * Verdicts that a skipped instruction or a flipped bit does not turn round: wide constants, far
 * from each other and from 0, 1 and all ones. Whatever is not VERDICT_GOOD is a refusal. What
 * decides is computed and compared twice (boot.h, update.h).
 */
#ifndef ARAREXT_VERDICT_H
#define ARAREXT_VERDICT_H

#include <stdint.h>

#define VERDICT_GOOD 0x3C96A55Bu
#define VERDICT_BAD  0xC3695AA4u

#endif
