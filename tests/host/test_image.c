/* SPDX-License-Identifier: MIT */
/*
 * Reading images: what each format may hold and every way in which it can be wrong, then thousands
 * of damaged files, which must be refused or understood but never crash (run under the sanitizers).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <elf.h>
#include <unistd.h>

#include "ararext.h"

static int parse_bytes(struct ararext_image **out, const void *data, size_t len, const char *name,
                       struct ararext_message *why)
{
    const struct ararext_segment file = {.len = (uint32_t)len, .data = data};
    *out = NULL;
    return ararext_image_parse(out, &file, name, NULL, why);
}

static struct ararext_image *good(const char *text, const char *name)
{
    struct ararext_image *image = NULL;
    struct ararext_message why = {""};
    if (parse_bytes(&image, text, strlen(text), name, &why) != ARAREXT_OK) {
        fail_msg("%s", why.text);
    }
    return image;
}

static void expect_segment(const struct ararext_image *image, size_t i, uint32_t addr,
                           const char *data)
{
    struct ararext_segment s = ararext_image_segment(image, i);
    assert_int_equal(s.addr, addr);
    assert_int_equal(s.len, strlen(data));
    assert_memory_equal(s.data, data, s.len);
}

struct bad_text {
    const char *text, *sentence;
};

static void expect_bad(const struct bad_text *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct ararext_image *image = NULL;
        struct ararext_message why = {""};
        assert_int_equal(parse_bytes(&image, rows[i].text, strlen(rows[i].text), "f", &why),
                         ARAREXT_ERR_FORMAT);
        assert_null(image);
        assert_string_equal(why.text, rows[i].sentence);
    }
}

/* ---- Intel HEX ---- */

#define HEX_END  ":00000001FF"
#define HEX_BASE ":020000040800F2\n"

static void test_hex_good(void **state)
{
    (void)state;
    struct ararext_image *image = good(":020000040800F2\r\n"
                                       ":04800400010203046E\r\n"  /* 08008004 */
                                       ":048000000a0b0c0d4e \r\n" /* 08008000: before, joins */
                                       "\r\n"
                                       ":01900000551A\n" /* 08009000 */
                                       ":0400000508008145"
                                       "29\n"                  /* start: ignored */
                                       ":0400000300000000F9\n" /* the same, segmented */
                                       ":020000021000EC\n"     /* 00010000, segmented */
                                       ":01FFFF000100\n"       /* 0001FFFF */
                                       ":02000004FFFFFC\n"
                                       ":01FFFF000100\n" /* FFFFFFFF: the very last byte */
                                       HEX_END,
                                       "f");
    assert_int_equal(ararext_image_format(image), ARAREXT_FORMAT_HEX);
    assert_int_equal(ararext_image_segment_count(image), 4);
    expect_segment(image, 0, 0x0001FFFF, "\1");
    expect_segment(image, 1, 0x08008000, "\x0a\x0b\x0c\x0d\1\2\3\4");
    expect_segment(image, 2, 0x08009000, "\x55");
    expect_segment(image, 3, 0xFFFFFFFF, "\1");
    assert_int_equal(ararext_image_size(image), 11);
    ararext_image_free(image);
}

