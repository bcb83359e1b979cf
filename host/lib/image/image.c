/* SPDX-License-Identifier: MIT */
/*
 * Images: loading a file whatever its format, and the segments that come out of it. Files are
 * hostile until checked: no length or offset from one is used before it is compared with what is
 * there.
 */
#include "image_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- pieces ---- */

static int piece_append(struct piece *p, const uint8_t *data, size_t len)
{
    size_t need = p->len + len;
    if (need > p->room) {
        size_t room = p->room * 2 > need ? p->room * 2 : need;
        uint8_t *bigger = realloc(p->data, room);
        if (bigger == NULL) {
            return ARAREXT_ERR_MEMORY;
        }
        p->data = bigger;
        p->room = room;
    }
    memcpy(p->data + p->len, data, len);
    p->len += (uint32_t)len;
    return ARAREXT_OK;
}

int image_add(struct ararext_image *image, uint32_t addr, const uint8_t *data, size_t len)
{
    if (len == 0) {
        return ARAREXT_OK;
    }
    if (len > FILE_SIZE_MAX - image->size || (uint64_t)addr + len > UINT64_C(0x100000000)) {
        return ARAREXT_ERR_FORMAT;
    }
    image->size += len;
    struct piece *last = image->count > 0 ? &image->pieces[image->count - 1] : NULL;
    if (last != NULL && (uint64_t)last->addr + last->len == addr) {
        return piece_append(last, data, len);
    }
    if (image->count == image->room) {
        size_t room = image->room == 0 ? 8 : image->room * 2;
        struct piece *bigger = realloc(image->pieces, room * sizeof *bigger);
        if (bigger == NULL) {
            return ARAREXT_ERR_MEMORY;
        }
        image->pieces = bigger;
        image->room = room;
    }
    image->pieces[image->count] = (struct piece){.addr = addr};
    return piece_append(&image->pieces[image->count++], data, len);
}

static int compare_pieces(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    return (x->addr > y->addr) - (x->addr < y->addr);
}

/* Sorts, refuses overlaps, joins neighbours. */
static int normalise(struct ararext_image *image, const struct source *src)
{
    if (image->count == 0) {
        message_set(src->why, "%s: there is nothing to load in it", src->name);
        return ARAREXT_ERR_FORMAT;
    }
    qsort(image->pieces, image->count, sizeof image->pieces[0], compare_pieces);
    size_t kept = 1;
    for (size_t i = 1; i < image->count; i++) {
        struct piece *last = &image->pieces[kept - 1];
        struct piece next = image->pieces[i];
        uint64_t end = (uint64_t)last->addr + last->len;
        if (next.addr < end) {
            message_set(src->why, "%s: two parts overlap at 0x%08X", src->name,
                        (unsigned)next.addr);
            return ARAREXT_ERR_FORMAT;
        }
        image->pieces[i].data = NULL; /* owned by next from here on */
        if (next.addr > end) {
            image->pieces[kept++] = next;
            continue;
        }
        int rc = piece_append(last, next.data, next.len);
        free(next.data);
        if (rc != ARAREXT_OK) {
            return rc;
        }
    }
    image->count = kept;
    return ARAREXT_OK;
}

/* ---- which format ---- */

static bool has_ending(const char *name, const char *ending)
{
    size_t n = strlen(name), e = strlen(ending);
    return n >= e && strcasecmp(name + n - e, ending) == 0;
}

static enum ararext_format guess_format(const struct source *src, bool has_address)
{
    static const uint8_t elf[4] = {0x7F, 'E', 'L', 'F'};
    if (src->len >= sizeof elf && memcmp(src->data, elf, sizeof elf) == 0) {
        return ARAREXT_FORMAT_ELF;
    }
    if (has_ending(src->name, ".bin")) {
        return ARAREXT_FORMAT_BIN;
    }
    size_t at = 0;
    while (at < src->len && strchr(" \t\r\n", src->data[at]) != NULL && src->data[at] != '\0') {
        at++;
    }
    if (at < src->len && src->data[at] == ':') {
        return ARAREXT_FORMAT_HEX;
    }
    if (at + 1 < src->len && src->data[at] == 'S' && src->data[at + 1] >= '0' &&
        src->data[at + 1] <= '9') {
        return ARAREXT_FORMAT_SREC;
    }
    return has_address ? ARAREXT_FORMAT_BIN : ARAREXT_FORMAT_AUTO;
}

