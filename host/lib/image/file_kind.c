/* SPDX-License-Identifier: MIT */
/* Kinds of files: magic numbers first, then what text begins with, then whether it is text. */
#include "file_kind.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

static const struct magic {
    const char *bytes;
    uint16_t len, offset;
    enum file_kind kind;
    const char *name;
} MAGICS[] = {
    {"\x7F"
     "ELF",
     4, 0, KIND_ELF, "an ELF file"},
    {"UF2\n", 4, 0, KIND_UF2, "a UF2 file"},
    {"DfuSe\1", 6, 0, KIND_DFUSE, "a DfuSe file"},
    {"\x3D\xB8\xF3\x96", 4, 0, KIND_PACKAGE, "a package for 'ararext update'"},
    {"PK\3\4", 4, 0, KIND_ARCHIVE, "a zip archive"},
    {"PK\5\6", 4, 0, KIND_ARCHIVE, "an empty zip archive"},
    {"PK\7\10", 4, 0, KIND_ARCHIVE, "a part of a zip archive"},
    {"\x04\x22\x4D\x18", 4, 0, KIND_ARCHIVE, "an lz4 archive"},
    {"\x1F\x9D", 2, 0, KIND_ARCHIVE, "a compress archive"},
    {"MSCF", 4, 0, KIND_ARCHIVE, "a cab archive"},
    {"070701", 6, 0, KIND_ARCHIVE, "a cpio archive"},
    {"\x1F\x8B", 2, 0, KIND_ARCHIVE, "a gzip archive"},
    {"\xFD"
     "7zXZ",
     6, 0, KIND_ARCHIVE, "an xz archive"},
    {"BZh", 3, 0, KIND_ARCHIVE, "a bzip2 archive"},
    {"7z\xBC\xAF\x27\x1C", 6, 0, KIND_ARCHIVE, "a 7z archive"},
    {"\x28\xB5\x2F\xFD", 4, 0, KIND_ARCHIVE, "a zstd archive"},
    {"Rar!\x1A\7", 6, 0, KIND_ARCHIVE, "a rar archive"},
    {"!<arch>\n", 8, 0, KIND_ARCHIVE, "an ar archive (a static library?)"},
    {"ustar", 5, 257, KIND_ARCHIVE, "a tar archive"},
    {"MZ", 2, 0, KIND_PROGRAM, "a program for Windows"},
    {"\xCF\xFA\xED\xFE", 4, 0, KIND_PROGRAM, "a program for macOS"},
    {"-----BEGIN ", 11, 0, KIND_PEM, "a PEM file (a key?)"},
    {"%PDF-", 5, 0, KIND_TEXT, "a PDF document"},
    {"\xFF\xFE", 2, 0, KIND_WIDE_TEXT, "text in UTF-16 (made by a redirection in PowerShell?)"},
    {"\xFE\xFF", 2, 0, KIND_WIDE_TEXT, "text in UTF-16"},
};

static const char *const NAMES[KIND_COUNT] = {
    [KIND_BINARY] = "a binary file",  [KIND_EMPTY] = "an empty file",
    [KIND_HEX] = "an Intel HEX file", [KIND_SREC] = "an S-record file",
    [KIND_HTML] = "a page in HTML",   [KIND_TEXT] = "a text file",
};

static const struct magic *find_magic(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < sizeof MAGICS / sizeof MAGICS[0]; i++) {
        const struct magic *m = &MAGICS[i];
        if (len >= (size_t)m->offset + m->len && memcmp(data + m->offset, m->bytes, m->len) == 0) {
            return m;
        }
    }
    return NULL;
}

/* No control characters in what would be the first lines. */
static bool is_text(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len && i < 512; i++) {
        if (data[i] == 0x7F || (data[i] < ' ' && strchr("\t\n\v\f\r\x1A", data[i]) == NULL) ||
            data[i] == '\0') {
            return false;
        }
    }
    return true;
}

/* The first line that is neither blank nor a comment, as far as files of hex digits have these. */
static size_t first_record(const uint8_t *data, size_t len)
{
    size_t at = len >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    while (at < len) {
        while (at < len && data[at] != '\0' && strchr(" \t\v\f\r\n", data[at]) != NULL) {
            at++;
        }
        bool comment = at < len && data[at] != '\0' && strchr(";#*$!%-/", data[at]) != NULL;
        if (!comment) {
            return at;
        }
        while (at < len && data[at] != '\n' && data[at] != '\r') {
            at++;
        }
    }
    return at;
}

static bool begins(const uint8_t *data, size_t len, const char *text)
{
    return len >= strlen(text) && strncasecmp((const char *)data, text, strlen(text)) == 0;
}

static enum file_kind text_kind(const uint8_t *data, size_t len)
{
    size_t at = first_record(data, len);
    const uint8_t *line = data + at;
    size_t left = len - at;
    if (left > 0 && line[0] == ':') {
        return KIND_HEX;
    }
    if (left > 1 && (line[0] == 'S' || line[0] == 's') && line[1] >= '0' && line[1] <= '9') {
        return KIND_SREC;
    }
    if (!is_text(data, len)) {
        return KIND_BINARY;
    }
    return begins(line, left, "<!doctype") || begins(line, left, "<html") ||
                   begins(line, left, "<head") || begins(line, left, "<?xml") ||
                   begins(line, left, "<!--")
               ? KIND_HTML
               : KIND_TEXT;
}

enum file_kind file_kind_of(const uint8_t *data, size_t len)
{
    const struct magic *m = find_magic(data, len);
    if (len == 0) {
        return KIND_EMPTY;
    }
    return m != NULL ? m->kind : text_kind(data, len);
}

const char *file_kind_name(const uint8_t *data, size_t len)
{
    const struct magic *m = find_magic(data, len);
    return m != NULL ? m->name : NAMES[file_kind_of(data, len)];
}
