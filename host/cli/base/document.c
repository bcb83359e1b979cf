/* SPDX-License-Identifier: MIT */
/* Values of the JSON document. cJSON takes NULL everywhere, so that running out of memory shows
 * only there. */
#include "cli_document.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 3629, section 4. */
size_t utf8_length(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    size_t len = p[0] < 0x80       ? 1
                 : p[0] >> 5 == 6  ? 2
                 : p[0] >> 4 == 14 ? 3
                 : p[0] >> 3 == 30 ? 4
                                   : 0;
    for (size_t i = 1; i < len; i++) {
        if (p[i] >> 6 != 2) { /* the end of the text, too */
            return 0;
        }
    }
    bool overlong = (len == 2 && p[0] < 0xC2) || (len == 3 && p[0] == 0xE0 && p[1] < 0xA0) ||
                    (len == 4 && p[0] == 0xF0 && p[1] < 0x90);
    bool surrogate = len == 3 && p[0] == 0xED && p[1] > 0x9F;
    bool beyond = len == 4 && (p[0] > 0xF4 || (p[0] == 0xF4 && p[1] > 0x8F));
    return overlong || surrogate || beyond ? 0 : len;
}

/* Names of files are bytes, and a sentence may be cut off anywhere; JSON is UTF-8. */
void json_string(cJSON *object, const char *name, const char *value)
{
    char *text = malloc(3 * strlen(value) + 1), *to = text;
    if (text == NULL) {
        return;
    }
    for (const char *p = value; *p != '\0';) {
        size_t len = utf8_length(p);
        memcpy(to, len > 0 ? p : "\xEF\xBF\xBD", len > 0 ? len : 3); /* U+FFFD */
        to += len > 0 ? len : 3;
        p += len > 0 ? len : 1;
    }
    *to = '\0';
    cJSON_AddStringToObject(object, name, text);
    free(text);
}

void json_number(cJSON *object, const char *name, double value)
{
    cJSON_AddNumberToObject(object, name, value);
}

void json_bool(cJSON *object, const char *name, bool value)
{
    cJSON_AddBoolToObject(object, name, value);
}

void json_addr(cJSON *object, const char *name, uint32_t value)
{
    char text[16];
    snprintf(text, sizeof text, "0x%08X", (unsigned)value);
    cJSON_AddStringToObject(object, name, text);
}

void json_hex(cJSON *object, const char *name, const uint8_t *data, size_t len)
{
    char *text = malloc(3 * len + 1);
    if (text == NULL) {
        return;
    }
    text[0] = '\0';
    for (size_t i = 0; i < len; i++) {
        snprintf(text + 3 * i, 4, i + 1 < len ? "%02X " : "%02X", data[i]);
    }
    cJSON_AddStringToObject(object, name, text);
    free(text);
}