static void test_hex_bad(void **state)
{
    static const struct bad_text rows[] = {
        {HEX_BASE "048000000A0B0C0D4E\n" HEX_END, "f, line 2: a record has to start with ':'"},
        {":048000000A0B0C0D4F\n" HEX_END, "f, line 1: checksum is 4F, should be 4E"},
        {":048000000A0B0C0D\n", "f, line 1: record has 3 bytes of data, its length says 4"},
        {":048000000A0B0C0D4E00\n", "f, line 1: record has 5 bytes of data, its length says 4"},
        {":0480000\n", "f, line 1: not a record of hex digits"},
        {":04800000ZZ0B0C0D4E\n", "f, line 1: not a record of hex digits"},
        {":04\n", "f, line 1: record is too short"},
        {":\n", "f, line 1: record is too short"},
        {":00000006FA\n", "f, line 1: record type 06 does not exist"},
        {":0100000408F3\n", "f, line 1: record of type 04 has 1 bytes of data, should have 2"},
        {":0100000101FD\n", "f, line 1: record of type 01 has 1 bytes of data, should have 0"},
        {HEX_BASE ":048000000A0B0C0D4E\n", "f, line 2: the file ends without its end record"},
        {HEX_END "\n\n" HEX_BASE, "f, line 3: there is something behind the end record"},
        {":020000021000EC\n:02FFFF000102FD\n" HEX_END,
         "f, line 2: data runs over the end of its 64 KiB segment"},
        {":02000004FFFFFC\n:02FFFF000102FD\n" HEX_END,
         "f, line 2: data runs over the end of the address space"},
        {HEX_BASE ":04800000010203046E\n:018002000974\n" HEX_END,
         "f, line 2: checksum is 6E, should "
         "be 72"},
        {HEX_BASE ":048000000A0B0C0D4E\n:018002000974\n" HEX_END,
         "f: two parts overlap at 0x08008002"},
        {HEX_END "\n", "f: there is nothing to load in it"},
    };
    (void)state;
    expect_bad(rows, sizeof rows / sizeof rows[0]);
}

/* ---- S-record ---- */

static void test_srec_good(void **state)
{
    (void)state;
    struct ararext_image *image = good("S0050000686929\r\n"
                                       "S309080080000102030464\r\n"
                                       "S2050090000565\n"
                                       "S104001006E5\n\n"
                                       "S5030003F9\n"
                                       "S604000003F8\n"
                                       "S705080081452C\n",
                                       "f");
    assert_int_equal(ararext_image_format(image), ARAREXT_FORMAT_SREC);
    assert_int_equal(ararext_image_segment_count(image), 3);
    expect_segment(image, 0, 0x10, "\6");
    expect_segment(image, 1, 0x9000, "\5");
    expect_segment(image, 2, 0x08008000, "\1\2\3\4");
    ararext_image_free(image);
    image = good("S306FFFFFFFF01FC\nS804000000FB\n", "f");
    expect_segment(image, 0, 0xFFFFFFFF, "\1");
    ararext_image_free(image);
}

static void test_srec_bad(void **state)
{
    static const struct bad_text rows[] = {
        {"S0050000686929\nX\n", "f, line 2: a record has to start with 'S' and a digit"},
        {"S0050000686929\nS\n", "f, line 2: a record has to start with 'S' and a digit"},
        {"S4030000FC\n", "f, line 1: record type S4 does not exist"},
        {"S309080080000102030465\n", "f, line 1: checksum is 65, should be 64"},
        {"S3090800800001020304\n", "f, line 1: record has 8 bytes, its count says 9"},
        {"S30908008000010203046400\n", "f, line 1: record has 10 bytes, its count says 9"},
        {"S30408008077\n", "f, line 1: record has 4 bytes, its count says 4"},
        {"S3\n", "f, line 1: record is too short"},
        {"S30G\n", "f, line 1: not a record of hex digits"},
        {"S104001006E5\nS5030004F8\nS9030000FC\n",
         "f, line 2: the file says it has 4 data records, 1 came"},
        {"S104001006E5\n", "f, line 1: the file ends without its end record"},
        {"S9030000FC\nS104001006E5\n", "f, line 2: there is something behind the end record"},
        {"S307FFFFFFFF0102F9\nS9030000FC\n",
         "f, line 1: data runs over the end of the address space"},
        {"S9030000FC\n", "f: there is nothing to load in it"},
    };
    (void)state;
    expect_bad(rows, sizeof rows / sizeof rows[0]);
}

/* ---- binary, and which format it is ---- */

