/* SPDX-License-Identifier: MIT */
/*
 * Inside the library: waiting for a bootloader. Not installed.
 */
#ifndef ARAREXT_ENTER_H
#define ARAREXT_ENTER_H

#include "ararext_package.h"
#include "session.h"

/* Waits until a bootloader answers GET_INFO; failures on the way do not count. TIMEOUT. */
ARAREXT_CHECKED int wait_for_bootloader(struct ararext_session *s, unsigned timeout_ms,
                                        struct ararext_info *info);
/* One request, sent once: nobody may answer. */
ARAREXT_CHECKED int try_slots(struct ararext_session *s, struct ararext_slots *out);
ARAREXT_CHECKED int try_info(struct ararext_session *s, struct ararext_info *out);

#endif
