/* SPDX-License-Identifier: MIT */
/* The boards that come with the library: boards/ of the sources, in the order of their names. */
#include <string.h>

#include "ararext_board.h"

static const struct ararext_preset PRESETS[] = {
#include "board_presets.inc"
};
enum { PRESET_COUNT = sizeof PRESETS / sizeof PRESETS[0] };

const struct ararext_preset *ararext_preset(size_t i)
{
    return i < PRESET_COUNT ? &PRESETS[i] : NULL;
}

const struct ararext_preset *ararext_preset_find(const char *name)
{
    for (size_t i = 0; i < PRESET_COUNT; i++) {
        if (strcasecmp(PRESETS[i].name, name) == 0) {
            return &PRESETS[i];
        }
    }
    return NULL;
}
