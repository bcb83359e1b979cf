/* SPDX-License-Identifier: MIT */
/*
 * The injected fault "one instruction does nothing": it hits the execution that was asked for and
 * no other, in an IT block too, and does nothing at all. And "its result is all zeros, or all
 * ones": that reaches exactly the registers that the instruction would have written.
 */
#include "core_bench.h"

#include <stdbool.h>

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

/* Assembled by GNU as. */
#define R(n) (1U << (n))
static const struct {
    uint16_t code[2];
    uint32_t results;
} results[] = {
    {{0x010B, 0xBF00}, R(3)},        /* lsls r3, r1, #4 */
    {{0x188D, 0xBF00}, R(5)},        /* adds r5, r1, r2 */
    {{0x2607, 0xBF00}, R(6)},        /* movs r6, #7 */
    {{0x2B07, 0xBF00}, 0},           /* cmp r3, #7 */
    {{0x3203, 0xBF00}, R(2)},        /* adds r2, #3 */
    {{0x406C, 0xBF00}, R(4)},        /* eors r4, r5 */
    {{0x422C, 0xBF00}, 0},           /* tst r4, r5 */
    {{0x42AC, 0xBF00}, 0},           /* cmp r4, r5 */
    {{0x43D1, 0xBF00}, R(1)},        /* mvns r1, r2 */
    {{0x4691, 0xBF00}, R(9)},        /* mov r9, r2 */
    {{0x4696, 0xBF00}, R(14)},       /* mov lr, r2 */
    {{0x449A, 0xBF00}, R(10)},       /* add sl, r3 */
    {{0x4770, 0xBF00}, 0},           /* bx lr */
    {{0x4B02, 0xBF00}, R(3)},        /* ldr r3, [pc, #8] */
    {{0x588B, 0xBF00}, R(3)},        /* ldr r3, [r1, r2] */
    {{0x508B, 0xBF00}, 0},           /* str r3, [r1, r2] */
    {{0x5E8F, 0xBF00}, R(7)},        /* ldrsh r7, [r1, r2] */
    {{0x684A, 0xBF00}, R(2)},        /* ldr r2, [r1, #4] */
    {{0x710A, 0xBF00}, 0},           /* strb r2, [r1, #4] */
    {{0x790A, 0xBF00}, R(2)},        /* ldrb r2, [r1, #4] */
    {{0x888D, 0xBF00}, R(5)},        /* ldrh r5, [r1, #4] */
    {{0x9D01, 0xBF00}, R(5)},        /* ldr r5, [sp, #4] */
    {{0x9501, 0xBF00}, 0},           /* str r5, [sp, #4] */
    {{0xAE02, 0xBF00}, R(6)},        /* add r6, sp, #8 */
    {{0xB002, 0xBF00}, 0},           /* add sp, #8 */
    {{0xB2D3, 0xBF00}, R(3)},        /* uxtb r3, r2 */
    {{0xBA13, 0xBF00}, R(3)},        /* rev r3, r2 */
    {{0xB112, 0xBF00}, 0},           /* cbz r2, 3e */
    {{0xB406, 0xBF00}, 0},           /* push {r1, r2} */
    {{0xBC06, 0xBF00}, 0},           /* pop {r1, r2} */
    {{0xC90C, 0xBF00}, 0},           /* ldmia r1!, {r2, r3} */
    {{0xD002, 0xBF00}, 0},           /* beq.n 46 */
    {{0xEB01, 0x0802}, R(8)},        /* add.w r8, r1, r2 */
    {{0xEA18, 0x0F01}, 0},           /* tst.w r8, r1 */
    {{0xF5B8, 0x7F96}, 0},           /* cmp.w r8, #300 */
    {{0xF001, 0x1BFF}, R(11)},       /* and.w fp, r1, #16711935 */
    {{0xF240, 0x4CD2}, R(12)},       /* movw ip, #1234 */
    {{0xF362, 0x03C6}, R(3)},        /* bfi r3, r2, #3, #4 */
    {{0xF3C2, 0x03C3}, R(3)},        /* ubfx r3, r2, #3, #4 */
    {{0xF000, 0xF830}, 0},           /* bl c0 */
    {{0xF000, 0xB830}, 0},           /* b.w c4 */
    {{0xF8D1, 0x9028}, R(9)},        /* ldr.w r9, [r1, #40] */
    {{0xF8C1, 0x9028}, 0},           /* str.w r9, [r1, #40] */
    {{0xF891, 0x9028}, R(9)},        /* ldrb.w r9, [r1, #40] */
    {{0xE9D1, 0x3902}, R(3) | R(9)}, /* ldrd r3, r9, [r1, #8] */
    {{0xE9C1, 0x3902}, 0},           /* strd r3, r9, [r1, #8] */
    {{0xE851, 0x3F00}, R(3)},        /* ldrex r3, [r1] */
    {{0xFA01, 0xF902}, R(9)},        /* lsl.w r9, r1, r2 */
    {{0xFA5F, 0xF982}, R(9)},        /* uxtb.w r9, r2 */
    {{0xFB01, 0xF902}, R(9)},        /* mul.w r9, r1, r2 */
    {{0xFB01, 0x3902}, R(9)},        /* mla r9, r1, r2, r3 */
    {{0xFBA1, 0x3902}, R(3) | R(9)}, /* umull r3, r9, r1, r2 */
    {{0xFBE1, 0x3902}, R(3) | R(9)}, /* umlal r3, r9, r1, r2 */
    {{0xFBC1, 0x3902}, R(3) | R(9)}, /* smlal r3, r9, r1, r2 */
    {{0xFBB1, 0xF9F2}, R(9)},        /* udiv r9, r1, r2 */
    {{0xFB91, 0xF9F2}, R(9)},        /* sdiv r9, r1, r2 */
    {{0xFAB2, 0xF982}, R(9)},        /* clz r9, r2 */
    {{0xFA92, 0xF9A2}, R(9)},        /* rbit r9, r2 */
    {{0xE891, 0x020C}, 0},           /* ldmia.w r1, {r2, r3, r9} */
    {{0xE8D1, 0xF002}, 0},           /* tbb [r1, r2] */
    {{0xF3BF, 0x8F5F}, 0},           /* dmb sy */
    {{0xFBE1, 0x3962}, R(3) | R(9)}, /* umaal r3, r9, r1, r2 */
    {{0xF3EF, 0x8310}, R(3)},        /* mrs r3, PRIMASK */
};

