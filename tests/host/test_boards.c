/* SPDX-License-Identifier: MIT */
/*
 * A board as data: its words, its checks, its bytes, and the file that they are put into. The bytes
 * are held against FORMAT.md's table and against core's reader, which is the bootloader's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ararext_board.h"
#include "board_block.h"
#include "bytes.h"

#define MINIMAL "name = x\ncommands = usart2:pa2/pa3\ncrystal = 8M\n"

/* FORMAT.md, "The block that ararext.bin is built with". */
static const uint8_t ORIGINAL[ARAREXT_BLOCK_SIZE] = {
    0x41, 0x42, 0x52, 0x44, 0x01, 0x38, 0x00, 0x00, 0x6F, 0x72, 0x69, 0x67, 0x69, 0x6E,
    0x61, 0x6C, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x02, 0x03, 0x03,
    0x1A, 0x00, 0x04, 0x05, 0x00, 0xFF, 0x00, 0x01, 0x00, 0x12, 0x7A, 0x00, 0x08, 0x00,
    0x50, 0x01, 0x00, 0xC2, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x6E, 0x8F, 0x91, 0xC6,
};

static struct ararext_block preset(const char *name)
{
    const struct ararext_preset *p = ararext_preset_find(name);
    struct ararext_message why = {""};
    struct ararext_block block;
    assert_non_null(p);
    if (ararext_block_parse(&block, p->text, strlen(p->text), name, &why) != ARAREXT_OK ||
        ararext_block_check(&block, &why) != ARAREXT_OK) {
        fail_msg("%s: %s", name, why.text);
    }
    return block;
}

/* ---- presets ---- */

static void test_original_is_what_is_built_in(void **state)
{
    struct ararext_block block = preset("original"), back;
    uint8_t bytes[ARAREXT_BLOCK_SIZE];
    (void)state;
    ararext_block_encode(&block, bytes);
    assert_memory_equal(bytes, ORIGINAL, sizeof ORIGINAL);
    assert_int_equal(ararext_block_decode(&back, bytes, NULL), ARAREXT_OK);
    assert_memory_equal(&back, &block, sizeof block);
}

static void test_each_preset_is_possible(void **state)
{
    size_t count = 0;
    (void)state;
    for (const struct ararext_preset *p; (p = ararext_preset(count)) != NULL; count++) {
        _Alignas(uint32_t) uint8_t bytes[ARAREXT_BLOCK_SIZE];
        char text[300];
        struct ararext_block block = preset(p->name);
        assert_true(ararext_board_text(p->text, strlen(p->text), "source", text, sizeof text));
        assert_true(strlen(text) > 20);
        assert_true(ararext_board_text(p->text, strlen(p->text), "title", text, sizeof text));
        ararext_block_encode(&block, bytes);
        assert_true(board_block_is_good(bytes));
        assert_int_equal(board_block_vco(bytes) / 4, ararext_block_core_hz(&block));
        assert_int_equal(ararext_block_core_hz(&block), 84000000);
    }
    assert_true(count >= 10);
    assert_null(ararext_preset_find("no-such-board"));
}

/* ---- words ---- */

static void test_words_there_and_back(void **state)
{
    static const struct {
        const char *key, *value, *back;
    } rows[] = {
        {"name", "my-board_1.0", "my-board_1.0"},
        {"commands", "USART1:PA9/PA10", "usart1:pa9/pa10"},
        {"commands", "uart4:pc10/pc11", "usart4:pc10/pc11"},
        {"log", "usart3:pb10", "usart3:pb10"},
        {"log", "none", "none"},
        {"button", "pc13:low:pullup", "pc13:low:pullup"},
        {"button", "pa0:high", "pa0:high"},
        {"button", "pa0:HIGH:pulldown", "pa0:high:pulldown"},
        {"button", "none", "none"},
        {"led", "pi11:low", "pi11:low"},
        {"driver-enable", "pa1:high", "pa1:high"},
        {"crystal", "25M", "25M"},
        {"crystal", "12.288M", "12.288M"},
        {"crystal", "8000000", "8M"},
        {"crystal", "bypass:8m", "bypass:8M"},
        {"crystal", "none", "none"},
        {"baud", "57600", "57600"},
        {"window", "500", "500"},
    };
    char text[80];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ararext_message why = {""};
        struct ararext_block block = preset("original");
        if (ararext_block_set(&block, rows[i].key, rows[i].value, &why) != ARAREXT_OK) {
            fail_msg("%s", why.text);
        }
        assert_true(ararext_block_get(&block, rows[i].key, text, sizeof text));
        assert_string_equal(text, rows[i].back);
    }
    assert_false(ararext_block_get(&(struct ararext_block){0}, "colour", text, sizeof text));
}

