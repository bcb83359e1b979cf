/* SPDX-License-Identifier: MIT */
/* Whether an image is one for a board: where it lies, and its vector table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "image_bench.h"

/* An application of 64 KiB: a table, and code that its handlers lead to. */
enum { LEN = 65536, RESET = 0x140, OTHER = 0x100 };
static uint8_t app[LEN];

static void make_app(void)
{
    memset(app, 0, LEN);
    store_le32(app, 0x20020000);
    for (uint32_t i = 1; i < 16; i++) {
        bool reserved = (i >= 7 && i <= 10) || i == 13;
        store_le32(app + 4 * i, reserved ? 0 : 0x08008000 + OTHER + 1);
    }
    store_le32(app + 4, 0x08008000 + RESET + 1);
    store_le16(app + OTHER, 0xE7FE);
    store_le16(app + RESET, 0xB510);
}

/* What the check says of the first len bytes of app at addr; "" = good. */
static void expect_verdict(uint32_t addr, uint32_t len, const char *sentence)
{
    const struct ararext_segment file = {.len = len, .data = app};
    const struct ararext_load load = {.format = ARAREXT_FORMAT_BIN, .bin_addr = addr};
    struct ararext_image *image = NULL;
    struct ararext_message why = {""};
    assert_int_equal(ararext_image_parse(&image, &file, "f", &load, &why), ARAREXT_OK);
    int rc = ararext_image_check(image, &PART, false, &why);
    if (strncmp(why.text, sentence, strlen(sentence)) != 0 ||
        (sentence[0] == '\0' && why.text[0] != '\0')) {
        fail_msg("'%s' instead of '%s'", why.text, sentence);
    }
    assert_int_equal(rc, sentence[0] == '\0' ? ARAREXT_OK : ARAREXT_ERR_IMAGE);
    ararext_image_free(image);
}

static void test_place(void **state)
{
    const char *boot =
        "touches the bootloader's sectors (0x08000000-0x08007FFF): link the application "
        "for 0x08008000";
    char text[256];
    (void)state;
    make_app();
    expect_verdict(0x08008000, LEN, "");
    expect_verdict(0x08008000, RESET + 2, "");
    snprintf(text, sizeof text, "0x08000000-0x080001FF %s", boot);
    expect_verdict(0x08000000, 512, text);
    snprintf(text, sizeof text, "0x08007FFC-0x080081FB %s", boot);
    expect_verdict(0x08007FFC, 512, text);
    snprintf(text, sizeof text, "0x07FFFFFC-0x080001FB %s", boot);
    expect_verdict(0x07FFFFFC, 512, text);
    expect_verdict(0x20004000, 512,
                   "0x20004000-0x200041FF is SRAM: only flash keeps an application");
    expect_verdict(0x10000000, 512,
                   "0x10000000-0x100001FF is CCM: only flash keeps an application");
    expect_verdict(0x1FFFC000, 16, "0x1FFFC000-0x1FFFC00F is the option bytes");
    expect_verdict(0x1FFF7800, 16, "0x1FFF7800-0x1FFF780F is OTP");
    expect_verdict(0x00008000, 512,
                   "0x00008000-0x000081FF is below flash: addresses from 0 are no place on this "
                   "chip, link the application for 0x08008000");
    expect_verdict(
        0x0807FFFC, 512,
        "too large by 508 bytes: 0x0807FFFC-0x080801FB, and the application area ends at "
        "0x0807FFFF");
    expect_verdict(0x0807FFFC, 5, "too large by 1 byte: ");
    expect_verdict(0x08080000, 512,
                   "0x08080000-0x080801FF is not inside the application area 0x08008000-0x0807FFFF "
                   "of this part");
    expect_verdict(0x0800C000, 512,
                   "the image has nothing at 0x08008000, where the bootloader looks for the "
                   "application's vector table");
}

#define BAD "no application for this board: "

