/* SPDX-License-Identifier: MIT */
/*
 * Text files made of hex digits, line by line, for Intel HEX and S-records. Lines may be of any
 * length and hold any bytes.
 */
#include "image_file.h"

#include <stdarg.h>
#include <stdio.h>

bool lines_next(struct lines *l)
{
    const struct source *src = l->src;
    if (l->at >= src->len) {
        return false;
    }
    size_t start = l->at, end = start;
    while (end < src->len && src->data[end] != '\n') {
        end++;
    }
    l->at = end + 1;
    while (end > start && (src->data[end - 1] == '\r' || src->data[end - 1] == ' ' ||
                           src->data[end - 1] == '\t')) {
        end--;
    }
    l->number++;
    l->text = (const char *)src->data + start;
    l->len = end - start;
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

int lines_records(struct ararext_image *image, const struct source *src, record_fn *take, void *ctx)
{
    struct lines l = {.src = src};
    while (lines_next(&l)) {
        if (l.len == 0) {
            continue;
        }
        if (l.ended) {
            return lines_error(&l, "there is something behind the end record");
        }
        int rc = take(image, &l, ctx);
        if (rc != ARAREXT_OK) {
            return rc;
        }
    }
    return l.ended ? ARAREXT_OK : lines_error(&l, "the file ends without its end record");
}
