/* SPDX-License-Identifier: MIT */
/*
 * ELF: load segments at their physical addresses, as a programmer does it. What a linker puts into
 * the first segment only to fill a page (its own headers) is left out: a segment begins with the
 * first allocated section in it. Offsets and sizes are compared with the file before they are used.
 */
#include "image_file.h"

#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>

static int bad(const struct source *src, const char *what)
{
    message_set(src->why, "%s: %s", src->name, what);
    return ARAREXT_ERR_FORMAT;
}

static int check_header(Elf *elf, const struct source *src, size_t *count)
{
    GElf_Ehdr head;
    if (elf_kind(elf) != ELF_K_ELF || gelf_getehdr(elf, &head) == NULL) {
        return bad(src, "damaged ELF header");
    }
    if (head.e_ident[EI_CLASS] != ELFCLASS32 || head.e_ident[EI_DATA] != ELFDATA2LSB ||
        head.e_machine != EM_ARM) {
        return bad(src, "this ELF is not for a 32-bit little-endian ARM");
    }
    if (head.e_type != ET_EXEC) {
        return bad(src, "this ELF is not a linked program (an object file or a library?)");
    }
    /* The table of sections is the last thing in most files: where it is missing, the file was cut
     * off, even if all segments are there. */
    size_t sections = 0;
    uint64_t table_end = head.e_shoff + (uint64_t)head.e_shnum * head.e_shentsize;
    if ((head.e_shoff != 0 && table_end > src->len) || elf_getshdrnum(elf, &sections) != 0) {
        return bad(src, "the table of sections lies outside of the file (cut off?)");
    }
    if (elf_getphdrnum(elf, count) != 0 || *count == 0) {
        return bad(src, "this ELF has no segments to load");
    }
    return ARAREXT_OK;
}

/* Offset in the file where the segment's first allocated section begins; the segment's own offset
 * if there are no sections. */
static GElf_Off first_content(Elf *elf, const GElf_Phdr *segment)
{
    GElf_Off end = segment->p_offset + segment->p_filesz;
    GElf_Off first = end;
    Elf_Scn *scn = NULL;
    while ((scn = elf_nextscn(elf, scn)) != NULL) {
        GElf_Shdr s;
        if (gelf_getshdr(scn, &s) != NULL && (s.sh_flags & SHF_ALLOC) != 0 &&
            s.sh_type != SHT_NOBITS && s.sh_size > 0 && s.sh_offset >= segment->p_offset &&
            s.sh_offset < first) {
            first = s.sh_offset;
        }
    }
    return first == end ? segment->p_offset : first;
}

static int take_segment(struct ararext_image *image, Elf *elf, const GElf_Phdr *segment,
                        const struct source *src)
{
    if (segment->p_offset > src->len || segment->p_filesz > src->len - segment->p_offset) {
        return bad(src, "a segment lies outside of the file (cut off?)");
    }
    GElf_Off from = first_content(elf, segment);
    GElf_Off skipped = from - segment->p_offset;
    uint64_t addr = segment->p_paddr + skipped;
    if (addr > UINT32_MAX) {
        return bad(src, "a segment runs over the end of the address space");
    }
    if (segment->p_filesz - skipped > FILE_SIZE_MAX - image->size) {
        return bad(src, "its segments have more than 16 MiB, no firmware is that large");
    }
    int rc =
        image_add(image, (uint32_t)addr, src->data + from, (size_t)(segment->p_filesz - skipped));
    return rc == ARAREXT_ERR_FORMAT ? bad(src, "a segment runs over the end of the address space")
                                    : rc;
}

static int take_segments(struct ararext_image *image, Elf *elf, const struct source *src)
{
    size_t count = 0;
    int rc = check_header(elf, src, &count);
    for (size_t i = 0; rc == ARAREXT_OK && i < count; i++) {
        GElf_Phdr segment;
        if (gelf_getphdr(elf, (int)i, &segment) == NULL) {
            return bad(src, "damaged table of segments");
        }
        if (segment.p_type == PT_LOAD && segment.p_filesz > 0) {
            rc = take_segment(image, elf, &segment, src);
        }
    }
    return rc;
}

int image_parse_elf(struct ararext_image *image, const struct source *src)
{
    if (elf_version(EV_CURRENT) == EV_NONE) {
        return bad(src, "libelf is too old");
    }
    /* libelf wants memory that it could write to. */
    char *copy = malloc(src->len + 1);
    if (copy == NULL) {
        return ARAREXT_ERR_MEMORY;
    }
    memcpy(copy, src->data, src->len);
    Elf *elf = elf_memory(copy, src->len);
    int rc = elf == NULL ? bad(src, "damaged ELF header") : take_segments(image, elf, src);
    elf_end(elf);
    free(copy);
    return rc;
}
