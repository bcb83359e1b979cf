/* SPDX-License-Identifier: MIT */
/*
 * What keeps programs and later versions of the library together: the structs that callers have the
 * memory for keep their size, what goes in is refused where it asks for what is not known, and what
 * comes out has zeros there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fake_board.h"
#include "package_builder.h"

/* The last word of a struct's reserved ones. */
#define LAST(s) ((s).reserved[sizeof(s).reserved / sizeof(s).reserved[0] - 1])

static const struct ararext_segment HEX = {.data = (const uint8_t *)":00000001FF", .len = 11};

static void test_options_of_a_later_version(void **state)
{
    struct ararext_message why = {""};
    struct ararext_image *image = NULL;
    struct ararext_load load = {.format = ARAREXT_FORMAT_HEX};
    struct ararext_pack_options pack = {.plain = true};
    struct ararext_provisioning provisioning = {.count = 1};
    uint8_t otp[ARAREXT_OTP_SIZE];
    uint8_t *out = NULL;
    size_t len = 0;
    (void)state;
    LAST(load) = 1;
    assert_int_equal(ararext_image_parse(&image, &HEX, "f", &load, &why), ARAREXT_ERR_ARGUMENT);
    assert_non_null(strstr(why.text, ararext_library_version()));
    LAST(pack) = 1;
    why.text[0] = '\0';
    assert_int_equal(ararext_pack(&HEX, &pack, &out, &len, &why), ARAREXT_ERR_ARGUMENT);
    assert_non_null(strstr(why.text, ararext_library_version()));
    memset(otp, 0xFF, sizeof otp);
    assert_int_equal(ararext_provision_check(&provisioning, otp, NULL), ARAREXT_OK);
    LAST(provisioning) = 1;
    assert_int_equal(ararext_provision_check(&provisioning, otp, NULL), ARAREXT_ERR_ARGUMENT);
}

static void test_session_of_a_later_version(void **state)
{
    struct ararext_session *s = NULL;
    struct ararext_transport transport = {0};
    struct ararext_options options;
    (void)state;
    memset(&options, 0xA5, sizeof options);
    ararext_default_options(&options);
    LAST(options) = 1;
    assert_int_equal(ararext_open(&s, &transport, &options), ARAREXT_ERR_ARGUMENT);
    LAST(transport) = 1;
    assert_int_equal(ararext_open(&s, &transport, NULL), ARAREXT_ERR_ARGUMENT);
}

/* Nothing is sent for the sake of what is not known. */
static void test_work_of_a_later_version(void **state)
{
    static struct fake_board b;
    struct ararext_counters before, after;
    struct ararext_flash_options flash = {0};
    struct ararext_update_options update = {0};
    struct ararext_raw raw = {.dialect = ARAREXT_NATIVE, .command = ARAREXT_GET_VER};
    struct ararext_plan plan = {.count = 1};
    struct ararext_flash_result flashed;
    struct ararext_update_result updated = {0};
    static struct ararext_package package;
    static struct ararext_board board;
    uint8_t data[4] = {0};
    (void)state;
    LAST(flash) = LAST(update) = LAST(raw) = 1;
    fake_open(&b);
    assert_int_equal(ararext_get_info(b.session, &board.info), ARAREXT_OK);
    ararext_get_counters(b.session, &before);
    assert_int_equal(ararext_flash_plan(b.session, &board.info, NULL, &flash, &plan),
                     ARAREXT_ERR_ARGUMENT);
    assert_int_equal(ararext_flash_run(b.session, NULL, &plan, &flash, &flashed),
                     ARAREXT_ERR_ARGUMENT);
    assert_int_equal(ararext_flash_verify(b.session, NULL, &flash, &flashed), ARAREXT_ERR_ARGUMENT);
    assert_int_equal(ararext_read_range(b.session, &flash, ARAREXT_APP_BASE, data, sizeof data),
                     ARAREXT_ERR_ARGUMENT);
    assert_int_equal(ararext_write_range(b.session, &flash, ARAREXT_APP_BASE, data, sizeof data),
                     ARAREXT_ERR_ARGUMENT);
    assert_int_equal(ararext_update(b.session, &package, &board, &update, &updated),
                     ARAREXT_ERR_ARGUMENT);
    assert_int_equal(ararext_raw(b.session, &raw), ARAREXT_ERR_ARGUMENT);
    ararext_get_counters(b.session, &after);
    assert_int_equal(before.frames, after.frames);
    fake_close(&b);
}

