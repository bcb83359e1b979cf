/* SPDX-License-Identifier: MIT */
/*
 * Files that carry firmware in another wrapping (UF2, DfuSe, a bootloader before it), and files
 * that are something else: each gets its own sentence.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ararext_package.h"
#include "bytes.h"
#include "image_bench.h"

/* ---- what it is not ---- */

static void test_other_kinds(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *image, *package; /* what of the sentence counts */
    } rows[] = {
        {"", 0, "f: the file is empty", "an empty file"},
        {"\x3D\xB8\xF3\x96\0\0", 6, "a package for 'ararext update'", "too few for a header"},
        {"PK\3\4\0\0", 6, "a zip archive: unpack it", "a zip archive, no package: unpack it"},
        {"\x1F\x8B\10\0", 4, "a gzip archive", "a gzip archive"},
        {"\xFD\x37zXZ\0\0", 7, "an xz archive", "an xz archive"},
        {"BZh91AY", 7, "a bzip2 archive", "a bzip2 archive"},
        {"!<arch>\nx", 9, "an ar archive", "an ar archive"},
        {"\177ELF\1\1\1", 7, "damaged ELF header", "an ELF file, no package: make one of it with"},
        {":04800000\n", 10, "line 1: ", "an Intel HEX file, no package: make one of it with"},
        {"S1130000\n", 9, "line 1: ", "an S-record file, no package: make one of it with"},
        {"UF2\nWQ]\x9E", 8, "0 of 0 blocks", "a UF2 file, no package: make one of it with"},
        {"DfuSe\1\0\0", 8, "DfuSe", "a DfuSe file, no package: make one of it with"},
        {"<!DOCTYPE html>\n<p>", 19, "a page in HTML: was a link saved", "a page in HTML"},
        {"\n<html><p>", 10, "a page in HTML", "a page in HTML"},
        {"-----BEGIN PUBLIC KEY", 21, "a PEM file", "a PEM file"},
        {"Hello\tworld\r\n", 13, "a text file", "a text file"},
        {"\xFF\xFE:\0000\0", 6, "text in UTF-16", "text in UTF-16"},
        {"MZ\x90\0\3", 5, "a program for Windows", "a program for Windows"},
        {"\1\2\3\0\4", 5, "neither ELF nor Intel HEX nor S-record", "a binary file, no package"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ararext_image *image = NULL;
        struct ararext_message why = {""};
        static struct ararext_package package;
        assert_int_equal(parse_bytes(&image, rows[i].bytes, rows[i].len, "f", &why),
                         ARAREXT_ERR_FORMAT);
        if (strstr(why.text, rows[i].image) == NULL) {
            fail_msg("'%s' is not in '%s'", rows[i].image, why.text);
        }
        assert_int_equal(
            ararext_package_parse(&package, (const uint8_t *)rows[i].bytes, rows[i].len, &why),
            ARAREXT_ERR_FORMAT);
        if (strstr(why.text, rows[i].package) == NULL) {
            fail_msg("'%s' is not in '%s'", rows[i].package, why.text);
        }
    }
}

static void test_tar(void **state)
{
    static char tar[512] = "some.bin";
    (void)state;
    memcpy(tar + 257, "ustar", 5);
    expect_bad_bytes(tar, sizeof tar,
                     "f: this is a tar archive: unpack it, and take the firmware in it");
}

/* Something else for any name, but what is asked for as a binary is one. */
static void test_kind_and_name(void **state)
{
    static const char zip[] = "PK\3\4....";
    const struct ararext_segment file = {.len = 8, .data = (const uint8_t *)zip};
    const struct ararext_load at = {.bin_addr = 0x08020000};
    const struct ararext_load bin = {.format = ARAREXT_FORMAT_BIN};
    struct ararext_image *image = NULL;
    (void)state;
    assert_int_equal(ararext_image_parse(&image, &file, "f.bin", NULL, NULL), ARAREXT_ERR_FORMAT);
    assert_int_equal(ararext_image_parse(&image, &file, "f", &at, NULL), ARAREXT_OK);
    expect_segment(image, 0, 0x08020000, zip);
    ararext_image_free(image);
    assert_int_equal(ararext_image_parse(&image, &file, "f", &bin, NULL), ARAREXT_OK);
    ararext_image_free(image);
    image = good(":048000000102030472\n" HEX_END, "f.bin"); /* what it is counts, not its name */
    assert_int_equal(ararext_image_format(image), ARAREXT_FORMAT_HEX);
    ararext_image_free(image);
    static const uint8_t table[8] = {0, 0, 2, 0x20, 9, 0x80, 0, 8};
    assert_int_equal(parse_bytes(&image, table, sizeof table, "firmware", NULL), ARAREXT_OK);
    assert_int_equal(ararext_image_format(image), ARAREXT_FORMAT_BIN);
    ararext_image_free(image);
}

/* ---- UF2 ---- */

enum { BLOCK = 512 };

