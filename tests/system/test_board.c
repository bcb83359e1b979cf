/* SPDX-License-Identifier: MIT */
/*
 * The board block (FORMAT.md): the release binary with another one in it, on a board that is wired
 * like that. Every USART and pin of it, both polarities of button, LED and driver enable, crystals,
 * rates; and blocks that do not check.
 */
#include "system.h"

#include "reset_state.h"

enum { GET_BOARD = 0x6E, SET_BAUD = 0x6B, FEATURE_STREAM_BIT = 1 << 4, LOW = 1, UP = 2, DOWN = 4 };

static const uint8_t version = 0x10;

static struct board *open_wired(const struct board_wires *w)
{
    return board_open(&(struct board_options){.wires = w});
}

static void info_of(struct board *b, uint8_t info[255])
{
    assert_true(board_query_any(b, GET_INFO, NULL, 0, info) >= 59);
}

/* ---- USARTs ---- */

struct line_case {
    uint8_t usart, tx, rx, log, log_tx;
};

/* Every pin of DS8626 table 9, and each USART as that of the log. */
static const struct line_case line_cases[] = {
    {1, PIN('A', 9), PIN('A', 10), 6, PIN('C', 6)},
    {1, PIN('B', 6), PIN('B', 7), 2, PIN('D', 5)},
    {2, PIN('A', 2), PIN('A', 3), 1, PIN('B', 6)},
    {2, PIN('D', 5), PIN('D', 6), 4, PIN('A', 0)},
    {3, PIN('B', 10), PIN('B', 11), 5, PIN('C', 12)},
    {3, PIN('C', 10), PIN('C', 11), 2, PIN('A', 2)},
    {3, PIN('D', 8), PIN('D', 9), 6, PIN('G', 14)},
    {4, PIN('A', 0), PIN('A', 1), 3, PIN('B', 10)},
    {4, PIN('C', 10), PIN('C', 11), 3, PIN('D', 8)},
    {5, PIN('C', 12), PIN('D', 2), 4, PIN('C', 10)},
    {6, PIN('C', 6), PIN('C', 7), 1, PIN('A', 9)},
    {6, PIN('G', 14), PIN('G', 9), 3, PIN('C', 10)},
};

/* Bytes both ways, more of them than the receive ring has, and the log. */
static void check_line(const struct line_case *c)
{
    struct board_wires w = board_original;
    uint8_t data[3000], back[240], payload[255];
    uint64_t seed = c->tx;
    w.commands = c->usart;
    w.tx = c->tx;
    w.rx = c->rx;
    w.log = c->log;
    w.log_tx = c->log_tx;
    w.button = w.led = NO_PIN; /* their pins are needed */
    struct board *b = open_wired(&w);
    board_ok(b, GET_VER, NULL, 0, &version, 1);
    random_fill(&seed, data, sizeof data);
    for (uint32_t round = 0; round < 2; round++) {
        board_write(b, FREE_SRAM_BASE + round * 4096, data, sizeof data);
        board_query(b, MEM_READ, addr_n(payload, FREE_SRAM_BASE + round * 4096, 240), 5, back, 240);
        assert_memory_equal(back, data, 240);
    }
    board_refused(b, 0x6F, NULL, 0, WIRE_UNKNOWN, 0);
    (void)board_run(b, MS(50));
    assert_true(board_log_has(b, "stays: nothing to boot"));
    assert_true(board_log_has(b, "failed 10"));
    board_close(b);
}

static void test_board_every_usart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof line_cases / sizeof line_cases[0]; i++) {
        print_message("commands USART%u, log USART%u\n", line_cases[i].usart, line_cases[i].log);
        check_line(&line_cases[i]);
    }
}