static void test_bin(void **state)
{
    static const uint8_t data[5] = {1, 2, 3, 4, 5};
    const struct ararext_segment file = {.len = sizeof data, .data = data};
    struct ararext_load load = {0};
    struct ararext_image *image = NULL;
    struct ararext_message why = {""};
    uint8_t got[8];
    (void)state;
    assert_int_equal(ararext_image_parse(&image, &file, "a.bin", NULL, &why), ARAREXT_OK);
    expect_segment(image, 0, 0x08008000, "\1\2\3\4\5");
    ararext_image_get(image, 0x08007FFE, got, sizeof got);
    assert_memory_equal(got, "\xFF\xFF\1\2\3\4\5\xFF", 8);
    ararext_image_free(image);
    load.bin_addr = 0x0800C000;
    assert_int_equal(ararext_image_parse(&image, &file, "a", &load, &why), ARAREXT_OK);
    assert_int_equal(ararext_image_format(image), ARAREXT_FORMAT_BIN);
    assert_int_equal(ararext_image_segment(image, 0).addr, 0x0800C000);
    ararext_image_free(image);
    load.bin_addr = 0xFFFFFFFC;
    assert_int_equal(ararext_image_parse(&image, &file, "a.bin", &load, &why), ARAREXT_ERR_FORMAT);
    assert_string_equal(why.text, "a.bin: does not fit behind 0xFFFFFFFC");
    assert_int_equal(ararext_image_parse(&image, &file, "a.elf", NULL, &why), ARAREXT_ERR_FORMAT);
    assert_non_null(strstr(why.text, "neither ELF nor Intel HEX nor S-record"));
    assert_int_equal(parse_bytes(&image, "", 0, "a.bin", &why), ARAREXT_ERR_FORMAT);
    assert_string_equal(why.text, "a.bin: there is nothing to load in it");
}

static void test_load_files(void **state)
{
    struct ararext_image *image = NULL;
    struct ararext_message why = {""};
    char path[] = "/tmp/ararext-test-XXXXXX";
    (void)state;
    assert_int_equal(ararext_image_load(&image, "/nonexistent/file", NULL, &why), ARAREXT_ERR_FILE);
    assert_string_equal(why.text, "/nonexistent/file: No such file or directory");
    assert_int_equal(ararext_image_load(&image, "/", NULL, &why), ARAREXT_ERR_FILE);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, 16 * 1024 * 1024 + 1), 0);
    close(fd);
    assert_int_equal(ararext_image_load(&image, path, NULL, &why), ARAREXT_ERR_FORMAT);
    assert_non_null(strstr(why.text, "larger than 16 MiB"));
    unlink(path);
}

/* ---- ELF ---- */

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
    *elf_section(&f, 2) = (Elf32_Shdr){.sh_type = SHT_PROGBITS, .sh_offset = 4, .sh_size = 8};
    assert_int_equal(parse_bytes(&image, f.bytes, sizeof f.bytes, "f", &why), ARAREXT_OK);
    expect_segment(image, 0, 0x08008000, "textTEXTdata");
    ararext_image_free(image);
}

static void expect_bad_elf(const struct elf_file *f, size_t len, const char *sentence)
{
    struct ararext_image *image = NULL;
    struct ararext_message why = {""};
    assert_int_equal(parse_bytes(&image, f->bytes, len, "f", &why), ARAREXT_ERR_FORMAT);
    assert_string_equal(why.text, sentence);
}

