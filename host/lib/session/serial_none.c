/* SPDX-License-Identifier: MIT */
/*
 * In place of what opens and lists serial ports, where there is no Linux: a session runs over a
 * transport of the caller's own.
 */
#include "ararext_wiring.h"
#include "session.h"

#include <stdlib.h>

int ararext_serial_open(struct ararext_transport *out, const char *path, uint32_t baud,
                        struct ararext_message *why)
{
    (void)out;
    (void)baud;
    message_set(why,
                "%s: this build of the library opens no serial ports; give the session a transport "
                "of your own",
                path);
    return ARAREXT_ERR_UNSUPPORTED;
}

bool ararext_port_users(const char *path, struct ararext_message *who)
{
    (void)path;
    message_set(who, "%s", "");
    return false;
}

/* None: one that is empty, since callers free it. */
int ararext_list_ports(struct ararext_port **out, size_t *count)
{
    *count = 0;
    *out = calloc(1, sizeof **out);
    return *out != NULL ? ARAREXT_OK : ARAREXT_ERR_MEMORY;
}

void ararext_twin_link(char *path, size_t size)
{
    if (size > 0) {
        path[0] = '\0';
    }
}

int ararext_port_open(struct ararext_transport *out, const char *name, uint32_t baud,
                      char path[256], struct ararext_message *why)
{
    path[0] = '\0';
    return ararext_serial_open(out, name, baud, why);
}

int ararext_find_usb_port(const struct ararext_port *ports, size_t count, const char *name,
                          size_t *found, struct ararext_message *why)
{
    (void)ports;
    (void)count;
    (void)found;
    message_set(why, "%s: this build of the library knows no serial ports", name);
    return ARAREXT_ERR_UNSUPPORTED;
}
