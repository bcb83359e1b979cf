/* SPDX-License-Identifier: MIT */
/*
 * What the twin does not have, and how it says so: a register that a program waits for is named
 * again, clock outputs only where a pin carries them, and the end of time.
 */
#include "fixture.h"

#include <string.h>

#define RCC_APB1ENR 0x40023840u
#define CAN1_MSR    0x40006404u
#define CAN1_TSR    0x40006408u

static void can_on(struct fixture *x)
{
    wr(x, 0x40023840, 1u << 25);
    (void)rd(x, RCC_APB1ENR);
}

static void poll_for(struct fixture *x, uint32_t addr, unsigned ms)
{
    for (unsigned i = 0; i < ms; i++) {
        (void)rd(x, addr);
        run_us(x, 1000);
    }
}

static void test_a_polled_register_is_named_again(void **state)
{
    struct fixture *x = *state;
    struct twin_polled polled;
    can_on(x);
    poll_for(x, CAN1_MSR, 900);
    assert_int_equal(x->reports[TWIN_REPORT_UNMODELLED], 1);
    assert_false(twin_get_polled(x->t, 0, &polled));
    poll_for(x, CAN1_MSR, 200);
    assert_int_equal(x->reports[TWIN_REPORT_UNMODELLED], 2);
    assert_non_null(strstr(x->text, "0x40006404 has been read 1002 times in 1 s"));
    assert_true(twin_get_polled(x->t, 0, &polled));
    assert_int_equal(polled.address, CAN1_MSR);
    assert_int_equal(polled.reads, 1100);
    assert_string_equal(polled.name, "CAN1");
    assert_false(twin_get_polled(x->t, 1, &polled));
    poll_for(x, CAN1_MSR, 9000);
    assert_int_equal(x->reports[TWIN_REPORT_UNMODELLED], 3);
}

/* Once in a while, or many at once, is no waiting. */
static void test_reads_now_and_then_are_told_once(void **state)
{
    struct fixture *x = *state;
    struct twin_polled polled;
    can_on(x);
    for (unsigned i = 0; i < 20; i++) {
        for (unsigned k = 0; k < 50; k++) {
            (void)rd(x, CAN1_TSR);
        }
        run_us(x, 200000);
    }
    assert_int_equal(x->reports[TWIN_REPORT_UNMODELLED], 1);
    assert_false(twin_get_polled(x->t, 0, &polled));
}

static void test_clock_outputs_at_pins_only(void **state)
{
    struct fixture *x = *state;
    wr(x, 0x40023808, 0x7 << 24 | 1u << 21); /* MCO1PRE, MCO1 */
    wr(x, 0x40023830, 0x5);
    (void)rd(x, 0x40023830);
    assert_int_equal(total_reports(x), 0);
    wr(x, 0x40020000, 0xA8000000u | 2u << 16); /* PA8: alternate function 0 */
    assert_int_equal(x->reports[TWIN_REPORT_UNMODELLED], 1);
    assert_non_null(strstr(x->text, "MCO1"));
    wr(x, 0x40020804, 0);
    assert_int_equal(x->reports[TWIN_REPORT_UNMODELLED], 1);
    wr(x, 0x40020800, 2u << 18); /* PC9 */
    assert_int_equal(x->reports[TWIN_REPORT_UNMODELLED], 2);
    assert_non_null(strstr(x->text, "MCO2"));
}

static void test_the_end_of_time_is_told(void **state)
{
    struct fixture *x = *state;
    twin_power_off(x->t);
    (void)twin_run_ns(x->t, UINT64_C(100) * 86400 * 1000000000);
    assert_int_equal(total_reports(x), 0);
    assert_false(twin_time_is_over(x->t));
    (void)twin_run_ns(x->t, UINT64_C(10) * 86400 * 1000000000);
    assert_true(twin_time_is_over(x->t));
    assert_int_equal(x->reports[TWIN_REPORT_OTHER], 1);
    assert_non_null(strstr(x->text, "106 days"));
    uint64_t end = twin_now_ns(x->t);
    (void)twin_run_ns(x->t, 1000);
    assert_int_equal(twin_now_ns(x->t), end);
    assert_int_equal(x->reports[TWIN_REPORT_OTHER], 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(test_a_polled_register_is_named_again),
        T(test_reads_now_and_then_are_told_once),
        T(test_clock_outputs_at_pins_only),
        T(test_the_end_of_time_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
