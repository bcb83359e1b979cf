/* SPDX-License-Identifier: MIT */
/* Values of the JSON document. Running out of memory shows only at the end: it then lacks
 * something. */
#ifndef ARAREXT_CLI_DOCUMENT_H
#define ARAREXT_CLI_DOCUMENT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Length of the UTF-8 character that text begins with, 0 if that is none. */
size_t utf8_length(const char *text);

void json_string(cJSON *object, const char *name, const char *value);
void json_number(cJSON *object, const char *name, double value);
void json_bool(cJSON *object, const char *name, bool value);
void json_addr(cJSON *object, const char *name, uint32_t value);                 /* "0x08008000" */
void json_hex(cJSON *object, const char *name, const uint8_t *data, size_t len); /* "A5 51" */

#endif
