/* SPDX-License-Identifier: MIT */
/*
 * ararext-twin: an STM32F407 board in software, with its serial ports as pseudo-terminals. Ends on
 * quit, SIGINT, SIGTERM and SIGHUP with the state saved and the links removed.
 */
#include "cli.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
    ended = number;
}

static void set_signals(void)
{
    static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction end = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigemptyset(&end.sa_mask);
    (void)sigemptyset(&ignore.sa_mask);
    for (unsigned i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        (void)sigaction(ends[i], &end, NULL);
    }
    (void)sigaction(SIGPIPE, &ignore, NULL); /* a reader that goes away does not end the board */
    (void)sigaction(SIGTTIN, &ignore, NULL);
    (void)sigaction(SIGXFSZ, &ignore, NULL); /* a file that may not grow is an error like others */
}

/* Whoever started us may have closed them: what is opened next would then be taken for them, and
 * the program's lines would go into the state file or onto a serial line. */
static void open_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) == -1 &&
            open("/dev/null", fd == STDIN_FILENO ? O_RDONLY : O_WRONLY) != fd) {
            _exit(EXIT_CODE_RUNTIME); /* no /dev, no descriptors left: nothing good can come */
        }
    }
}

int main(int argc, char **argv)
{
    static struct options options;
    static struct board board;
    int code = EXIT_CODE_OK;
    open_standard_descriptors();
    if (!options_parse(&options, argc, argv, &code)) {
        return code;
    }
    set_signals();
    code = board_open(&board, &options);
    if (code == EXIT_CODE_OK) {
        loop_run(&board, &ended);
        show_line(&board.show, "the end");
    }
    int close_code = board_close(&board);
    return code != EXIT_CODE_OK ? code : close_code;
}
