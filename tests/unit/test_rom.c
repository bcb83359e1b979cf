/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of ST's ROM protocol: each command with its acknowledgements, each refusal with its
 * reason and that it changes nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "memory_map.h"
#include "rom_host.h"
#include "verdict.h"

#define LEVEL_1_OPTCR  0x0FFF55EDu
#define FREE_SRAM_END  (MAP_FREE_SRAM_BASE + MAP_FREE_SRAM_SIZE)
#define FREE_SRAM_LAST 0x20, 0x01, (FREE_SRAM_END - 2) >> 8 & 0xFF, (FREE_SRAM_END - 2) & 0xFF

/* ---- commands ---- */

static void test_rom_get(void **state)
{
    struct model *m = rom_model(1024);

    (void)state;
    rom_exchange(m, BYTES(0x00, 0xFF),
                 BYTES(ROM_ACK, 11, 0x31, 0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x43, 0x44, 0x63,
                       0x73, 0x82, ROM_ACK));
    rom_exchange(m, BYTES(0x01, 0xFE), BYTES(ROM_ACK, 0x31, 0x00, 0x00, ROM_ACK));
    rom_exchange(m, BYTES(0x02, 0xFD), BYTES(ROM_ACK, 0x01, 0x04, 0x13, ROM_ACK));
    free(m);
}

static void read_and_compare(struct model *m, uint32_t addr, unsigned len)
{
    uint8_t expect[257] = {ROM_ACK};

    rom_command(m, ROM_READ);
    rom_address(m, addr);
    memcpy(expect + 1, model_memory(m, addr, len), len);
    rom_exchange(m, BYTES((uint8_t)(len - 1), (uint8_t) ~(len - 1)), expect, len + 1);
}

static void test_rom_read(void **state)
{
    struct model *m = rom_model(1024);

    (void)state;
    for (unsigned i = 0; i < 1024; i++) {
        m->flash[0x8000 + i] = (uint8_t)(i * 13 + i / 256);
    }
    read_and_compare(m, MAP_APP_BASE, 256);
    read_and_compare(m, MAP_APP_BASE + 3, 1);
    read_and_compare(m, MAP_FLASH_BASE, 255); /* the bootloader */
    read_and_compare(m, MAP_FLASH_BASE + MAP_FLASH_SIZE_MAX - 256, 256);
    assert_int_equal(model_changes(m), 0);
    free(m);
}

static void test_rom_write(void **state)
{
    struct model *m = rom_model(1024);
    uint8_t block[257] = {255};

    (void)state;
    for (unsigned i = 1; i < sizeof block; i++) {
        block[i] = (uint8_t)(i * 7);
    }
    rom_command(m, ROM_WRITE);
    rom_address(m, MAP_APP_BASE);
    rom_checked(m, block, sizeof block, BYTES(ROM_ACK));
    assert_memory_equal(m->flash + 0x8000, block + 1, 256);
    rom_command(m, ROM_WRITE);
    rom_address(m, MAP_FREE_SRAM_BASE + 1);
    rom_checked(m, BYTES(0, 0xAB), BYTES(ROM_ACK));
    assert_int_equal(m->sram[0x4001], 0xAB);
    rom_command(m, ROM_WRITE);
    rom_address(m, MAP_APP_BASE + 4);
    rom_checked(m, BYTES(0, 0xAB), BYTES(ROM_NACK));
    model_expect_failure(m, REASON_NOT_ERASED, ROM_WRITE, MAP_APP_BASE + 4);
    free(m);
}

static void test_rom_go(void **state)
{
    struct model *m = rom_model(1024);

    (void)state;
    store_le32(m->flash + 0x8000, 0x20020000);
    store_le32(m->flash + 0x8004, 0x08008101);
    store_le16(m->flash + 0x8100, 0xE7FE);
    rom_command(m, ROM_GO);
    rom_address(m, MAP_APP_BASE);
    assert_int_equal(m->loader.after, AFTER_GO_IMAGE);
    assert_int_equal(m->loader.target, MAP_APP_BASE);
    rom_command(m, ROM_GO);
    rom_checked(m, BYTES(0x08, 0, 0, 0), BYTES(ROM_NACK));
    model_expect_failure(m, REASON_BOOTLOADER, ROM_GO, MAP_FLASH_BASE);
    assert_int_equal(m->loader.after, AFTER_NOTHING);
    free(m);
}

