/* SPDX-License-Identifier: MIT */
/*
 * .board files: lines "key = value", # begins a comment. The twin's own reader, for what it needs
 * of them; a line that it does not understand is refused, since the board would not be the one
 * meant.
 */
#include "wiring.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { FILE_MAX = 16384, LINE_MAX_SIZE = 512 };

static const struct preset {
    const char *name, *text;
} presets[] = {
#include "twin_presets.inc"
};
enum { PRESETS = sizeof presets / sizeof presets[0] };

/* ---- words ---- */

/* "pa5" at *p, which goes behind it. */
static bool take_pin(const char **p, struct wiring_pin *out)
{
    const char *s = *p;
    char port = (char)toupper((unsigned char)(s[0] != '\0' ? s[1] : '\0'));
    char *end = NULL;
    if (tolower((unsigned char)s[0]) != 'p' || port < 'A' || port > 'I' ||
        !isdigit((unsigned char)s[2])) {
        return false;
    }
    unsigned long number = strtoul(s + 2, &end, 10);
    if (number > 15) {
        return false;
    }
    *out = (struct wiring_pin){port, (unsigned)number, false};
    *p = end;
    return true;
}

/* "usart3:" or "uart4:" */
static bool take_usart(const char **p, unsigned *out)
{
    const char *s = *p;
    if (strncasecmp(s, "usart", 5) == 0) {
        s += 5;
    } else if (strncasecmp(s, "uart", 4) == 0) {
        s += 4;
    } else {
        return false;
    }
    if (s[0] < '1' || s[0] > '6' || s[1] != ':') {
        return false;
    }
    *out = (unsigned)(s[0] - '0');
    *p = s + 2;
    return true;
}

/* Whether `word` is at *p, as a whole; *p goes behind it. */
static bool take_word(const char **p, const char *word)
{
    size_t len = strlen(word);
    if (strncasecmp(*p, word, len) != 0 || ((*p)[len] != '\0' && (*p)[len] != ':')) {
        return false;
    }
    *p += len;
    return true;
}

static bool is_none(const char *value)
{
    return strcasecmp(value, "none") == 0;
}

/* "pa5:high" */
static bool take_level_pin(const char **p, struct wiring_pin *out)
{
    if (!take_pin(p, out) || *(*p)++ != ':') {
        return false;
    }
    out->low = take_word(p, "low");
    return out->low || take_word(p, "high");
}

static bool read_output(struct wiring_pin *out, const char *value)
{
    *out = (struct wiring_pin){.port = 0};
    return is_none(value) || (take_level_pin(&value, out) && *value == '\0');
}

/* ---- keys ---- */

static bool read_name(struct wiring *w, const char *value)
{
    size_t len = strlen(value);
    if (len == 0 || len >= sizeof w->name) {
        return false;
    }
    memcpy(w->name, value, len + 1);
    return true;
}

static bool read_commands(struct wiring *w, const char *value)
{
    return take_usart(&value, &w->commands) && take_pin(&value, &w->tx) && *value++ == '/' &&
           take_pin(&value, &w->rx) && *value == '\0';
}

static bool read_log(struct wiring *w, const char *value)
{
    w->log = 0;
    return is_none(value) ||
           (take_usart(&value, &w->log) && take_pin(&value, &w->log_tx) && *value == '\0');
}

static bool read_button(struct wiring *w, const char *value)
{
    w->button = (struct wiring_pin){.port = 0};
    w->pull = WIRING_PULL_NONE;
    if (is_none(value)) {
        return true;
    }
    if (!take_level_pin(&value, &w->button)) {
        return false;
    }
    if (strcasecmp(value, ":pullup") == 0) {
        w->pull = WIRING_PULL_UP;
    } else if (strcasecmp(value, ":pulldown") == 0) {
        w->pull = WIRING_PULL_DOWN;
    } else {
        return *value == '\0' || strcasecmp(value, ":none") == 0;
    }
    return true;
}

static bool read_led(struct wiring *w, const char *value)
{
    return read_output(&w->led, value);
}

static bool read_driver(struct wiring *w, const char *value)
{
    return read_output(&w->driver, value);
}

/* "8M", "bypass:12.288M", "none" */
static bool read_crystal(struct wiring *w, const char *value)
{
    char *end = NULL;
    w->hse_hz = 0;
    w->hse_clock = strncasecmp(value, "bypass:", 7) == 0;
    if (is_none(value)) {
        return true;
    }
    value += w->hse_clock ? 7 : 0;
    if (!isdigit((unsigned char)value[0])) {
        return false;
    }
    double hz = strtod(value, &end);
    if (strcasecmp(end, "M") == 0) {
        hz *= 1e6;
    } else if (strcasecmp(end, "k") == 0) {
        hz *= 1e3;
    } else if (*end != '\0') {
        return false;
    }
    w->hse_hz = (uint32_t)(hz < 1e9 ? hz + 0.5 : 0);
    return w->hse_hz != 0;
}

