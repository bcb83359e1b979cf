/* SPDX-License-Identifier: MIT */
/*
 * What the page is told: one JSON object an event, written without a library. Keys are ours,
 * strings are escaped. An event is opened, filled, and sent; a second one waits until the first is
 * sent.
 */
#ifndef ARAREXT_WEB_JSON_H
#define ARAREXT_WEB_JSON_H

#include <stdbool.h>
#include <stdint.h>

/* Opens an event of that name. */
void json_begin(const char *event);
/* Members; a key of NULL puts an element into the open list. */
void json_string(const char *key, const char *text);
void json_number(const char *key, double value);
void json_bool(const char *key, bool value);
void json_hex(const char *key, const uint8_t *data, uint32_t len);
/* A list or an object inside; '[' or '{' opens it, its counterpart ends it. */
void json_open(const char *key, char bracket);
void json_close(char bracket);
/* Closes the event and hands it to the page. One that did not fit is sent as the event "overflow".
 */
void json_send(void);

#endif
