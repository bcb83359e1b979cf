/* SPDX-License-Identifier: MIT */
/*
 * What the tool prints. Results and remarks go to stdout as they come; a failure is kept and told
 * once, at the end: one sentence on stderr, or inside the JSON document.
 */
#include "cli_output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "cli_document.h"
#include "cli_signals.h"

void cli_print(const struct cli *cli, const char *fmt, ...)
{
    if (!cli->json) {
        va_list args;
        va_start(args, fmt);
        vprintf(fmt, args);
        va_end(args);
    }
}

void cli_say(const struct cli *cli, const char *fmt, ...)
{
    if (!cli->json && !cli->quiet) {
        va_list args;
        va_start(args, fmt);
        vprintf(fmt, args);
        va_end(args);
        fflush(stdout);
    }
}

int cli_error(struct cli *cli, int code, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(cli->error.text, sizeof cli->error.text, fmt, args);
    va_end(args);
    return code;
}

void cli_advise(struct cli *cli, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(cli->advice.text, sizeof cli->advice.text, fmt, args);
    va_end(args);
}

int cli_session_error(struct cli *cli, int code)
{
    if (code == ARAREXT_OK || code == ARAREXT_ERR_INTERRUPTED) {
        return code;
    }
    if (ararext_last_failure(cli->session)->code != code) { /* it did not come from the board */
        return cli_error(cli, code, "%s", ararext_error_entry(code)->sentence);
    }
    ararext_describe_failure(cli->session, &cli->error);
    cli_advise(cli, "%s", ararext_failure_advice(cli->session));
    return code;
}

int cli_exit_status(int code)
{
    if (code == ARAREXT_ERR_INTERRUPTED && cli_signal() != 0) {
        return 128 + cli_signal();
    }
    return ararext_error_entry(code)->exit_status;
}

static void print_failure(const struct cli *cli)
{
    bool color = !cli->no_color && isatty(STDERR_FILENO) == 1;
    fprintf(stderr, "%sararext: %s%s", color ? "\033[31m" : "", cli->error.text,
            color ? "\033[0m" : "");
    if (cli->advice.text[0] != '\0') {
        fprintf(stderr, "; %s", cli->advice.text);
    }
    fputc('\n', stderr);
}

void cli_document_error(const struct cli *cli, cJSON *doc, int code)
{
    if (code != ARAREXT_OK) {
        cJSON *error = cJSON_AddObjectToObject(doc, "error");
        json_string(error, "name", ararext_error_entry(code)->name);
        json_string(error, "message", cli->error.text);
        json_string(error, "advice", cli->advice.text);
        const struct ararext_failure *f =
            cli->session != NULL ? ararext_last_failure(cli->session) : NULL;
        if (f != NULL && f->code == code && f->sent_len > 0) {
            json_hex(error, "sent", f->sent, f->sent_len);
            json_hex(error, "received", f->got, f->got_len);
        }
        if (f != NULL && f->code == code && f->has_reason) {
            json_number(error, "reason", f->reason);
            json_number(error, "detail", f->detail);
        }
    }
}

static void finish_document(struct cli *cli, int code)
{
    cli_document_error(cli, cli->doc, code);
    json_bool(cli->doc, "ok", code == ARAREXT_OK);
    json_number(cli->doc, "exit_status", cli_exit_status(code));
    if (cli->command != NULL) {
        json_string(cli->doc, "command", cli->command->name);
    }
    char *text = cJSON_Print(cli->doc);
    if (text != NULL) {
        printf("%s\n", text);
    }
    cJSON_free(text);
}

int cli_finish(struct cli *cli, int code)
{
    if (code != ARAREXT_OK && cli->error.text[0] == '\0') {
        (void)cli_error(cli, code, "%s", ararext_error_entry(code)->sentence);
    }
    if (cli->json && !cli->help) {
        finish_document(cli, code);
    }
    /* What failed earlier (cli_say flushes) left its mark on the stream, but not its errno. */
    errno = 0;
    if ((fflush(stdout) != 0 || ferror(stdout)) && code == ARAREXT_OK) {
        code = cli_error(cli, ARAREXT_ERR_FILE, "cannot write to stdout%s%s",
                         errno != 0 ? ": " : "", errno != 0 ? strerror(errno) : "");
    }
    if (code != ARAREXT_OK) {
        print_failure(cli);
    }
    return cli_exit_status(code);
}
