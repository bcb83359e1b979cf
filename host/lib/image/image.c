/* SPDX-License-Identifier: MIT */
/*
 * Loading a file whatever its format. Files are hostile until checked: no length or offset from one
 * is used before it is compared with what is there.
 */
#include "image_file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bytes.h"
#include "file_kind.h"
#include "image.h" /* core: the rule that the bootloader itself applies */
#include "memory_map.h"
#include "reserved.h"

/* ---- which format ---- */

static bool has_ending(const char *name, const char *ending)
{
    size_t n = strlen(name), e = strlen(ending);
    return n >= e && strcasecmp(name + n - e, ending) == 0;
}

/* Whether a vector table for flash behind the bootloader lies at offset at. */
static bool has_vectors(const struct source *src, size_t at)
{
    return src->len >= at + 8 &&
           image_vectors_plausible(load_le32(src->data + at), load_le32(src->data + at + 4),
                                   MAP_FLASH_BASE + MAP_FLASH_SIZE_MAX);
}

/* A format with addresses of its own shows by the content. For the rest, name or address say that
 * it is a binary, or its vector table does. */
static enum ararext_format guess_format(const struct source *src, bool has_address)
{
    static const enum ararext_format formats[KIND_COUNT] = {
        [KIND_ELF] = ARAREXT_FORMAT_ELF,     [KIND_HEX] = ARAREXT_FORMAT_HEX,
        [KIND_SREC] = ARAREXT_FORMAT_SREC,   [KIND_UF2] = ARAREXT_FORMAT_UF2,
        [KIND_DFUSE] = ARAREXT_FORMAT_DFUSE,
    };
    enum file_kind kind = file_kind_of(src->data, src->len);
    bool plain = kind == KIND_BINARY || kind == KIND_TEXT;
    if (formats[kind] != ARAREXT_FORMAT_AUTO) {
        return formats[kind];
    }
    return (has_address && kind != KIND_EMPTY) || (plain && has_ending(src->name, ".bin")) ||
                   (kind == KIND_BINARY && has_vectors(src, 0))
               ? ARAREXT_FORMAT_BIN
               : ARAREXT_FORMAT_AUTO;
}

/* The sentence about a file that is no image. */
static int refuse_kind(const struct source *src)
{
    static const char *const advice[KIND_COUNT] = {
        [KIND_PACKAGE] = ", which installs it ('ararext image' shows it)",
        [KIND_ARCHIVE] = ": unpack it, and take the firmware in it",
        [KIND_HTML] = ": was a link saved instead of the file behind it?",
        [KIND_WIDE_TEXT] = ": save it in ASCII",
    };
    enum file_kind kind = file_kind_of(src->data, src->len);
    if (kind == KIND_EMPTY) {
        message_set(src->why, "%s: the file is empty", src->name);
    } else if (kind == KIND_BINARY) {
        message_set(src->why,
                    "%s: neither ELF nor Intel HEX nor S-record; a binary file is taken when its "
                    "name ends in .bin or its address is given",
                    src->name);
    } else {
        message_set(src->why, "%s: this is %s%s", src->name, file_kind_name(src->data, src->len),
                    advice[kind] != NULL
                        ? advice[kind]
                        : ", and no firmware (ELF, Intel HEX, S-record, UF2, DfuSe, binary)");
    }
    return ARAREXT_ERR_FORMAT;
}

/* A binary has no address: that of an application, unless the file has a bootloader before that,
 * which is to be skipped. */
static int parse_bin(struct ararext_image *image, const struct source *src,
                     const struct ararext_load *options)
{
    bool merged = options->skip_bootloader && has_vectors(src, MAP_BOOT_SIZE);
    uint32_t addr = options->bin_addr != 0 ? options->bin_addr
                    : merged               ? MAP_BOOT_BASE
                                           : ARAREXT_APP_BASE;
    if (src->len == 0) {
        return refuse_kind(src);
    }
    int rc = image_add(image, addr, src->data, src->len, 0);
    if (rc == ARAREXT_ERR_FORMAT) {
        message_set(src->why, "%s: does not fit behind 0x%08X", src->name, (unsigned)addr);
    }
    return rc;
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
    case ARAREXT_FORMAT_UF2:
        return image_parse_uf2(image, src);
    case ARAREXT_FORMAT_DFUSE:
        return image_parse_dfuse(image, src);
    case ARAREXT_FORMAT_BIN:
        return parse_bin(image, src, options);
    case ARAREXT_FORMAT_AUTO:
    default:
        return refuse_kind(src);
    }
}

static int skip_bootloader(struct ararext_image *image, const struct source *src)
{
    int rc = image_cut(image, MAP_BOOT_BASE, MAP_BOOT_BASE + MAP_BOOT_SIZE);
    if (rc == ARAREXT_OK && image->segment_count == 0) {
        message_set(src->why, "%s: behind the bootloader's sectors there is nothing in it",
                    src->name);
        return ARAREXT_ERR_FORMAT;
    }
    return rc;
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
    if (!NOTHING_RESERVED(options, why)) {
        return ARAREXT_ERR_ARGUMENT;
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
        rc = image_settle(image, &src);
    }
    if (rc == ARAREXT_OK && options->skip_bootloader) {
        rc = skip_bootloader(image, &src);
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
