/* SPDX-License-Identifier: MIT */
/* The debug build is not packed: it runs from flash, where a debugger can set breakpoints before it
 * starts. */
#include "serving.h"

void serving_unpack(void)
{
}

bool serving_is_whole(void)
{
    return true;
}
