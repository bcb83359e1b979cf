/* SPDX-License-Identifier: MIT */
/*
 * Whether the first words of an image can be a vector table (PROTOCOL.md, GO_TO_ADDR). It looks at
 * two words and touches no memory. Used by the boot decision, by GO_TO_ADDR and by the host before
 * it sends anything.
 */
#ifndef ARAREXT_IMAGE_H
#define ARAREXT_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

/* A Cortex-M4 with 82 interrupts wants its vector table at a multiple of this (PM0214
 * section 4.4.4). */
#define IMAGE_ALIGNMENT 512u
/* What erased flash reads as where code should be. */
#define IMAGE_ERASED_CODE 0xFFFFu

/* stack and reset are the first two words. Plausible: the stack pointer is a multiple of 4 that
 * descends into SRAM or CCM; the reset handler is Thumb code (odd) in flash behind the bootloader
 * and below flash_end, or in free SRAM. */
bool image_vectors_plausible(uint32_t stack, uint32_t reset, uint32_t flash_end);

#endif