static void test_elf_bad(void **state)
{
    struct elf_file f;
    const char *wrong_kind = "f: this ELF is not for a 32-bit little-endian ARM";
    (void)state;
    make_elf(&f);
    elf_head(&f)->e_machine = EM_386;
    expect_bad_elf(&f, ELF_SIZE, wrong_kind);
    make_elf(&f);
    elf_head(&f)->e_ident[EI_DATA] = ELFDATA2MSB;
    expect_bad_elf(&f, ELF_SIZE, wrong_kind);
    make_elf(&f);
    elf_head(&f)->e_ident[EI_CLASS] = ELFCLASS64;
    expect_bad_elf(&f, ELF_SIZE, wrong_kind);
    make_elf(&f);
    elf_head(&f)->e_type = ET_REL;
    expect_bad_elf(&f, ELF_SIZE,
                   "f: this ELF is not a linked program (an object file or a library?)");
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
    expect_bad_elf(&f, ELF_SIZE, "f: two parts overlap at 0x08008004");
    make_elf(&f);
    elf_segment(&f, 0)->p_type = PT_NOTE;
    elf_segment(&f, 1)->p_type = PT_NOTE;
    expect_bad_elf(&f, ELF_SIZE, "f: there is nothing to load in it");
    make_elf(&f);
    expect_bad_elf(&f, 20, "f: damaged ELF header");
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

/* ---- whether it fits ---- */

static const struct ararext_info PART = {
    .flash_kib = 512, .app_base = 0x08008000, .app_end = 0x08080000};

static void check_image(uint32_t addr, uint32_t stack, uint32_t reset, const char *sentence)
{
    uint8_t data[64] = {0};
    const struct ararext_segment file = {.len = sizeof data, .data = data};
    const struct ararext_load load = {.format = ARAREXT_FORMAT_BIN, .bin_addr = addr};
    struct ararext_image *image = NULL;
    struct ararext_message why = {""};
    for (int i = 0; i < 4; i++) {
        data[i] = (uint8_t)(stack >> 8 * i);
        data[4 + i] = (uint8_t)(reset >> 8 * i);
    }
    assert_int_equal(ararext_image_parse(&image, &file, "f", &load, &why), ARAREXT_OK);
    int rc = ararext_image_check(image, &PART, false, &why);
    assert_string_equal(why.text, sentence);
    assert_int_equal(rc, sentence[0] == '\0' ? ARAREXT_OK : ARAREXT_ERR_IMAGE);
    ararext_image_free(image);
}

static void test_check(void **state)
{
    const uint32_t stack = 0x20020000, reset = 0x08008021;
    const char *boot =
        "touches the bootloader's sectors (0x08000000-0x08007FFF): link the application "
        "for 0x08008000";
    char text[256];
    (void)state;
    check_image(0x08008000, stack, reset, "");
    check_image(0x08008000, 0x10010000, reset, "");
    snprintf(text, sizeof text, "0x08000000-0x0800003F %s", boot);
    check_image(0x08000000, stack, 0x08000021, text);
    snprintf(text, sizeof text, "0x08007FFC-0x0800803B %s", boot);
    check_image(0x08007FFC, stack, reset, text);
    snprintf(text, sizeof text, "0x07FFFFFC-0x0800003B %s", boot);
    check_image(0x07FFFFFC, stack, reset, text);
    check_image(0x20004000, stack, reset,
                "0x20004000-0x2000403F is SRAM: only flash keeps an application");
    check_image(0x0807FFFC, stack, reset,
                "0x0807FFFC-0x0808003B is not inside the application area 0x08008000-0x0807FFFF of "
                "this part");
    check_image(0x08080000, stack, reset,
                "0x08080000-0x0808003F is not inside the application area 0x08008000-0x0807FFFF of "
                "this part");
    check_image(0x0800C000, stack, reset,
                "the image has nothing at 0x08008000, where the bootloader looks for the "
                "application's vector table");
    check_image(0x08008000, 0, reset,
                "the image does not start with a vector table: stack pointer 0x00000000, reset "
                "handler 0x08008021 cannot be an application's");
    check_image(0x08008000, stack + 2, reset,
                "the image does not start with a vector table: stack pointer 0x20020002, reset "
                "handler 0x08008021 cannot be an application's");
    check_image(0x08008000, stack, reset - 1,
                "the image does not start with a vector table: stack pointer 0x20020000, reset "
                "handler 0x08008020 cannot be an application's");
    check_image(0x08008000, stack, 0x08000101,
                "the image does not start with a vector table: stack pointer 0x20020000, reset "
                "handler 0x08000101 cannot be an application's");
    check_image(0x08008000, stack, 0x08008041, "the reset handler 0x08008041 is not in the image");
}

static void test_check_forced(void **state)
{
    static const uint8_t data[8] = {0};
    const struct ararext_segment file = {.len = sizeof data, .data = data};
    struct ararext_load load = {.format = ARAREXT_FORMAT_BIN, .bin_addr = 0x08020000};
    struct ararext_image *image = NULL;
    (void)state;
    assert_int_equal(ararext_image_parse(&image, &file, "f", &load, NULL), ARAREXT_OK);
    assert_int_equal(ararext_image_check(image, &PART, true, NULL), ARAREXT_OK);
    ararext_image_free(image);
    load.bin_addr = 0x08004000; /* the range is checked all the same */
    assert_int_equal(ararext_image_parse(&image, &file, "f", &load, NULL), ARAREXT_OK);
    assert_int_equal(ararext_image_check(image, &PART, true, NULL), ARAREXT_ERR_IMAGE);
    ararext_image_free(image);
}

/* ---- damaged files ---- */

static uint64_t seed = 1;

static uint32_t any(uint32_t below)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % below;
}

