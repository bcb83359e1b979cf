/* SPDX-License-Identifier: MIT */
/*
 * ELF for 32-bit ARM, read directly (System V ABI, chapters 4 and 5): load segments at their
 * physical addresses, as a programmer does it. What a linker puts into a segment besides sections
 * with content (its own headers, to fill a page) is not loaded. Offsets and sizes are compared with
 * the file before they are used.
 */
#include "image_file.h"

#include <string.h>

#include "bytes.h"

enum {
    HEADER_SIZE = 52,
    SEGMENT_SIZE = 32,
    SECTION_SIZE = 40,
    CLASS_32 = 1,
    DATA_LITTLE = 1,
    TYPE_OBJECT = 1,
    TYPE_PROGRAM = 2,
    MACHINE_ARM = 40,
    SEGMENT_LOAD = 1,
    SECTION_EMPTY = 0,
    SECTION_NOBITS = 8,
    SECTION_ALLOC = 2,
    SEGMENTS_MAX = 128, /* no firmware has so many; each is compared with every section */
};

/* A table of the file: count entries of size bytes at data. */
struct table {
    const uint8_t *data;
    uint32_t count, size;
};

struct elf {
    const struct source *src;
    struct table segments, sections;
};

struct segment {
    uint32_t offset, addr, size;
};

static int bad(const struct source *src, const char *what)
{
    message_set(src->why, "%s: %s", src->name, what);
    return ARAREXT_ERR_FORMAT;
}

/* Whether it is a program for this machine, and if not, what it is. */
static int check_kind(const struct source *src)
{
    const uint8_t *d = src->data;
    if (src->len >= 6 && d[4] != CLASS_32) {
        return bad(src, "this ELF is for a 64-bit machine, not for a Cortex-M4");
    }
    if (src->len >= 6 && d[5] != DATA_LITTLE) {
        return bad(src, "this ELF is big-endian, a Cortex-M4 is little-endian");
    }
    if (src->len < HEADER_SIZE) {
        return bad(src, "damaged ELF header (cut off?)");
    }
    if (load_le16(d + 18) != MACHINE_ARM) {
        message_set(src->why, "%s: this ELF is for another machine (number %u) than ARM", src->name,
                    load_le16(d + 18));
        return ARAREXT_ERR_FORMAT;
    }
    switch (load_le16(d + 16)) {
    case TYPE_PROGRAM:
        return ARAREXT_OK;
    case TYPE_OBJECT:
        return bad(src, "this ELF is an object file: link it first");
    default:
        return bad(src, "this ELF is no program linked to fixed addresses (a library?)");
    }
}

/* The table of the header's fields: offset, size of an entry, number of entries. */
static bool find_table(const struct source *src, uint32_t offset, uint32_t size, uint32_t count,
                       struct table *out)
{
    if (offset > src->len || (uint64_t)size * count > src->len - offset) {
        return false;
    }
    *out = (struct table){src->data + offset, count, size};
    return true;
}

static int find_tables(struct elf *elf)
{
    const struct source *src = elf->src;
    const uint8_t *d = src->data;
    uint32_t sections_at = load_le32(d + 32), sections = load_le16(d + 48);
    uint32_t segment_size = load_le16(d + 42), section_size = load_le16(d + 46);
    if (sections_at == 0) {
        sections = 0;
    } else if (section_size < SECTION_SIZE) {
        return bad(src, "damaged ELF header");
    } else if (sections == 0) { /* too many for the header: the first section has their number */
        sections = sections_at <= src->len && src->len - sections_at >= SECTION_SIZE
                       ? load_le32(d + sections_at + 20)
                       : UINT32_MAX;
    }
    /* The table of sections is the last thing in most files: where it is missing, the file was cut
     * off, even if all segments are there. */
    if (sections != 0 && !find_table(src, sections_at, section_size, sections, &elf->sections)) {
        return bad(src, "the table of sections lies outside of the file (cut off?)");
    }
    uint32_t count = load_le16(d + 44);
    if (count == 0) {
        return bad(src, "this ELF has no segments to load");
    }
    if (count > SEGMENTS_MAX) {
        return bad(src, "this ELF has more segments than any firmware");
    }
    if (segment_size < SEGMENT_SIZE ||
        !find_table(src, load_le32(d + 28), segment_size, count, &elf->segments)) {
        return bad(src, "the table of segments is damaged, or lies outside of the file (cut off?)");
    }
    return ARAREXT_OK;
}

/* Leaves out what lies before the segment's first section with content, and all of a segment that
 * has none. A file without sections tells nothing about that. */
static void trim_segment(const struct elf *elf, struct segment *s)
{
    uint32_t end = s->offset + s->size, first = end;
    for (uint32_t i = 0; i < elf->sections.count; i++) {
        const uint8_t *section = elf->sections.data + (size_t)i * elf->sections.size;
        uint32_t type = load_le32(section + 4), offset = load_le32(section + 16);
        uint32_t size = load_le32(section + 20);
        bool has_content = (load_le32(section + 8) & SECTION_ALLOC) != 0 &&
                           type != SECTION_NOBITS && type != SECTION_EMPTY && size > 0;
        if (has_content && (uint64_t)offset + size > s->offset && offset < first) {
            first = offset > s->offset ? offset : s->offset;
        }
    }
    if (elf->sections.count > 0) {
        s->addr += first - s->offset;
        s->size = end - first;
        s->offset = first;
    }
}

static int take_segment(struct ararext_image *image, const struct elf *elf, struct segment s)
{
    const struct source *src = elf->src;
    if (s.offset > src->len || s.size > src->len - s.offset) {
        return bad(src, "a segment lies outside of the file (cut off?)");
    }
    if ((uint64_t)s.addr + s.size > UINT64_C(0x100000000)) {
        return bad(src, "a segment runs over the end of the address space");
    }
    trim_segment(elf, &s);
    if (s.size > FILE_SIZE_MAX - image->size) {
        return bad(src, "its segments have more than 16 MiB, no firmware is that large");
    }
    return image_add(image, s.addr, src->data + s.offset, s.size, 0);
}

int image_parse_elf(struct ararext_image *image, const struct source *src)
{
    struct elf elf = {.src = src};
    int rc = check_kind(src);
    if (rc == ARAREXT_OK) {
        rc = find_tables(&elf);
    }
    for (uint32_t i = 0; rc == ARAREXT_OK && i < elf.segments.count; i++) {
        const uint8_t *p = elf.segments.data + (size_t)i * elf.segments.size;
        if (load_le32(p) == SEGMENT_LOAD && load_le32(p + 16) > 0) {
            rc = take_segment(image, &elf,
                              (struct segment){.offset = load_le32(p + 4),
                                               .addr = load_le32(p + 12),
                                               .size = load_le32(p + 16)});
        }
    }
    return rc;
}
