/* The boot path: from reset to the application, or to the reason for staying. */
#ifndef ARAREXT_START_H
#define ARAREXT_START_H

#include <stdint.h>

#include "protocol.h"

struct start_facts {
    enum stay_reason stay;
    uint32_t reset_flags; /* RCC_CSR as found */
    uint16_t flash_kib;
};

/* Reads button, boot request and vector table, and starts the application if that is the decision:
 * then it does not come back. Runs on HSI with RAM uninitialised; uses the stack only. */
void start_decide(struct start_facts *facts);

/* Leaves a request to stay in the bootloader after the next reset. */
void start_request_stay(void);

#endif
