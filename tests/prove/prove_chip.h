/* SPDX-License-Identifier: MIT */
/* A part of either size; see prove_chip.c. */
#ifndef ARAREXT_PROVE_CHIP_H
#define ARAREXT_PROVE_CHIP_H

#include "prove_any.h"

struct flash_hw {
    uint32_t kib; /* 512 or 1024 */
};

#endif
