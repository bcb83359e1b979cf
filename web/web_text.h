/* SPDX-License-Identifier: MIT */
/*
 * The library speaks to people at a command line: "see 'ararext info'". A page has no commands, so
 * it has a form of its own for each of these phrases. tests/web holds the table against every
 * sentence that the module has.
 */
#ifndef ARAREXT_WEB_TEXT_H
#define ARAREXT_WEB_TEXT_H

#include "ararext.h"

/* Replaces phrases of the command line, in place. */
void web_text_for_page(struct ararext_message *m);

#endif
