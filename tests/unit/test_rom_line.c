/* SPDX-License-Identifier: MIT */
/*
 * Unit tests of ST's ROM protocol on the line: how it is told apart, that a hello takes nothing
 * away from the other dialects, and that every wait ends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "command_form.h"
#include "memory_map.h"
#include "rom_host.h"

/* ---- who speaks ---- */

static void test_rom_hello_alone(void **state)
{
    struct model *m = model_create(1024);

    (void)state;
    rom_hello(m);
    model_wait_ms(m, 5000);
    assert_int_equal(m->sent_len, 0); /* no 7F for a frame that was cut off */
    assert_int_equal(m->loader.failure.count, 0);
    rom_expect_alive(m);
    assert_int_equal(m->receiver.dialect, DIALECT_ROM);
    rom_hello(m); /* once more: the host was started again */
    rom_expect_alive(m);
    free(m);
}

/* A hello and commands at once behind it, or behind another hello. */
static void test_rom_hello_and_on(void **state)
{
    struct model *m = model_create(1024);

    (void)state;
    rom_hello(m);
    rom_hello(m);
    rom_expect_alive(m);
    free(m);
    m = model_create(1024);
    rom_exchange(m, BYTES(0x7F, 0x01, 0xFE), NULL, 0); /* nobody waited for the acknowledgement */
    model_wait_ms(m, 1001);
    rom_expect(m, BYTES(0x7F));
    free(m);
}

/* Whoever comes first after the hello decides, the other dialects included. */
static void test_rom_hello_decides_nothing(void **state)
{
    static const uint8_t native[] = {0x01, 0x51, 0x64, 0x6A, 0x5F, 0x5C};
    static const uint8_t course[] = {0x05, 0x51, 0xE7, 0xE9, 0xAB, 0x7C};
    struct model *m = model_create(1024);

    (void)state;
    rom_hello(m);
    rom_exchange(m, native, sizeof native, BYTES(0xA5, 0x51, 0x01, 0x10));
    rom_feed(m, BYTES(0x7F));
    model_wait_ms(m, 1001);
    rom_expect(m, BYTES(0x7F)); /* decided */
    rom_exchange(m, BYTES(0x00), NULL, 0);
    model_wait_ms(m, 21);
    rom_expect(m, BYTES(0x7F));
    model_expect_failure(m, REASON_LENGTH, 0, 0);
    free(m);
    m = model_create(1024);
    rom_hello(m);
    rom_exchange(m, course, sizeof course, BYTES(0xA5, 0x01, 0x10));
    free(m);
}

/* A frame whose Length is the hello: understood if the next byte comes within 20 ms. Once the line
 * is decided it may take its time, as any frame. */
static void test_rom_hello_begins_a_frame(void **state)
{
    uint8_t frame[FRAME_SIZE_MAX];
    uint8_t payload[5 + 121] = {0x00, 0x40, 0x00, 0x20, 121};
    struct model *m = model_create(1024);
    size_t len = model_frame(frame, DIALECT_NATIVE, COMMAND_MEM_WRITE, payload, sizeof payload);

    (void)state;
    assert_int_equal(frame[0], 0x7F);
    rom_feed(m, frame, 1);
    model_wait_ms(m, 19);
    rom_exchange(m, frame + 1, len - 1, BYTES(0xA5, 0x57, 0x00));
    assert_int_equal(m->receiver.dialect, DIALECT_NATIVE);
    rom_feed(m, frame, 1);
    model_wait_ms(m, 999);
    rom_exchange(m, frame + 1, len - 1, BYTES(0xA5, 0x57, 0x00));
    free(m);
    m = model_create(1024);
    payload[4] = 117;
    len = model_frame(frame, DIALECT_COURSE, COMMAND_MEM_WRITE, payload, sizeof payload - 4);
    assert_int_equal(frame[0], 0x7F);
    rom_feed(m, frame, 1);
    model_wait_ms(m, 19);
    rom_exchange(m, frame + 1, len - 1, BYTES(0xA5, 0x01, 0x00));
    free(m);
}

/* After a hello the first command of ST's protocol decides. No frame begins like one: Length and
 * Command of every frame with a payload that fits, in both dialects, with and without a check. */
