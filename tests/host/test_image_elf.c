/* SPDX-License-Identifier: MIT */
/* Reading ELF files: what of them is loaded, every way in which they can be wrong, and damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <elf.h>

#include "image_bench.h"

enum { ELF_SIZE = 1024, ELF_DATA = 256, ELF_SECTIONS = 512 };

struct elf_file {
    _Alignas(8) uint8_t bytes[ELF_SIZE];
};

static Elf32_Ehdr *elf_head(struct elf_file *f)
{
    return (Elf32_Ehdr *)(void *)f->bytes;
}

static Elf32_Phdr *elf_segment(struct elf_file *f, size_t i)
{
    return (Elf32_Phdr *)(void *)(f->bytes + sizeof(Elf32_Ehdr)) + i;
}

static Elf32_Shdr *elf_section(struct elf_file *f, size_t i)
{
    return (Elf32_Shdr *)(void *)(f->bytes + ELF_SECTIONS) + i;
}

/* Two segments: 8 bytes of flash at 08008000, and 4 bytes of .data that run at 20004000 and are
 * kept at 08008008; a third one for .bss without bytes in the file. */
static void make_elf(struct elf_file *f)
{
    memset(f, 0, sizeof *f);
    memcpy(elf_head(f)->e_ident, "\177ELF\1\1\1", 7);
    elf_head(f)->e_type = ET_EXEC;
    elf_head(f)->e_machine = EM_ARM;
    elf_head(f)->e_version = 1;
    elf_head(f)->e_phoff = sizeof(Elf32_Ehdr);
    elf_head(f)->e_ehsize = sizeof(Elf32_Ehdr);
    elf_head(f)->e_phentsize = sizeof(Elf32_Phdr);
    elf_head(f)->e_shentsize = sizeof(Elf32_Shdr);
    elf_head(f)->e_phnum = 3;
    memcpy(f->bytes + ELF_DATA, "textTEXTdata", 12);
    *elf_segment(f, 0) = (Elf32_Phdr){.p_type = PT_LOAD,
                                      .p_offset = ELF_DATA,
                                      .p_vaddr = 0x08008000,
                                      .p_paddr = 0x08008000,
                                      .p_filesz = 8,
                                      .p_memsz = 8};
    *elf_segment(f, 1) = (Elf32_Phdr){.p_type = PT_LOAD,
                                      .p_offset = ELF_DATA + 8,
                                      .p_vaddr = 0x20004000,
                                      .p_paddr = 0x08008008,
                                      .p_filesz = 4,
                                      .p_memsz = 4};
    *elf_segment(f, 2) = (Elf32_Phdr){
        .p_type = PT_LOAD, .p_vaddr = 0x20004004, .p_paddr = 0x20004004, .p_memsz = 64};
}

static void test_elf_good(void **state)
{
    struct elf_file f;
    struct ararext_image *image = NULL;
    struct ararext_message why = {""};
    (void)state;
    make_elf(&f);
    assert_int_equal(parse_bytes(&image, f.bytes, sizeof f.bytes, "f", &why), ARAREXT_OK);
    assert_int_equal(ararext_image_format(image), ARAREXT_FORMAT_ELF);
    assert_int_equal(ararext_image_segment_count(image), 1);
    expect_segment(image, 0, 0x08008000, "textTEXTdata");
    ararext_image_free(image);
}

/* A linker that fills the page before the code puts the ELF headers into the first segment. */
static void test_elf_headers_in_segment(void **state)
{
    struct elf_file f;
    struct ararext_image *image = NULL;
    struct ararext_message why = {""};
    (void)state;
    make_elf(&f);
    elf_segment(&f, 0)->p_offset = 0;
    elf_segment(&f, 0)->p_paddr = 0x08008000 - ELF_DATA;
    elf_segment(&f, 0)->p_filesz = ELF_DATA + 8;
    elf_head(&f)->e_shoff = ELF_SECTIONS;
    elf_head(&f)->e_shnum = 3;
    *elf_section(&f, 1) = (Elf32_Shdr){.sh_type = SHT_PROGBITS,
                                       .sh_flags = SHF_ALLOC,
                                       .sh_offset = ELF_DATA,
                                       .sh_size = 8,
                                       .sh_addr = 0x08008000};
    elf_segment(&f, 1)->p_type = PT_NOTE;
    *elf_section(&f, 2) = (Elf32_Shdr){.sh_type = SHT_PROGBITS, .sh_offset = 4, .sh_size = 8};
    assert_int_equal(parse_bytes(&image, f.bytes, sizeof f.bytes, "f", &why), ARAREXT_OK);
    expect_segment(image, 0, 0x08008000, "textTEXT");
    ararext_image_free(image);
}

/* ld.lld gives its headers a segment of their own, where no flash is; sections without content do
 * not make it one to load, whatever they are called. */
