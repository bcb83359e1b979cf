/* SPDX-License-Identifier: MIT */
/*
 * Inside the library: an image under construction. The parsers add pieces in any order; the result
 * is sorted, joined and free of overlaps. Not installed.
 */
#ifndef ARAREXT_IMAGE_FILE_H
#define ARAREXT_IMAGE_FILE_H

#include "message.h"

/* Of a file, and of all that comes out of one: many segments of a hostile file may name the same
 * bytes. */
#define FILE_SIZE_MAX ((size_t)16 * 1024 * 1024)

struct piece {
    uint32_t addr, len;
    size_t room;   /* allocated */
    uint8_t *data; /* owned */
};

struct ararext_image {
    struct piece *pieces; /* owned */
    size_t count, room;
    size_t size; /* bytes in all pieces, at most FILE_SIZE_MAX */
    enum ararext_format format;
};

/* What a parser reads. */
struct source {
    const uint8_t *data;
    size_t len;
    const char *name; /* for sentences */
    struct ararext_message *why;
};

/* Adds a copy of data at addr. MEMORY, FORMAT when the range leaves the 32-bit address space,
 * or when the image gets larger than FILE_SIZE_MAX. */
ARAREXT_CHECKED int image_add(struct ararext_image *image, uint32_t addr, const uint8_t *data,
                              size_t len);

ARAREXT_CHECKED int image_parse_elf(struct ararext_image *image, const struct source *src);
ARAREXT_CHECKED int image_parse_hex(struct ararext_image *image, const struct source *src);
ARAREXT_CHECKED int image_parse_srec(struct ararext_image *image, const struct source *src);

/* ---- shared by the two formats with lines (image_lines.c) ---- */

/* A walk over lines that end in LF, CR LF or the end of the file. */
struct lines {
    const struct source *src;
    size_t at;       /* offset of the next line */
    unsigned number; /* of the current line, from 1 */
    const char *text;
    size_t len; /* of the current line, without white space at its end */
    bool ended; /* set by a record_fn for the end record */
};
/* Steps to the next line; false at the end of the file. */
bool lines_next(struct lines *l);
/* Sets the sentence "NAME, line N: ..." and returns FORMAT. */
__attribute__((format(printf, 2, 3))) int lines_error(const struct lines *l, const char *fmt, ...);
/* Reads pairs of hex digits from the current line, from offset to its end, at most size bytes.
 * Number of bytes, or -1 for a character that is none, an odd number, or too many. */
int lines_hex(const struct lines *l, size_t offset, uint8_t *out, size_t size);
/* Takes the record in the current line. OK or an error with its sentence. */
typedef int record_fn(struct ararext_image *image, struct lines *l, void *ctx);
/* Hands every line that is not empty to take. FORMAT if something follows the end record, or if
 * there is none. */
ARAREXT_CHECKED int lines_records(struct ararext_image *image, const struct source *src,
                                  record_fn *take, void *ctx);

#endif