static void test_rom_erase(void **state)
{
    struct model *m = rom_model(1024);

    (void)state;
    memset(m->flash, 0, sizeof m->flash);
    rom_command(m, ROM_ERASE);
    rom_checked(m, BYTES(1, 11, 3), BYTES(ROM_ACK));
    assert_int_equal(m->erases, 2);
    assert_int_equal(m->flash[0xC000], 0xFF);
    assert_int_equal(m->flash[0xFFFFF], 0xFF);
    assert_int_equal(m->flash[0x8000], 0);
    rom_command(m, ROM_ERASE_EXTENDED);
    rom_checked(m, BYTES(0, 0, 0, 2), BYTES(ROM_ACK));
    assert_int_equal(m->flash[0x8000], 0xFF);
    assert_int_equal(m->erases, 3);
    free(m);
}

/* All of them are the application's. */
static void test_rom_mass_erase(void **state)
{
    static const uint8_t codes[][2] = {{0xFF, 0xFF}, {0xFF, 0xFE}};

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct model *m = rom_model(512);

        memset(m->flash, 0x55, sizeof m->flash);
        rom_command(m, i < 2 ? ROM_ERASE_EXTENDED : ROM_ERASE);
        if (i < 2) {
            rom_checked(m, codes[i], 2, BYTES(ROM_ACK));
        } else {
            rom_exchange(m, BYTES(0xFF, 0x00), BYTES(ROM_ACK));
        }
        assert_int_equal(m->erases, 6);
        assert_int_equal(m->flash[0x7FFF], 0x55);
        assert_int_equal(m->flash[0x8000], 0xFF);
        assert_int_equal(m->flash[0x7FFFF], 0xFF);
        assert_int_equal(m->flash[0x80000], 0x55);
        rom_expect_alive(m);
        free(m);
    }
}

static void test_rom_protect(void **state)
{
    struct model *m = rom_model(1024);

    (void)state;
    rom_command(m, ROM_WRITE_PROTECT);
    rom_checked(m, BYTES(1, 4, 11), BYTES(ROM_ACK));
    assert_int_equal(m->optcr >> 16 & 0xFFF, 0x7EF);
    assert_int_equal(m->loader.after, AFTER_RESET_STAY);
    rom_command(m, ROM_WRITE);
    rom_address(m, 0x08010000);
    rom_checked(m, BYTES(0, 0), BYTES(ROM_NACK));
    model_expect_failure(m, REASON_WRITE_PROTECTED, ROM_WRITE, 4);
    assert_int_equal(m->loader.after, AFTER_NOTHING);
    rom_command(m, ROM_ERASE_EXTENDED);
    rom_checked(m, BYTES(0, 0, 0, 4), BYTES(ROM_NACK));
    assert_int_equal(m->erases, 0);
    rom_exchange(m, BYTES(0x73, 0x8C), BYTES(ROM_ACK, ROM_ACK));
    assert_int_equal(m->optcr >> 16 & 0xFFF, 0xFFF);
    assert_int_equal(m->loader.after, AFTER_RESET_STAY);
    rom_exchange(m, BYTES(0x82, 0x7D), BYTES(ROM_ACK, ROM_ACK));
    assert_int_equal(m->optcr & 0xFF00, LEVEL_1_OPTCR & 0xFF00);
    assert_int_equal(m->loader.after, AFTER_RESET_STAY);
    free(m);
}

