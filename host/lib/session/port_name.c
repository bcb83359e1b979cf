/* SPDX-License-Identifier: MIT */
/* What a port's name means: a path, a USB adapter wherever it is plugged in, a serial server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ararext_wiring.h"
#include "session.h"
#include "tcp.h"

enum { PATH_SIZE = 256 };

/* "1a86:7523" or "1a86:7523:SERIAL" behind "usb:". */
static bool read_usb_name(const char *name, int *vid, int *pid, const char **serial)
{
    char *end = NULL;
    if (strncmp(name, "usb:", 4) != 0) {
        return false;
    }
    unsigned long first = strtoul(name + 4, &end, 16);
    if (end == name + 4 || *end != ':') {
        return false;
    }
    const char *second = end + 1;
    unsigned long last = strtoul(second, &end, 16);
    if (end == second || (*end != ':' && *end != '\0') || first > 0xFFFF || last > 0xFFFF) {
        return false;
    }
    *vid = (int)first;
    *pid = (int)last;
    *serial = *end == ':' ? end + 1 : "";
    return true;
}

int ararext_find_usb_port(const struct ararext_port *ports, size_t count, const char *name,
                          size_t *found, struct ararext_message *why)
{
    const char *serial = "";
    int vid = 0, pid = 0;
    size_t n = 0;
    if (!read_usb_name(name, &vid, &pid, &serial)) {
        message_set(why, "%.100s: expected usb:VID:PID or usb:VID:PID:SERIAL, like usb:1a86:7523",
                    name);
        return ARAREXT_ERR_ARGUMENT;
    }
    for (size_t i = 0; i < count; i++) {
        bool same = ports[i].usb_vid == vid && ports[i].usb_pid == pid &&
                    (serial[0] == '\0' || strcmp(ports[i].usb_serial, serial) == 0);
        if (same && n++ == 0) {
            *found = i;
        }
    }
    if (n == 0) {
        message_set(why, "%.100s: no such adapter is plugged in", name);
        return ARAREXT_ERR_NO_PORT;
    }
    if (n > 1) {
        message_set(why, "%.100s: %zu adapters are called that", name, n);
        return ARAREXT_ERR_MANY;
    }
    return ARAREXT_OK;
}

static int find_usb(const char *name, char path[PATH_SIZE], struct ararext_message *why)
{
    struct ararext_port *ports = NULL;
    size_t count = 0, found = 0;
    int rc = ararext_list_ports(&ports, &count);
    if (rc == ARAREXT_OK) {
        rc = ararext_find_usb_port(ports, count, name, &found, why);
    }
    if (rc == ARAREXT_OK) {
        snprintf(path, PATH_SIZE, "%s", ports[found].path);
    }
    free(ports);
    return rc;
}

int ararext_port_open(struct ararext_transport *out, const char *name, uint32_t baud,
                      char path[PATH_SIZE], struct ararext_message *why)
{
    snprintf(path, PATH_SIZE, "%s", name);
    if (strncmp(name, "tcp://", 6) == 0) {
        return tcp_open(out, name + 6, baud, why);
    }
    if (strncmp(name, "usb:", 4) == 0) {
        int rc = find_usb(name, path, why);
        return rc == ARAREXT_OK ? ararext_serial_open(out, path, baud, why) : rc;
    }
    return ararext_serial_open(out, name, baud, why);
}
