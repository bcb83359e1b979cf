/* SPDX-License-Identifier: MIT */
/*
 * Inside the library: sentences are put together here, in every room. Not installed.
 */
#ifndef ARAREXT_MESSAGE_H
#define ARAREXT_MESSAGE_H

#include "ararext.h"

/* printf into a message, cut off if need be; m may be NULL. */
__attribute__((format(printf, 2, 3))) void message_set(struct ararext_message *m, const char *fmt,
                                                       ...);
/* The same, behind what is there. */
__attribute__((format(printf, 2, 3))) void message_add(struct ararext_message *m, const char *fmt,
                                                       ...);

#endif
