/* SPDX-License-Identifier: MIT */
/* What the serial console shows: text as it comes, or with the time before each line, or bytes in
 * hexadecimal. The log gets the same. */
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "monitor_parts.h"

enum { BYTES_OF_LINE = 16, TIME_SIZE = 32 };

/* ---- the text that is waited for ---- */

static bool window_has(const struct monitor *m)
{
    size_t len = strlen(m->options->until);
    for (size_t i = 0; i + len <= m->window_len; i++) {
        if (memcmp(m->window + i, m->options->until, len) == 0) {
            return true;
        }
    }
    return false;
}

static void look_for_text(struct monitor *m, const uint8_t *data, size_t len)
{
    for (size_t i = 0; m->options->until != NULL && !m->seen && i < len; i++) {
        if (m->window_len == sizeof m->window) {
            memmove(m->window, m->window + CLI_UNTIL_MAX, CLI_UNTIL_MAX);
            m->window_len = CLI_UNTIL_MAX;
        }
        m->window[m->window_len++] = (char)data[i];
        m->seen = window_has(m);
    }
}

/* ---- writing ---- */

static int put(struct monitor *m, const void *data, size_t len)
{
    if (fwrite(data, 1, len, stdout) != len) {
        return cli_error(m->cli, ARAREXT_ERR_FILE, "cannot write to stdout");
    }
    if (m->log != NULL && fwrite(data, 1, len, m->log) != len) {
        return cli_error(m->cli, ARAREXT_ERR_FILE, "%s: cannot be written", m->options->log);
    }
    return ARAREXT_OK;
}

static int flush(struct monitor *m)
{
    if (fflush(stdout) != 0) {
        return cli_error(m->cli, ARAREXT_ERR_FILE, "cannot write to stdout");
    }
    if (m->log != NULL && fflush(m->log) != 0) {
        return cli_error(m->cli, ARAREXT_ERR_FILE, "%s: cannot be written", m->options->log);
    }
    return ARAREXT_OK;
}

static int put_time(struct monitor *m)
{
    struct timespec now;
    struct tm parts;
    char text[TIME_SIZE];
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &parts);
    int n = snprintf(text, sizeof text, "[%02d:%02d:%02d.%03ld] ", parts.tm_hour, parts.tm_min,
                     parts.tm_sec, now.tv_nsec / 1000000);
    return put(m, text, (size_t)n);
}

/* Line by line: the time that the first byte of a line came at. */
static int put_lines(struct monitor *m, const uint8_t *data, size_t len)
{
    int rc = ARAREXT_OK;
    for (size_t at = 0; rc == ARAREXT_OK && at < len;) {
        const uint8_t *end = memchr(data + at, '\n', len - at);
        size_t n = end != NULL ? (size_t)(end - (data + at)) + 1 : len - at;
        if (!m->in_line && m->options->timestamps) {
            rc = put_time(m);
        }
        rc = rc == ARAREXT_OK ? put(m, data + at, n) : rc;
        m->in_line = end == NULL;
        at += n;
    }
    return rc;
}

/* "00000010  68 65 6C 6C 6F  hello" */
static int put_hex_line(struct monitor *m, uint64_t offset, const uint8_t *data, size_t len)
{
    char line[128];
    int n = snprintf(line, sizeof line, "%08llx ", (unsigned long long)offset);
    for (size_t i = 0; i < BYTES_OF_LINE; i++) {
        n += i < len ? snprintf(line + n, sizeof line - (size_t)n, " %02X", data[i])
                     : snprintf(line + n, sizeof line - (size_t)n, "   ");
    }
    n += snprintf(line + n, sizeof line - (size_t)n, "  ");
    for (size_t i = 0; i < len; i++) {
        n += snprintf(line + n, sizeof line - (size_t)n, "%c",
                      data[i] >= 0x20 && data[i] < 0x7F ? data[i] : '.');
    }
    line[n++] = '\n';
    int rc = m->options->timestamps ? put_time(m) : ARAREXT_OK;
    return rc == ARAREXT_OK ? put(m, line, (size_t)n) : rc;
}

static int put_hex(struct monitor *m, uint64_t offset, const uint8_t *data, size_t len)
{
    int rc = ARAREXT_OK;
    for (size_t at = 0; rc == ARAREXT_OK && at < len; at += BYTES_OF_LINE) {
        rc = put_hex_line(m, offset + at, data + at,
                          len - at < BYTES_OF_LINE ? len - at : BYTES_OF_LINE);
    }
    return rc;
}

/* JSON is text: what is not is shown as a question mark. */
static void keep(struct monitor *m, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len && m->kept_len < MONITOR_KEEP_MAX; i++) {
        bool text = (data[i] >= 0x20 && data[i] < 0x7F) || strchr("\t\r\n", data[i]) != NULL;
        m->kept[m->kept_len++] = (char)(text && data[i] != 0 ? data[i] : '?');
    }
}

int monitor_show(struct monitor *m, const uint8_t *data, size_t len)
{
    uint64_t offset = m->received;
    m->received += len;
    look_for_text(m, data, len);
    if (m->cli->json) {
        keep(m, data, len);
        return ARAREXT_OK;
    }
    int rc = m->options->hex ? put_hex(m, offset, data, len) : put_lines(m, data, len);
    return rc == ARAREXT_OK ? flush(m) : rc;
}

void monitor_remark(struct monitor *m, const char *fmt, ...)
{
    char text[256];
    va_list args;
    if (m->cli->quiet || m->cli->json) {
        return;
    }
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    /* At a terminal in raw mode a line begins where it is told to. */
    fprintf(stderr, "%s--- %s\r\n", m->in_line && m->terminal ? "\r\n" : "", text);
    m->in_line = m->in_line && !m->terminal;
}
