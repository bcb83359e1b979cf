/* SPDX-License-Identifier: MIT */
/*
 * Which port a name means, and boards that are reset by modem lines of their adapter. Rules as in
 * ararext.h.
 */
#ifndef ARAREXT_WIRING_H
#define ARAREXT_WIRING_H

#include "ararext.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- ports by name ---- */

/* Opens what a name means: tcp://HOST:PORT (a serial server or another ser2net: the rate of its
 * port stays what it is there, and baud is not used), usb:VID:PID[:SERIAL] (the one port of a USB
 * adapter, VID and PID in hexadecimal), or the path of a serial port. path gets what it was: as
 * much of the name, or of the path found for it, as fits. Errors as ararext_serial_open; MANY for
 * several adapters of that kind. */
ARAREXT_CHECKED ARAREXT_API int ararext_port_open(struct ararext_transport *out, const char *name,
                                                  uint32_t baud, char path[256],
                                                  struct ararext_message *why);

/* The ports that "usb:VID:PID[:SERIAL]" names, of count: the first is *found. ARGUMENT for another
 * word, NO_PORT, MANY. */
ARAREXT_CHECKED ARAREXT_API int ararext_find_usb_port(const struct ararext_port *ports,
                                                      size_t count, const char *name, size_t *found,
                                                      struct ararext_message *why);
/* ---- modem lines ---- */

/* How modem lines of the adapter are wired to the board. */
struct ararext_wiring {
    unsigned reset, button; /* ARAREXT_LINE_; 0 = that is not wired */
    /* Normally an asserted line, a low pin, resets and presses; these turn that round. */
    bool reset_inverted, button_inverted;
    bool crossed; /* two transistors: a line counts only while the other one is released */
    uint64_t reserved[2];
};
/* "reset=rts,button=dtr" (! before a line inverts it), "reset=dtr", or a pattern's name. ARGUMENT.
 */
ARAREXT_CHECKED ARAREXT_API int ararext_wiring_parse(struct ararext_wiring *out, const char *text,
                                                     struct ararext_message *why);
struct ararext_wiring_pattern {
    const char *name, *words, *what;
};
/* i from 0; NULL from the end on. */
ARAREXT_API const struct ararext_wiring_pattern *ararext_wiring_pattern(size_t i);
/* Lets go of reset and button: opening a port asserts lines on most systems. UNSUPPORTED for a
 * transport without them. */
ARAREXT_CHECKED ARAREXT_API int ararext_wiring_release(const struct ararext_transport *transport,
                                                       const struct ararext_wiring *wiring);
/* Resets the board, the button not pressed. */
ARAREXT_CHECKED ARAREXT_API int ararext_wiring_reset(const struct ararext_transport *transport,
                                                     const struct ararext_wiring *wiring);

/* ---- into the bootloader, and out of it ---- */

/* For a board that does not answer: resets it by the modem lines with the button pressed (or, where
 * no line is the button, within the bootloader's entry window) and waits for the bootloader.
 * TIMEOUT if none comes after a few tries; UNSUPPORTED for a transport without lines. */
ARAREXT_CHECKED ARAREXT_API int ararext_enter_by_lines(struct ararext_session *s,
                                                       const struct ararext_wiring *wiring);
/* Waits for a bootloader to answer, however it comes there: a board that is plugged in, reset with
 * the button held, or reset with an entry window. Asks over and over. TIMEOUT after limit_ms. */
ARAREXT_CHECKED ARAREXT_API int ararext_await_bootloader(struct ararext_session *s,
                                                         unsigned limit_ms);
/* Resets the board by the modem lines, the button not pressed: whatever it would start at power-on
 * starts. Our end of the line is then at the rate of the start. */
ARAREXT_CHECKED ARAREXT_API int ararext_start_by_lines(struct ararext_session *s,
                                                       const struct ararext_wiring *wiring);

#ifdef __cplusplus
}
#endif
#endif
