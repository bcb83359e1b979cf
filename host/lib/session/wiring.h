/* SPDX-License-Identifier: MIT */
/* Inside the library: modem lines as reset and button. Not installed. */
#ifndef ARAREXT_LINES_H
#define ARAREXT_LINES_H

#include "ararext_wiring.h"
#include "session.h"

/* Puts both as they are to be. Errors of set_lines; ARGUMENT for a wiring without a reset. */
ARAREXT_CHECKED int wiring_set(const struct ararext_transport *t, const struct ararext_wiring *w,
                               bool reset, bool button);

#endif
