/* SPDX-License-Identifier: MIT */
/*
 * A board in words, as people write them in .board files and options: "usart1:pa9/pa10",
 * "pc13:low:pullup", "bypass:8M". Each key has a reader and a writer; they are in one table.
 */
#include "board_pins.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HZ_MAX 1e9

/* ---- readers: true if all of the value was understood ---- */

static bool is_none(const char *value)
{
    return strcasecmp(value, "none") == 0;
}

/* Letters, digits and what file names have between them. */
static bool read_name(struct ararext_block *b, const char *value)
{
    size_t len = strlen(value);
    if (len == 0 || len >= sizeof b->name) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        if (!isalnum((unsigned char)value[i]) && strchr("-_.+", value[i]) == NULL) {
            return false;
        }
    }
    memset(b->name, 0, sizeof b->name);
    memcpy(b->name, value, len);
    return true;
}

static bool read_commands(struct ararext_block *b, const char *value)
{
    const char *p = usart_read(value, &b->commands);
    p = p != NULL && *p == ':' ? pin_read(p + 1, &b->commands_tx) : NULL;
    p = p != NULL && *p == '/' ? pin_read(p + 1, &b->commands_rx) : NULL;
    return p != NULL && *p == '\0';
}

static bool read_log(struct ararext_block *b, const char *value)
{
    if (is_none(value)) {
        b->log = 0;
        b->log_tx = ARAREXT_PIN_NONE;
        return true;
    }
    const char *p = usart_read(value, &b->log);
    p = p != NULL && *p == ':' ? pin_read(p + 1, &b->log_tx) : NULL;
    return p != NULL && *p == '\0';
}

/* "pa5:high"; *end is behind that. */
static bool read_level(const char *value, uint8_t *pin, bool *low, const char **end)
{
    const char *p = pin_read(value, pin);
    if (p == NULL || *p != ':') {
        return false;
    }
    p++;
    *low = strncasecmp(p, "low", 3) == 0;
    if (!*low && strncasecmp(p, "high", 4) != 0) {
        return false;
    }
    *end = p + (*low ? 3 : 4);
    return true;
}

static bool read_output(const char *value, uint8_t *pin, bool *low)
{
    const char *end = "";
    if (is_none(value)) {
        *pin = ARAREXT_PIN_NONE;
        *low = false;
        return true;
    }
    return read_level(value, pin, low, &end) && *end == '\0';
}

static bool read_button(struct ararext_block *b, const char *value)
{
    const char *end = "";
    b->button_pull = ARAREXT_PULL_NONE;
    if (is_none(value)) {
        b->button = ARAREXT_PIN_NONE;
        b->button_low = false;
        return true;
    }
    if (!read_level(value, &b->button, &b->button_low, &end)) {
        return false;
    }
    if (strcasecmp(end, ":pullup") == 0) {
        b->button_pull = ARAREXT_PULL_UP;
    } else if (strcasecmp(end, ":pulldown") == 0) {
        b->button_pull = ARAREXT_PULL_DOWN;
    } else {
        return *end == '\0' || strcasecmp(end, ":none") == 0;
    }
    return true;
}

static bool read_led(struct ararext_block *b, const char *value)
{
    return read_output(value, &b->led, &b->led_low);
}

static bool read_driver(struct ararext_block *b, const char *value)
{
    return read_output(value, &b->driver, &b->driver_low);
}

/* "8M", "12.288M", "8000000". */
static bool read_crystal(struct ararext_block *b, const char *value)
{
    bool bypass = strncasecmp(value, "bypass:", 7) == 0;
    const char *number = bypass ? value + 7 : value;
    char *end = NULL;
    if (is_none(value)) {
        b->hse = ARAREXT_HSE_NONE;
        b->hse_hz = 0;
        return true;
    }
    if (!isdigit((unsigned char)number[0]) || tolower((unsigned char)number[1]) == 'x') {
        return false;
    }
    double hz = strtod(number, &end);
    if (tolower((unsigned char)*end) == 'm' || tolower((unsigned char)*end) == 'k') {
        hz *= tolower((unsigned char)*end) == 'm' ? 1e6 : 1e3;
        end++;
    }
    if (*end != '\0' || !(hz >= 1 && hz <= HZ_MAX)) {
        return false;
    }
    b->hse = bypass ? ARAREXT_HSE_BYPASS : ARAREXT_HSE_CRYSTAL;
    b->hse_hz = (uint32_t)(hz + 0.5);
    return true;
}

static bool read_number(const char *value, unsigned long max, unsigned long *out)
{
    char *end = NULL;
    errno = 0;
    *out = strtoul(value, &end, 10);
    return isdigit((unsigned char)value[0]) && errno == 0 && *end == '\0' && *out <= max;
}

static bool read_baud(struct ararext_block *b, const char *value)
{
    unsigned long number = 0;
    bool good = read_number(value, UINT32_MAX, &number);
    b->baud = (uint32_t)number;
    return good;
}

static bool read_window(struct ararext_block *b, const char *value)
{
    unsigned long number = 0;
    bool good = read_number(value, UINT16_MAX, &number);
    b->window_ms = (uint16_t)number;
    return good;
}

