/* SPDX-License-Identifier: MIT */
/*
 * What the tool prints. Results and remarks go to stdout as they come; a failure is kept and told
 * once, at the end: one sentence on stderr, or inside the JSON document.
 */
#include "cli_output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "cli_document.h"
#include "cli_signals.h"

/* ---- text that may have anything in it ---- */

static bool is_control(const unsigned char *p, size_t len)
{
    return (len == 1 && (p[0] < 0x20 || p[0] == 0x7F)) || /* ASCII */
           (len == 2 && p[0] == 0xC2 && p[1] < 0xA0);     /* U+0080 to U+009F */
}

/* The next character of text as it may be shown, at most 4 bytes and a NUL; moves on by one. */
static const char *escape_next(const char **text, char out[5])
{
    const char *p = *text;
    size_t len = utf8_length(p);
    if (len > 0 && !is_control((const unsigned char *)p, len)) {
        memcpy(out, p, len);
        out[len] = '\0';
        *text += len;
    } else {
        snprintf(out, 5, *p == '\n' ? "\\n" : "\\x%02X", (unsigned char)*p);
        *text += 1;
    }
    return out;
}

void cli_put_escaped(FILE *to, const char *text)
{
    char one[5];
    while (*text != '\0') {
        fputs(escape_next(&text, one), to);
    }
}

void cli_escape(const char *text, char *out, size_t size)
{
    char one[5];
    size_t used = 0;
    while (*text != '\0' && used + sizeof one < size) {
        used += (size_t)snprintf(out + used, size - used, "%s", escape_next(&text, one));
    }
    out[used] = '\0';
}

/* fmt with another byte in place of its line ends, and what is filled in. */
static char *fill_in(const char *fmt, char line_end, va_list args)
{
    char *mine = strdup(fmt), *text = NULL;
    if (mine == NULL) {
        return NULL;
    }
    for (char *p = mine; (p = strchr(p, '\n')) != NULL;) {
        *p = line_end;
    }
    if (vasprintf(&text, mine, args) < 0) {
        text = NULL;
    }
    free(mine);
    return text;
}

/* What is filled in (names, what a board or an adapter calls itself) does nothing to the terminal.
 * The line ends of fmt are known by filling it in twice: there the two texts differ. */
static void print_to(FILE *to, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    char *text = fill_in(fmt, '\1', args), *other = fill_in(fmt, '\2', again);
    va_end(again);
    if (text != NULL && other != NULL) {
        char *line = text;
        for (size_t i = 0; text[i] != '\0'; i++) {
            if (text[i] != other[i]) {
                text[i] = '\0';
                cli_put_escaped(to, line);
                fputc('\n', to);
                line = text + i + 1;
            }
        }
        cli_put_escaped(to, line);
    }
    free(text);
    free(other);
}

bool cli_can_draw(void)
{
    const char *term = getenv("TERM");
    return isatty(STDERR_FILENO) == 1 && term != NULL && term[0] != '\0' &&
           strcmp(term, "dumb") != 0;
}

/* ---- what a command says ---- */

void cli_print(const struct cli *cli, const char *fmt, ...)
{
    if (!cli->json) {
        va_list args;
        va_start(args, fmt);
        print_to(stdout, fmt, args);
        va_end(args);
    }
}

void cli_say(const struct cli *cli, const char *fmt, ...)
{
    if (!cli->json && !cli->quiet) {
        va_list args;
        va_start(args, fmt);
        print_to(stdout, fmt, args);
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

/* Answers that do not come, or come in pieces: perhaps another program has them. */
static void name_other_readers(struct cli *cli, int code)
{
    struct ararext_message who;
    bool may_be = code == ARAREXT_ERR_TIMEOUT || code == ARAREXT_ERR_GARBLED;
    if (may_be && ararext_port_users(cli->port_path, &who)) {
        size_t used = strlen(cli->error.text);
        snprintf(cli->error.text + used, sizeof cli->error.text - used,
                 "; %.200s has the port open, too, and may take the answers", who.text);
        cli_advise(cli, "close that program first; if that does not help, %s",
                   ararext_failure_advice(cli->session));
    }
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
    name_other_readers(cli, code);
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
    bool color = !cli->no_color && cli_can_draw();
    fputs(color ? "\033[31mararext: " : "ararext: ", stderr);
    cli_put_escaped(stderr, cli->error.text);
    fputs(color ? "\033[0m" : "", stderr);
    if (cli->advice.text[0] != '\0') {
        fputs("; ", stderr);
        cli_put_escaped(stderr, cli->advice.text);
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
