/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of core's arithmetic: CRC, sector geometry, regions, vector tables, the boot decision.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "boot.h"
#include "bytes.h"
#include "crc.h"
#include "geometry.h"
#include "image.h"
#include "memory_map.h"
#include "region.h"

#define END_512 0x08080000u
#define END_1M  0x08100000u

#define OK   REASON_NONE
#define NO   REASON_ADDRESS
#define MINE REASON_BOOTLOADER

static void test_crc_check_values(void **state)
{
    static const struct {
        uint8_t bytes[7];
        size_t len;
        uint32_t crc;
    } rows[] = {
        {{0x01, 0x51}, 2, 0x5C5F6A64},
        {{0x03, 0x56, 0x02, 0x01}, 4, 0xA20BA54E},
        {{0x06, 0x59, 0x00, 0x80, 0x00, 0x08, 0x10}, 7, 0x423802FE},
        {{0x05, 0x51}, 2, 0x7CABE9E7},
        {{0x05, 0x52}, 2, 0x71E8CF3E},
        {{0x05, 0x53}, 2, 0x7529D289},
        {{0x0A, 0x59, 0x00, 0x02, 0x02, 0x08, 0x10}, 7, 0x9B7C0F94},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(crc_update(CRC_START, rows[i].bytes, rows[i].len), rows[i].crc);
        assert_int_equal(
            crc_update(crc_update(CRC_START, rows[i].bytes, 1), rows[i].bytes + 1, rows[i].len - 1),
            rows[i].crc);
    }
    assert_int_equal(crc_update(CRC_START, NULL, 0), CRC_START);
}

static void test_geometry_sectors(void **state)
{
    /* RM0090 table 5, written out. */
    static const struct {
        uint32_t addr, kib;
    } sectors[12] = {
        {0x08000000, 16},  {0x08004000, 16},  {0x08008000, 16},  {0x0800C000, 16},
        {0x08010000, 64},  {0x08020000, 128}, {0x08040000, 128}, {0x08060000, 128},
        {0x08080000, 128}, {0x080A0000, 128}, {0x080C0000, 128}, {0x080E0000, 128},
    };

    (void)state;
    assert_int_equal(geometry_sector_count(512), 8);
    assert_int_equal(geometry_sector_count(1024), 12);
    assert_int_equal(geometry_flash_end(512), END_512);
    assert_int_equal(geometry_flash_end(1024), END_1M);
    assert_int_equal(geometry_sector_addr(8), END_512);
    assert_int_equal(geometry_sector_addr(12), END_1M);
    for (unsigned i = 0; i < 12; i++) {
        assert_int_equal(geometry_sector_addr(i), sectors[i].addr);
        assert_int_equal(geometry_sector_size(i), sectors[i].kib * 1024);
        assert_int_equal(geometry_sector_at(sectors[i].addr), i);
        assert_int_equal(geometry_sector_at(sectors[i].addr + sectors[i].kib * 1024 - 1), i);
    }
}

static void test_geometry_groups(void **state)
{
    static const struct {
        uint32_t flash_kib;
        uint8_t count[GEOMETRY_GROUPS];
    } parts[] = {{512, {4, 1, 3}}, {1024, {4, 1, 7}}};
    static const uint16_t sizes[GEOMETRY_GROUPS] = {16, 64, 128};

    (void)state;
    for (size_t p = 0; p < 2; p++) {
        for (unsigned g = 0; g < GEOMETRY_GROUPS; g++) {
            uint8_t count;
            uint16_t kib;

            geometry_group(parts[p].flash_kib, g, &count, &kib);
            assert_int_equal(count, parts[p].count[g]);
            assert_int_equal(kib, sizes[g]);
        }
    }
    assert_int_equal(geometry_flash_kib(1024), 1024);
    assert_int_equal(geometry_flash_kib(512), 512);
    assert_int_equal(geometry_flash_kib(0xFFFF), 512);
    assert_int_equal(geometry_flash_kib(0), 512);
}

