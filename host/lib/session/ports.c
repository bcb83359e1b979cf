/* SPDX-License-Identifier: MIT */
/*
 * Which serial ports this machine has, from libserialport, and the twin's default link, which is a
 * pseudo-terminal that no list of devices has.
 */
#include "session.h"

#include <libserialport.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TWIN_PORTS = 6 };

/* Where a twin puts its links: the ports that its board has for commands and log. */
static void twin_link(char *path, size_t size, unsigned usart)
{
    const char *dir = getenv("XDG_RUNTIME_DIR");
    snprintf(path, size, "%s/ararext-usart%u", dir != NULL && dir[0] == '/' ? dir : "/tmp", usart);
}

void ararext_twin_link(char *path, size_t size)
{
    twin_link(path, size, 2);
}

/* Which of them is for the commands only the board knows. Most boards' logs are on USART3. */
static size_t list_twin(struct ararext_port ports[TWIN_PORTS])
{
    static const uint8_t usarts[TWIN_PORTS] = {2, 1, 6, 4, 5, 3};
    size_t n = 0;
    for (size_t i = 0; i < TWIN_PORTS; i++) {
        struct ararext_port *port = &ports[n];
        twin_link(port->path, sizeof port->path, usarts[i]);
        if (access(port->path, F_OK) == 0) {
            snprintf(port->description, sizeof port->description, "board twin, USART%u", usarts[i]);
            port->usb_vid = -1;
            port->usb_pid = -1;
            port->twin = true;
            n++;
        }
    }
    if (n < TWIN_PORTS) {
        ports[n].path[0] = '\0';
    }
    return n;
}

static void copy(char *out, size_t size, const char *text)
{
    snprintf(out, size, "%s", text != NULL ? text : "");
}

/* Whether the kernel's console runs over that port. */
static bool is_console(const char *path)
{
    char line[256] = "";
    const char *name = strncmp(path, "/dev/", 5) == 0 ? path + 5 : path;
    FILE *f = fopen("/sys/class/tty/console/active", "r");
    if (f == NULL) {
        return false;
    }
    bool got = fgets(line, sizeof line, f) != NULL;
    fclose(f);
    char *rest = NULL;
    for (char *word = strtok_r(line, " \n", &rest); got && word != NULL;
         word = strtok_r(NULL, " \n", &rest)) {
        if (strcmp(word, name) == 0) {
            return true;
        }
    }
    return false;
}

static void fill(struct ararext_port *out, const struct sp_port *port)
{
    copy(out->path, sizeof out->path, sp_get_port_name(port));
    copy(out->description, sizeof out->description, sp_get_port_description(port));
    out->console = is_console(out->path);
    copy(out->usb_serial, sizeof out->usb_serial,
         sp_get_port_transport(port) == SP_TRANSPORT_USB ? sp_get_port_usb_serial(port) : NULL);
    if (sp_get_port_transport(port) != SP_TRANSPORT_USB ||
        sp_get_port_usb_vid_pid(port, &out->usb_vid, &out->usb_pid) != SP_OK) {
        out->usb_vid = -1;
        out->usb_pid = -1;
    }
}

int ararext_list_ports(struct ararext_port **out, size_t *count)
{
    struct sp_port **list = NULL;
    if (sp_list_ports(&list) != SP_OK) {
        list = NULL; /* a machine without /sys has no ports for us, but may have a twin */
    }
    size_t n = 0;
    while (list != NULL && list[n] != NULL) {
        n++;
    }
    struct ararext_port *ports = calloc(n + TWIN_PORTS, sizeof *ports);
    if (ports == NULL) {
        sp_free_port_list(list);
        return ARAREXT_ERR_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        fill(&ports[i], list[i]);
    }
    sp_free_port_list(list);
    n += list_twin(&ports[n]);
    *out = ports;
    *count = n;
    return ARAREXT_OK;
}
