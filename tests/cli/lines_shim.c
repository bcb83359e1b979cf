/* SPDX-License-Identifier: MIT */
/*
 * A pseudo-terminal has no modem lines. Preloaded into the tool, this gives it some, and does to
 * the twin's board what wires from them would do, by lines on the twin's standard input:
 *   SHIM_CONSOLE  the FIFO that the twin reads      SHIM_LOG  where each setting is written down
 *   SHIM_WIRING   direct (default): RTS low is reset, DTR low is the button pressed
 *                 high: DTR high is the button pressed    crossed: two transistors, as for ESPs
 *   SHIM_OPEN     1: opening the port asserts both, as Linux does
 */
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool started;
static int bits;            /* as TIOCMGET has them */
static bool reset, pressed; /* what the board's pins get */

static bool is_wired_as(const char *wiring)
{
    const char *value = getenv("SHIM_WIRING");
    return value != NULL && strcmp(value, wiring) == 0;
}

static void write_line(const char *variable, const char *text)
{
    const char *path = getenv(variable);
    int fd = path != NULL ? open(path, O_WRONLY | O_APPEND | O_CREAT, 0600) : -1;
    if (fd >= 0) {
        ssize_t ignored = write(fd, text, strlen(text));
        (void)ignored;
        close(fd);
    }
}

static void find_pins(bool *to_reset, bool *to_press)
{
    bool rts = (bits & TIOCM_RTS) != 0, dtr = (bits & TIOCM_DTR) != 0;
    bool crossed = is_wired_as("crossed");
    *to_reset = rts && !(crossed && dtr);
    *to_press = is_wired_as("high") ? !dtr : dtr && !(crossed && rts);
}

static void follow(void)
{
    bool to_reset = false, to_press = false;
    find_pins(&to_reset, &to_press);
    if (to_press != pressed) {
        write_line("SHIM_CONSOLE", to_press ? "button 1\n" : "button 0\n");
    }
    if (reset && !to_reset) {
        write_line("SHIM_CONSOLE", "reset\n");
    }
    reset = to_reset;
    pressed = to_press;
}

static void start(void)
{
    const char *open_asserts = getenv("SHIM_OPEN");
    if (!started) {
        started = true;
        bits = open_asserts != NULL && open_asserts[0] == '1' ? TIOCM_DTR | TIOCM_RTS : 0;
        find_pins(&reset, &pressed);
    }
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list args;
    va_start(args, request);
    void *arg = va_arg(args, void *);
    va_end(args);
    if (request == TIOCMGET || request == TIOCMSET) {
        char text[40];
        start();
        if (request == TIOCMGET) {
            *(int *)arg = bits;
            return 0;
        }
        bits = *(int *)arg;
        snprintf(text, sizeof text, "rts %d dtr %d\n", (bits & TIOCM_RTS) != 0,
                 (bits & TIOCM_DTR) != 0);
        write_line("SHIM_LOG", text);
        follow();
        return 0;
    }
    return (int)syscall(SYS_ioctl, fd, request, arg);
}
