/* SPDX-License-Identifier: MIT */
/*
 * Line settings through the kernel's own structure (ioctl_tty(2), TCSETS2 with BOTHER): any baud
 * rate that the hardware can do. What the port then really has is read back.
 */
#include "serial_baud.h"

#include <asm/termbits.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/ioctl.h>

struct serial_settings {
    struct termios2 termios;
};

struct serial_settings *serial_settings_take(int fd)
{
    struct serial_settings *settings = malloc(sizeof *settings);
    if (settings != NULL && ioctl(fd, TCGETS2, &settings->termios) != 0) {
        free(settings);
        settings = NULL;
    }
    return settings;
}

void serial_settings_restore(int fd, struct serial_settings *settings, bool keep_lines)
{
    if (settings != NULL) {
        if (keep_lines) {
            settings->termios.c_cflag &= ~(tcflag_t)HUPCL;
        }
        (void)ioctl(fd, TCSETS2, &settings->termios); /* it may have been unplugged */
    }
    free(settings);
}

/* The rates that have a name are set by it: programs at the other end of a pseudo-terminal may know
 * no others. */
static unsigned rate_code(uint32_t baud)
{
    static const struct {
        uint32_t baud;
        unsigned code;
    } rates[] = {
        {300, B300},         {600, B600},         {1200, B1200},       {2400, B2400},
        {4800, B4800},       {9600, B9600},       {19200, B19200},     {38400, B38400},
        {57600, B57600},     {115200, B115200},   {230400, B230400},   {460800, B460800},
        {500000, B500000},   {576000, B576000},   {921600, B921600},   {1000000, B1000000},
        {1152000, B1152000}, {1500000, B1500000}, {2000000, B2000000}, {2500000, B2500000},
        {3000000, B3000000}, {3500000, B3500000}, {4000000, B4000000},
    };
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        if (rates[i].baud == baud) {
            return rates[i].code;
        }
    }
    return BOTHER;
}

bool serial_baud_set_raw(int fd, uint32_t baud)
{
    struct termios2 t;
    if (baud == 0 || ioctl(fd, TCGETS2, &t) != 0) {
        return false;
    }
    t.c_iflag = IGNBRK;
    t.c_oflag = 0;
    t.c_lflag = 0;
    t.c_cflag = rate_code(baud) | CS8 | CREAD | CLOCAL;
    t.c_ospeed = baud;
    t.c_ispeed = baud;
    t.c_cc[VMIN] = 1;
    t.c_cc[VTIME] = 0;
    if (ioctl(fd, TCSETS2, &t) != 0 || ioctl(fd, TCGETS2, &t) != 0) {
        return false;
    }
    uint64_t real = t.c_ospeed, want = baud;
    return real * 100 >= want * 97 && real * 100 <= want * 103 && (t.c_cflag & CSIZE) == CS8 &&
           (t.c_cflag & PARENB) == 0;
}