static void test_elf_segment_without_content(void **state)
{
    static const Elf32_Shdr others[] = {
        {.sh_type = SHT_NULL, .sh_flags = SHF_ALLOC, .sh_offset = 8, .sh_size = 8},
        {.sh_type = SHT_PROGBITS, .sh_offset = 8, .sh_size = 8},
        {.sh_type = SHT_NOBITS, .sh_flags = SHF_ALLOC, .sh_offset = 8, .sh_size = 8},
        {.sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC, .sh_offset = 8, .sh_size = 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        struct elf_file f;
        struct ararext_image *image = NULL;
        struct ararext_message why = {""};
        make_elf(&f);
        elf_segment(&f, 2)->p_offset = 0;
        elf_segment(&f, 2)->p_paddr = 0x08000000;
        elf_segment(&f, 2)->p_filesz = 0x74;
        elf_head(&f)->e_shoff = ELF_SECTIONS;
        elf_head(&f)->e_shnum = 3;
        *elf_section(&f, 1) = (Elf32_Shdr){
            .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC, .sh_offset = ELF_DATA, .sh_size = 12};
        elf_segment(&f, 0)->p_filesz = 12;
        elf_segment(&f, 1)->p_filesz = 0;
        *elf_section(&f, 2) = others[i];
        assert_int_equal(parse_bytes(&image, f.bytes, sizeof f.bytes, "f", &why), ARAREXT_OK);
        assert_int_equal(ararext_image_segment_count(image), 1);
        expect_segment(image, 0, 0x08008000, "textTEXTdata");
        ararext_image_free(image);
    }
}

/* All that is left is .bss: nothing to load. More sections than a header can count: the first
 * section has their number. */
static void test_elf_counts(void **state)
{
    struct elf_file f;
    struct ararext_image *image = NULL;
    struct ararext_message why = {""};
    (void)state;
    make_elf(&f);
    elf_segment(&f, 0)->p_filesz = 0;
    elf_segment(&f, 1)->p_filesz = 0;
    expect_bad_bytes(f.bytes, sizeof f.bytes, "f: there is nothing to load in it");
    make_elf(&f);
    elf_head(&f)->e_shoff = ELF_SECTIONS;
    elf_section(&f, 0)->sh_size = 2;
    *elf_section(&f, 1) = (Elf32_Shdr){
        .sh_type = SHT_PROGBITS, .sh_flags = SHF_ALLOC, .sh_offset = ELF_DATA + 4, .sh_size = 8};
    assert_int_equal(parse_bytes(&image, f.bytes, sizeof f.bytes, "f", &why), ARAREXT_OK);
    expect_segment(image, 0, 0x08008004, "TEXTdata");
    ararext_image_free(image);
    elf_section(&f, 0)->sh_size = 1000000;
    expect_bad_bytes(f.bytes, sizeof f.bytes,
                     "f: the table of sections lies outside of the file (cut off?)");
}

static void expect_bad_elf(const struct elf_file *f, size_t len, const char *sentence)
{
    expect_bad_bytes(f->bytes, len, sentence);
}

static void test_elf_bad(void **state)
{
    struct elf_file f;
    (void)state;
    make_elf(&f);
    elf_head(&f)->e_machine = EM_386;
    expect_bad_elf(&f, ELF_SIZE, "f: this ELF is for another machine (number 3) than ARM");
    make_elf(&f);
    elf_head(&f)->e_ident[EI_DATA] = ELFDATA2MSB;
    expect_bad_elf(&f, ELF_SIZE, "f: this ELF is big-endian, a Cortex-M4 is little-endian");
    make_elf(&f);
    elf_head(&f)->e_ident[EI_CLASS] = ELFCLASS64;
    expect_bad_elf(&f, ELF_SIZE, "f: this ELF is for a 64-bit machine, not for a Cortex-M4");
    make_elf(&f);
    elf_head(&f)->e_type = ET_REL;
    expect_bad_elf(&f, ELF_SIZE, "f: this ELF is an object file: link it first");
    make_elf(&f);
    elf_head(&f)->e_type = ET_DYN;
    expect_bad_elf(&f, ELF_SIZE,
                   "f: this ELF is no program linked to fixed addresses (a library?)");
    make_elf(&f);
    elf_head(&f)->e_phentsize = 31;
    expect_bad_elf(&f, ELF_SIZE,
                   "f: the table of segments is damaged, or lies outside of the file (cut off?)");
    make_elf(&f);
    elf_head(&f)->e_phoff = ELF_SIZE - 3 * sizeof(Elf32_Phdr) + 1;
    expect_bad_elf(&f, ELF_SIZE,
                   "f: the table of segments is damaged, or lies outside of the file (cut off?)");
    make_elf(&f);
    elf_head(&f)->e_phnum = 129;
    expect_bad_elf(&f, ELF_SIZE, "f: this ELF has more segments than any firmware");
    make_elf(&f);
    elf_head(&f)->e_shoff = ELF_SECTIONS;
    elf_head(&f)->e_shnum = 3;
    elf_head(&f)->e_shentsize = 39;
    expect_bad_elf(&f, ELF_SIZE, "f: damaged ELF header");
    make_elf(&f);
    elf_head(&f)->e_phnum = 0;
    expect_bad_elf(&f, ELF_SIZE, "f: this ELF has no segments to load");
    make_elf(&f);
    elf_segment(&f, 0)->p_offset = 0xFFFFFFF0;
    expect_bad_elf(&f, ELF_SIZE, "f: a segment lies outside of the file (cut off?)");
    make_elf(&f);
    elf_segment(&f, 0)->p_filesz = 0xFFFFFFFF;
    expect_bad_elf(&f, ELF_SIZE, "f: a segment lies outside of the file (cut off?)");
    make_elf(&f);
    expect_bad_elf(&f, ELF_DATA + 4, "f: a segment lies outside of the file (cut off?)");
    make_elf(&f);
    elf_head(&f)->e_shoff = ELF_SECTIONS;
    elf_head(&f)->e_shnum = 3;
    expect_bad_elf(&f, ELF_SECTIONS + 3 * sizeof(Elf32_Shdr) - 1,
                   "f: the table of sections lies outside of the file (cut off?)");
    elf_head(&f)->e_shoff = 0xFFFFFFFF;
    expect_bad_elf(&f, ELF_SIZE, "f: the table of sections lies outside of the file (cut off?)");
    make_elf(&f);
    elf_segment(&f, 0)->p_paddr = 0xFFFFFFFC;
    expect_bad_elf(&f, ELF_SIZE, "f: a segment runs over the end of the address space");
    make_elf(&f);
    elf_segment(&f, 1)->p_paddr = 0x08008004;
    expect_bad_elf(&f, ELF_SIZE, "f: two parts overlap at 0x08008004, and differ there");
    make_elf(&f);
    elf_segment(&f, 0)->p_type = PT_NOTE;
    elf_segment(&f, 1)->p_type = PT_NOTE;
    expect_bad_elf(&f, ELF_SIZE, "f: there is nothing to load in it");
    make_elf(&f);
    expect_bad_elf(&f, 20, "f: damaged ELF header (cut off?)");
}

/* Many segments that name the same megabyte of the file: what they ask for in all is what counts.
 */
static void test_elf_greedy(void **state)
{
    enum { LEN = 1024 * 1024 + ELF_SIZE, SEGMENTS = 17 };
    struct elf_file head;
    struct ararext_image *image = NULL;
    struct ararext_message why = {""};
    uint8_t *bytes = calloc(1, LEN);
    (void)state;
    assert_non_null(bytes);
    make_elf(&head);
    for (unsigned n = SEGMENTS - 1; n <= SEGMENTS; n++) {
        elf_head(&head)->e_phnum = (uint16_t)n;
        for (unsigned i = 0; i < n; i++) {
            *elf_segment(&head, i) = (Elf32_Phdr){.p_type = PT_LOAD,
                                                  .p_offset = ELF_SIZE,
                                                  .p_paddr = 0x08000000 + i * 0x100000,
                                                  .p_filesz = 0x100000};
        }
        memcpy(bytes, head.bytes, sizeof head.bytes);
        int rc = parse_bytes(&image, bytes, LEN, "f", &why);
        assert_int_equal(rc, n == SEGMENTS ? ARAREXT_ERR_FORMAT : ARAREXT_OK);
        if (rc == ARAREXT_OK) {
            assert_int_equal(ararext_image_size(image), 16 * 1024 * 1024);
            ararext_image_free(image);
        }
    }
    assert_string_equal(why.text,
                        "f: its segments have more than 16 MiB, no firmware is that large");
    free(bytes);
}

static void test_damaged_elf(void **state)
{
    struct elf_file f;
    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    make_elf(&f);
    elf_head(&f)->e_shnum = 3;
    elf_section(&f, 1)->sh_type = SHT_PROGBITS;
    elf_section(&f, 1)->sh_flags = SHF_ALLOC;
    elf_section(&f, 1)->sh_offset = ELF_DATA;
    elf_section(&f, 1)->sh_size = 8;
    for (int i = 0; i < 20000; i++) {
        elf_head(&f)->e_shoff = i % 2 == 0 ? 0 : ELF_SECTIONS;
        parse_damaged(f.bytes, i % 2 == 0 ? ELF_DATA + 12 : sizeof f.bytes, "f");
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_elf_good),
        cmocka_unit_test(test_elf_headers_in_segment),
        cmocka_unit_test(test_elf_segment_without_content),
        cmocka_unit_test(test_elf_counts),
        cmocka_unit_test(test_elf_bad),
        cmocka_unit_test(test_elf_greedy),
        cmocka_unit_test(test_damaged_elf),
    };
    if (argc > 1) {
        seed = strtoull(argv[1], NULL, 10);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
