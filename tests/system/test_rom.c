/* SPDX-License-Identifier: MIT */
/*
 * ST's ROM protocol (PROTOCOL.md, "The third dialect") against the release binary, in the formats
 * that its hosts have: 8E1 and 8N1. The far end counts what is wrong in parity or stop bit.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "board.h"
#include "image.h"
#include "reset_state.h"

enum { COMMANDS = 2, ACK = 0x79, NACK = 0x1F, HELLO = 0x7F, PIECE = 256, FLAGS_POWER_ON = 0x0E };

static char formats[] = {'N', 'E'};

#define EACH(f)                                                                                    \
    {#f " (8N1)", f, NULL, NULL, &formats[0]},                                                     \
    {                                                                                              \
#f " (8E1)", f, NULL, NULL, &formats[1]                                                    \
    }

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

static void set_format(struct board *b, char parity)
{
    twin_line_set(b->twin, COMMANDS, &(struct twin_line){.parity = parity});
}

static void put(struct board *b, const uint8_t *bytes, size_t len)
{
    b->rx_len = 0;
    twin_line_send(b->twin, COMMANDS, bytes, len);
    board_flush(b);
}

static void expect(struct board *b, const uint8_t *answer, size_t len, uint64_t ns)
{
    if (!board_wait(b, len, ns)) {
        fail_msg("%zu bytes came instead of %zu", b->rx_len, len);
    }
    (void)board_run(b, MS(2));
    assert_int_equal(b->rx_len, len);
    assert_memory_equal(b->rx, answer, len);
}

static void ask(struct board *b, const uint8_t *bytes, size_t len, const uint8_t *answer,
                size_t answer_len)
{
    put(b, bytes, len);
    expect(b, answer, answer_len, MS(20) + answer_len * 2 * CHAR_NS);
}

/* Bytes and their XOR. */
static void put_checked(struct board *b, const uint8_t *bytes, size_t len)
{
    uint8_t block[PIECE + 2];
    uint8_t sum = 0;

    for (size_t i = 0; i < len; i++) {
        block[i] = bytes[i];
        sum ^= bytes[i];
    }
    block[len] = sum;
    put(b, block, len + 1);
}

static void hello(struct board *b)
{
    put(b, BYTES(HELLO));
    assert_false(board_wait(b, 1, MS(18)));
    expect(b, BYTES(ACK), MS(5));
}

static void command(struct board *b, uint8_t code)
{
    ask(b, BYTES(code, (uint8_t)~code), BYTES(ACK));
}

