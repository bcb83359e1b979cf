/* SPDX-License-Identifier: MIT */
/*
 * What the bootloader shows: the LED's patterns for waiting, busy and error, and the log on USART3.
 */
#include "system.h"

/* Longest time between two changes of the LED from ns on, and how many changes there were. */
struct rhythm {
    uint64_t shortest_ns, longest_ns;
    unsigned changes;
};

static struct rhythm rhythm_since(const struct board *b, unsigned first)
{
    struct rhythm r = {UINT64_MAX, 0, b->led_count - first};
    for (unsigned i = first + 1; i < b->led_count; i++) {
        uint64_t ns = b->led[i].ns - b->led[i - 1].ns;
        r.shortest_ns = ns < r.shortest_ns ? ns : r.shortest_ns;
        r.longest_ns = ns > r.longest_ns ? ns : r.longest_ns;
        assert_int_not_equal(b->led[i].level, b->led[i - 1].level);
    }
    return r;
}

static bool same_rhythm(struct rhythm a, struct rhythm b)
{
    uint64_t tolerance = MS(5);
    return a.shortest_ns < b.shortest_ns + tolerance && b.shortest_ns < a.shortest_ns + tolerance &&
           a.longest_ns < b.longest_ns + tolerance && b.longest_ns < a.longest_ns + tolerance;
}

static struct rhythm watch(struct board *b, uint64_t ns)
{
    unsigned first = b->led_count;
    (void)board_run(b, ns);
    return rhythm_since(b, first);
}

/* Waiting, busy and error look different, and a success ends the error. */
static void test_signs_led(void **state)
{
    static const uint8_t sector_5[2] = {5, 1};
    struct board *b = open_variant(state);
    struct rhythm waiting = watch(b, MS(6000));
    assert_true(waiting.changes >= 2);
    board_request(b, FLASH_ERASE, sector_5, 2);
    board_flush(b);
    unsigned first = b->led_count;
    assert_true(board_wait(b, 3, MS(4500)));
    struct rhythm busy = rhythm_since(b, first);
    b->rx_len = 0;
    board_request(b, 0xEF, NULL, 0);
    assert_true(board_wait(b, 1, MS(20)));
    b->rx_len = 0;
    struct rhythm error = watch(b, MS(1800));
    assert_true(error.changes >= 2);
    assert_false(same_rhythm(waiting, error));
    assert_true(busy.changes == 0 || !same_rhythm(waiting, busy));
    board_close(b);
}

static void test_signs_log_of_failures(void **state)
{
    struct board *b = open_variant(state);
    size_t before = b->log_len;
    board_request(b, 0xEF, NULL, 0);
    (void)board_run(b, MS(100));
    assert_true(b->log_len > before);
    before = b->log_len;
    (void)board_run(b, MS(2000));
    assert_int_equal(b->log_len, before); /* no chatter while nothing happens */
    for (size_t i = 0; i < b->log_len; i++) {
        char c = b->log[i];
        assert_true((c >= ' ' && c <= '~') || c == '\r' || c == '\n');
    }
    board_close(b);
}

/* More to log than the line takes: commands are answered all the same, and the log goes on after.
 */
static void test_signs_log_never_blocks(void **state)
{
    static const uint8_t nack = 0x7F;
    struct board *b = open_variant(state);
    uint64_t start = twin_now_ns(b->twin);
    for (int i = 0; i < 200; i++) {
        board_request(b, 0xEF, NULL, 0);
        assert_true(board_wait(b, 1, MS(20)));
        assert_memory_equal(b->rx, &nack, 1);
        b->rx_len = 0;
    }
    /* 6 bytes of request and one of answer, and hardly more than that */
    assert_true(twin_now_ns(b->twin) - start < 200 * ((uint64_t)7 * CHAR_NS + US(500)));
    (void)board_run(b, MS(3000));
    assert_true(board_log_has(b, "dropped")); /* and it says that it left something out */
    size_t before = b->log_len;
    board_request(b, 0xEF, NULL, 0);
    (void)board_run(b, MS(100));
    assert_true(b->log_len > before);
    board_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_signs_led),
        ONCE(test_signs_log_of_failures),
        ONCE(test_signs_log_never_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
