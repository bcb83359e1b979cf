/* SPDX-License-Identifier: MIT */
/*
 * Reading images from text and binaries: what each format may hold and every way in which it can be
 * wrong, then thousands of damaged files, which must be refused or understood but never crash (run
 * under the sanitizers).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "image_bench.h"

/* ---- Intel HEX ---- */

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

/* What editors, linkers and people put around records: nothing of it is a fault. */
static void test_hex_around(void **state)
{
    static const char *const texts[] = {
        "\xEF\xBB\xBF" HEX_BASE ":048000000A0B0C0D4E\n" HEX_END "\n",
        "; made by hand\n# twice\n\n// thrice\n" HEX_BASE ":048000000A0B0C0D4E\n" HEX_END,
        ":020000040800F2 ; base\r\n:048000000A0B0C0D4E\t// data\r\n" HEX_END " # end\r\n\x1A",
        ":020000040800F2\r:048000000A0B0C0D4E\r" HEX_END "\r",
        " \t:020000040800f2\n :048000000a0b0c0d4e\n" HEX_END "\n\n; behind the end\n",
        HEX_BASE ":048000000A0B0C0D4E\n:048000000A0B0C0D4E\n" HEX_END,
        HEX_BASE ":028001000B0C66\n:048000000A0B0C0D4E\n:028001000B0C66\n" HEX_END,
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct ararext_image *image = good(texts[i], "f");
        assert_int_equal(ararext_image_segment_count(image), 1);
        expect_segment(image, 0, 0x08008000, "\x0a\x0b\x0c\x0d");
        ararext_image_free(image);
    }
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
        {HEX_BASE ":048000000A0B0C0D4E\n",
         "f, line 2: the file ends without its end record (cut off?)"},
        {HEX_END "\n\n" HEX_BASE,
         "f, line 3: a second file begins here, behind the end record of the first: these are two "
         "files in one, take one of them"},
        {HEX_END "\n\nx", "f, line 3: there is something behind the end record"},
        {HEX_BASE ":048000000A0B0C0D4E\n# :00000001FF\n",
         "f, line 3: the file ends without its end record (cut off?)"},
        {":020000021000EC\n:02FFFF000102FD\n" HEX_END,
         "f, line 2: data runs over the end of its 64 KiB segment"},
        {":02000004FFFFFC\n:02FFFF000102FD\n" HEX_END,
         "f, line 2: data runs over the end of the address space"},
        {HEX_BASE ":04800000010203046E\n:018002000974\n" HEX_END,
         "f, line 2: checksum is 6E, should "
         "be 72"},
        {HEX_BASE ":048000000A0B0C0D4E\n:018002000974\n" HEX_END,
         "f: lines 2 and 3 have different bytes for 0x08008002"},
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

/* As srec_cat writes them: the count is all that tells that the file is whole. */
static void test_srec_without_end(void **state)
{
    static const char *const texts[] = {
        "S0050000686929\nS309080080000102030464\nS5030001FB\n",
        "S309080080000102030464\r\nS604000001FA\r\n\r\n",
        "S309080080000102030464\nS5030001FB\nS5030001FB\n",
        "\xEF\xBB\xBFs309080080000102030464 \ns5030001fb\n* end\n",
        "S309080080000102030464\nS9030000FC\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct ararext_image *image = good(texts[i], "f");
        assert_int_equal(ararext_image_segment_count(image), 1);
        expect_segment(image, 0, 0x08008000, "\1\2\3\4");
        ararext_image_free(image);
    }
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
        {"S104001006E5\n", "f, line 1: the file ends without its end record (cut off?)"},
        {"S9030000FC\nS104001006E5\n",
         "f, line 2: a second file begins here, behind the end record of the first: these are two "
         "files in one, take one of them"},
        {"S9030000FC\nS1040010\n", "f, line 2: there is something behind the end record"},
        {"S104001006E5\nS5030001FB\nS104001107E3\n",
         "f, line 3: the file ends without its end record (cut off?)"},
        {"S104001006E5\nS5030002FA\n", "f, line 2: the file says it has 2 data records, 1 came"},
        {"S104001006E5\nS2050090000565\n\nS104001007E4\nS9030000FC\n",
         "f: lines 1 and 4 have different bytes for 0x00000010"},
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
    assert_string_equal(why.text, "a.bin: the file is empty");
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

/* ---- damaged files ---- */

static void test_damaged_files(void **state)
{
    static const char hex[] = HEX_BASE ":048000000A0B0C0D4E\n:020000021000EC\n:01900000551A\n"
                                       ":04000005080081452"
                                       "9\n" HEX_END "\n";
    static const char srec[] = "S0050000686929\nS309080080000102030464\nS2050090000565\n"
                               "S104001006E5\nS5030003F9\nS705080081452C\n";
    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    for (int i = 0; i < 20000; i++) {
        parse_damaged((const uint8_t *)hex, sizeof hex - 1, "f");
        parse_damaged((const uint8_t *)srec, sizeof srec - 1, "f");
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hex_good),
        cmocka_unit_test(test_hex_around),
        cmocka_unit_test(test_hex_bad),
        cmocka_unit_test(test_srec_good),
        cmocka_unit_test(test_srec_without_end),
        cmocka_unit_test(test_srec_bad),
        cmocka_unit_test(test_bin),
        cmocka_unit_test(test_load_files),
        cmocka_unit_test(test_damaged_files),
    };
    if (argc > 1) {
        seed = strtoull(argv[1], NULL, 10);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