/* The way back from level 1 would erase the chip. */
static void test_rom_readout_unprotect(void **state)
{
    struct model *m = rom_model(1024);

    (void)state;
    m->optcr = LEVEL_1_OPTCR;
    rom_exchange(m, BYTES(0x92, 0x6D), BYTES(ROM_NACK));
    model_expect_failure(m, REASON_WOULD_ERASE_CHIP, ROM_READ_UNPROTECT, 0);
    assert_int_equal(model_changes(m), 0);
    free(m);
}

/* ---- refusals ---- */

#define FOUR_BYTES                                                                                 \
    {                                                                                              \
        5, 3, 1, 2, 3, 4                                                                           \
    }
#define COUNT_16                                                                                   \
    {                                                                                              \
        1, 0x0F                                                                                    \
    }

struct refusal {
    uint8_t code;
    uint8_t blocks[2][8]; /* first byte: how many follow, their check left out */
    enum reason reason;
    uint32_t detail;
};

/* Every block is acknowledged but the last. */
static void check_refusal(const struct refusal *row, struct model *m)
{
    rom_command(m, row->code);
    for (unsigned i = 0; i < 2 && row->blocks[i][0] != 0; i++) {
        bool last = i == 1 || row->blocks[1][0] == 0;

        const uint8_t *block = row->blocks[i] + 1;

        if (block[-1] == 1) {
            rom_exchange(m, BYTES(block[0], (uint8_t)~block[0]), BYTES(last ? ROM_NACK : ROM_ACK));
        } else {
            rom_checked(m, block, block[-1], BYTES(last ? ROM_NACK : ROM_ACK));
        }
    }
    model_expect_failure(m, row->reason, row->code, row->detail);
    assert_int_equal(m->loader.after, AFTER_NOTHING);
    assert_int_equal(model_changes(m), 0);
    rom_expect_alive(m);
}

static void test_rom_refusals(void **state)
{
    static const struct refusal rows[] = {
        {ROM_READ, {{4, 0x40, 0x02, 0x3C, 0x00}, COUNT_16}, REASON_ADDRESS, 0x40023C00},
        {ROM_READ, {{4, 0x08, 0x07, 0xFF, 0xF1}, COUNT_16}, REASON_ADDRESS, 0x0807FFF1},
        {ROM_WRITE, {{4, 0x08, 0x00, 0x7F, 0xFC}, FOUR_BYTES}, REASON_BOOTLOADER, 0x08007FFC},
        {ROM_WRITE, {{4, 0x20, 0x00, 0x30, 0x00}, FOUR_BYTES}, REASON_BOOTLOADER, 0x20003000},
        {ROM_WRITE, {{4, 0x1F, 0xFF, 0xC0, 0x00}, FOUR_BYTES}, REASON_ADDRESS, 0x1FFFC000},
        {ROM_WRITE, {{4, FREE_SRAM_LAST}, FOUR_BYTES}, REASON_BOOTLOADER, FREE_SRAM_END - 2},
        {ROM_WRITE, {{4, 0x08, 0x07, 0xFF, 0xFE}, FOUR_BYTES}, REASON_ADDRESS, 0x0807FFFE},
        {ROM_GO, {{4, 0x08, 0x00, 0x80, 0x00}}, REASON_NO_CODE, 0x08008000},
        {ROM_GO, {{4, 0x1F, 0xFF, 0x00, 0x00}}, REASON_ADDRESS, 0x1FFF0000},
        {ROM_ERASE, {{3, 1, 2, 1}}, REASON_BOOTLOADER, 1},
        {ROM_ERASE, {{3, 1, 2, 8}}, REASON_NO_SECTOR, 8},
        {ROM_ERASE_EXTENDED, {{6, 0, 1, 0, 2, 0, 0}}, REASON_BOOTLOADER, 0},
        {ROM_ERASE_EXTENDED, {{6, 0, 1, 0, 2, 1, 2}}, REASON_NO_SECTOR, 0x102},
        {ROM_ERASE_EXTENDED, {{2, 0xFF, 0xFD}}, REASON_ARGUMENT, 0xFFFD},
        {ROM_ERASE_EXTENDED, {{2, 0xFF, 0xF0}}, REASON_ARGUMENT, 0xFFF0},
        {ROM_WRITE_PROTECT, {{3, 1, 4, 0}}, REASON_BOOTLOADER, 0},
        {ROM_WRITE_PROTECT, {{3, 1, 4, 12}}, REASON_NO_SECTOR, 12},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct model *m = rom_model(512);

        check_refusal(&rows[i], m);
        free(m);
    }
}

