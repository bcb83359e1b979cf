/* SPDX-License-Identifier: MIT */
/* The line settings, apart from serial.c because the kernel's and the C library's termios headers
 * cannot meet in one file, and only the kernel's knows arbitrary baud rates. Not installed. */
#ifndef ARAREXT_SERIAL_BAUD_H
#define ARAREXT_SERIAL_BAUD_H

#include <stdbool.h>
#include <stdint.h>

/* The settings of a line as the kernel has them, to be put back. */
struct serial_settings; /* owned */
/* NULL when they cannot be had. */
struct serial_settings *serial_settings_take(int fd);
/* Puts them back, if there are any, and frees them: HUPCL too, so that whether closing drops the
 * modem lines is as whoever set the port up wants it; with keep_lines they stay as they are. */
void serial_settings_restore(int fd, struct serial_settings *settings, bool keep_lines);

/* Raw, 8N1, no flow control, baud within 3 %. Leaves the modem lines alone, and asks the driver not
 * to drop them on closing. False if the port does not take it. */
bool serial_baud_set_raw(int fd, uint32_t baud);

#endif