/* ---- writers ---- */

/* Small, as people type them. */
static const char *small(uint8_t pin, char text[PIN_NAME_SIZE])
{
    pin_name(pin, text);
    for (char *p = text; *p != '\0'; p++) {
        *p = (char)tolower((unsigned char)*p);
    }
    return text;
}

static void write_name(const struct ararext_block *b, char *text, size_t size)
{
    snprintf(text, size, "%s", b->name);
}

static void write_commands(const struct ararext_block *b, char *text, size_t size)
{
    char tx[PIN_NAME_SIZE], rx[PIN_NAME_SIZE];
    snprintf(text, size, "usart%u:%s/%s", b->commands, small(b->commands_tx, tx),
             small(b->commands_rx, rx));
}

static void write_log(const struct ararext_block *b, char *text, size_t size)
{
    char tx[PIN_NAME_SIZE];
    if (b->log == 0) {
        snprintf(text, size, "none");
    } else {
        snprintf(text, size, "usart%u:%s", b->log, small(b->log_tx, tx));
    }
}

static void write_output(uint8_t pin, bool low, char *text, size_t size)
{
    char name[PIN_NAME_SIZE];
    snprintf(text, size, "%s%s", small(pin, name),
             pin == ARAREXT_PIN_NONE ? ""
             : low                   ? ":low"
                                     : ":high");
}

static void write_button(const struct ararext_block *b, char *text, size_t size)
{
    static const char *const pulls[] = {
        [ARAREXT_PULL_NONE] = "", [ARAREXT_PULL_UP] = ":pullup", [ARAREXT_PULL_DOWN] = ":pulldown"};
    char level[16];
    write_output(b->button, b->button_low, level, sizeof level);
    snprintf(text, size, "%s%s", level, b->button != ARAREXT_PIN_NONE ? pulls[b->button_pull] : "");
}

static void write_led(const struct ararext_block *b, char *text, size_t size)
{
    write_output(b->led, b->led_low, text, size);
}

static void write_driver(const struct ararext_block *b, char *text, size_t size)
{
    write_output(b->driver, b->driver_low, text, size);
}

static void write_crystal(const struct ararext_block *b, char *text, size_t size)
{
    if (b->hse == ARAREXT_HSE_NONE) {
        snprintf(text, size, "none");
    } else {
        snprintf(text, size, "%s%.9gM", b->hse == ARAREXT_HSE_BYPASS ? "bypass:" : "",
                 (double)b->hse_hz / 1e6);
    }
}

static void write_baud(const struct ararext_block *b, char *text, size_t size)
{
    snprintf(text, size, "%u", (unsigned)b->baud);
}

static void write_window(const struct ararext_block *b, char *text, size_t size)
{
    snprintf(text, size, "%u", b->window_ms);
}

/* ---- the keys ---- */

static const struct word {
    const char *key;
    bool (*read)(struct ararext_block *b, const char *value);
    void (*write)(const struct ararext_block *b, char *text, size_t size);
    const char *expected;
} WORDS[] = {
    {"name", read_name, write_name, "1 to 15 letters, digits, '-', '_', '.' or '+'"},
    {"commands", read_commands, write_commands, "USART, TX and RX, like usart1:pa9/pa10"},
    {"log", read_log, write_log, "USART and TX, like usart3:pb10, or none"},
    {"button", read_button, write_button,
     "pin, level when pressed, and pullup or pulldown if it needs that, like pc13:low:pullup, or "
     "none"},
    {"led", read_led, write_led, "pin and level when on, like pd12:high, or none"},
    {"driver-enable", read_driver, write_driver,
     "pin and level when active, like pa1:high, or none"},
    {"crystal", read_crystal, write_crystal,
     "a frequency like 8M, bypass:8M for a clock from outside, or none"},
    {"baud", read_baud, write_baud, "a number like 115200"},
    {"window", read_window, write_window, "milliseconds from 0 (off) to 65535"},
};
enum { WORD_COUNT = sizeof WORDS / sizeof WORDS[0] };

static const struct word *find_word(const char *key)
{
    for (const struct word *w = WORDS; w < WORDS + WORD_COUNT; w++) {
        if (strcasecmp(w->key, key) == 0) {
            return w;
        }
    }
    return NULL;
}

const char *ararext_block_key(size_t i)
{
    return i < WORD_COUNT ? WORDS[i].key : NULL;
}

int ararext_block_set(struct ararext_block *block, const char *key, const char *value,
                      struct ararext_message *why)
{
    const struct word *w = find_word(key);
    struct ararext_block changed = *block;
    if (w == NULL) {
        message_set(why, "a board has no '%.40s'", key);
        return ARAREXT_ERR_FORMAT;
    }
    if (!w->read(&changed, value)) {
        message_set(why, "%s '%.60s': expected %s", w->key, value, w->expected);
        return ARAREXT_ERR_FORMAT;
    }
    *block = changed;
    return ARAREXT_OK;
}

bool ararext_block_get(const struct ararext_block *block, const char *key, char *text, size_t size)
{
    const struct word *w = find_word(key);
    if (w != NULL) {
        w->write(block, text, size);
    }
    return w != NULL;
}