static void test_rom_no_frame_begins_like_a_command(void **state)
{
    (void)state;
    for (unsigned i = 0; i < ROM_FORMS; i++) {
        uint8_t length = rom_forms[i].code;
        uint8_t code = (uint8_t)~length;
        const struct command_form *form =
            command_form_find(code & (uint8_t) ~(unsigned)COMMAND_CHECKED);
        const uint8_t payload[256] = {0};

        if (form == NULL) {
            continue;
        }
        for (unsigned n = 0; n + 1u <= FRAME_LENGTH_MAX; n++) {
            if (n + 1u == length || n + FRAME_COURSE_MIN == length) {
                assert_false(command_form_fits(form, payload, n));
                assert_true(form->lengths != 0); /* nor with another payload */
            }
        }
    }
}

/* Line noise after a hello: as ever. */
static void test_rom_noise_after_hello(void **state)
{
    struct model *m = model_create(1024);

    (void)state;
    rom_hello(m);
    rom_exchange(m, BYTES(0x00, 0x12), NULL, 0);
    model_wait_ms(m, 21);
    rom_expect(m, BYTES(0x7F));
    model_expect_failure(m, REASON_LENGTH, 0, 0);
    rom_exchange(m, BYTES(0x03, 0xFC), NULL, 0); /* no command of that protocol */
    model_wait_ms(m, 1001);
    rom_expect(m, BYTES(0x7F));
    rom_expect_alive(m);
    free(m);
}

/* ---- errors of the line ---- */

static void test_rom_bad_blocks(void **state)
{
    struct model *m = rom_model(1024);

    (void)state;
    rom_exchange(m, BYTES(0x11, 0x11), NULL, 0);
    model_wait_ms(m, 19);
    assert_int_equal(m->sent_len, 0);
    model_wait_ms(m, 2);
    rom_expect(m, BYTES(ROM_NACK));
    model_expect_failure(m, REASON_CRC, 0, 2);
    rom_command(m, ROM_READ);
    rom_exchange(m, BYTES(0x08, 0x00, 0x80, 0x00, 0x89), NULL, 0);
    model_wait_ms(m, 21);
    rom_expect(m, BYTES(ROM_NACK));
    rom_expect_alive(m); /* and not the rest of the read */
    rom_exchange(m, BYTES(0x03, 0xFC), BYTES(ROM_NACK));
    model_expect_failure(m, REASON_UNKNOWN_COMMAND, 0x03, 0);
    rom_command(m, ROM_ERASE_EXTENDED);
    rom_exchange(m, BYTES(0x00, 0xFF), NULL, 0); /* 256 sectors: longer than any block */
    model_wait_ms(m, 21);
    rom_expect(m, BYTES(ROM_NACK));
    model_expect_failure(m, REASON_LENGTH, 0, 2 * 0xFF + 5);
    rom_expect_alive(m);
    assert_int_equal(model_changes(m), 0);
    free(m);
}

/* No wait is without an end: 1000 ms, in a block and between two. */
static void test_rom_silence(void **state)
{
    struct model *m = rom_model(1024);

    (void)state;
    rom_exchange(m, BYTES(0x11), NULL, 0);
    model_wait_ms(m, 998);
    assert_int_equal(m->sent_len, 0);
    model_wait_ms(m, 3);
    rom_expect(m, BYTES(ROM_NACK));
    rom_command(m, ROM_WRITE);
    model_wait_ms(m, 1001);
    rom_expect(m, BYTES(ROM_NACK));
    model_expect_failure(m, REASON_CUT_OFF, 0, 0);
    rom_command(m, ROM_WRITE);
    rom_address(m, MAP_APP_BASE);
    rom_exchange(m, BYTES(3, 1, 2), NULL, 0);
    model_wait_ms(m, 1001);
    rom_expect(m, BYTES(ROM_NACK));
    rom_expect_alive(m);
    model_wait_ms(m, 10000);
    assert_int_equal(m->sent_len, 0);
    assert_int_equal(model_changes(m), 0);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rom_hello_alone),
        cmocka_unit_test(test_rom_hello_and_on),
        cmocka_unit_test(test_rom_hello_decides_nothing),
        cmocka_unit_test(test_rom_hello_begins_a_frame),
        cmocka_unit_test(test_rom_no_frame_begins_like_a_command),
        cmocka_unit_test(test_rom_noise_after_hello),
        cmocka_unit_test(test_rom_bad_blocks),
        cmocka_unit_test(test_rom_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
