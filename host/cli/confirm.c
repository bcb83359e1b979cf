/*
 * Asking before something that cannot be undone. Without --yes and without a terminal the answer is
 * no: a script does nothing dangerous by accident.
 */
#include "cli.h"

#include <string.h>
#include <unistd.h>

int cli_confirm(struct cli *cli, const char *what, const char *word, bool yes)
{
    char answer[64] = "";
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
    fprintf(stderr, "Type '%s' to go on: ", word);
    fflush(stderr);
    bool got = fgets(answer, sizeof answer, stdin) != NULL;
    answer[strcspn(answer, "\r\n")] = '\0';
    if (cli_signal() != 0) {
        return ARAREXT_ERR_INTERRUPTED;
    }
    if (!got || strcmp(answer, word) != 0) {
        return cli_error(cli, ARAREXT_ERR_DECLINED, "nothing was done: it was not confirmed");
    }
    return ARAREXT_OK;
}