enum { STACK_TOP = 0x20010000, REGISTERS = 14, AT = 0x3C };

/* Sets R0 to R12 and LR, meets the instruction, and puts them on the stack. */
static void run_result(const uint16_t code[2], enum twin_fault fault, bool *possible,
                       uint32_t registers[REGISTERS])
{
    uint16_t text[AT / 2 + 5];
    struct bench b;
    for (unsigned n = 0; n < REGISTERS; n++) { /* mov.w Rn, #(0x40 + n) */
        text[2 * n] = 0xF04F;
        text[2 * n + 1] = (uint16_t)((n < 13 ? n : 14) << 8 | (0x40 + n));
    }
    text[28] = 0xBF00;
    text[29] = 0xBF00;
    text[30] = code[0];
    text[31] = code[1];
    text[32] = 0xE92D; /* push {r0-r12, lr} */
    text[33] = 0x5FFF;
    text[34] = 0xE7FE;
    bench_open(&b, 1);
    bench_program(&b, text, 35, AT + 8);
    *possible = twin_fault_instruction(b.twin, CODE + AT, 1, fault);
    if (*possible) {
        twin_power_on(b.twin);
        (void)twin_run_ns(b.twin, 100000);
        assert_true(twin_skip_happened(b.twin));
        for (unsigned i = 0; i < REGISTERS; i++) {
            registers[i] = bench_word(&b, STACK_TOP - 4 * REGISTERS + 4 * i);
        }
    }
    bench_close(&b);
}

static void test_results(void **state)
{
    (void)state;
    for (unsigned i = 0; i < sizeof results / sizeof results[0]; i++) {
        for (unsigned ones = 0; ones < 2; ones++) {
            uint32_t registers[REGISTERS] = {0};
            bool possible;
            run_result(results[i].code, ones != 0 ? TWIN_FAULT_ONES : TWIN_FAULT_ZEROS, &possible,
                       registers);
            assert_int_equal(possible, results[i].results != 0);
            for (unsigned n = 0; possible && n < REGISTERS; n++) {
                bool hit = (results[i].results >> (n < 13 ? n : 14) & 1U) != 0;
                uint32_t wanted = !hit ? 0x40 + n : ones != 0 ? 0xFFFFFFFFU : 0;
                if (registers[n] != wanted) {
                    fail_msg("%04x %04x: r%u is %x, not %x", results[i].code[0], results[i].code[1],
                             n, (unsigned)registers[n], (unsigned)wanted);
                }
            }
        }
    }
}

static void test_forget_executed(void **state)
{
    struct bench b;
    (void)state;
    bench_open(&b, 1);
    bench_program(&b, program, sizeof program / sizeof program[0], 0x1E);
    twin_power_on(b.twin);
    (void)twin_run_ns(b.twin, 100000);
    assert_true(twin_has_executed(b.twin, CODE + 6));
    twin_forget_executed(b.twin);
    assert_false(twin_has_executed(b.twin, CODE + 6));
    (void)twin_run_ns(b.twin, 100000);
    assert_false(twin_has_executed(b.twin, CODE + 6));
    assert_true(twin_has_executed(b.twin, CODE + 0x1E)); /* where it stays */
    bench_close(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_skip), cmocka_unit_test(test_results),
                                       cmocka_unit_test(test_forget_executed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
