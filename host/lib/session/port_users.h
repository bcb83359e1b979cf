/* SPDX-License-Identifier: MIT */
/* Inside the library: who else has a port. Linux only: elsewhere nobody is found. Not installed. */
#ifndef ARAREXT_PORT_USERS_H
#define ARAREXT_PORT_USERS_H

#include "ararext.h"

/* Whether a UUCP lock file of a program that lives names the port: "minicom (pid 12)" in who. */
bool port_is_locked(const char *path, struct ararext_message *who);

#endif
