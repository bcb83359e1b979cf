/* SPDX-License-Identifier: MIT */
/* The boot path: from reset to the application, or to the reason for staying. */
#ifndef ARAREXT_START_H
#define ARAREXT_START_H

#include <stdbool.h>
#include <stdint.h>

#include "protocol.h"
#include "update.h"

struct start_facts {
    enum stay_reason stay; /* STAY_NOT after start_decide: the packages decide */
    uint32_t reset_flags;  /* RCC_CSR as found */
    uint16_t flash_kib;
    uint16_t window_ms; /* of the entry window that comes first; 0: none. stay says what then */
    bool install_only;  /* the host asked to install and stay */
    bool asked;         /* update is what update_boot said */
    struct update_result update; /* slot SLOT_NONE, no verdict good until then */
};

/* Reads button, boot request and whether packages have a say, and starts a plain application if
 * that is the decision: then it does not come back. Before anything is started there may be
 * an entry window to listen in, unless that was done. Runs on HSI with RAM uninitialised; uses the
 * stack only. */
void start_decide(struct start_facts *facts, bool listened);

/* The PLL, since what follows is copying and arithmetic. Uses the stack only. */
void start_run_fast(void);

/* If packages have a say: verifies, installs, starts what they name; then it does not come back.
 * RAM code and data must be in place. On return the MPU is on, and the clock fast. */
void start_packages(struct start_facts *facts);

/* Leaves a request for after the next reset: BOOT_REQUEST_LOADER_RPC or _INSTALL. */
void start_leave_request(uint32_t request);

#endif
