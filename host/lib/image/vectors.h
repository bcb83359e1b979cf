/* SPDX-License-Identifier: MIT */
/*
 * Whether content can be an application: the one set of rules and sentences for it, for every
 * command. It asks for more than the bootloader, which looks at the first two words alone (core's
 * image.h): all vectors of the core.
 */
#ifndef ARAREXT_VECTORS_H
#define ARAREXT_VECTORS_H

#include "message.h"

/* content is what lies from MAP_APP_BASE on, FF where nothing does. IMAGE, and why has the sentence
 * about the value that is wrong, to stand behind "it is no application for this board: ". */
ARAREXT_CHECKED int vectors_check(const uint8_t *content, size_t len, struct ararext_message *why);

#endif
