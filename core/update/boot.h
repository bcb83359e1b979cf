/* SPDX-License-Identifier: MIT */
/*
 * The boot decision: start the application, or stay in the bootloader and why. It decides from
 * facts that the caller has read; it reads and changes nothing itself.
 *
 * Invariants:
 *   I1  The button and a request to stay always lead to the bootloader, whatever flash holds; but
 *       for a host's GO_TO_ADDR, which is good for one start.
 *   I2  Nothing is started whose vector table is not plausible, or whose reset handler is not in
 *       flash, or erased there: a transfer that broke off behind its first words is no application.
 *   I3  The decision depends on the facts alone: the same facts, the same decision.
 *   I4  What is not one of the four valid boot requests, to the last bit, counts as no request.
 */
#ifndef ARAREXT_BOOT_H
#define ARAREXT_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "flash_hw.h"
#include "protocol.h"

#define BOOT_REQUEST_WORDS 3u /* magic, request, complement of request */

struct boot_facts {
    bool button;                          /* PA0 is high */
    uint32_t request[BOOT_REQUEST_WORDS]; /* as found at MAP_BOOT_REQUEST_BASE */
    uint32_t app_stack, app_reset;        /* first two words at MAP_APP_BASE */
    uint16_t app_code;                    /* half-word at app_reset, if that is in flash */
    uint32_t flash_end;                   /* first address behind the part's flash */
};

/* Reads the facts of the application and of the part; the button and the request are the caller's.
 */
void boot_read_app(const struct flash_hw *flash, struct boot_facts *facts);
/* STAY_NOT: start the application. The caller asks update_boot instead of the last step of it if
 * packages are in play (update.h), and boot_wants_install before it starts a plain application. */
enum stay_reason boot_decide(const struct boot_facts *facts);
/* I2 alone. */
bool boot_app_plausible(const struct boot_facts *facts);
/* Whether the request is BOOT_REQUEST_INSTALL: install as at any start, then stay, whatever the
 * button says. It is good for one reset, so the button is the way out if installing goes wrong. */
bool boot_wants_install(const struct boot_facts *facts);

/* Whether there is a valid request, of any kind: then nobody is waited for. */
bool boot_is_asked(const struct boot_facts *facts);

/* The words of a boot request; request is one of BOOT_REQUEST_LOADER, ..._RPC, ..._INSTALL,
 * ..._START. */
void boot_make_request(uint32_t words[BOOT_REQUEST_WORDS], uint32_t request);

#endif
