/* SPDX-License-Identifier: MIT */
/*
 * Sentences for people, put together piece by piece.
 */
#include "message.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void message_set(struct ararext_message *m, const char *fmt, ...)
{
    if (m != NULL) {
        va_list args;
        va_start(args, fmt);
        vsnprintf(m->text, sizeof m->text, fmt, args);
        va_end(args);
    }
}

void message_add(struct ararext_message *m, const char *fmt, ...)
{
    if (m != NULL) {
        size_t used = strlen(m->text);
        va_list args;
        va_start(args, fmt);
        vsnprintf(m->text + used, sizeof m->text - used, fmt, args);
        va_end(args);
    }
}
