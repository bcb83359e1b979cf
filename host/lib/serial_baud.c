/*
 * Line settings through the kernel's own structure (ioctl_tty(2), TCSETS2 with BOTHER): any baud rate
 * that the hardware can do. What the port then really has is read back.
 */
#include "serial_baud.h"

#include <asm/termbits.h>
#include <string.h>
#include <sys/ioctl.h>

bool serial_baud_set_raw(int fd, uint32_t baud)
{
    struct termios2 t;
    if (baud == 0 || ioctl(fd, TCGETS2, &t) != 0) {
        return false;
    }
    t.c_iflag = IGNBRK;
    t.c_oflag = 0;
    t.c_lflag = 0;
    t.c_cflag = BOTHER | CS8 | CREAD | CLOCAL;
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
