/* SPDX-License-Identifier: MIT */
/*
 * Ctrl-C and friends: the first one asks the work to stop at the next frame's end, so that the
 * board is not left in the middle of one; a second one gives up at once, with the terminal as it
 * was found. One signal may arrive twice, since timeout(1) and others send it to the process and to
 * its group: what comes right behind the first is the first.
 */
#include "cli_signals.h"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "cli_clock.h"

enum { SAME_SIGNAL_MS = 500 };

static volatile sig_atomic_t first_signal;
static uint64_t first_ms; /* when it came; written and read by the handler alone */

/* The settings that stdin's terminal had, while they are other ones. */
static struct termios terminal_before;
static volatile sig_atomic_t terminal_changed;

static void on_signal(int number)
{
    static const char text[] =
        "\nararext: stopped at once; the board forgets the half frame after a "
        "second, a transfer after ten\n";
    if (first_signal != 0 && cli_now_ms() - first_ms < SAME_SIGNAL_MS) {
        return;
    }
    if (first_signal != 0) {
        cli_restore_terminal();
        ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
        (void)ignored;
        _exit(128 + number);
    }
    first_ms = cli_now_ms();
    first_signal = number;
}

bool cli_change_terminal(const struct termios *settings)
{
    if (tcgetattr(STDIN_FILENO, &terminal_before) != 0) {
        return false;
    }
    terminal_changed = 1;
    return tcsetattr(STDIN_FILENO, TCSANOW, settings) == 0;
}

void cli_restore_terminal(void)
{
    if (terminal_changed) {
        (void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal_before);
        terminal_changed = 0;
    }
}

void cli_catch_signals(void)
{
    /* No SA_RESTART: waiting for a typed answer ends. */
    struct sigaction action = {.sa_handler = on_signal};
    /* Whoever reads our output may go; that is an error of writing, not our end. */
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, NULL);
    /* One handler at a time: first_ms is the handlers' own. */
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, SIGTERM);
    sigaddset(&action.sa_mask, SIGHUP);
    static const int caught[] = {SIGINT, SIGTERM, SIGHUP};
    for (size_t i = 0; i < sizeof caught / sizeof caught[0]; i++) {
        struct sigaction before;
        /* What whoever started us wants ignored (nohup, a shell's background) stays so. */
        if (sigaction(caught[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) {
            sigaction(caught[i], &action, NULL);
        }
    }
}

int cli_signal(void)
{
    return first_signal;
}

bool cli_stop(void *unused)
{
    (void)unused;
    return first_signal != 0;
}