/* For the bootloader alone, or for people. */
static bool read_anything(struct wiring *w, const char *value)
{
    (void)w;
    return *value != '\0';
}

static const struct {
    const char *key;
    bool (*read)(struct wiring *w, const char *value);
    const char *like;
} keys[] = {
    {"name", read_name, "up to 15 characters"},
    {"commands", read_commands, "usart1:pa9/pa10"},
    {"log", read_log, "usart3:pb10 or none"},
    {"button", read_button, "pc13:low:pullup or none"},
    {"led", read_led, "pd12:high or none"},
    {"driver-enable", read_driver, "pa1:high or none"},
    {"crystal", read_crystal, "8M, bypass:8M or none"},
    {"baud", read_anything, "115200"},
    {"window", read_anything, "0"},
    {"source", read_anything, "a text"},
};
enum { KEYS = sizeof keys / sizeof keys[0] };

/* ---- lines ---- */

static char *trim(char *s)
{
    size_t len = strlen(s);
    while (len != 0 && isspace((unsigned char)s[len - 1])) {
        s[--len] = '\0';
    }
    while (isspace((unsigned char)*s)) {
        s++;
    }
    return s;
}

/* NULL, or what is wrong with the line. */
static const char *read_line(struct wiring *w, char *line, char *text, size_t size)
{
    char *key = trim(line);
    char *equals = strchr(key, '=');
    if (*key == '\0' || *key == '#') {
        return NULL;
    }
    if (equals == NULL) {
        (void)snprintf(text, size, "'%.60s' is not like key = value", key);
        return text;
    }
    *equals = '\0';
    key = trim(key);
    const char *value = trim(equals + 1);
    for (unsigned i = 0; i < KEYS; i++) {
        if (strcasecmp(key, keys[i].key) == 0) {
            if (keys[i].read(w, value)) {
                return NULL;
            }
            (void)snprintf(text, size, "%s = %.60s should be like %s", keys[i].key, value,
                           keys[i].like);
            return text;
        }
    }
    (void)snprintf(text, size, "a board has no '%.40s'", key);
    return text;
}

static const char *read_text(struct wiring *w, const char *name, const char *from, char *text,
                             size_t size)
{
    char wrong[256];
    unsigned number = 1;
    *w = (struct wiring){.commands = 0};
    for (const char *p = from; *p != '\0'; number++) {
        char line[LINE_MAX_SIZE];
        size_t len = strcspn(p, "\n");
        (void)snprintf(line, sizeof line, "%.*s", (int)len, p);
        const char *why =
            len >= sizeof line ? "it is too long" : read_line(w, line, wrong, sizeof wrong);
        if (why != NULL) {
            (void)snprintf(text, size, "%s, line %u: %s", name, number, why);
            return text;
        }
        p += len + (p[len] != '\0');
    }
    if (w->name[0] == '\0' || w->commands == 0) {
        (void)snprintf(text, size, "%s does not say %s", name,
                       w->commands == 0 ? "where the commands are" : "the board's name");
        return text;
    }
    return NULL;
}

static const char *unknown(const char *name, char *text, size_t size)
{
    size_t n = (size_t)snprintf(
        text, size, "%s is no preset and cannot be read (%s). Presets:", name, strerror(errno));
    for (unsigned i = 0; i < PRESETS && n < size; i++) {
        n += (size_t)snprintf(text + n, size - n, " %s", presets[i].name);
    }
    return text;
}

const char *wiring_find(struct wiring *out, const char *name, char *text, size_t size)
{
    char content[FILE_MAX];
    for (unsigned i = 0; i < PRESETS; i++) {
        if (strcasecmp(name, presets[i].name) == 0) {
            return read_text(out, name, presets[i].text, text, size);
        }
    }
    FILE *f = fopen(name, "r");
    if (f == NULL) {
        return unknown(name, text, size);
    }
    size_t len = fread(content, 1, sizeof content - 1, f);
    bool whole = ferror(f) == 0 && len < sizeof content - 1;
    (void)fclose(f);
    content[len] = '\0';
    if (!whole || memchr(content, '\0', len) != NULL) {
        (void)snprintf(text, size, "%s is not a .board file", name);
        return text;
    }
    return read_text(out, name, content, text, size);
}