#define ASSERT_ZEROS(s)                                                                            \
    for (size_t i_ = 0; i_ < sizeof(s).reserved / sizeof(s).reserved[0]; i_++) {                   \
        assert_int_equal((s).reserved[i_], 0);                                                     \
    }

static void test_a_board_that_came_out(void **state)
{
    static struct fake_board b;
    static struct ararext_board board;
    struct ararext_board_error error;
    struct ararext_counters counters;
    struct ararext_flash_result result;
    (void)state;
    memset(&board, 0xA5, sizeof board);
    memset(&error, 0xA5, sizeof error);
    memset(&counters, 0xA5, sizeof counters);
    memset(&result, 0xA5, sizeof result);
    fake_open(&b);
    assert_int_equal(ararext_board_read(b.session, &board), ARAREXT_OK);
    ASSERT_ZEROS(board);
    ASSERT_ZEROS(board.info);
    ASSERT_ZEROS(board.slots);
    ASSERT_ZEROS(board.slots.slots[1]);
    memset(&board, 0xA5, sizeof board);
    assert_int_equal(ararext_get_info(b.session, &board.info), ARAREXT_OK);
    ASSERT_ZEROS(board.info);
    assert_int_equal(ararext_get_slots(b.session, &board.slots), ARAREXT_OK);
    ASSERT_ZEROS(board.slots);
    assert_int_equal(ararext_get_last_error(b.session, &error), ARAREXT_OK);
    ASSERT_ZEROS(error);
    ararext_get_counters(b.session, &counters);
    ASSERT_ZEROS(counters);
    fake_close(&b);
}

static void test_a_package_that_came_out(void **state)
{
    static uint8_t content[2000];
    static struct ararext_package package;
    struct ararext_package_findings findings;
    struct package_recipe recipe = {.content = content, .content_len = sizeof content};
    size_t len = 0;
    (void)state;
    package_content(content, sizeof content, 3);
    uint8_t *data = package_build(&recipe, &len);
    memset(&package, 0xA5, sizeof package);
    memset(&findings, 0xA5, sizeof findings);
    assert_int_equal(ararext_package_parse(&package, data, len, NULL), ARAREXT_OK);
    ASSERT_ZEROS(package);
    assert_int_equal(ararext_package_check(&package, NULL, &findings, NULL), ARAREXT_OK);
    ASSERT_ZEROS(findings);
    free(data);
}

static void test_sizes_stay(void **state)
{
    (void)state;
    if (sizeof(void *) != 8) {
        skip();
    }
    /* A new member takes the place of reserved words: programs have these sizes built in. */
    assert_int_equal(sizeof(struct ararext_transport), 120);
    assert_int_equal(sizeof(struct ararext_options), 80);
    assert_int_equal(sizeof(struct ararext_port), 496);
    assert_int_equal(sizeof(struct ararext_counters), 64);
    assert_int_equal(sizeof(struct ararext_board_error), 24);
    assert_int_equal(sizeof(struct ararext_info), 648);
    assert_int_equal(sizeof(struct ararext_application), 32);
    assert_int_equal(sizeof(struct ararext_raw), 312);
    assert_int_equal(sizeof(struct ararext_load), 32);
    assert_int_equal(sizeof(struct ararext_flash_options), 56);
    assert_int_equal(sizeof(struct ararext_plan), 824);
    assert_int_equal(sizeof(struct ararext_flash_result), 128);
    assert_int_equal(sizeof(struct ararext_pack_options), 64);
    assert_int_equal(sizeof(struct ararext_package), 4768);
    assert_int_equal(sizeof(struct ararext_package_findings), 88);
    assert_int_equal(sizeof(struct ararext_slots), 200);
    assert_int_equal(sizeof(struct ararext_start), 24);
    assert_int_equal(sizeof(struct ararext_provisioning), 200);
    assert_int_equal(sizeof(struct ararext_board), 1016);
    assert_int_equal(sizeof(struct ararext_update_options), 64);
    assert_int_equal(sizeof(struct ararext_update_result), 280);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_options_of_a_later_version),
        cmocka_unit_test(test_session_of_a_later_version),
        cmocka_unit_test(test_work_of_a_later_version),
        cmocka_unit_test(test_a_board_that_came_out),
        cmocka_unit_test(test_a_package_that_came_out),
        cmocka_unit_test(test_sizes_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
