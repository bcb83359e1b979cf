/* SPDX-License-Identifier: MIT */
/*
 * The example application, as a person meets it: it greets on USART2, blinks, and leads back to the
 * bootloader by a byte, by the button and by a reset with a request.
 */
#include "system.h"

static uint8_t hello[16384];
static size_t hello_len;

static int load_hello(void **state)
{
    (void)state;
    FILE *f = fopen(ARAREXT_HELLO_BIN, "rb");
    if (f == NULL) {
        return -1;
    }
    hello_len = fread(hello, 1, sizeof hello, f);
    (void)fclose(f);
    return hello_len > 0 && hello_len < sizeof hello ? 0 : -1;
}

static bool greeted(struct board *b)
{
    static const char greeting[] = "hello";
    for (size_t i = 0; i + sizeof greeting - 1 <= b->rx_len; i++) {
        if (memcmp(b->rx + i, greeting, sizeof greeting - 1) == 0) {
            return true;
        }
    }
    return false;
}

/* Flashes it by commands, as in the field, and starts it. */
static struct board *flash_and_go(void **state)
{
    uint8_t payload[4];
    struct board *b = open_variant(state);
    board_erase(b, 2, 1);
    board_write(b, APP_BASE, hello, hello_len);
    wire_put32(payload, APP_BASE);
    board_request(b, GO_TO_ADDR, payload, 4);
    assert_true(board_wait(b, 3, MS(20)));
    assert_int_equal(b->rx[0], 0xA5);
    b->rx_len = 0;
    (void)board_run(b, MS(3000));
    assert_true(greeted(b));
    b->rx_len = 0;
    return b;
}

static unsigned stay_reason(struct board *b)
{
    uint8_t info[255];
    b->rx_len = 0; /* greetings */
    (void)board_query_any(b, GET_INFO, NULL, 0, info);
    return info[53];
}

static void test_hello_blinks(void **state)
{
    struct board *b = flash_and_go(state);
    unsigned before = b->led_count;
    (void)board_run(b, MS(3000));
    assert_true(b->led_count >= before + 4);
    board_close(b);
}

static void test_hello_boots_by_itself(void **state)
{
    struct board *b = flash_and_go(state);
    board_power_cycle(b);
    (void)board_run(b, MS(3000));
    assert_true(greeted(b));
    board_close(b);
}

static void test_hello_requests_the_bootloader(void **state)
{
    static const uint8_t request = 'b';
    struct board *b = flash_and_go(state);
    board_send(b, &request, 1);
    (void)board_run(b, MS(200));
    assert_int_equal(stay_reason(b), 2);
    board_reset(b);
    (void)board_run(b, MS(3000));
    assert_true(greeted(b));
    board_close(b);
}

static void test_hello_button(void **state)
{
    struct board *b = flash_and_go(state);
    board_press_button(b, true);
    (void)board_run(b, MS(200));
    assert_int_equal(stay_reason(b), 1);
    board_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_hello_blinks),
        SIZES(test_hello_boots_by_itself),
        ONCE(test_hello_requests_the_bootloader),
        ONCE(test_hello_button),
    };
    return cmocka_run_group_tests(tests, load_hello, NULL);
}
