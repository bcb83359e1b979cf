/*
 * Ctrl-C and friends: the first one asks the work to stop at the next frame's end, so that the
 * board is not left in the middle of one; the second one gives up at once.
 */
#include "cli.h"

#include <signal.h>
#include <unistd.h>

static volatile sig_atomic_t first_signal;

static void on_signal(int number)
{
    static const char text[] =
        "\nararext: stopped at once; the board forgets the half frame after a "
        "second\n";
    if (first_signal != 0) {
        ssize_t ignored = write(STDERR_FILENO, text, sizeof text - 1);
        (void)ignored;
        _exit(128 + number);
    }
    first_signal = number;
}

void cli_catch_signals(void)
{
    /* No SA_RESTART: waiting for a typed answer ends. */
    struct sigaction action = {.sa_handler = on_signal};
    sigemptyset(&action.sa_mask);
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