/* Damages a copy in a few places, perhaps cuts it, and parses it from a block of its exact size. */
static void parse_damaged(const uint8_t *data, size_t len, const char *name)
{
    size_t cut = any(4) == 0 ? any((uint32_t)len + 1) : len;
    uint8_t *copy = malloc(cut + (cut == 0));
    struct ararext_image *image = NULL;
    struct ararext_message why = {""};
    assert_non_null(copy);
    memcpy(copy, data, cut);
    for (uint32_t i = any(6); i > 0 && cut > 0; i--) {
        static const uint8_t likely[] = {0x00, 0xFF, 0x7F, 0x80, '\n', ':', 'S', '0', 'F', '3'};
        uint32_t at = any((uint32_t)cut);
        copy[at] = any(2) == 0 ? likely[any(sizeof likely)] : (uint8_t)any(256);
    }
    int rc = parse_bytes(&image, copy, cut, name, &why);
    if (rc == ARAREXT_OK) {
        assert_true(ararext_image_size(image) > 0);
        assert_true(ararext_image_check(image, &PART, false, &why) <= 0);
        for (size_t i = 1; i < ararext_image_segment_count(image); i++) {
            struct ararext_segment a = ararext_image_segment(image, i - 1);
            struct ararext_segment b = ararext_image_segment(image, i);
            assert_true((uint64_t)a.addr + a.len < b.addr);
        }
        ararext_image_free(image);
    } else {
        assert_int_equal(rc, ARAREXT_ERR_FORMAT);
        assert_true(why.text[0] != '\0');
    }
    free(copy);
}

static void test_damaged_files(void **state)
{
    static const char hex[] = HEX_BASE ":048000000A0B0C0D4E\n:020000021000EC\n:01900000551A\n"
                                       ":04000005080081452"
                                       "9\n" HEX_END "\n";
    static const char srec[] = "S0050000686929\nS309080080000102030464\nS2050090000565\n"
                               "S104001006E5\nS5030003F9\nS705080081452C\n";
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
        parse_damaged((const uint8_t *)hex, sizeof hex - 1, "f");
        parse_damaged((const uint8_t *)srec, sizeof srec - 1, "f");
        elf_head(&f)->e_shoff = i % 2 == 0 ? 0 : ELF_SECTIONS;
        parse_damaged(f.bytes, i % 2 == 0 ? ELF_DATA + 12 : sizeof f.bytes, "f");
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hex_good),      cmocka_unit_test(test_hex_bad),
        cmocka_unit_test(test_srec_good),     cmocka_unit_test(test_srec_bad),
        cmocka_unit_test(test_bin),           cmocka_unit_test(test_load_files),
        cmocka_unit_test(test_elf_good),      cmocka_unit_test(test_elf_headers_in_segment),
        cmocka_unit_test(test_elf_bad),       cmocka_unit_test(test_elf_greedy),
        cmocka_unit_test(test_check),         cmocka_unit_test(test_check_forced),
        cmocka_unit_test(test_damaged_files),
    };
    if (argc > 1) {
        seed = strtoull(argv[1], NULL, 10);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
