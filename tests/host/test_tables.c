/* SPDX-License-Identifier: MIT */
/*
 * Raw access in both dialects, what a board says about itself, the library's tables of words, and
 * the CRC's check values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "script.h"

#define GET_VER_REQUEST "01 51 64 6A 5F 5C"

static void expect_message(struct script *s, const char *want)
{
    struct ararext_message got;
    ararext_describe_failure(s->session, &got);
    assert_string_equal(got.text, want);
}

/* ---- raw ---- */

static void test_raw_both_dialects(void **state)
{
    struct script s;
    const uint8_t payload[6] = {0x00, 0x02, 0x02, 0x08, 0x10, 0};
    struct ararext_raw raw = {.dialect = ARAREXT_COURSE, .command = 0x51};
    (void)state;
    STEPS(&s, NULL, {"05 51 E7 E9 AB 7C", "A5 01 10", 0, 0, false},
          {"0A 59 00 02 02 08 10 94 0F 7C 9B", "A5 02 11 22", 0, 1, false},
          {GET_VER_REQUEST, "A5 51 01 10", 0, 0, false}, {NULL, "7F", 0, 0, false});
    assert_int_equal(ararext_raw(s.session, &raw), ARAREXT_OK);
    assert_int_equal(raw.data_len, 1);
    assert_int_equal(raw.data[0], 0x10);
    raw = (struct ararext_raw){
        .dialect = ARAREXT_COURSE, .command = 0x59, .payload = payload, .payload_len = 5};
    assert_int_equal(ararext_raw(s.session, &raw), ARAREXT_OK);
    assert_int_equal(raw.data_len, 2);
    assert_int_equal(raw.data[1], 0x22);
    raw = (struct ararext_raw){.dialect = ARAREXT_NATIVE, .command = 0x51};
    assert_int_equal(ararext_raw(s.session, &raw), ARAREXT_OK);
    assert_int_equal(raw.data[0], 0x10);
    raw.command = 0x77;
    assert_int_equal(ararext_raw(s.session, &raw), ARAREXT_ERR_REFUSED);
    expect_message(&s, "command 77: the board answered 7F and gave no reason");
    script_close(&s);
}

/* The course dialect acknowledges at once and tells the status when the work is done. */
static void test_raw_course_status_comes_late(void **state)
{
    struct script s;
    const uint8_t payload[2] = {5, 1};
    struct ararext_raw raw = {
        .dialect = ARAREXT_COURSE, .command = 0x56, .payload = payload, .payload_len = 2};
    (void)state;
    STEPS(&s, NULL, {NULL, "A5 01 00", 5, 2000, false}); /* the status 2 s after the length */
    assert_int_equal(ararext_raw(s.session, &raw), ARAREXT_OK);
    assert_int_equal(raw.data_len, 1);
    assert_int_equal(raw.data[0], 0);
    script_close(&s);
}

static void test_raw_limits(void **state)
{
    struct script s;
    static const uint8_t payload[255];
    struct ararext_raw raw = {
        .dialect = ARAREXT_NATIVE, .command = 0x51, .payload = payload, .payload_len = 255};
    (void)state;
    STEPS(&s, NULL, {NULL, "7F", 0, 0, false}, {NULL, "7F", 0, 0, false});
    assert_int_equal(ararext_raw(s.session, &raw), ARAREXT_ERR_ARGUMENT);
    raw.payload_len = 254;
    assert_int_equal(ararext_raw(s.session, &raw), ARAREXT_ERR_REFUSED);
    raw.dialect = ARAREXT_COURSE;
    raw.payload_len = 251;
    assert_int_equal(ararext_raw(s.session, &raw), ARAREXT_ERR_ARGUMENT);
    raw.payload_len = 250;
    assert_int_equal(ararext_raw(s.session, &raw), ARAREXT_ERR_REFUSED);
    raw.dialect = 7;
    assert_int_equal(ararext_raw(s.session, &raw), ARAREXT_ERR_ARGUMENT);
    script_close(&s);
}

/* ---- tables ---- */

static void test_text_errors(void **state)
{
    (void)state;
    for (int code = 0; code > -ARAREXT_ERR_COUNT; code--) {
        const struct ararext_error_entry *e = ararext_error_entry(code);
        assert_int_equal(e->code, code);
        assert_true((e->exit_status == 0) == (code == 0));
        assert_true(e->name[0] != '\0' && e->sentence[0] != '\0');
    }
    assert_int_equal(ararext_error_entry(1)->code, ARAREXT_ERR_ARGUMENT);
    assert_int_equal(ararext_error_entry(-1000)->code, ARAREXT_ERR_ARGUMENT);
}

static void test_text_commands(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 256; code++) {
        const char *name = ararext_command_name((uint8_t)code);
        bool known = (code >= 0x51 && code <= 0x5C) || (code >= 0x60 && code <= 0x6E);
        assert_true((name != NULL) == known);
        if (name != NULL) {
            assert_int_equal(ararext_command_code(name), code);
        }
    }
    assert_int_equal(ararext_command_code("mem_read"), 0x59);
    assert_int_equal(ararext_command_code("MEM_READ2"), -1);
    assert_int_equal(ararext_command_code(""), -1);
}

