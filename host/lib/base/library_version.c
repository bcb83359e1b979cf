/* SPDX-License-Identifier: MIT */
/* The version of the library, from the project's configuration. */
#include "ararext.h"

const char *ararext_library_version(void)
{
    return ARAREXT_LIBRARY_VERSION;
}