/* One word of a good table is another one. */
static void test_each_vector(void **state)
{
    static const struct {
        uint32_t index, value;
        const char *sentence;
    } rows[] = {
        {0, 0x20020000, ""},
        {0, 0x10010000, ""},
        {0, 0x20000004, ""},
        {0, 0x2001FFFF, BAD "its stack pointer 0x2001FFFF is no multiple of 4"},
        {0, 0x20030000, BAD "its stack pointer 0x20030000 is that of another chip"},
        {0, 0x20000000, BAD "its stack pointer 0x20000000 is that of another chip"},
        {0, 0x24080000, BAD "its stack pointer 0x24080000 is that of another chip"},
        {0, 0x08008000, BAD "it does not begin with a vector table: its first word 0x08008000"},
        {0, 0, BAD "it does not begin with a vector table: its first word 0x00000000"},
        {1, 0, BAD "its reset handler is 0"},
        {1, 0x08008140, BAD "its reset handler 0x08008140 is even, the Thumb bit is missing"},
        {1, 0x08018001,
         BAD "its reset handler 0x08018001 is not in it (it has "
             "0x08008000-0x08017FFF): link the application for 0x08008000"},
        {1, 0x20004001, BAD "its reset handler 0x20004001 lies in SRAM"},
        {1, 0x08000141,
         BAD "it is linked for 0x08000000 (its reset handler is 0x08000141): link "
             "the application for 0x08008000"},
        {1, 0x00000141, BAD "it is linked for address 0 (its reset handler is 0x00000141)"},
        {1, 0xFFFFFFFF, BAD "its reset handler is erased"},
        {2, 0, ""}, /* nobody needs an NMI handler */
        {2, 0x20000101, ""},
        {2, 0x20000100, BAD "its NMI handler 0x20000100 is even"},
        {2, 0x10000101, BAD "its NMI handler 0x10000101 lies in CCM, which cannot run code"},
        {3, 0x08000101, BAD "it is linked for 0x08000000 (its HardFault handler is 0x08000101)"},
        {3, 0x08008100, BAD "its HardFault handler 0x08008100 is even"},
        {4, 0x12345679, BAD "its MemManage handler 0x12345679 is not in it"},
        {5, 0xFFFFFFFF, BAD "its BusFault handler is erased (FFFFFFFF)"},
        {6, 0x08018001, BAD "its UsageFault handler 0x08018001 is not in it"},
        {7, 0xDEADBEEF, ""}, /* reserved: a checksum, a version, a signature */
        {8, 0x00010203, ""},
        {9, 0x08000100, ""},
        {10, 0xFFFFFFFF, ""},
        {11, 0x08000100, BAD "it is linked for 0x08000000 (its SVCall handler is 0x08000100)"},
        {12, 0x00000101, BAD "it is linked for address 0 (its debug monitor handler"},
        {13, 0x55AA55AA, ""},
        {14, 0x08008100, BAD "its PendSV handler 0x08008100 is even"},
        {15, 0x0801FFFD, BAD "its SysTick handler 0x0801FFFD is not in it"},
        {16, 0x0801FFFD, ""}, /* the chip's own are not looked at: there may be code */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        make_app();
        store_le32(app + 4 * (size_t)rows[i].index, rows[i].value);
        expect_verdict(0x08008000, LEN, rows[i].sentence);
    }
}

static void test_first_words(void **state)
{
    (void)state;
    memset(app, 0xFF, LEN);
    expect_verdict(0x08008000, 512,
                   BAD "where its vector table should be, at 0x08008000, it is erased (all FF)");
    memset(app, 0, LEN);
    expect_verdict(0x08008000, 512,
                   BAD "where its vector table should be, at 0x08008000, it is all zeros");
    expect_verdict(0x08008000, 1, BAD "it has 1 byte, a vector table alone has more");
    expect_verdict(0x08008000, 7, BAD "it has 7 bytes, a vector table alone has more");
    memcpy(app, "#!/bin/sh\n", 10);
    expect_verdict(0x08008000, 512, BAD "it begins with text instead of a vector table");
    make_app();
    memset(app + OTHER, 0xFF, 2);
    expect_verdict(0x08008000, LEN, BAD "where its NMI handler 0x08008101 should be, it is erased");
}

/* Programs in assembler have two vectors and then code. */
static void test_short_table(void **state)
{
    (void)state;
    make_app();
    for (uint32_t at = 8; at < 64; at += 4) {
        store_le32(app + at, 0x49014801); /* code */
    }
    store_le32(app + 4, 0x08008009);
    expect_verdict(0x08008000, 512, "");
    expect_verdict(0x08008000, 16, "");
    store_le32(app + 4, 0x08008041); /* a table of 16 again, and what is in it is none */
    expect_verdict(0x08008000, 512, BAD "its NMI handler 0x49014801 is not in it");
}

/* Linked for another address, large, and all of its handlers lie where it is put, too: the code
 * does not. The same code linked for its place is good. */
static void test_linked_elsewhere(void **state)
{
    enum { FUNCTIONS = 8, FIRST = 0x9000 };
    static const uint32_t bases[] = {0x08000000, 0x08004000, 0x08008000, 0x0800C000};
    (void)state;
    for (size_t n = 0; n < sizeof bases / sizeof bases[0]; n++) {
        uint32_t base = bases[n];
        char text[200] = "";
        make_app();
        memset(app + 0x1000, 0x55, LEN - 0x1000);
        for (uint32_t i = 1; i < 16; i++) {
            bool used = load_le32(app + 4 * (size_t)i) != 0;
            store_le32(app + 4 * (size_t)i, used ? base + FIRST + 1 + i % FUNCTIONS * 64 : 0);
        }
        for (uint32_t i = 0; i < FUNCTIONS; i++) {
            store_le16(app + FIRST + (size_t)i * 64, i % 2 == 0 ? 0xB580 : 0xE7FE);
        }
        if (base != 0x08008000) {
            snprintf(text, sizeof text,
                     BAD "it is linked for 0x%08X (10 pointers in it lead to functions then, 0 "
                         "else): link the application for 0x08008000",
                     (unsigned)base);
        }
        expect_verdict(0x08008000, LEN, text);
    }
}

/* With another bootloader's 16 KiB before it: its functions tell. */
static void test_linked_behind_another(void **state)
{
    (void)state;
    make_app();
    for (uint32_t i = 1; i < 16; i++) {
        if (load_le32(app + 4 * (size_t)i) != 0) {
            store_le32(app + 4 * (size_t)i, load_le32(app + 4 * (size_t)i) - 0x4000);
        }
    }
    expect_verdict(0x08008000, LEN,
                   BAD "it is linked for 0x08004000 (its reset handler is 0x08004141)");
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

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_place),
        cmocka_unit_test(test_each_vector),
        cmocka_unit_test(test_first_words),
        cmocka_unit_test(test_short_table),
        cmocka_unit_test(test_linked_elsewhere),
        cmocka_unit_test(test_linked_behind_another),
        cmocka_unit_test(test_check_forced),
    };
    if (argc > 1) {
        seed = strtoull(argv[1], NULL, 10);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