static void test_region_table(void **state)
{
    /* The table of PROTOCOL.md: edges of every region, and ranges that straddle or wrap. */
    static const struct {
        uint32_t addr, len;
        enum reason read, write, go; /* on a 1 MiB part */
    } rows[] = {
        {0x08000000, 1, OK, MINE, MINE},
        {0x08007FFF, 1, OK, MINE, MINE},
        {0x08007FFF, 2, OK, MINE, MINE},
        {0x08008000, 1, OK, OK, OK},
        {0x08000000, 0x100000, OK, MINE, MINE},
        {0x08008000, 0xF8000, OK, OK, OK},
        {0x080FFFFF, 1, OK, OK, OK},
        {0x080FFFFF, 2, NO, NO, NO},
        {0x08100000, 1, NO, NO, NO},
        {0x07FFFFFF, 1, NO, NO, NO},
        {0x07FFFFFF, 2, NO, MINE, MINE},
        {0x20000000, 1, OK, MINE, MINE},
        {0x20003FFF, 1, OK, MINE, MINE},
        {0x20003FFF, 2, OK, MINE, MINE},
        {0x20004000, 1, OK, OK, OK},
        {0x20018FFF, 1, OK, OK, OK},
        {0x20018FFF, 2, OK, MINE, MINE},
        {0x20019000, 1, OK, MINE, MINE},
        {0x2001FFBF, 1, OK, MINE, MINE},
        {0x2001FFC0, 1, OK, MINE, MINE},
        {0x2001FFFF, 1, OK, MINE, MINE},
        {0x2001FFFF, 2, NO, MINE, MINE},
        {0x20020000, 1, NO, NO, NO},
        {0x20000000, 0x20000, OK, MINE, MINE},
        {0x10000000, 0x10000, OK, OK, NO},
        {0x1000FFFF, 2, NO, NO, NO},
        {0x1FFF0000, 1, OK, NO, NO},
        {0x1FFF7800, 0x210, OK, NO, NO},
        {0x1FFF7A0F, 1, OK, NO, NO},
        {0x1FFF7A10, 12, OK, NO, NO},
        {0x1FFF7A10, 13, NO, NO, NO},
        {0x1FFF7A22, 2, OK, NO, NO},
        {0x1FFFC000, 16, OK, NO, NO},
        {0x1FFFC000, 17, NO, NO, NO},
        {0x00000000, 1, NO, NO, NO},
        {0x40023C00, 4, NO, NO, NO},
        {0xE000ED00, 4, NO, NO, NO},
        {0xFFFFFFFF, 1, NO, NO, NO},
        {0xFFFFFFFF, 2, NO, NO, NO},
        {0x08008000, 0xFFFFFFFF, NO, MINE, MINE},
        {0x20004000, 0xFFFFFFFF, NO, MINE, MINE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("range %08x + %x\n", (unsigned)rows[i].addr, (unsigned)rows[i].len);
        assert_int_equal(region_check(REGION_READ, rows[i].addr, rows[i].len, END_1M),
                         rows[i].read);
        assert_int_equal(region_check(REGION_WRITE, rows[i].addr, rows[i].len, END_1M),
                         rows[i].write);
        assert_int_equal(region_check(REGION_EXECUTE, rows[i].addr, rows[i].len, END_1M),
                         rows[i].go);
    }
    assert_int_equal(region_check(REGION_READ, 0x0807FFFF, 1, END_512), REASON_NONE);
    assert_int_equal(region_check(REGION_READ, 0x0807FFFF, 2, END_512), REASON_ADDRESS);
    assert_int_equal(region_check(REGION_WRITE, 0x08080000, 1, END_512), REASON_ADDRESS);
}

static void test_image_vectors(void **state)
{
    static const struct {
        uint32_t stack, reset;
        bool plausible; /* on a 512 KiB part */
    } rows[] = {
        {0x20020000, 0x08008101, true},  {0x20000004, 0x08008101, true},
        {0x20000000, 0x08008101, false}, {0x20020004, 0x08008101, false},
        {0x20001002, 0x08008101, false}, {0x10010000, 0x08008101, true},
        {0x10000000, 0x08008101, false}, {0x10010004, 0x08008101, false},
        {0x20020000, 0x08008100, false}, {0x20020000, 0x08007FFF, false},
        {0x20020000, 0x08000101, false}, {0x20020000, 0x0807FFFF, true},
        {0x20020000, 0x08080001, false}, {0x20020000, 0x20004001, true},
        {0x20020000, 0x20003FFF, false}, {0x20020000, 0x10000001, false},
        {0xFFFFFFFF, 0xFFFFFFFF, false}, {0x00000000, 0x00000000, false},
        {0xFFFFFFFC, 0x08008101, false}, {0x20020000, 0xFFFFFFFF, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        print_message("stack %08x reset %08x\n", (unsigned)rows[i].stack, (unsigned)rows[i].reset);
        assert_int_equal(image_vectors_plausible(rows[i].stack, rows[i].reset, END_512),
                         rows[i].plausible);
    }
    assert_true(image_vectors_plausible(0x20020000, 0x08080001, END_1M));
}

static void test_boot_decision(void **state)
{
    /* Invariants I1, I2 and I4 of boot.h. */
    static const struct {
        bool button;
        uint32_t request[3];
        uint32_t stack;
        enum stay_reason expect;
    } rows[] = {
        {false, {0, 0, 0}, 0x20020000, STAY_NOT},
        {false, {0, 0, 0}, 0xFFFFFFFF, STAY_NOTHING_TO_BOOT},
        {true, {0, 0, 0}, 0x20020000, STAY_BUTTON},
        {true, {0, 0, 0}, 0xFFFFFFFF, STAY_BUTTON},
        {true, {BOOT_REQUEST_MAGIC, 1, ~1u}, 0x20020000, STAY_BUTTON},
        {false, {BOOT_REQUEST_MAGIC, 1, ~1u}, 0x20020000, STAY_APP_REQUEST},
        {false, {BOOT_REQUEST_MAGIC, 1, ~1u}, 0xFFFFFFFF, STAY_APP_REQUEST},
        {false, {BOOT_REQUEST_MAGIC, 2, ~2u}, 0x20020000, STAY_HOST_REQUEST},
        {false, {BOOT_REQUEST_MAGIC, 3, ~3u}, 0x20020000, STAY_NOT},
        {true, {BOOT_REQUEST_MAGIC, 3, ~3u}, 0x20020000, STAY_NOT}, /* installs, and stays then */
        {true, {BOOT_REQUEST_MAGIC, 3, 3}, 0x20020000, STAY_BUTTON},
        {false, {BOOT_REQUEST_MAGIC, 0, ~0u}, 0x20020000, STAY_NOT},
        {false, {BOOT_REQUEST_MAGIC, 1, 1}, 0x20020000, STAY_NOT},
        {false, {BOOT_REQUEST_MAGIC ^ 1, 1, ~1u}, 0x20020000, STAY_NOT},
        {false, {BOOT_REQUEST_MAGIC, 1, ~1u ^ 0x80000000u}, 0x20020000, STAY_NOT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct boot_facts facts = {
            .button = rows[i].button,
            .request = {rows[i].request[0], rows[i].request[1], rows[i].request[2]},
            .app_stack = rows[i].stack,
            .app_reset = 0x08008101,
            .flash_end = END_512,
        };

        assert_int_equal(boot_decide(&facts), rows[i].expect);
    }
}

static void test_boot_needs_code(void **state)
{
    /* Invariant I2: a reset handler in flash that is not erased. */
    static const struct {
        uint32_t reset;
        uint16_t code;
        enum stay_reason expect;
    } rows[] = {
        {0x08008101, 0xE7FE, STAY_NOT},
        {0x08008101, 0xFFFF, STAY_NOTHING_TO_BOOT},
        {0x0807FFFF, 0xE7FE, STAY_NOT},
        {0x08080001, 0xE7FE, STAY_NOTHING_TO_BOOT}, /* behind the part */
        {0x20004001, 0xE7FE, STAY_NOTHING_TO_BOOT}, /* SRAM holds anything after power-on */
        {0x08000101, 0xE7FE, STAY_NOTHING_TO_BOOT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct boot_facts facts = {
            .app_stack = 0x20020000,
            .app_reset = rows[i].reset,
            .app_code = rows[i].code,
            .flash_end = END_512,
        };

        assert_int_equal(boot_decide(&facts), rows[i].expect);
    }
}

static void test_boot_request_words(void **state)
{
    uint32_t words[BOOT_REQUEST_WORDS];

    (void)state;
    boot_make_request(words, BOOT_REQUEST_LOADER_RPC);
    assert_int_equal(words[0], 0x51524241);
    assert_int_equal(words[1], 2);
    assert_int_equal(words[2], 0xFFFFFFFD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_crc_check_values),   cmocka_unit_test(test_geometry_sectors),
        cmocka_unit_test(test_geometry_groups),    cmocka_unit_test(test_region_table),
        cmocka_unit_test(test_image_vectors),      cmocka_unit_test(test_boot_decision),
        cmocka_unit_test(test_boot_request_words), cmocka_unit_test(test_boot_needs_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
