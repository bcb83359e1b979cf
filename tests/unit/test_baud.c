/* SPDX-License-Identifier: MIT */
/* The rate of the line: which ones can be made, and every way back to 115200. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "baud.h"

#define MS    1000u
#define START 0xFFFFFF00u /* the clock wraps in each test */

static void test_baud_possible(void **state)
{
    static const struct {
        uint32_t clock_hz, rate;
        bool possible;
        uint32_t divider;
    } rows[] = {
        {42000000, 115200, true, 365}, {42000000, 460800, true, 91},
        {42000000, 921600, true, 46},  {42000000, 2000000, true, 21},
        {42000000, 2625000, true, 16}, {42000000, 2625001, false, 0},
        {42000000, 9600, true, 4375},  {42000000, 9599, false, 0},
        {42000000, 0, false, 0},       {42000000, UINT32_MAX, false, 0},
        {42000000, 2540000, false, 0},                               /* 16.5: 3 % off */
        {16000000, 115200, true, 139}, {16000000, 921600, false, 0}, /* 17.36: 2.1 % off */
        {16000000, 1000000, true, 16}, {84000000, 5250000, true, 16},
    };
    (void)state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_int_equal(baud_possible(rows[i].clock_hz, rows[i].rate), rows[i].possible);
        if (rows[i].possible) {
            assert_int_equal(baud_divider(rows[i].clock_hz, rows[i].rate), rows[i].divider);
        }
    }
}

static void expect_base(struct baud *b, uint32_t now)
{
    assert_true(baud_poll(b, now));
    assert_int_equal(b->rate, BAUD_BASE);
    assert_int_equal(b->state, BAUD_AT_BASE);
    assert_false(baud_poll(b, now + 100000 * MS));
}

/* At 115200 nothing changes it. */
static void test_baud_base(void **state)
{
    struct baud b;
    (void)state;

    baud_init(&b, BAUD_BASE);
    baud_bad(&b, START);
    assert_false(baud_poll(&b, START + 100000 * MS));
    baud_change(&b, BAUD_BASE, START);
    assert_false(baud_poll(&b, START + 100000 * MS));
    assert_int_equal(b.rate, BAUD_BASE);
}

static void test_baud_not_taken(void **state)
{
    struct baud b;
    (void)state;

    baud_init(&b, BAUD_BASE);
    baud_change(&b, 921600, START);
    assert_int_equal(b.rate, 921600);
    baud_bad(&b, START + 10 * MS);
    assert_false(baud_poll(&b, START + 500 * MS - 1));
    expect_base(&b, START + 500 * MS);
}

static void test_baud_kept(void **state)
{
    struct baud b;
    (void)state;

    baud_init(&b, BAUD_BASE);
    baud_change(&b, 921600, START);
    baud_good(&b, START + 499 * MS);
    assert_int_equal(b.state, BAUD_KEPT);
    assert_false(baud_poll(&b, START + 5499 * MS - 1));
    baud_good(&b, START + 5499 * MS - 1);
    assert_false(baud_poll(&b, START + 10499 * MS - 2));
    expect_base(&b, START + 10499 * MS - 1);
}

static void test_baud_bad_frames(void **state)
{
    struct baud b;
    (void)state;

    baud_init(&b, BAUD_BASE);
    baud_change(&b, 921600, START);
    baud_good(&b, START);
    baud_bad(&b, START + 100 * MS);
    assert_false(baud_poll(&b, START + 1099 * MS));
    baud_good(&b, START + 1099 * MS); /* it was noise */
    assert_false(baud_poll(&b, START + 1200 * MS));
    baud_bad(&b, START + 2000 * MS);
    baud_bad(&b, START + 2900 * MS); /* from the first on */
    assert_false(baud_poll(&b, START + 3000 * MS - 1));
    expect_base(&b, START + 3000 * MS);
}

/* A change while another rate is kept has to prove itself again. */
static void test_baud_changed_twice(void **state)
{
    struct baud b;
    (void)state;

    baud_init(&b, BAUD_BASE);
    baud_change(&b, 460800, START);
    baud_good(&b, START + MS);
    baud_bad(&b, START + MS);
    baud_change(&b, 921600, START + 2 * MS);
    assert_false(baud_poll(&b, START + 501 * MS));
    expect_base(&b, START + 502 * MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_baud_possible),   cmocka_unit_test(test_baud_base),
        cmocka_unit_test(test_baud_not_taken),  cmocka_unit_test(test_baud_kept),
        cmocka_unit_test(test_baud_bad_frames), cmocka_unit_test(test_baud_changed_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
