/* SPDX-License-Identifier: MIT */
/* Plausibility of a vector table. An erased one (all ones) and one of zeros are both refused. */
#include "image.h"

#include "memory_map.h"
#include "region.h"

/* A stack pointer may be the first address behind its memory, and not the first one in it. */
static bool image_stack_in(uint32_t stack, uint32_t base, uint32_t size)
{
    return stack - base - 1u < size;
}

bool image_vectors_plausible(uint32_t stack, uint32_t reset, uint32_t flash_end)
{
    bool stack_ok = stack % 4u == 0 && (image_stack_in(stack, MAP_SRAM_BASE, MAP_SRAM_SIZE) ||
                                        image_stack_in(stack, MAP_CCM_BASE, MAP_CCM_SIZE));

    return stack_ok && (reset & 1u) != 0 &&
           region_check(REGION_EXECUTE, reset & ~1u, 2, flash_end) == REASON_NONE;
}