static void word(struct board *b, uint32_t value, uint8_t answer)
{
    put_checked(b, BYTES((uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                         (uint8_t)value));
    expect(b, &answer, 1, MS(20));
}

static void get(struct board *b)
{
    ask(b, BYTES(0x00, 0xFF),
        BYTES(ACK, 11, 0x31, 0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x43, 0x44, 0x63, 0x73, 0x82,
              ACK));
}

static struct board *open_greeted(void **state)
{
    const char *parity = *state;
    struct board *b = board_open(&(struct board_options){.button = true});

    set_format(b, *parity);
    hello(b);
    return b;
}

/* So far every bit was right for the far end. */
static void close_clean(struct board *b)
{
    assert_int_equal(twin_line_bad(b->twin, COMMANDS), 0);
    board_close(b);
}

static void write_piece(struct board *b, uint32_t addr, const uint8_t *data, unsigned len)
{
    uint8_t block[PIECE + 1] = {(uint8_t)(len - 1)};

    memcpy(block + 1, data, len);
    command(b, 0x31);
    word(b, addr, ACK);
    put_checked(b, block, len + 1);
    expect(b, BYTES(ACK), MS(100));
}

static void read_piece(struct board *b, uint32_t addr, const uint8_t *data, unsigned len)
{
    uint8_t answer[PIECE + 1] = {ACK};

    memcpy(answer + 1, data, len);
    command(b, 0x11);
    word(b, addr, ACK);
    ask(b, BYTES((uint8_t)(len - 1), (uint8_t) ~(len - 1)), answer, len + 1);
}

static void erase_sector(struct board *b, uint8_t sector, uint8_t answer)
{
    command(b, 0x44);
    put_checked(b, BYTES(0, 0, 0, sector));
    expect(b, &answer, 1, MS(4500));
}

/* Every value of a byte goes both ways. */
static void test_rom_session(void **state)
{
    struct board *b = open_greeted(state);
    uint8_t data[PIECE];

    for (unsigned i = 0; i < PIECE; i++) {
        data[i] = (uint8_t)(i * 7);
    }
    get(b);
    ask(b, BYTES(0x01, 0xFE), BYTES(ACK, 0x31, 0x00, 0x00, ACK));
    ask(b, BYTES(0x02, 0xFD), BYTES(ACK, 0x01, 0x04, 0x13, ACK));
    erase_sector(b, 2, ACK);
    assert_int_equal(twin_sector_erases(b->twin, 2), 1);
    write_piece(b, APP_BASE, data, PIECE);
    board_assert_flash(b, APP_BASE, data, PIECE);
    read_piece(b, APP_BASE, data, PIECE);
    read_piece(b, APP_BASE + 17, data + 17, 1);
    close_clean(b);
}

/* Whatever the first command is, the format is found out with its first byte of an even number of
 * ones. Only the option bytes of Get Version come before that. */
static void test_rom_first_command(void **state)
{
    static const uint8_t first[] = {0x00, 0x01, 0x02, 0x11, 0x21, 0x31, 0x44, 0x73};
    const char *parity = *state;

    for (unsigned i = 0; i < sizeof first; i++) {
        struct board *b = open_greeted(state);
        unsigned wrong = first[i] == 0x01 && *parity == 'E' ? 2 : 0;

        if (first[i] == 0x73) {
            put(b, BYTES(0x73, 0x8C));
            expect(b, BYTES(ACK, ACK), MS(2000));
        } else if (first[i] == 0x00) {
            get(b);
        } else if (first[i] == 0x01) {
            ask(b, BYTES(0x01, 0xFE), BYTES(ACK, 0x31, 0x00, 0x00, ACK));
            get(b);
        } else if (first[i] == 0x02) {
            ask(b, BYTES(0x02, 0xFD), BYTES(ACK, 0x01, 0x04, 0x13, ACK));
            get(b);
        } else {
            command(b, first[i]);
            if (first[i] == 0x44) {
                put_checked(b, BYTES(0xFF, 0xFD));
                expect(b, BYTES(NACK), MS(20));
            } else {
                word(b, 0x08007F00, first[i] == 0x21 ? NACK : ACK);
            }
        }
        assert_int_equal(twin_line_bad(b->twin, COMMANDS), wrong);
        board_close(b);
    }
}

/* A host with the other format takes over, and back. */
static void test_rom_other_format(void **state)
{
    const char *parity = *state;
    struct board *b = open_greeted(state);

    get(b);
    set_format(b, *parity == 'N' ? 'E' : 'N');
    hello(b);
    get(b);
    set_format(b, *parity);
    hello(b);
    get(b);
    close_clean(b);
}

/* Once the format is known a wrong bit is an error: refused when the line is quiet. */
static void test_rom_line_errors(void **state)
{
    const char *parity = *state;
    struct board *b = open_greeted(state);

    get(b);
    if (*parity == 'E') {
        set_format(b, 'O');
        put(b, BYTES(0x00, 0xFF));
        set_format(b, 'E');
    } else {
        b->rx_len = 0;
        twin_line_send_framing_error(b->twin, COMMANDS, 0x00);
        twin_line_send(b->twin, COMMANDS, BYTES(0xFF));
        board_flush(b);
    }
    assert_false(board_wait(b, 1, MS(18)));
    expect(b, BYTES(NACK), MS(5));
    assert_true(b->reports[TWIN_REPORT_USART] > 0);
    get(b);
    close_clean(b);
}

/* The loader and what is not there: refused, and nothing has changed. */
static void test_rom_keeps_off_the_loader(void **state)
{
    static const uint32_t forbidden[] = {0x08000000, 0x08007FF0, 0x20000000, 0x20003000,
                                         0x2001FFC0, 0x08100000, 0x1FFFC000, 0x40023C00};
    struct board *b = open_greeted(state);

    get(b);
    struct snapshot *s = snapshot_take(b);
    for (unsigned i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        command(b, 0x31);
        word(b, forbidden[i], ACK);
        put_checked(b, BYTES(3, 0x12, 0x34, 0x56, 0x78));
        expect(b, BYTES(NACK), MS(20));
    }
    erase_sector(b, 1, NACK);
    erase_sector(b, 12, NACK);
    ask(b, BYTES(0x92, 0x6D), BYTES(NACK));
    snapshot_assert_same(b, s);
    get(b);
    close_clean(b);
}

/* What changes the option bytes ends in a reset; the board stays and answers a hello. */
static void test_rom_protection(void **state)
{
    struct board *b = open_greeted(state);
    unsigned resets = b->resets;

    get(b);
    command(b, 0x63);
    put_checked(b, BYTES(0, 3));
    expect(b, BYTES(ACK), MS(2000));
    (void)board_run(b, MS(300));
    assert_int_equal(b->resets, resets + 1);
    board_press_button(b, false);
    hello(b);
    get(b);
    erase_sector(b, 3, NACK);
    assert_int_equal(twin_sector_erases(b->twin, 3), 0);
    put(b, BYTES(0x73, 0x8C));
    expect(b, BYTES(ACK, ACK), MS(2000));
    (void)board_run(b, MS(300));
    assert_int_equal(b->resets, resets + 2);
    assert_true(board_log_has(b, "stays: host's request"));
    hello(b);
    get(b);
    erase_sector(b, 3, ACK);
    close_clean(b);
}

/* What is started finds the chip as after a reset, whatever the format was. */
static void test_rom_go(void **state)
{
    const char *parity = *state;
    struct probe_op ops[200];
    uint8_t image[PROBE_MAX];
    size_t len = probe_make(image, APP_BASE, ops, reset_state_script(ops, 200));
    struct board *b =
        board_open(&(struct board_options){.button = true, .app = image, .app_len = len});

    unsigned resets = b->resets;

    set_format(b, *parity);
    hello(b);
    get(b);
    probe_clear(b);
    command(b, 0x21);
    word(b, APP_BASE, ACK);
    (void)board_run(b, MS(50));
    assert_true(probe_done(b));
    assert_int_equal(b->resets, resets);
    reset_state_check(b, APP_BASE, FLAGS_POWER_ON);
    close_clean(b);
}

/* No wait has no end. */
static void test_rom_silence(void **state)
{
    struct board *b = open_greeted(state);

    get(b);
    command(b, 0x31);
    assert_false(board_wait(b, 2, MS(980)));
    b->rx_len = 0;
    expect(b, BYTES(NACK), MS(40));
    get(b);
    (void)board_run(b, MS(5000));
    get(b);
    close_clean(b);
}

/* A hello takes nothing away from the native dialect, before and behind it. */
static void test_rom_hello_and_native(void **state)
{
    static const uint8_t version[] = {0x01, 0x51, 0x64, 0x6A, 0x5F, 0x5C};
    struct board *b = open_greeted(state);

    set_format(b, 'N');
    ask(b, version, sizeof version, BYTES(0xA5, 0x51, 0x01, 0x10));
    put(b, BYTES(HELLO));
    assert_false(board_wait(b, 1, MS(990)));
    expect(b, BYTES(0x7F), MS(30));
    ask(b, version, sizeof version, BYTES(0xA5, 0x51, 0x01, 0x10));
    close_clean(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(test_rom_session),
        EACH(test_rom_first_command),
        EACH(test_rom_other_format),
        EACH(test_rom_line_errors),
        EACH(test_rom_keeps_off_the_loader),
        EACH(test_rom_protection),
        EACH(test_rom_go),
        EACH(test_rom_silence),
        EACH(test_rom_hello_and_native),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