static void test_text_reasons(void **state)
{
    static const struct {
        uint8_t reason;
        uint32_t detail;
        const char *text;
    } rows[] = {
        {0x21, 1, "sector 1 belongs to the bootloader"},
        {0x21, 0x08004000, "0x08004000 belongs to the bootloader"},
        {0x22, 12, "there is no sector 12"},
        {0x24, 0x08008010, "flash at 0x08008010 is not erased"},
        {0x30, 0, "the confirmation key is missing or wrong"},
        {0x42, 129024, "package or content too large: the most that fits is 129024"},
        {0x45, 1, "the package's key is revoked on this board, or by itself (key 1)"},
        {0x45, 0xFFFFFFFF, "the package's key is not known to this board, or not in the package"},
        {0x48, 7, "the package's security counter is below the board's, which is 7"},
        {0x4B, 248, "a piece of the package is out of order: the board expects offset 248"},
        {0x4B, 0xFFFFFFFF, "nothing is being staged: the board was reset, or was never asked to"},
        {0x4F, 0x1FFF7800,
         "the one-time programmable area holds or keeps other bits (at 0x1FFF7800)"},
        {0x99, 7, "a reason that this version does not know (detail 0x00000007)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ararext_message m;
        ararext_reason_text(rows[i].reason, rows[i].detail, &m);
        assert_string_equal(m.text, rows[i].text);
    }
    for (unsigned reason = 0; reason < 256; reason++) {
        struct ararext_message m;
        ararext_reason_text((uint8_t)reason, 0xFFFFFFFF, &m);
        assert_true(m.text[0] != '\0' && strchr(m.text, '%') == NULL);
        assert_non_null(ararext_reason_advice((uint8_t)reason));
    }
}

static void test_crc_check_values(void **state)
{
    static const struct {
        const char *bytes;
        uint32_t crc;
    } rows[] = {
        {"01 51", 0x5C5F6A64},
        {"03 56 02 01", 0xA20BA54E},
        {"06 59 00 80 00 08 10", 0x423802FE},
        {"05 51", 0x7CABE9E7},
        {"05 52", 0x71E8CF3E},
        {"05 53", 0x7529D289},
        {"0A 59 00 02 02 08 10", 0x9B7C0F94},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint8_t bytes[16];
        size_t n = unhex(rows[i].bytes, bytes, sizeof bytes);
        assert_int_equal(ararext_crc(0xFFFFFFFF, bytes, n), rows[i].crc);
    }
}

/* ---- what the board says about itself ---- */

struct info_change {
    size_t offset;
    uint8_t value;
    int expect;
};

/* GET_INFO of a 512 KiB part, as PROTOCOL.md lays it out, with one byte changed. */
static int get_info_with(size_t offset, uint8_t value, size_t len, struct ararext_info *info)
{
    static const char bytes[] = "01 10 01 02 03 01 13 04 07 10 00 02 "
                                "A0 A1 A2 A3 A4 A5 A6 A7 A8 A9 AA AB 07 00 00 00 FF 00 00 10 "
                                "00 80 00 08 00 00 08 08 00 40 00 20 C0 FF 01 20 00 BD 01 05 "
                                "14 02 01 AA FB 0F 03 04 10 00 01 40 00 03 80 00 EE";
    struct script s;
    struct ararext_options o;
    uint8_t data[100];
    char answer[3 * 103 + 1];
    assert_int_equal(unhex(bytes, data, sizeof data), 69);
    data[offset] = value;
    int at = sprintf(answer, "A5 61 %02zX", len);
    for (size_t i = 0; i < len; i++) {
        at += sprintf(answer + at, " %02X", data[i]);
    }
    ararext_default_options(&o);
    o.retries = 0;
    /* Twice, since these answers have no check of their own; what is no answer at all, once. */
    const struct exchange step = {request(0x61, ""), answer, 0, 0, false};
    const struct exchange steps[] = {step, step};
    script_open(&s, steps, len < 59 ? 1 : 2, &o);
    int rc = ararext_get_info(s.session, info);
    script_close(&s);
    return rc;
}

static void test_info_good(void **state)
{
    struct ararext_info info;
    (void)state;
    assert_int_equal(get_info_with(0, 1, 69, &info), ARAREXT_OK); /* one byte more than we know */
    assert_int_equal(get_info_with(0, 1, 68, &info), ARAREXT_OK);
    assert_true(info.extended);
    assert_int_equal(info.version[2], 3);
    assert_int_equal(info.flash_kib, 512);
    assert_int_equal(info.uid[11], 0xAB);
    assert_int_equal(info.app_base, 0x08008000);
    assert_int_equal(info.app_end, 0x08080000);
    assert_int_equal(info.sram_end, 0x2001FFC0);
    assert_int_equal(info.core_hz, 84000000);
    assert_int_equal(info.nwrp, 0xFFB);
    assert_int_equal(info.sector_count, 8);
    assert_int_equal(info.sectors[4].addr, 0x08010000);
    assert_int_equal(info.sectors[7].size, 128 * 1024);
    assert_int_equal(ararext_find_sector(&info, 0x08000000), 0);
    assert_int_equal(ararext_find_sector(&info, 0x0801FFFF), 4);
    assert_int_equal(ararext_find_sector(&info, 0x08080000), -1);
    assert_string_equal(ararext_stay_reason_text(info.stay_reason), "request of the application");
    assert_string_equal(ararext_reset_cause_text(info.reset_cause), "software");
}

static void test_info_contradicts_itself(void **state)
{
    static const struct info_change rows[] = {
        {0, 2, ARAREXT_ERR_UNSUPPORTED}, /* a layout of the future */
        {58, 4, ARAREXT_ERR_GARBLED},    /* more groups than there are */
        {58, 255, ARAREXT_ERR_GARBLED},
        {58, 2, ARAREXT_ERR_GARBLED}, /* sectors that are not the flash size */
        {59, 200, ARAREXT_ERR_GARBLED},
        {60, 0, ARAREXT_ERR_GARBLED}, /* sectors of no size */
        {67, 0xFF, ARAREXT_ERR_GARBLED},
        {10, 1, ARAREXT_ERR_GARBLED},    /* flash size and sectors differ */
        {35, 0x20, ARAREXT_ERR_GARBLED}, /* application area outside of flash */
        {38, 0x09, ARAREXT_ERR_GARBLED}, /* behind its end */
        {39, 0x07, ARAREXT_ERR_GARBLED}, /* before its beginning */
        {47, 0x10, ARAREXT_ERR_GARBLED}, /* SRAM that ends before it begins */
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct ararext_info info;
        int rc = get_info_with(rows[i].offset, rows[i].value, 68, &info);
        if (rc != rows[i].expect) {
            fail_msg("byte %zu = %02X: %d, expected %d", rows[i].offset, rows[i].value, rc,
                     rows[i].expect);
        }
    }
    struct ararext_info info;
    assert_int_equal(get_info_with(0, 1, 67, &info), ARAREXT_ERR_GARBLED);
    assert_int_equal(get_info_with(0, 1, 58, &info), ARAREXT_ERR_GARBLED);
}

/* A bootloader with the twelve commands alone: they and the chip's own words have to do. */
static void test_info_from_the_twelve(void **state)
{
    struct script s;
    struct ararext_options o;
    struct ararext_info info;
    (void)state;
    ararext_default_options(&o);
    o.retries = 0;
    STEPS(&s, &o, {request(0x61, ""), "7F", 0, 0, false}, {request(0x60, ""), "7F", 0, 0, false},
          {GET_VER_REQUEST, "A5 51 01 10", 0, 0, false},
          {GET_VER_REQUEST, "A5 51 01 10", 0, 0, false},
          {request(0x53, ""), "A5 53 02 13 04", 0, 0, false},
          {request(0x53, ""), "A5 53 02 13 04", 0, 0, false},
          {request(0x54, ""), "A5 54 01 AA", 0, 0, false},
          {request(0x54, ""), "A5 54 01 AA", 0, 0, false},
          {request(0x5A, ""), "A5 5A 02 FF 0F", 0, 0, false},
          {request(0x5A, ""), "A5 5A 02 FF 0F", 0, 0, false},
          {request(0x59, "10 7A FF 1F 0C"), "A5 59 0C 00 01 02 03 04 05 06 07 08 09 0A 0B", 0, 0,
           false},
          {request(0x59, "10 7A FF 1F 0C"), "A5 59 0C 00 01 02 03 04 05 06 07 08 09 0A 0B", 0, 0,
           false},
          {request(0x59, "22 7A FF 1F 02"), "A5 59 02 00 04", 0, 0, false},
          {request(0x59, "22 7A FF 1F 02"), "A5 59 02 00 04", 0, 0, false});
    assert_int_equal(ararext_get_info(s.session, &info), ARAREXT_OK);
    assert_false(info.extended);
    assert_int_equal(info.flash_kib, 1024);
    assert_int_equal(info.sector_count, 12);
    assert_int_equal(info.app_end, 0x08100000);
    assert_int_equal(info.uid[11], 0x0B);
    script_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_info_good),
        cmocka_unit_test(test_info_contradicts_itself),
        cmocka_unit_test(test_info_from_the_twelve),
        cmocka_unit_test(test_raw_both_dialects),
        cmocka_unit_test(test_raw_course_status_comes_late),
        cmocka_unit_test(test_raw_limits),
        cmocka_unit_test(test_text_errors),
        cmocka_unit_test(test_text_commands),
        cmocka_unit_test(test_text_reasons),
        cmocka_unit_test(test_crc_check_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