static void make_block(uint8_t *b, uint32_t number, uint32_t count, uint32_t addr)
{
    memset(b, 0, BLOCK);
    store_le32(b, 0x0A324655);
    store_le32(b + 4, 0x9E5D5157);
    store_le32(b + 8, 0x2000);
    store_le32(b + 12, addr);
    store_le32(b + 16, 4);
    store_le32(b + 20, number);
    store_le32(b + 24, count);
    store_le32(b + 28, 0x57755A57);
    memcpy(b + 32, number == 0 ? "abcd" : "efgh", 4);
    store_le32(b + BLOCK - 4, 0x0AB16F30);
}

static void make_uf2(uint8_t file[2 * BLOCK])
{
    make_block(file, 0, 2, 0x08008000);
    make_block(file + BLOCK, 1, 2, 0x08008004);
}

static void test_uf2(void **state)
{
    uint8_t file[2 * BLOCK];
    struct ararext_image *image = NULL;
    (void)state;
    make_uf2(file);
    assert_int_equal(parse_bytes(&image, file, sizeof file, "f", NULL), ARAREXT_OK);
    assert_int_equal(ararext_image_format(image), ARAREXT_FORMAT_UF2);
    expect_segment(image, 0, 0x08008000, "abcdefgh");
    ararext_image_free(image);
    expect_bad_bytes(file, BLOCK, "f: the UF2 has 1 of 2 blocks (cut off?)");
    expect_bad_bytes(file, 2 * BLOCK - 1, "f: the UF2 has 1 of 2 blocks (cut off?)");
    store_le32(file + 28, 0x6D0922FA); /* its own number, besides that of its kind */
    store_le32(file + BLOCK + 28, 0x8FB060FE);
    assert_int_equal(parse_bytes(&image, file, sizeof file, "f", NULL), ARAREXT_OK);
    expect_segment(image, 0, 0x08008000, "abcdefgh");
    ararext_image_free(image);
    store_le32(file + BLOCK + 28, 0xE48BFF56);
    store_le32(file + 24, 1);
    assert_int_equal(parse_bytes(&image, file, sizeof file, "f", NULL), ARAREXT_OK);
    expect_segment(image, 0, 0x08008000, "abcd");
    ararext_image_free(image);
    store_le32(file + 28, 0xE48BFF56);
    expect_bad_bytes(
        file, sizeof file,
        "f: this UF2 is for another chip (family 0xE48BFF56) than an STM32F4 (0x57755A57)");
    make_uf2(file);
    store_le32(file + BLOCK + 16, 477);
    expect_bad_bytes(file, sizeof file, "f, block 1: more data than a block holds");
    make_uf2(file);
    file[2 * BLOCK - 1] ^= 1;
    expect_bad_bytes(file, sizeof file, "f, block 1: no UF2 block");
    make_uf2(file);
    store_le32(file + BLOCK + 12, 0xFFFFFFFE);
    expect_bad_bytes(file, sizeof file, "f, block 1: data runs over the end of the address space");
    make_uf2(file);
    store_le32(file + BLOCK + 12, 0x08008002);
    expect_bad_bytes(file, sizeof file, "f: two parts overlap at 0x08008002, and differ there");
}

/* ---- DfuSe ---- */

enum { DFUSE = 11 + 274 + 8 + 4 + 16 };

static void close_dfuse(uint8_t *file, size_t len)
{
    uint32_t crc = 0xFFFFFFFF;
    for (size_t i = 0; i < len - 4; i++) {
        crc ^= file[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
        }
    }
    store_le32(file + len - 4, crc);
}

static void make_dfuse(uint8_t file[DFUSE])
{
    memset(file, 0, DFUSE);
    memcpy(file, "DfuSe\1", 6);
    file[10] = 1;
    memcpy(file + 11, "Target", 6);
    store_le32(file + 11 + 266, 8 + 4);
    store_le32(file + 11 + 270, 1);
    store_le32(file + 285, 0x08008000);
    store_le32(file + 289, 4);
    memcpy(file + 293, "abcd", 4);
    memcpy(file + 305, "UFD\x10", 4);
    close_dfuse(file, DFUSE);
}

static void test_dfuse(void **state)
{
    uint8_t file[DFUSE];
    struct ararext_image *image = NULL;
    (void)state;
    make_dfuse(file);
    assert_int_equal(parse_bytes(&image, file, sizeof file, "f", NULL), ARAREXT_OK);
    assert_int_equal(ararext_image_format(image), ARAREXT_FORMAT_DFUSE);
    expect_segment(image, 0, 0x08008000, "abcd");
    ararext_image_free(image);
    file[294] ^= 1;
    expect_bad_bytes(file, sizeof file, "f: the CRC of this DfuSe file is wrong: it is damaged");
    make_dfuse(file);
    expect_bad_bytes(file, 300, "f: the suffix of this DfuSe file is missing (cut off?)");
    store_le32(file + 289, 5);
    close_dfuse(file, DFUSE);
    expect_bad_bytes(file, sizeof file, "f: a part of this DfuSe file is missing (cut off?)");
    make_dfuse(file);
    file[10] = 2;
    close_dfuse(file, DFUSE);
    expect_bad_bytes(file, sizeof file, "f: a part of this DfuSe file is missing (cut off?)");
    make_dfuse(file);
    file[11 + 6] = 1; /* not flash */
    close_dfuse(file, DFUSE);
    expect_bad_bytes(file, sizeof file, "f: there is nothing to load in it");
}

