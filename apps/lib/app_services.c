/* SPDX-License-Identifier: MIT */
/*
 * Finds the bootloader's table of services. A bootloader without one has code or data at that
 * address, so nothing of the table is believed before its magic, version and size were. A later
 * version may be larger; it begins with what this one has.
 */
#include "ararext_app.h"

int ararext_app_find_services(const struct services **out)
{
    /* volatile: the compiler must not take a constant address for an object that it knows. */
    const struct services *const volatile fixed = (const struct services *)SERVICES_ADDR;
    const struct services *table = fixed;

    *out = NULL;
    if (table->magic != SERVICES_MAGIC) {
        return ARAREXT_APP_NO_SERVICES;
    }
    if (table->version < SERVICES_VERSION || table->size < sizeof *table) {
        return ARAREXT_APP_OLD_SERVICES;
    }
    *out = table;
    return 0;
}
