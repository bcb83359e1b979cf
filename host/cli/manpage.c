/* SPDX-License-Identifier: MIT */
/*
 * Makes the man page from its template, at build time: the exit statuses come from the library's
 * own table, so that the two cannot differ. Reads standard input, writes standard output.
 */
#include <stdio.h>
#include <string.h>

#include "ararext.h"

static void print_statuses(void)
{
    for (int status = 0; status < 256; status++) {
        unsigned found = 0;
        for (int code = 0; code > -ARAREXT_ERR_COUNT; code--) {
            const struct ararext_error_entry *e = ararext_error_entry(code);
            if (e->exit_status != status) {
                continue;
            }
            if (found == 0) {
                printf(".TP\n.B %d\n", status);
            }
            printf("%s%s", found == 0 ? "" : "; or ", e->sentence);
            found++;
        }
        if (found > 0) {
            printf(".\n");
        }
    }
}

int main(void)
{
    char line[512];
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strcmp(line, "@EXIT_STATUS_ROWS@\n") == 0) {
            print_statuses();
        } else {
            fputs(line, stdout);
        }
    }
    return ferror(stdin) || fflush(stdout) != 0;
}
