/* SPDX-License-Identifier: MIT */
/*
 * .board files: one "key = value" a line; # begins a comment, at the beginning of a line alone,
 * since a source may have one in it. The first comment is the board's title.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "ararext_board.h"
#include "message.h"

enum { LINE_MAX_LEN = 400 };

/* A line without white space around it, and where the next one begins. */
struct line {
    char text[LINE_MAX_LEN];
    bool long_one;
};

static size_t take_line(const char *text, size_t len, size_t at, struct line *out)
{
    size_t end = at;
    while (end < len && text[end] != '\n') {
        end++;
    }
    size_t next = end + 1;
    while (at < end && isspace((unsigned char)text[at])) {
        at++;
    }
    while (end > at && isspace((unsigned char)text[end - 1])) {
        end--;
    }
    out->long_one = end - at >= sizeof out->text;
    size_t n = out->long_one ? 0 : end - at;
    memcpy(out->text, text + at, n);
    out->text[n] = '\0';
    return next;
}

/* Cuts "key = value" in two; NULL if it is no such line. */
static char *split(char *line)
{
    char *equal = strchr(line, '=');
    if (equal == NULL) {
        return NULL;
    }
    char *end = equal;
    while (end > line && isspace((unsigned char)end[-1])) {
        end--;
    }
    *end = '\0';
    char *value = equal + 1;
    return value + strspn(value, " \t");
}

/* Editors may put the byte order mark of UTF-8 before the first line. */
static size_t first_line(const char *text, size_t len)
{
    return len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

bool ararext_board_text(const char *text, size_t len, const char *key, char *out, size_t size)
{
    struct line line;
    bool title = strcmp(key, "title") == 0;
    for (size_t at = first_line(text, len); at < len;) {
        at = take_line(text, len, at, &line);
        if (title && line.text[0] == '#' && strstr(line.text, "SPDX") == NULL) {
            snprintf(out, size, "%s", line.text + 1 + strspn(line.text + 1, " "));
            return true;
        }
        char *value = line.text[0] == '#' ? NULL : split(line.text);
        if (value != NULL && strcasecmp(line.text, key) == 0) {
            snprintf(out, size, "%s", value);
            return true;
        }
    }
    return false;
}

static bool has(const char *text, size_t len, const char *key)
{
    char value[LINE_MAX_LEN];
    return ararext_board_text(text, len, key, value, sizeof value);
}

static int take(struct ararext_block *out, struct line *line, unsigned *seen,
                struct ararext_message *why)
{
    char *value = split(line->text);
    if (line->long_one || value == NULL) {
        message_set(why, "expected 'key = value'");
        return ARAREXT_ERR_FORMAT;
    }
    for (size_t i = 0; ararext_block_key(i) != NULL; i++) {
        if (strcasecmp(ararext_block_key(i), line->text) == 0) {
            if ((*seen >> i & 1u) != 0) {
                message_set(why, "%s is said twice", line->text);
                return ARAREXT_ERR_FORMAT;
            }
            *seen |= 1u << i;
        }
    }
    return strcasecmp(line->text, "source") == 0 ? ARAREXT_OK
                                                 : ararext_block_set(out, line->text, value, why);
}

int ararext_block_parse(struct ararext_block *out, const char *text, size_t len, const char *name,
                        struct ararext_message *why)
{
    static const char *const needed[] = {"name", "commands", "crystal"};
    struct ararext_message what;
    struct line line;
    unsigned number = 0, seen = 0;
    *out = (struct ararext_block){.log_tx = ARAREXT_PIN_NONE,
                                  .button = ARAREXT_PIN_NONE,
                                  .led = ARAREXT_PIN_NONE,
                                  .driver = ARAREXT_PIN_NONE,
                                  .baud = 115200};
    for (size_t at = first_line(text, len); at < len;) {
        at = take_line(text, len, at, &line);
        number++;
        bool empty = !line.long_one && (line.text[0] == '\0' || line.text[0] == '#');
        if (!empty && take(out, &line, &seen, &what) != ARAREXT_OK) {
            message_set(why, "%s, line %u: %.400s", name, number, what.text);
            return ARAREXT_ERR_FORMAT;
        }
    }
    for (size_t i = 0; i < sizeof needed / sizeof needed[0]; i++) {
        if (!has(text, len, needed[i])) {
            message_set(why, "%s: a board needs a line '%s = ...'", name, needed[i]);
            return ARAREXT_ERR_FORMAT;
        }
    }
    return ARAREXT_OK;
}
