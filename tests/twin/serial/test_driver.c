/* SPDX-License-Identifier: MIT */
/* A transceiver between a USART and its cable: when its driver is on. */
#include "bench.h"

#define USART2 0x40004400u
#define DR     0x04u
#define BRR    0x08u
#define CR1    0x0Cu

/* What is sent while the driver is off does not get onto the cable; a driver that goes off in the
 * middle of a character is told, and one that stays is not. */
static void test_driver_enable(void **state)
{
    struct bench *b = *state;
    uint8_t got[4];
    route(b, 'A', 2, 7);
    twin_line_set(b->t, 2, &(struct twin_line){.baud = 115108});
    wr(b, USART2 + BRR, 139);
    wr(b, USART2 + CR1, 0x2008); /* UE, TE */
    twin_line_driver_enable(b->t, 2, 'A', 1, false);
    wr(b, GPIO('A') + MODER, rd(b, GPIO('A') + MODER) | 1u << 2);
    wr(b, GPIO('A') + BSRR, 1u << 1); /* off: it is active low */
    wr(b, USART2 + DR, 'a');
    run_ns(b, 2000000);
    assert_int_equal(twin_line_receive(b->t, 2, got, sizeof got), 0);
    wr(b, GPIO('A') + BSRR, 1u << 17);
    wr(b, USART2 + DR, 'b');
    run_ns(b, 2000000);
    assert_int_equal(twin_line_receive(b->t, 2, got, sizeof got), 1);
    assert_int_equal(got[0], 'b');
    expect_no_reports(b);
    wr(b, USART2 + DR, 'c');
    run_ns(b, 40000);
    wr(b, GPIO('A') + BSRR, 1u << 1);
    run_ns(b, 2000000);
    expect_reports(b, TWIN_REPORT_USART, 1);
    twin_line_driver_enable(b->t, 2, 0, 0, false); /* none again */
    (void)twin_line_receive(b->t, 2, got, sizeof got);
    wr(b, USART2 + DR, 'd');
    run_ns(b, 2000000);
    assert_int_equal(twin_line_receive(b->t, 2, got, sizeof got), 1);
    twin_line_driver_enable(b->t, 7, 'A', 1, true); /* there is no such USART */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_driver_enable, bench_setup, bench_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
