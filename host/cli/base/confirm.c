/* SPDX-License-Identifier: MIT */
/*
 * Asking before something that cannot be undone. Without --yes and without a terminal the answer is
 * no: a script does nothing dangerous by accident.
 */
#include "cli_confirm.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "cli_signals.h"

enum { LOOK_MS = 100 };

bool cli_wait_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (cli_signal() == 0) {
        if (poll(&p, 1, LOOK_MS) > 0) {
            return true;
        }
    }
    return false;
}

int cli_ask(const char *question, const char *word, bool *yes)
{
    char answer[64] = "";
    fprintf(stderr, "%s", question);
    fflush(stderr);
    bool got = cli_wait_readable(STDIN_FILENO) && fgets(answer, sizeof answer, stdin) != NULL;
    answer[strcspn(answer, "\r\n")] = '\0';
    *yes = got && strcmp(answer, word) == 0;
    return cli_signal() != 0 ? ARAREXT_ERR_INTERRUPTED : ARAREXT_OK;
}

int cli_confirm(struct cli *cli, const char *what, const char *word, bool yes)
{
    char question[80];
    if (!cli->quiet || !yes) {
        fprintf(stderr, "%s\n", what);
    }
    if (yes) {
        return ARAREXT_OK;
    }
    if (isatty(STDIN_FILENO) != 1) {
        int rc = cli_error(cli, ARAREXT_ERR_DECLINED,
                           "nothing was done: this has to be confirmed, and stdin is no terminal");
        cli_advise(cli, "give --yes if you mean it");
        return rc;
    }
    snprintf(question, sizeof question, "Type '%s' to go on: ", word);
    int rc = cli_ask(question, word, &yes);
    if (rc == ARAREXT_OK && !yes) {
        rc = cli_error(cli, ARAREXT_ERR_DECLINED, "nothing was done: it was not confirmed");
    }
    return rc;
}