/* A board that is not open shows and changes nothing; whether it is comes from OTP, which
 * test_package_commands has; here it is set. */
static void test_rom_refuses_when_provisioned(void **state)
{
    static const struct refusal rows[] = {
        {ROM_READ, {{4, 0x08, 0x00, 0x80, 0x00}, COUNT_16}, REASON_PROVISIONED, 0},
        {ROM_READ, {{4, 0x20, 0x00, 0x40, 0x00}, COUNT_16}, REASON_PROVISIONED, 0},
        {ROM_WRITE, {{4, 0x08, 0x00, 0x80, 0x00}, FOUR_BYTES}, REASON_PROVISIONED, 0},
        {ROM_WRITE, {{4, 0x20, 0x00, 0x40, 0x00}, FOUR_BYTES}, REASON_PROVISIONED, 0},
        {ROM_GO, {{4, 0x20, 0x00, 0x40, 0x00}}, REASON_PROVISIONED, 0},
        {ROM_ERASE, {{2, 0, 2}}, REASON_PROVISIONED, 0},
        {ROM_ERASE_EXTENDED, {{2, 0xFF, 0xFF}}, REASON_PROVISIONED, 0},
        {ROM_WRITE_PROTECT, {{2, 0, 4}}, REASON_PROVISIONED, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct model *m = rom_model(512);

        m->loader.open[0] = m->loader.open[1] = VERDICT_BAD;
        check_refusal(&rows[i], m);
        free(m);
    }
}

/* Of a provisioned board: what it shows, and the protection that it may take off. */
static void test_rom_provisioned_allows(void **state)
{
    struct model *m = rom_model(512);

    (void)state;
    m->loader.open[0] = m->loader.open[1] = VERDICT_BAD;
    read_and_compare(m, MAP_UID_BASE, 12);
    rom_exchange(m, BYTES(0x82, 0x7D), BYTES(ROM_ACK, ROM_NACK));
    model_expect_failure(m, REASON_PROVISIONED, ROM_READ_PROTECT, 0);
    assert_int_equal(m->loader.after, AFTER_NOTHING);
    m->optcr &= ~(4u << 16);
    rom_exchange(m, BYTES(0x73, 0x8C), BYTES(ROM_ACK, ROM_ACK));
    assert_int_equal(m->optcr >> 16 & 0xFFF, 0xFFF);
    free(m);
}

/* A flash operation that fails is a ROM_NACK, and the next command is understood. */
static void test_rom_flash_fails(void **state)
{
    struct model *m = rom_model(1024);

    (void)state;
    m->fail = REASON_FLASH_ERROR;
    m->fail_detail = 0x80;
    rom_command(m, ROM_ERASE_EXTENDED);
    rom_checked(m, BYTES(0, 0, 0, 5), BYTES(ROM_NACK));
    assert_int_equal(m->failed, 1);
    model_expect_failure(m, REASON_FLASH_ERROR, ROM_ERASE_EXTENDED, 0x80);
    rom_expect_alive(m);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rom_get),
        cmocka_unit_test(test_rom_read),
        cmocka_unit_test(test_rom_write),
        cmocka_unit_test(test_rom_go),
        cmocka_unit_test(test_rom_erase),
        cmocka_unit_test(test_rom_mass_erase),
        cmocka_unit_test(test_rom_protect),
        cmocka_unit_test(test_rom_readout_unprotect),
        cmocka_unit_test(test_rom_refusals),
        cmocka_unit_test(test_rom_refuses_when_provisioned),
        cmocka_unit_test(test_rom_provisioned_allows),
        cmocka_unit_test(test_rom_flash_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
