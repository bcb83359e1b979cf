/* SPDX-License-Identifier: MIT */
/*
 * Inside the library: looking who answers. Not installed.
 */
#ifndef ARAREXT_ENTER_H
#define ARAREXT_ENTER_H

#include "ararext_package.h"
#include "session.h"

/* One request, sent once: nobody may answer. */
ARAREXT_CHECKED int try_slots(struct ararext_session *s, struct ararext_slots *out);
ARAREXT_CHECKED int try_info(struct ararext_session *s, struct ararext_info *out);

#endif