static void test_damaged(void **state)
{
    uint8_t uf2[2 * BLOCK], dfuse[DFUSE];
    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    make_uf2(uf2);
    make_dfuse(dfuse);
    for (int i = 0; i < 20000; i++) {
        parse_damaged(uf2, sizeof uf2, "f");
        dfuse[any(DFUSE - 16)] ^= (uint8_t)(1u << any(8)); /* with a CRC that fits */
        close_dfuse(dfuse, DFUSE);
        parse_damaged(dfuse, sizeof dfuse, "f");
        if (i % 8 == 0) {
            make_dfuse(dfuse);
        }
    }
}

/* ---- a bootloader in it ---- */

enum { MERGED = 0x8000 + 64 };

static void make_merged(uint8_t file[MERGED])
{
    memset(file, 0, MERGED);
    for (uint32_t at = 0; at < MERGED; at += 0x8000) {
        store_le32(file + at, 0x20020000);
        store_le32(file + at + 4, 0x08000000 + at + 0x21);
        memcpy(file + at + 0x20, "\xFE\xE7", 2);
    }
}

static void test_merged(void **state)
{
    static uint8_t bytes[MERGED];
    const struct ararext_segment file = {.len = MERGED, .data = bytes};
    struct ararext_load load = {.bin_addr = 0x08000000};
    struct ararext_image *image = NULL;
    struct ararext_message why = {""};
    (void)state;
    make_merged(bytes);
    assert_int_equal(ararext_image_parse(&image, &file, "f.bin", &load, &why), ARAREXT_OK);
    assert_int_equal(ararext_image_check(image, &PART, false, &why), ARAREXT_ERR_IMAGE);
    assert_non_null(strstr(why.text, "there is a bootloader in this file"));
    assert_non_null(strstr(why.text, "--skip-bootloader"));
    ararext_image_free(image);
    for (int own_address = 0; own_address < 2; own_address++) {
        load = (struct ararext_load){.skip_bootloader = true,
                                     .bin_addr = own_address != 0 ? 0x08000000 : 0};
        assert_int_equal(ararext_image_parse(&image, &file, "f.bin", &load, &why), ARAREXT_OK);
        assert_int_equal(ararext_image_segment_count(image), 1);
        assert_int_equal(ararext_image_segment(image, 0).addr, 0x08008000);
        assert_int_equal(ararext_image_size(image), 64);
        assert_memory_equal(ararext_image_segment(image, 0).data, bytes + 0x8000, 64);
        assert_int_equal(ararext_image_check(image, &PART, false, &why), ARAREXT_OK);
        ararext_image_free(image);
    }
    load = (struct ararext_load){.skip_bootloader = false};
    assert_int_equal(ararext_image_parse(&image, &file, "f.bin", &load, &why), ARAREXT_OK);
    assert_int_equal(ararext_image_check(image, &PART, false, &why), ARAREXT_ERR_IMAGE);
    assert_non_null(strstr(why.text, "--skip-bootloader"));
    ararext_image_free(image);
}

/* Both sides of the sectors stay, an application alone stays whole, a bootloader alone leaves
 * nothing. */
static void test_skip(void **state)
{
    static const struct ararext_load load = {.skip_bootloader = true};
    static const char around[] = ":020000040800F2\n:048000000A0B0C0D4E\n:047FFC000102030477\n"
                                 ":0200000407FFF4\n:04FFFE0001020304F5\n" HEX_END;
    static const char boot[] = HEX_BASE ":0400000001020304F2\n" HEX_END;
    const struct ararext_segment file = {.len = sizeof around - 1, .data = (const void *)around};
    const struct ararext_segment only = {.len = sizeof boot - 1, .data = (const void *)boot};
    struct ararext_image *image = NULL;
    struct ararext_message why = {""};
    (void)state;
    assert_int_equal(ararext_image_parse(&image, &file, "f", &load, &why), ARAREXT_OK);
    assert_int_equal(ararext_image_segment_count(image), 2);
    expect_segment(image, 0, 0x07FFFFFE, "\1\2");
    expect_segment(image, 1, 0x08008000, "\x0a\x0b\x0c\x0d");
    ararext_image_free(image);
    assert_int_equal(ararext_image_parse(&image, &only, "f", &load, &why), ARAREXT_ERR_FORMAT);
    assert_string_equal(why.text, "f: behind the bootloader's sectors there is nothing in it");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_other_kinds),   cmocka_unit_test(test_tar),
        cmocka_unit_test(test_kind_and_name), cmocka_unit_test(test_uf2),
        cmocka_unit_test(test_dfuse),         cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_merged),        cmocka_unit_test(test_skip),
    };
    if (argc > 1) {
        seed = strtoull(argv[1], NULL, 10);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
