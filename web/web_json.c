/* SPDX-License-Identifier: MIT */
/* JSON for the page: a line that is written from the left, and never cut off silently. */
#include "web_json.h"

#include <stdio.h>
#include <string.h>

#include "web_page.h"

static char line[8192];
static size_t used;
static bool full;

static void put(const char *text, size_t len)
{
    full = full || len >= sizeof line - used;
    if (!full) {
        memcpy(line + used, text, len);
        used += len;
        line[used] = '\0';
    }
}

static void put_text(const char *text)
{
    put(text, strlen(text));
}

static void put_quoted(const char *text)
{
    put_text("\"");
    for (; *text != '\0'; text++) {
        char escaped[8];
        if (*text == '"' || *text == '\\' || (unsigned char)*text < 0x20) {
            snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned char)*text);
            put_text(escaped);
        } else {
            put(text, 1);
        }
    }
    put_text("\"");
}

static void put_key(const char *key)
{
    char last = used > 0 ? line[used - 1] : '{';
    if (last != '{' && last != '[') {
        put_text(",");
    }
    if (key != NULL) {
        put_quoted(key);
        put_text(":");
    }
}

void json_begin(const char *event)
{
    used = 0;
    full = false;
    put_text("{");
    json_string("event", event);
}

void json_string(const char *key, const char *text)
{
    put_key(key);
    put_quoted(text);
}

void json_number(const char *key, double value)
{
    char text[32];
    snprintf(text, sizeof text, "%lld", (long long)value);
    put_key(key);
    put_text(text);
}

void json_bool(const char *key, bool value)
{
    put_key(key);
    put_text(value ? "true" : "false");
}

void json_hex(const char *key, const uint8_t *data, uint32_t len)
{
    char text[3];
    put_key(key);
    put_text("\"");
    for (uint32_t i = 0; i < len; i++) {
        snprintf(text, sizeof text, "%02x", data[i]);
        put_text(text);
    }
    put_text("\"");
}

void json_open(const char *key, char bracket)
{
    put_key(key);
    put(&bracket, 1);
}

void json_close(char bracket)
{
    put(&bracket, 1);
}

void json_send(void)
{
    put_text("}");
    page_emit(full ? "{\"event\":\"overflow\"}" : line);
}