static int parse_format(struct ararext_image *image, const struct source *src,
                        const struct ararext_load *options)
{
    switch (image->format) {
    case ARAREXT_FORMAT_ELF:
        return image_parse_elf(image, src);
    case ARAREXT_FORMAT_HEX:
        return image_parse_hex(image, src);
    case ARAREXT_FORMAT_SREC:
        return image_parse_srec(image, src);
    case ARAREXT_FORMAT_BIN: {
        uint32_t addr = options->bin_addr != 0 ? options->bin_addr : ARAREXT_APP_BASE;
        int rc = image_add(image, addr, src->data, src->len);
        if (rc == ARAREXT_ERR_FORMAT) {
            message_set(src->why, "%s: does not fit behind 0x%08X", src->name, (unsigned)addr);
        }
        return rc;
    }
    case ARAREXT_FORMAT_AUTO:
    default:
        message_set(src->why,
                    "%s: neither ELF nor Intel HEX nor S-record; a binary file is taken when its "
                    "name ends in .bin or its address is given",
                    src->name);
        return ARAREXT_ERR_FORMAT;
    }
}

int ararext_image_parse(struct ararext_image **out, const struct ararext_segment *file,
                        const char *name, const struct ararext_load *options,
                        struct ararext_message *why)
{
    static const struct ararext_load automatic = {0};
    const struct source src = {.data = file->data, .len = file->len, .name = name, .why = why};
    if (options == NULL) {
        options = &automatic;
    }
    message_set(why, "%s", "");
    struct ararext_image *image = calloc(1, sizeof *image);
    if (image == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    image->format = options->format == ARAREXT_FORMAT_AUTO
                        ? guess_format(&src, options->bin_addr != 0)
                        : options->format;
    int rc = src.len > FILE_SIZE_MAX ? ARAREXT_ERR_FORMAT : parse_format(image, &src, options);
    if (rc == ARAREXT_OK) {
        rc = normalise(image, &src);
    }
    if (rc != ARAREXT_OK) {
        ararext_image_free(image);
        return rc;
    }
    *out = image;
    return ARAREXT_OK;
}

/* ---- files ---- */

static int read_file(const char *path, uint8_t **out, size_t *len, struct ararext_message *why)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        message_set(why, "%s: %s", path, strerror(errno));
        return ARAREXT_ERR_FILE;
    }
    uint8_t *data = malloc(FILE_SIZE_MAX + 1);
    if (data == NULL) {
        fclose(f);
        return ARAREXT_ERR_MEMORY;
    }
    errno = 0;
    *len = fread(data, 1, FILE_SIZE_MAX + 1, f);
    int rc = ARAREXT_OK;
    if (ferror(f)) {
        message_set(why, "%s: %s", path, strerror(errno != 0 ? errno : EIO));
        rc = ARAREXT_ERR_FILE;
    } else if (*len > FILE_SIZE_MAX) {
        message_set(why, "%s: larger than 16 MiB, no firmware is that large", path);
        rc = ARAREXT_ERR_FORMAT;
    }
    fclose(f);
    if (rc != ARAREXT_OK) {
        free(data);
        return rc;
    }
    *out = data;
    return ARAREXT_OK;
}

int ararext_image_load(struct ararext_image **out, const char *path,
                       const struct ararext_load *options, struct ararext_message *why)
{
    uint8_t *data = NULL;
    size_t len = 0;
    int rc = read_file(path, &data, &len, why);
    if (rc != ARAREXT_OK) {
        return rc;
    }
    const struct ararext_segment file = {.len = (uint32_t)len, .data = data};
    rc = ararext_image_parse(out, &file, path, options, why);
    free(data);
    return rc;
}

/* ---- looking at it ---- */

void ararext_image_free(struct ararext_image *image)
{
    if (image != NULL) {
        for (size_t i = 0; i < image->count; i++) {
            free(image->pieces[i].data);
        }
        free(image->pieces);
        free(image);
    }
}

size_t ararext_image_segment_count(const struct ararext_image *image)
{
    return image->count;
}

struct ararext_segment ararext_image_segment(const struct ararext_image *image, size_t i)
{
    const struct piece *p = &image->pieces[i];
    return (struct ararext_segment){.addr = p->addr, .len = p->len, .data = p->data};
}

enum ararext_format ararext_image_format(const struct ararext_image *image)
{
    return image->format;
}

uint32_t ararext_image_size(const struct ararext_image *image)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < image->count; i++) {
        sum += image->pieces[i].len;
    }
    return sum;
}

void ararext_image_get(const struct ararext_image *image, uint32_t addr, uint8_t *data, size_t len)
{
    memset(data, 0xFF, len);
    uint64_t end = (uint64_t)addr + len;
    for (size_t i = 0; i < image->count; i++) {
        const struct piece *p = &image->pieces[i];
        uint64_t from = p->addr > addr ? p->addr : addr;
        uint64_t to = (uint64_t)p->addr + p->len < end ? (uint64_t)p->addr + p->len : end;
        if (from < to) {
            memcpy(data + (from - addr), p->data + (from - p->addr), (size_t)(to - from));
        }
    }
}
