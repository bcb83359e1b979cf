/* SPDX-License-Identifier: MIT */
/*
 * The one board of the page: its session over the page's port, and how an operation on it ends.
 * Each exported operation begins with web_start, and ends with web_end, which tells the verdict.
 */
#ifndef ARAREXT_WEB_SESSION_H
#define ARAREXT_WEB_SESSION_H

#include <stdbool.h>

#include "ararext.h"
#include "ararext_package.h"

/* An operation. Sentences of its own come before the session's. */
struct web {
    struct ararext_session *session; /* NULL before the board was spoken to */
    struct ararext_info info;
    struct ararext_message why, advice; /* "" = the library's own */
    struct ararext_message state;       /* what a failure leaves on the board; may be empty */
    bool made_room;                     /* an application was running, and made room */
    bool stay;                          /* it is not to be started again at the end */
    unsigned baud;                      /* limit of the line's rate, 0 = as fast as it goes */
};

void web_start(struct web *w, unsigned baud);
/* Opens a session and greets whoever answers: a bootloader, or an application that speaks for it.
 */
int web_hello(struct web *w);
/* The same, then finds the bootloader (a running application is asked to make room), fills in info
 * and tells the page. Every error of ararext_enter_bootloader. */
int web_connect(struct web *w);
/* Raises the rate of the line where that is wanted. */
int web_raise_baud(struct web *w);
/* Puts a sentence into why or advice. */
void web_say(struct ararext_message *m, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Ends the operation: starts again what made room, brings the line back, tells the verdict as the
 * event "done", with text for a success, and returns code. */
int web_end(struct web *w, int code, const char *text);
/* Tells the page about slots and trust. */
void web_tell_slots(const struct ararext_slots *slots);

#endif
