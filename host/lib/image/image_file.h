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

/* What a parser reads. */
struct source {
    const uint8_t *data;
    size_t len;
    const char *name; /* for sentences */
    struct ararext_message *why;
};

/* ---- an image, from pieces to segments (image_pieces.c) ---- */

/* As it came: one record, one segment of a file. */
struct piece {
    uint32_t addr, len;
    size_t at;     /* of its first byte in bytes */
    unsigned line; /* of the file; 0 = it has no lines */
};

struct ararext_image {
    struct piece *pieces; /* owned, while it is built */
    size_t count, room;
    uint8_t *bytes; /* owned: of the pieces, in their order; later of the segments */
    size_t size;    /* used of it, at most FILE_SIZE_MAX */
    size_t bytes_room;
    struct ararext_segment *segments; /* owned; their data lies in bytes */
    size_t segment_count;
    enum ararext_format format;
};

/* Adds a copy of data at addr. MEMORY, FORMAT when the range leaves the 32-bit address space,
 * or when the image gets larger than FILE_SIZE_MAX. */
ARAREXT_CHECKED int image_add(struct ararext_image *image, uint32_t addr, const uint8_t *data,
                              size_t len, unsigned line);
/* Makes segments of the pieces: sorted, neighbours joined. The same bytes twice in one place are
 * no fault. FORMAT when there are none, or different ones in one place; MEMORY. */
ARAREXT_CHECKED int image_settle(struct ararext_image *image, const struct source *src);
/* Takes [from, end) out of the segments. MEMORY. */
ARAREXT_CHECKED int image_cut(struct ararext_image *image, uint32_t from, uint32_t end);
/* Whether one segment has all of [addr, addr + len). */
bool image_has(const struct ararext_image *image, uint32_t addr, uint32_t len);

/* ---- one file each ---- */

ARAREXT_CHECKED int image_parse_elf(struct ararext_image *image, const struct source *src);
ARAREXT_CHECKED int image_parse_hex(struct ararext_image *image, const struct source *src);
ARAREXT_CHECKED int image_parse_srec(struct ararext_image *image, const struct source *src);
ARAREXT_CHECKED int image_parse_uf2(struct ararext_image *image, const struct source *src);
ARAREXT_CHECKED int image_parse_dfuse(struct ararext_image *image, const struct source *src);

/* ---- shared by the two formats with lines (image_lines.c) ---- */

/* A walk over lines that end in LF, CR, CR LF or the end of the file. A byte order mark before the
 * first one is skipped. */
struct lines {
    const struct source *src;
    size_t at;       /* offset of the next line */
    unsigned number; /* of the current line, from 1 */
    const char *text;
    size_t len; /* of the current line, without white space around it and without its comment */
    bool ended; /* set by a record_fn for the end record */
    bool whole; /* set by a record_fn when the file may end here without one */
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
 * there is none and the file is not whole without. */
ARAREXT_CHECKED int lines_records(struct ararext_image *image, const struct source *src,
                                  record_fn *take, void *ctx);

#endif
