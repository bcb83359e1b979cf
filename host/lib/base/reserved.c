/* SPDX-License-Identifier: MIT */
#include "reserved.h"

bool reserved_are_zero(const uint64_t *words, size_t count, struct ararext_message *why)
{
    for (size_t i = 0; i < count; i++) {
        if (words[i] != 0) {
            message_set(why,
                        "an option is set that version %s of the library does not know (its struct "
                        "begins as zeros)",
                        ararext_library_version());
            return false;
        }
    }
    return true;
}
