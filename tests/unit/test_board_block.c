/* SPDX-License-Identifier: MIT */
/* The board block: what checks, what does not, and what its PLL makes (FORMAT.md, "Board block").
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "board_block.h"
#include "bytes.h"

static const uint8_t original[BOARD_BLOCK_SIZE] = BOARD_BLOCK_ORIGINAL;

/* The original's with one byte changed, sealed again. */
static void make(uint8_t block[BOARD_BLOCK_SIZE], unsigned at, uint8_t value)
{
    memcpy(block, original, BOARD_BLOCK_SIZE);
    block[at] = value;
    store_le32(block + BOARD_CRC, board_block_crc(block));
}

static void test_board_original(void **state)
{
    (void)state;
    assert_true(board_block_is_good(original));
    assert_ptr_equal(board_block_choose(original), original);
    assert_int_equal(load_le32(original + BOARD_CRC), 0xC6918F6E);
    assert_string_equal((const char *)original + BOARD_NAME, "original");
    assert_int_equal(load_le32(original + BOARD_HSE_HZ), 8000000);
    assert_int_equal(load_le32(original + BOARD_BAUD), 115200);
    assert_int_equal(board_block_vco(original), 336000000);
}

/* Whatever bit of it flips, what holds is the built-in one, whole. */
static void test_board_flips(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < BOARD_BLOCK_SIZE * 8u; bit++) {
        uint8_t block[BOARD_BLOCK_SIZE];
        const uint8_t *holds;

        memcpy(block, original, sizeof block);
        block[bit / 8u] ^= (uint8_t)(1u << bit % 8u);
        assert_false(board_block_is_good(block));
        holds = board_block_choose(block);
        assert_ptr_not_equal(holds, block);
        assert_memory_equal(holds, original, sizeof original);
    }
}

static void test_board_values(void **state)
{
    static const struct {
        unsigned at;
        uint8_t value;
        bool good;
    } rows[] = {
        {BOARD_COMMANDS, 0, false},
        {BOARD_COMMANDS, 1, true},
        {BOARD_COMMANDS, 6, true},
        {BOARD_COMMANDS, 7, false},
        {BOARD_COMMANDS, 3, true}, /* that of the log */
        {BOARD_COMMANDS, 0xFF, false},
        {BOARD_COMMANDS_TX, 0x8F, true},
        {BOARD_COMMANDS_TX, 0x90, true},
        {BOARD_COMMANDS_RX, 0xFE, true},
        {BOARD_COMMANDS_RX, 0xFF, true},
        {BOARD_LOG, 0, true},
        {BOARD_LOG, 6, true},
        {BOARD_LOG, 7, true},
        {BOARD_LOG, 0xFF, true},
        {BOARD_LOG_TX, 0x90, true},
        {BOARD_BUTTON, 0xFF, true},
        {BOARD_BUTTON, 0x90, true},
        {BOARD_LED, 0xFF, true},
        {BOARD_LED, 0x9F, true},
        {BOARD_DRIVER, 0x8F, true},
        {BOARD_DRIVER, 0xEF, true},
        {BOARD_MAGIC_AT, 'B', false},
        {BOARD_LAYOUT_AT, 2, false},
        {BOARD_SIZE_AT, 60, false},
        {BOARD_SIZE_AT + 1u, 1, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t block[BOARD_BLOCK_SIZE];

        print_message("byte %u = %02x\n", rows[i].at, rows[i].value);
        make(block, rows[i].at, rows[i].value);
        assert_int_equal(board_block_is_good(block), rows[i].good);
    }
}

static void test_board_clock(void **state)
{
    static const struct {
        uint8_t kind;
        uint32_t hse_hz;
        uint8_t m;
        uint16_t n;
        uint32_t vco;
    } rows[] = {
        {BOARD_HSE_CRYSTAL, 8000000, 8, 336, 336000000},
        {BOARD_HSE_BYPASS, 8000000, 8, 336, 336000000},
        {BOARD_HSE_NONE, 8000000, 8, 336, 0},
        {BOARD_HSE_CRYSTAL, 25000000, 25, 336, 336000000},
        {BOARD_HSE_CRYSTAL, 12000000, 12, 336, 336000000},
        {BOARD_HSE_CRYSTAL, 26000000, 13, 168, 336000000},
        {BOARD_HSE_CRYSTAL, 4000000, 4, 336, 336000000},
        {BOARD_HSE_CRYSTAL, 3999999, 4, 336, 0},
        {BOARD_HSE_CRYSTAL, 26000001, 13, 168, 0},
        {BOARD_HSE_CRYSTAL, 14745600, 11, 250, 335127250}, /* 0.26 % */
        {BOARD_HSE_CRYSTAL, 14745600, 11, 251, 0},         /* 0.14 %, and too fast for the buses */
        {BOARD_HSE_CRYSTAL, 8000000, 8, 338, 0},           /* 0.6 % */
        {BOARD_HSE_CRYSTAL, 8000000, 8, 334, 0},
        {BOARD_HSE_CRYSTAL, 8000000, 8, 335, 335000000},
        {BOARD_HSE_CRYSTAL, 8000000, 9, 378, 0}, /* input 0.889 MHz */
        {BOARD_HSE_CRYSTAL, 8000000, 3, 126, 0}, /* input 2.667 MHz */
        {BOARD_HSE_CRYSTAL, 8000000, 0, 336, 0},
        {BOARD_HSE_CRYSTAL, 8000000, 1, 42, 0},
        {BOARD_HSE_CRYSTAL, 8000000, 64, 2688, 0},
        {BOARD_HSE_CRYSTAL, 8000000, 8, 0, 0},
        {BOARD_HSE_CRYSTAL, 0, 8, 336, 0},
        {BOARD_HSE_CRYSTAL, 0xFFFFFFFF, 8, 336, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t block[BOARD_BLOCK_SIZE];

        print_message("row %zu\n", i);
        memcpy(block, original, sizeof block);
        block[BOARD_HSE_KIND] = rows[i].kind;
        store_le32(block + BOARD_HSE_HZ, rows[i].hse_hz);
        block[BOARD_PLL_M] = rows[i].m;
        store_le16(block + BOARD_PLL_N, rows[i].n);
        assert_int_equal(board_block_vco(block), rows[i].vco);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_board_original),
        cmocka_unit_test(test_board_flips),
        cmocka_unit_test(test_board_values),
        cmocka_unit_test(test_board_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
