/* SPDX-License-Identifier: MIT */
/*
 * What a file is, by its first bytes: so that a file of another kind gets a sentence that says what
 * it is and what to do with it.
 */
#ifndef ARAREXT_FILE_KIND_H
#define ARAREXT_FILE_KIND_H

#include <stddef.h>
#include <stdint.h>

enum file_kind {
    KIND_BINARY, /* none of the others */
    KIND_EMPTY,
    KIND_ELF,
    KIND_HEX,
    KIND_SREC,
    KIND_UF2,
    KIND_DFUSE,
    KIND_PACKAGE,
    KIND_ARCHIVE,
    KIND_PROGRAM, /* for a PC */
    KIND_PEM,
    KIND_HTML,
    KIND_WIDE_TEXT, /* in UTF-16 */
    KIND_TEXT,
    KIND_COUNT,
};

enum file_kind file_kind_of(const uint8_t *data, size_t len);
/* "an ELF file", "a zip archive": to stand behind "this is". */
const char *file_kind_name(const uint8_t *data, size_t len);

#endif
