/* SPDX-License-Identifier: MIT */
/*
 * The injected fault "one instruction does nothing": it hits the execution that was asked for and
 * no other, in an IT block too, and does nothing at all.
 */
#include "core_bench.h"

enum { CODE = 0x08000200, OUT = 0x20000000 };

/* r0 counts rounds, r1 additions, r2 those of an IT block whose condition holds; then all three are
 * stored, and the core stays where it is. */
static const uint16_t program[] = {
    0x2000,         /* 00 movs r0, #0 */
    0x2100,         /* 02 movs r1, #0 */
    0x2200,         /* 04 movs r2, #0 */
    0x3101,         /* 06 loop: adds r1, #1 */
    0x2800,         /* 08 cmp r0, #0 */
    0xBFA2,         /* 0A ittt ge */
    0x3201,         /* 0C addge r2, #1 */
    0x3210,         /* 0E addge r2, #16 */
    0x3220,         /* 10 addge r2, #32 */
    0x3001,         /* 12 adds r0, #1 */
    0x2804,         /* 14 cmp r0, #4 */
    0xD1F6,         /* 16 bne loop */
    0xF04F, 0x5300, /* 18 mov.w r3, #0x20000000 */
    0xC307,         /* 1C stmia r3!, {r0-r2} */
    0xE7FE,         /* 1E b . */
};

static void run(uint32_t offset, uint64_t nth, uint32_t result[3], bool *happened)
{
    struct bench b;
    bench_open(&b, 1);
    bench_program(&b, program, sizeof program / sizeof program[0], 0x1E);
    assert_false(twin_has_executed(b.twin, CODE + 6));
    twin_skip_instruction(b.twin, CODE + offset, nth);
    twin_power_on(b.twin);
    (void)twin_run_ns(b.twin, 100000);
    assert_true(twin_has_executed(b.twin, CODE + 0x1E));
    for (unsigned i = 0; i < 3; i++) {
        result[i] = bench_word(&b, OUT + 4 * i);
    }
    *happened = twin_skip_happened(b.twin);
    assert_int_equal(b.reports, 0);
    bench_close(&b);
}

static void test_skip(void **state)
{
    static const struct {
        uint32_t offset;
        uint64_t nth;
        uint32_t r[3];
        bool happened;
    } cases[] = {
        {0x06, 0, {4, 4, 4 * 49}, false},     {0x06, 1, {4, 3, 4 * 49}, true},
        {0x06, 4, {4, 3, 4 * 49}, true},      {0x06, 5, {4, 4, 4 * 49}, false},
        {0x0C, 2, {4, 4, 4 * 49 - 1}, true},  {0x0E, 3, {4, 4, 4 * 49 - 16}, true},
        {0x10, 1, {4, 4, 4 * 49 - 32}, true}, {0x12, 2, {4, 5, 5 * 49}, true},
        {0x16, 1, {1, 1, 49}, true},          {0x0A, 1, {4, 4, 4 * 49}, true},
    };
    (void)state;
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t r[3];
        bool happened;
        run(cases[i].offset, cases[i].nth, r, &happened);
        assert_int_equal(happened, cases[i].happened);
        for (unsigned n = 0; n < 3; n++) {
            if (r[n] != cases[i].r[n]) {
                fail_msg("case %u: r%u is %u, not %u", i, n, (unsigned)r[n],
                         (unsigned)cases[i].r[n]);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_skip)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