/* USART1 and 6 have twice the clock: a rate that the others cannot make. */
static void test_board_rates(void **state)
{
    (void)state;
    static const struct {
        uint8_t usart, tx, rx;
        uint32_t rate;
        bool possible;
    } rows[] = {
        {1, PIN('A', 9), PIN('A', 10), 5250000, true},
        {6, PIN('C', 6), PIN('C', 7), 5250000, true},
        {4, PIN('A', 0), PIN('A', 1), 5250000, false},
        {4, PIN('A', 0), PIN('A', 1), 2625000, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct board_wires w = board_original;
        uint8_t payload[4];
        w.commands = rows[i].usart;
        w.tx = rows[i].tx;
        w.rx = rows[i].rx;
        w.button = NO_PIN;
        struct board *b = open_wired(&w);
        wire_put32(payload, rows[i].rate);
        if (rows[i].possible) {
            board_ok(b, SET_BAUD, payload, 4, NULL, 0);
            twin_line_set(b->twin, w.commands, &(struct twin_line){.baud = rows[i].rate});
            board_ok(b, GET_VER, NULL, 0, &version, 1);
        } else {
            board_refused(b, SET_BAUD, payload, 4, WIRE_ARGUMENT, rows[i].rate);
        }
        board_close(b);
    }
}

/* Whether the board answers at this rate; what it says to a wrong one is thrown away. */
static bool answers_at(struct board *b, uint32_t rate)
{
    static const uint8_t request[] = {0x01, 0x51, 0x64, 0x6A, 0x5F, 0x5C};
    static const uint8_t answer[] = {0xA5, 0x51, 0x01, 0x10};
    (void)board_run(b, MS(3000));
    twin_line_set(b->twin, b->wires.commands, &(struct twin_line){.baud = rate});
    b->rx_len = 0;
    twin_line_send(b->twin, b->wires.commands, request, sizeof request);
    (void)board_run(b, MS(50));
    return b->rx_len == sizeof answer && memcmp(b->rx, answer, sizeof answer) == 0;
}

/* The rate of the start, and that all ways lead back to it. */
static void test_board_start_rate(void **state)
{
    (void)state;
    static const struct {
        uint32_t block, starts;
    } rows[] = {{9600, 9600},   {57600, 57600},    {1000000, 1000000},  {0, 115200},
                {9599, 115200}, {4000000, 115200}, {0xFFFFFFFF, 115200}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct board_wires w = board_original;
        uint8_t payload[4];
        w.baud = rows[i].block;
        struct board *b = open_wired(&w);
        print_message("%u baud in the block\n", (unsigned)rows[i].block);
        assert_true(answers_at(b, rows[i].starts));
        wire_put32(payload, 230400);
        b->rx_len = 0;
        board_request(b, SET_BAUD, payload, 4);
        (void)board_run(b, MS(50));
        assert_int_equal(b->rx_len, 3);
        assert_true(answers_at(b, rows[i].starts)); /* nobody used the other one */
        board_close(b);
    }
}

/* ---- button, LED, driver enable ---- */

static bool stays(struct board *b)
{
    uint8_t info[255];
    probe_clear(b);
    board_reset(b);
    if (probe_done(b)) {
        return false;
    }
    info_of(b, info);
    assert_int_equal(info[53], 1); /* button */
    return true;
}

static void test_board_button(void **state)
{
    (void)state;
    static const struct {
        uint8_t pin, flags;
    } rows[] = {{PIN('A', 0), DOWN},      {PIN('A', 0), 0},        {PIN('C', 13), LOW | UP},
                {PIN('C', 13), LOW},      {PIN('E', 4), LOW | UP}, {PIN('B', 11), 0},
                {PIN('D', 15), LOW | UP}, {PIN('I', 11), DOWN},    {PIN('A', 15), LOW | UP},
                {PIN('B', 4), DOWN}};
    uint8_t image[PROBE_MAX];
    size_t len = probe_make(image, APP_BASE, NULL, 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct board_wires w = board_original;
        w.button = rows[i].pin;
        w.button_flags = rows[i].flags;
        struct board *b = board_open(
            &(struct board_options){.wires = &w, .app = image, .app_len = len, .stay_off = true});
        twin_power_on(b->twin);
        print_message("button P%c%u, flags %u\n", 'A' + (w.button >> 4), w.button & 15u,
                      w.button_flags);
        assert_false(stays(b));
        board_press_button(b, true);
        assert_true(stays(b));
        board_press_button(b, false);
        assert_false(stays(b));
        board_close(b);
    }
}

/* No button: the application starts; and where there is none, commands are all the same. */
static void test_board_nothing_on_it(void **state)
{
    (void)state;
    struct board_wires w = board_original;
    uint8_t image[PROBE_MAX];
    size_t len = probe_make(image, APP_BASE, NULL, 0);
    w.log = 0;
    w.log_tx = w.button = w.led = NO_PIN;
    struct board *b = board_open(&(struct board_options){.wires = &w});
    board_ok(b, GET_VER, NULL, 0, &version, 1);
    board_refused(b, 0x6F, NULL, 0, WIRE_UNKNOWN, 0);
    board_write(b, APP_BASE, image, len);
    twin_pin_drive(b->twin, 'A', 0, true); /* the original's button */
    assert_false(stays(b));
    for (int letter = 'A'; letter <= 'I'; letter++) {
        const char port = (char)letter;
        for (unsigned pin = 0; pin < 16; pin++) {
            bool debug = (port == 'A' && pin >= 13) || (port == 'B' && pin >= 3 && pin <= 4);
            assert_true(debug || PIN(port, pin) == PIN('A', 0) ||
                        !twin_pin_level(b->twin, port, pin));
        }
    }
    board_close(b);
}

/* On for less than half of the time while it waits, all the time while it is busy. */
static void test_board_led(void **state)
{
    (void)state;
    static const uint8_t sector_5[2] = {5, 1};
    static const struct {
        uint8_t pin, flags;
    } rows[] = {{PIN('A', 5), 0},   {PIN('A', 6), LOW}, {PIN('D', 12), 0}, {PIN('C', 13), LOW},
                {PIN('F', 9), LOW}, {PIN('I', 10), 0},  {PIN('B', 3), 0},  {PIN('A', 13), LOW}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct board_wires w = board_original;
        char port = (char)('A' + (rows[i].pin >> 4));
        unsigned pin = rows[i].pin & 15u, on = 0;
        w.led = rows[i].pin;
        w.led_flags = rows[i].flags;
        struct board *b = open_wired(&w);
        print_message("LED P%c%u, flags %u\n", port, pin, w.led_flags);
        for (unsigned ms = 0; ms < 2100; ms++) {
            (void)board_run(b, MS(1));
            on += twin_pin_level(b->twin, port, pin) != (w.led_flags == LOW) ? 1 : 0;
        }
        assert_in_range(on, 60, 400);
        board_request(b, FLASH_ERASE, sector_5, 2);
        board_flush(b);
        (void)board_run(b, MS(20));
        assert_int_equal(twin_pin_level(b->twin, port, pin), w.led_flags != LOW);
        assert_true(board_wait(b, 3, MS(4500)));
        board_close(b);
    }
}

/* The driver is on from before the first bit of an answer until its last one has left, and off
 * else; meanwhile the board hears nothing, itself included. */
static void check_driver(uint8_t pin, uint8_t flags)
{
    static const uint8_t garbage[3] = {0x55, 0x00, 0xAA};
    struct board_wires w = board_original;
    uint8_t info[255], payload[5];
    char port = (char)('A' + (pin >> 4));
    w.driver = pin;
    w.driver_flags = flags;
    struct board *b = open_wired(&w);
    assert_int_equal(twin_pin_level(b->twin, port, pin & 15u), flags == LOW);
    for (unsigned i = 0; i < 3; i++) {
        board_ok(b, GET_VER, NULL, 0, &version, 1);
        assert_int_equal(twin_pin_level(b->twin, port, pin & 15u), flags == LOW);
    }
    info_of(b, info);
    assert_int_equal(wire_get32(info + 24) & FEATURE_STREAM_BIT, 0);
    board_request(b, MEM_READ, addr_n(payload, FREE_SRAM_BASE, 200), 5);
    board_flush(b);
    (void)board_run(b, MS(5));
    assert_int_equal(twin_pin_level(b->twin, port, pin & 15u), flags != LOW);
    board_send(b, garbage, sizeof garbage);
    assert_true(board_wait(b, 203, MS(100)));
    (void)board_run(b, US(100)); /* less than two characters */
    assert_int_equal(twin_pin_level(b->twin, port, pin & 15u), flags == LOW);
    (void)board_run(b, MS(1200));
    assert_int_equal(b->rx_len, 203); /* and no 7F */
    b->rx_len = 0;
    board_ok(b, GET_VER, NULL, 0, &version, 1);
    assert_int_equal(b->reports[TWIN_REPORT_USART], 0);
    board_close(b);
}

static void test_board_driver_enable(void **state)
{
    (void)state;
    check_driver(PIN('A', 1), 0);
    check_driver(PIN('D', 4), LOW);
}

/* In the course dialect the acknowledge comes first: the line is let go of while the board works.
 */
static void test_board_driver_course(void **state)
{
    (void)state;
    static const uint8_t sector_2[2] = {2, 1};
    static const uint8_t status = 0;
    struct board_wires w = board_original;
    w.driver = PIN('A', 1);
    struct board *b = board_open(&(struct board_options){.wires = &w, .dialect = WIRE_COURSE});
    board_request(b, FLASH_ERASE, sector_2, 2);
    assert_true(board_wait(b, 2, MS(20)));
    (void)board_run(b, MS(5));
    assert_false(twin_pin_level(b->twin, 'A', 1));
    assert_true(board_wait(b, 3, MS(1000)));
    assert_memory_equal(b->rx + 2, &status, 1);
    assert_int_equal(b->reports[TWIN_REPORT_USART], 0);
    board_close(b);
}

/* ---- clock ---- */

static void test_board_clock(void **state)
{
    (void)state;
    static const struct {
        uint8_t hse; /* of the board, and of the block unless that says otherwise */
        uint32_t hse_hz;
        uint8_t pll_m;
        uint16_t pll_n;
        uint32_t core_hz;
    } rows[] = {
        {1, 8000000, 8, 336, 84000000},   {1, 25000000, 25, 336, 84000000},
        {1, 12000000, 12, 336, 84000000}, {2, 8000000, 4, 168, 84000000},
        {2, 26000000, 13, 168, 84000000}, {1, 14745600, 11, 250, 83781812},
        {0, 0, 8, 336, 80000000},       /* none: HSI */
        {1, 8000000, 8, 338, 80000000}, /* 0.6 % off */
        {1, 8000000, 3, 126, 80000000}, /* input 2.67 MHz */
        {1, 8000000, 9, 378, 80000000}, /* input 0.89 MHz */
        {1, 8000000, 0, 336, 80000000},   {1, 30000000, 15, 168, 80000000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct board_wires w = board_original;
        uint8_t info[255];
        bool hse = rows[i].core_hz != 80000000;
        w.hse = rows[i].hse;
        w.hse_hz = rows[i].hse_hz;
        w.pll_m = rows[i].pll_m;
        w.pll_n = rows[i].pll_n;
        struct board *b = open_wired(&w);
        print_message("HSE %u, %u Hz\n", w.hse, (unsigned)w.hse_hz);
        info_of(b, info);
        assert_int_equal(info[54], hse ? 1 : 0);
        assert_in_range(wire_get32(info + 48), rows[i].core_hz - 200, rows[i].core_hz);
        assert_int_equal(b->reports[TWIN_REPORT_OTHER], 0); /* a crystal with HSEBYP, say */
        board_close(b);
    }
}

/* A crystal that is not there, or is an oscillator after all: HSI, and the same rate. */
static void test_board_other_crystal(void **state)
{
    (void)state;
    for (uint8_t hse = 0; hse <= 2; hse += 2) {
        struct board_wires w = board_original;
        uint8_t block[BOARD_BLOCK_BYTES], info[255];
        board_make_block(block, "crystal", &w);
        w.hse = hse;
        struct board *b =
            board_open(&(struct board_options){.wires = &w, .block = block, .stay_off = true});
        twin_power_on(b->twin);
        (void)board_run(b, MS(250));
        info_of(b, info);
        assert_int_equal(info[54], 0);
        assert_int_equal(wire_get32(info + 48), 80000000);
        board_close(b);
    }
}

/* ---- the block ---- */

static void test_board_block_reported(void **state)
{
    (void)state;
    struct board_wires w = board_original;
    uint8_t want[1 + BOARD_BLOCK_BYTES] = {1};
    w.window_ms = 0;
    w.led = PIN('I', 2);
    w.baud = 57600;
    board_make_block(want + 1, "fifteen-letters", &w);
    struct board *b = board_open(&(struct board_options){.wires = &w, .block = want + 1});
    board_ok(b, GET_BOARD, NULL, 0, want, sizeof want);
    board_close(b);
}

/* The prebuilt block, any of its bytes damaged: the built-in board holds, whole. */
static void test_board_damaged(void **state)
{
    (void)state;
    uint8_t block[BOARD_BLOCK_BYTES], want[1 + BOARD_BLOCK_BYTES] = {1};
    struct board *b = board_open(NULL);
    board_make_block(want + 1, "original", &board_original);
    board_ok(b, GET_BOARD, NULL, 0, want, sizeof want); /* FORMAT.md's bytes */
    board_close(b);
    want[0] = 0;
    for (unsigned i = 0; i < sizeof block; i += 3) {
        memcpy(block, want + 1, sizeof block);
        block[i] ^= (uint8_t)(1u << i % 8);
        b = board_open(&(struct board_options){.block = block});
        board_ok(b, GET_BOARD, NULL, 0, want, sizeof want);
        assert_true(board_log_has(b, "stays"));
        board_close(b);
    }
}

/* Another board, damaged: commands at the original's pins, and the button there. */
static void test_board_damaged_other(void **state)
{
    (void)state;
    static const uint8_t built_in = 0;
    struct board_wires w = board_original;
    uint8_t block[BOARD_BLOCK_BYTES], answer[255];
    w.commands = 1;
    w.tx = PIN('A', 9);
    w.rx = PIN('A', 10);
    w.button = PIN('C', 13);
    board_make_block(block, "other", &w);
    block[55] ^= 0x80;
    struct board *b = board_open(&(struct board_options){.block = block, .button = true});
    assert_int_equal(board_query_any(b, GET_BOARD, NULL, 0, answer), 57);
    assert_memory_equal(answer, &built_in, 1);
    info_of(b, answer);
    assert_int_equal(answer[53], 1);
    board_close(b);
}

/* ---- what an application finds ---- */

static void test_board_left_as_after_reset(void **state)
{
    (void)state;
    struct board_wires w = board_original;
    struct probe_op ops[240];
    uint8_t image[PROBE_MAX], payload[4];
    size_t len = probe_make(image, APP_BASE, ops, reset_state_script(ops, 240));
    w.commands = 6;
    w.tx = PIN('G', 14);
    w.rx = PIN('G', 9);
    w.log = 1;
    w.log_tx = PIN('B', 6);
    w.led = PIN('E', 0);
    w.button = PIN('D', 15);
    w.button_flags = LOW | UP;
    w.driver = PIN('H', 1);
    w.hse = 2;
    struct board *b = board_open(
        &(struct board_options){.wires = &w, .app = image, .app_len = len, .button = true});
    probe_clear(b);
    wire_put32(payload, APP_BASE);
    board_ok(b, GO_TO_ADDR, payload, sizeof payload, NULL, 0);
    (void)board_run(b, MS(50));
    assert_true(probe_done(b));
    reset_state_check(b, APP_BASE, 0x0E);
    probe_clear(b);
    board_press_button(b, false);
    board_reset(b); /* the boot path, which read the button */
    assert_true(probe_done(b));
    reset_state_check(b, APP_BASE, 0x0E);
    board_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONCE(test_board_every_usart),    ONCE(test_board_rates),
        ONCE(test_board_start_rate),     ONCE(test_board_button),
        ONCE(test_board_nothing_on_it),  ONCE(test_board_led),
        ONCE(test_board_driver_enable),  ONCE(test_board_driver_course),
        ONCE(test_board_clock),          ONCE(test_board_other_crystal),
        ONCE(test_board_block_reported), ONCE(test_board_damaged),
        ONCE(test_board_damaged_other),  ONCE(test_board_left_as_after_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
