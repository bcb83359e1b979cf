/* SPDX-License-Identifier: MIT */
/* SET_BAUD, STREAM_BEGIN and DIGESTS: what is refused, and that a refusal touches nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "command_stream.h"
#include "crc.h"
#include "geometry.h"
#include "model.h"
#include "verdict.h"

#define WINDOW        61440u
#define PACKED_WINDOW 40960u

static struct model *m;
static const uint8_t *answer; /* the data of the last one */
static struct stream *stream;

static int setup(void **state)
{
    (void)state;
    m = model_create(1024);
    m->streaming.window = WINDOW;
    m->streaming.packed_window = PACKED_WINDOW;
    stream = &m->stream;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    free(m);
    return 0;
}

static enum reason serve(uint8_t command, const uint8_t *payload, uint8_t len)
{
    struct frame_request q = {payload, len, command};
    struct loader_answer whole;
    assert_true(loader_accept(&m->loader, DIALECT_NATIVE, &q, &whole));
    answer = loader_execute(&m->loader, &q).bytes + ANSWER_HEAD_SIZE;
    return m->loader.result;
}

static void close_board(bool closed)
{
    m->loader.open[0] = m->loader.open[1] = closed ? VERDICT_BAD : VERDICT_GOOD;
}

static enum reason begin(uint8_t flags, uint8_t sector, uint32_t size, uint32_t packed)
{
    uint8_t p[STREAM_BEGIN_LENGTH];
    p[STREAM_BEGIN_FLAGS] = flags;
    p[STREAM_BEGIN_SECTOR] = sector;
    store_le32(p + STREAM_BEGIN_SIZE, size);
    store_le32(p + STREAM_BEGIN_ID, 77);
    store_le32(p + STREAM_BEGIN_CONTENT, packed);
    return serve(COMMAND_STREAM_BEGIN, p, sizeof p);
}

static void test_commands_set_baud(void **state)
{
    uint8_t rate[SET_BAUD_SIZE];
    (void)state;

    store_le32(rate, 921600);
    assert_int_equal(serve(COMMAND_SET_BAUD, rate, 4), REASON_NONE);
    assert_int_equal(m->streaming.rate, 921600);
    assert_int_equal(m->loader.data_len, 0);
    store_le32(rate, 3000000);
    assert_int_equal(serve(COMMAND_SET_BAUD, rate, 4), REASON_ARGUMENT);
    assert_int_equal(m->loader.detail, 3000000);
    assert_int_equal(m->streaming.rate, 921600);
}

static void test_commands_digests(void **state)
{
    static const struct {
        uint8_t payload[2];
        enum reason reason;
        uint32_t detail;
    } bad[] = {
        {{0, 0}, REASON_ARGUMENT, 0},    {{0, 13}, REASON_NO_SECTOR, 12},
        {{11, 2}, REASON_NO_SECTOR, 12}, {{13, 1}, REASON_NO_SECTOR, 13},
        {{12, 1}, REASON_NO_SECTOR, 12}, {{255, 255}, REASON_NO_SECTOR, 255},
    };
    static const uint8_t all[] = {0, 12};
    (void)state;

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(serve(COMMAND_DIGESTS, bad[i].payload, 2), bad[i].reason);
        assert_int_equal(m->loader.detail, bad[i].detail);
    }
    close_board(true);
    assert_int_equal(serve(COMMAND_DIGESTS, all, 2), REASON_PROVISIONED);
    assert_int_equal(m->loader.data_len, 0);
    close_board(false);
    assert_int_equal(serve(COMMAND_DIGESTS, all, 2), REASON_NONE);
    assert_int_equal(m->loader.data_len, 48);
    for (unsigned i = 0; i < 12; i++) {
        assert_int_equal(load_le32(answer + 4 * i),
                         crc_update_words(CRC_START, model_memory(m, geometry_sector_addr(i), 4),
                                          geometry_sector_size(i) / 4));
    }
}