static void test_no_words(void **state)
{
    static const struct {
        const char *key, *value;
    } rows[] = {
        {"name", ""},
        {"name", "sixteen-letters-"},
        {"name", "two words"},
        {"commands", "usart7:pa9/pa10"},
        {"commands", "usart1:pa9"},
        {"commands", "usart1:pa9/pa16"},
        {"commands", "usart1:pj1/pa10"},
        {"commands", "usart1:pa9/pa10x"},
        {"commands", "none"},
        {"log", "usart3"},
        {"log", "usart3:pb10/pb11"},
        {"button", "pa0"},
        {"button", "pa0:up"},
        {"button", "pa0:high:sideways"},
        {"button", "pi12:high"},
        {"led", "pd12:high:pullup"},
        {"driver-enable", "pa1"},
        {"crystal", "8G"},
        {"crystal", "-8M"},
        {"crystal", "0x10"},
        {"crystal", "bypass"},
        {"crystal", "nan"},
        {"baud", "fast"},
        {"baud", "4294967296"},
        {"window", "65536"},
        {"window", "1s"},
        {"colour", "red"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ararext_message why = {""};
        struct ararext_block block = preset("original"), before = block;
        if (ararext_block_set(&block, rows[i].key, rows[i].value, &why) != ARAREXT_ERR_FORMAT) {
            fail_msg("%s %s was taken", rows[i].key, rows[i].value);
        }
        assert_memory_equal(&block, &before, sizeof block);
        assert_non_null(strstr(why.text, rows[i].key));
    }
}

/* ---- files ---- */

static void test_board_file(void **state)
{
    static const struct {
        const char *text, *sentence;
    } rows[] = {
        {MINIMAL, NULL},
        {"\xEF\xBB\xBF# comment\n" MINIMAL, NULL},
        {"# c\r\nname=x\r\n\r\n commands =usart2:pa2/pa3 \r\ncrystal= none", NULL},
        {MINIMAL "source = a = b # c\n", NULL},
        {MINIMAL "led = pa5\n",
         "f, line 4: led 'pa5': expected pin and level when on, like pd12:high, or none"},
        {MINIMAL "led pa5:high\n", "f, line 4: expected 'key = value'"},
        {MINIMAL "name = y\n", "f, line 4: name is said twice"},
        {MINIMAL "colour = red\n", "f, line 4: a board has no 'colour'"},
        {"commands = usart2:pa2/pa3\ncrystal = 8M\n", "f: a board needs a line 'name = ...'"},
        {"name = x\ncommands = usart2:pa2/pa3\n", "f: a board needs a line 'crystal = ...'"},
        {"", "f: a board needs a line 'name = ...'"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ararext_message why = {""};
        struct ararext_block block;
        int rc = ararext_block_parse(&block, rows[i].text, strlen(rows[i].text), "f", &why);
        if (rows[i].sentence == NULL) {
            assert_int_equal(rc, ARAREXT_OK);
            assert_int_equal(block.button, ARAREXT_PIN_NONE);
            assert_int_equal(block.baud, 115200);
        } else {
            assert_int_equal(rc, ARAREXT_ERR_FORMAT);
            assert_string_equal(why.text, rows[i].sentence);
        }
    }
}

/* ---- checks ---- */

static void test_one_sentence_for_each_fault(void **state)
{
    static const struct {
        const char *key, *value, *sentence;
    } rows[] = {
        {"commands", "usart2:pa9/pa3",
         "PA9 cannot be TX of USART2, which can be PA2 or PD5 (PA9 is TX of USART1)"},
        {"commands", "usart2:pa2/pe1", "PE1 cannot be RX of USART2, which can be PA3 or PD6"},
        {"commands", "usart6:pc6/pc6", "PC6 cannot be RX of USART6, which can be PC7 or PG9"},
        {"log", "usart3:pb11", "PB11 cannot be TX of USART3, which can be PB10 or PC10 or PD8"},
        {"log", "usart2:pd5",
         "USART2 is for the commands already: the log needs another one, or none"},
        {"button", "pa2:low:pullup",
         "PA2 is TX of USART2 and the button: a pin has one function, choose another for one"},
        {"led", "pb10:high",
         "PB10 is TX of USART3 and the LED: a pin has one function, choose another for one"},
        {"driver-enable", "pa5:low",
         "PA5 is the LED and the driver enable: a pin has one function, choose another for one"},
        {"led", "ph1:high",
         "PH1 is the LED and the crystal's output: a pin has one function, choose another for one"},
        {"button", "pa0:low:pulldown",
         "a button that is low when pressed looks pressed for ever with a pull-down: it needs a "
         "pull-up, or none where the board has a resistor"},
        {"crystal", "30M",
         "of 30 MHz the PLL cannot make the 84 MHz of the core: any crystal from 4 to 26 MHz will "
         "do; without one, say none (the chip's own oscillator)"},
        {"crystal", "32768",
         "of 0.032768 MHz the PLL cannot make the 84 MHz of the core: any crystal from 4 to 26 MHz "
         "will do; without one, say none (the chip's own oscillator)"},
        {"baud", "4800", "4800 baud: the bootloader starts with 9600 to 2000000"},
        {"baud", "1953000",
         "1953000 baud: USART2 can make 1909090 at the nearest, which is too far off"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ararext_message why = {""};
        struct ararext_block block = preset("original");
        assert_int_equal(ararext_block_set(&block, rows[i].key, rows[i].value, &why), ARAREXT_OK);
        assert_int_equal(ararext_block_check(&block, &why), ARAREXT_ERR_ARGUMENT);
        assert_string_equal(why.text, rows[i].sentence);
    }
}

static void test_what_is_possible(void **state)
{
    struct ararext_message why = {""};
    struct ararext_block block = preset("original");
    (void)state;
    /* Without a crystal its pins are free, with a clock from outside one is. */
    assert_int_equal(ararext_block_set(&block, "crystal", "none", &why), ARAREXT_OK);
    assert_int_equal(ararext_block_set(&block, "led", "ph1:high", &why), ARAREXT_OK);
    assert_int_equal(ararext_block_check(&block, &why), ARAREXT_OK);
    assert_int_equal(ararext_block_core_hz(&block), 0);
    assert_int_equal(ararext_block_set(&block, "crystal", "bypass:16M", &why), ARAREXT_OK);
    assert_int_equal(ararext_block_check(&block, &why), ARAREXT_OK);
    assert_int_equal(ararext_block_set(&block, "led", "ph0:high", &why), ARAREXT_OK);
    assert_int_equal(ararext_block_check(&block, &why), ARAREXT_ERR_ARGUMENT);
    /* The debugger's pins: a warning, and only for them. */
    block = preset("original");
    ararext_block_warn(&block, &why);
    assert_string_equal(why.text, "");
    assert_int_equal(ararext_block_set(&block, "led", "pa13:high", &why), ARAREXT_OK);
    assert_int_equal(ararext_block_check(&block, &why), ARAREXT_OK);
    ararext_block_warn(&block, &why);
    assert_non_null(strstr(why.text, "the LED is PA13, SWDIO of the debugger"));
    block.reserved[1] = 1;
    assert_int_equal(ararext_block_check(&block, &why), ARAREXT_ERR_ARGUMENT);
}

/* Every crystal there can be: M and N inside their limits, the clock within half a percent. */
static void test_every_crystal(void **state)
{
    struct ararext_message why = {""};
    (void)state;
    for (uint32_t hz = 4000000; hz <= 26000000; hz += 7919) {
        _Alignas(uint32_t) uint8_t bytes[ARAREXT_BLOCK_SIZE];
        struct ararext_block block = preset("original");
        block.hse_hz = hz;
        assert_int_equal(ararext_block_check(&block, &why), ARAREXT_OK);
        uint32_t core = ararext_block_core_hz(&block);
        assert_true(core >= 83580000 && core <= 84420000);
        ararext_block_encode(&block, bytes);
        assert_true(board_block_vco(bytes) != 0); /* the bootloader takes it */
    }
}

/* ---- bytes ---- */

static void test_every_damaged_bit(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ARAREXT_BLOCK_SIZE * 8; i++) {
        struct ararext_message why = {""};
        struct ararext_block block;
        uint8_t bytes[ARAREXT_BLOCK_SIZE];
        memcpy(bytes, ORIGINAL, sizeof bytes);
        bytes[i / 8] ^= (uint8_t)(1u << i % 8);
        assert_int_equal(ararext_block_decode(&block, bytes, &why), ARAREXT_ERR_FORMAT);
        assert_non_null(strstr(why.text, "board block"));
    }
}

/* ---- files that hold a block ---- */

static const uint8_t NEW[4] = {0xDE, 0xAD, 0xBE, 0xEF};

static int patch(uint8_t *file, size_t len, enum ararext_format format, uint32_t addr,
                 struct ararext_message *why)
{
    const struct ararext_patch p = {
        .format = format, .base = ARAREXT_BOOT_BASE, .addr = addr, .bytes = NEW, .len = sizeof NEW};
    return ararext_file_patch(file, len, &p, why);
}

static void expect_patched(const char *before, const char *after, enum ararext_format format,
                           uint32_t addr)
{
    struct ararext_message why = {""};
    uint8_t file[512];
    size_t len = strlen(before);
    memcpy(file, before, len);
    if (patch(file, len, format, addr, &why) != ARAREXT_OK) {
        fail_msg("%s", why.text);
    }
    assert_int_equal(strlen(after), len);
    assert_memory_equal(file, after, len);
}

static void test_patch_text(void **state)
{
    (void)state;
    /* Over the edge of two records, in a file with comments and an order of its own. */
    expect_patched("; mine\r\n:020000040800F2\r\n:04008400050607085E\r\n:0400800001020304\x37\x32"
                   "\r\n:00000001FF\r\n",
                   "; mine\r\n:020000040800F2\r\n:04008400BEEF0708BC\r\n:040080000102DEADEE"
                   "\r\n:00000001FF\r\n",
                   ARAREXT_FORMAT_HEX, 0x08000082);
    expect_patched("S0030000FC\nS30908000080010203046"
                   "4\nS3090800008405060708"
                   "50\nS70508000000F2\n",
                   "S0030000FC\nS30908000080DEADBEEF36\nS3090800008405060708"
                   "50\nS70508000000F2\n",
                   ARAREXT_FORMAT_SREC, 0x08000080);
}

static void test_patch_that_is_not_all_there(void **state)
{
    struct ararext_message why = {""};
    uint8_t hex[] = ":020000040800F2\n:040080000102030472\n:00000001FF\n";
    uint8_t before[sizeof hex];
    (void)state;
    memcpy(before, hex, sizeof hex);
    assert_int_equal(patch(hex, sizeof hex - 1, ARAREXT_FORMAT_HEX, 0x08000082, &why),
                     ARAREXT_ERR_FORMAT);
    assert_non_null(strstr(why.text, "0x08000082"));
    assert_memory_equal(hex, before, sizeof hex);
    uint8_t bin[8] = {0};
    assert_int_equal(patch(bin, sizeof bin, ARAREXT_FORMAT_BIN, 0x08000005, &why),
                     ARAREXT_ERR_FORMAT);
    assert_int_equal(bin[5], 0);
    assert_int_equal(patch(bin, sizeof bin, ARAREXT_FORMAT_BIN, 0x08000004, &why), ARAREXT_OK);
    assert_memory_equal(bin + 4, NEW, sizeof NEW);
    struct ararext_patch later = {.format = ARAREXT_FORMAT_BIN,
                                  .base = ARAREXT_BOOT_BASE,
                                  .addr = ARAREXT_BOOT_BASE,
                                  .bytes = NEW,
                                  .len = 4,
                                  .reserved = {1}};
    assert_int_equal(ararext_file_patch(bin, sizeof bin, &later, &why), ARAREXT_ERR_ARGUMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_original_is_what_is_built_in),
        cmocka_unit_test(test_each_preset_is_possible),
        cmocka_unit_test(test_words_there_and_back),
        cmocka_unit_test(test_no_words),
        cmocka_unit_test(test_board_file),
        cmocka_unit_test(test_one_sentence_for_each_fault),
        cmocka_unit_test(test_what_is_possible),
        cmocka_unit_test(test_every_crystal),
        cmocka_unit_test(test_every_damaged_bit),
        cmocka_unit_test(test_patch_text),
        cmocka_unit_test(test_patch_that_is_not_all_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
