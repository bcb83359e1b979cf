/* SPDX-License-Identifier: MIT */
/*
 * Text files made of hex digits, line by line, for Intel HEX and S-records. Lines may be of any
 * length and hold any bytes.
 */
#include "image_file.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Byte order mark of UTF-8. */
static const uint8_t MARK[3] = {0xEF, 0xBB, 0xBF};

/* White space, and what DOS editors put at the end of a file. */
static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f' || c == '\x1A';
}

/* Where a comment begins at offset i of a line: no record has these characters. */
static bool begins_comment(const char *text, size_t len, size_t i)
{
    char c = text[i];
    return c == ';' || c == '#' || (c == '/' && i + 1 < len && text[i + 1] == '/') ||
           (i == 0 && (c == '*' || c == '$' || c == '!' || c == '%' || c == '-'));
}

/* Takes comment and white space from the current line. */
static void strip(struct lines *l)
{
    for (size_t i = 0; i < l->len; i++) {
        if (begins_comment(l->text, l->len, i)) {
            l->len = i;
        }
    }
    while (l->len > 0 && is_space(l->text[l->len - 1])) {
        l->len--;
    }
    while (l->len > 0 && is_space(l->text[0])) {
        l->text++;
        l->len--;
    }
}

bool lines_next(struct lines *l)
{
    const struct source *src = l->src;
    if (l->at == 0 && src->len >= sizeof MARK && memcmp(src->data, MARK, sizeof MARK) == 0) {
        l->at = sizeof MARK;
    }
    if (l->at >= src->len) {
        return false;
    }
    size_t end = l->at;
    while (end < src->len && src->data[end] != '\n' && src->data[end] != '\r') {
        end++;
    }
    l->text = (const char *)src->data + l->at;
    l->len = end - l->at;
    l->number++;
    bool both = end + 1 < src->len && src->data[end] == '\r' && src->data[end + 1] == '\n';
    l->at = end + (both ? 2 : 1);
    strip(l);
    return true;
}

int lines_error(const struct lines *l, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    message_set(l->src->why, "%s, line %u: %s", l->src->name, l->number, text);
    return ARAREXT_ERR_FORMAT;
}

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int lines_hex(const struct lines *l, size_t offset, uint8_t *out, size_t size)
{
    size_t digits = l->len > offset ? l->len - offset : 0;
    if (digits % 2 != 0 || digits / 2 > size) {
        return -1;
    }
    for (size_t i = 0; i < digits / 2; i++) {
        int high = digit(l->text[offset + 2 * i]), low = digit(l->text[offset + 2 * i + 1]);
        if (high < 0 || low < 0) {
            return -1;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return (int)(digits / 2);
}

/* Something behind the end record. Two files in one: each alone may be whole, both are none. */
static int explain_rest(struct ararext_image *image, struct lines *l, record_fn *take, void *ctx)
{
    return take(image, l, ctx) == ARAREXT_OK
               ? lines_error(l, "a second file begins here, behind the end record of the first: "
                                "these are two files in one, take one of them")
               : lines_error(l, "there is something behind the end record");
}

int lines_records(struct ararext_image *image, const struct source *src, record_fn *take, void *ctx)
{
    struct lines l = {.src = src};
    while (lines_next(&l)) {
        if (l.len == 0) {
            continue;
        }
        if (l.ended) {
            return explain_rest(image, &l, take, ctx);
        }
        int rc = take(image, &l, ctx);
        if (rc != ARAREXT_OK) {
            return rc;
        }
    }
    return l.ended || l.whole ? ARAREXT_OK
                              : lines_error(&l, "the file ends without its end record (cut off?)");
}