static void test_commands_begin_refused(void **state)
{
    static const struct {
        uint8_t flags, sector;
        uint32_t size, packed;
        enum reason reason;
        uint32_t detail;
    } rows[] = {
        {STREAM_PLAIN, 2, 0, 0, REASON_ARGUMENT, 0},
        {STREAM_PLAIN, 2, 100, 100, REASON_ARGUMENT, 0},
        {STREAM_PLAIN | STREAM_FLAG_THUMB, 2, 100, 0, REASON_ARGUMENT, 4},
        {3, 2, 100, 0, REASON_ARGUMENT, 3},
        {STREAM_PLAIN | STREAM_FLAG_HOLD, 2, 3, 0, REASON_ARGUMENT, 8},
        {STREAM_PACKED | STREAM_FLAG_HOLD, 2, 100, 3, REASON_ARGUMENT, 9},
        {STREAM_PACKAGE | STREAM_FLAG_HOLD, 0, 100, 0, REASON_ARGUMENT, 10},
        {0x10, 2, 100, 0, REASON_ARGUMENT, 0x10},
        {0x80, 2, 100, 0, REASON_ARGUMENT, 0x80},
        {STREAM_PACKED, 2, 100, 0, REASON_ARGUMENT, 0},
        {STREAM_PACKAGE, 2, 100, 0, REASON_ARGUMENT, 2},
        {STREAM_PACKAGE, 0, 100, 1, REASON_ARGUMENT, 2},
        {STREAM_PACKAGE, 0, 0, 0, REASON_ARGUMENT, 2},
        {STREAM_PLAIN, 0, 100, 0, REASON_BOOTLOADER, 0},
        {STREAM_PLAIN, 1, 100, 0, REASON_BOOTLOADER, 1},
        {STREAM_PLAIN, 12, 100, 0, REASON_NO_SECTOR, 12},
        {STREAM_PLAIN, 255, 100, 0, REASON_NO_SECTOR, 255},
        {STREAM_PLAIN, 11, 0x20001, 0, REASON_ADDRESS, 0x08100000},
        {STREAM_PLAIN, 2, 0xFFFFFFFF, 0, REASON_ADDRESS, 0x08100000},
        {STREAM_PACKED, 2, 100, 0xF8001, REASON_ADDRESS, 0x08100000},
        {STREAM_PLAIN, 2, 0x8001, 0, REASON_WRITE_PROTECTED, 4},
        {STREAM_PACKED, 3, 100, 0x14000, REASON_WRITE_PROTECTED, 4},
    };
    (void)state;

    m->optcr &= ~(1u << (16 + 4));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(begin(rows[i].flags, rows[i].sector, rows[i].size, rows[i].packed),
                         rows[i].reason);
        assert_int_equal(m->loader.detail, rows[i].detail);
        assert_int_equal(m->loader.data_len, 0);
    }
    close_board(true);
    assert_int_equal(begin(STREAM_PLAIN, 2, 0x8000, 0), REASON_PROVISIONED);
    assert_int_equal(begin(STREAM_PACKED, 2, 100, 200), REASON_PROVISIONED);
    m->stream_hw.memory = NULL;
    close_board(false);
    assert_int_equal(begin(STREAM_PACKED, 2, 100, 200), REASON_ARGUMENT);
    assert_int_equal(stream->state, STREAM_IDLE);
    assert_int_equal(model_changes(m), 0);
    assert_false(m->loader.retired);
}

static void expect_begun(uint8_t slot, uint32_t resume)
{
    bool packed = (stream->spec.flags & STREAM_KIND_BITS) == STREAM_PACKED;

    assert_int_equal(m->loader.data_len, STREAM_BEGUN_SIZE);
    assert_int_equal(load_le32(answer + STREAM_BEGUN_WINDOW), packed ? PACKED_WINDOW : WINDOW);
    assert_int_equal(load_le32(answer + STREAM_BEGUN_RESUME), resume);
    assert_int_equal(load_le16(answer + STREAM_BEGUN_FRAME), STREAM_PAYLOAD_MAX);
    assert_int_equal(answer[STREAM_BEGUN_SLOT], slot);
    assert_int_equal(stream->state, STREAM_OPEN);
}

static void test_commands_begin_content(void **state)
{
    (void)state;
    assert_int_equal(begin(STREAM_PLAIN, 2, 0xF8000, 0), REASON_NONE); /* to the end of the part */
    expect_begun(0xFF, 0);
    assert_int_equal(stream->spec.addr, 0x08008000);
    assert_int_equal(stream->spec.content, 0xF8000);
    assert_int_equal(begin(STREAM_PACKED | STREAM_FLAG_THUMB, 11, 99, 0x20000), REASON_NONE);
    expect_begun(0xFF, 0);
    assert_int_equal(stream->spec.addr, 0x080E0000);
    assert_int_equal(stream->spec.content, 0x20000);
    assert_int_equal(begin(STREAM_PLAIN | STREAM_FLAG_HOLD, 2, 4, 0), REASON_NONE);
    expect_begun(0xFF, 0);
    assert_true(m->loader.retired);
    assert_int_equal(m->loader.stage.size, 0);
}

static void test_commands_begin_package(void **state)
{
    (void)state;
    close_board(true);
    assert_int_equal(begin(STREAM_PACKAGE, 0, 5000, 0), REASON_NONE);
    expect_begun(0, 0);
    assert_int_equal(m->loader.stage.size, 5000);
    assert_int_equal(m->erases, 2);
    stream->next = 2048; /* some of it came, then the line broke */
    stream->state = STREAM_CLOSED;
    assert_int_equal(begin(STREAM_PACKAGE, 0, 5000, 0), REASON_NONE);
    expect_begun(0xFF, 2048);
    assert_int_equal(m->erases, 2);
    assert_int_equal(begin(STREAM_PACKAGE, 0, 0x40000, 0), REASON_PACKAGE_SIZE);
    assert_int_equal(m->loader.detail, 0x3F800);
    assert_false(stream_resumes(stream, &stream->spec));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_commands_set_baud, setup, teardown),
        cmocka_unit_test_setup_teardown(test_commands_digests, setup, teardown),
        cmocka_unit_test_setup_teardown(test_commands_begin_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_commands_begin_content, setup, teardown),
        cmocka_unit_test_setup_teardown(test_commands_begin_package, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
