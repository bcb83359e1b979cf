/* SPDX-License-Identifier: MIT */
/*
 * Flash operations as programs do them: stalls of code in flash, code in SRAM running on, errors
 * that become faults, bits that read differently each time. The programs are a few instructions
 * each, position-independent; their results go to 0x20001000.
 */
#include "fixture.h"

#include <string.h>

enum {
    IN_FLASH = FLASH_BASE + 0x100,
    IN_SRAM = 0x20000100,
    RESULT = 0x20001000,
    SPARE = 0x08020000
};

/* Unlocks, erases sector 5 at x32, counts rounds while BSY is 1, then writes 1 behind the count. */
static const uint16_t erase_and_count[] = {
    0x480C, 0x490D, 0x6041,                         /* KEYR = key 1 */
    0x490D, 0x6041,                                 /* KEYR = key 2 */
    0x4C0D, 0x2200, 0x6022, 0x6062,                 /* count = done = 0 */
    0xF240, 0x212A, 0x6101,                         /* CR = SER | SNB 5 | x32 */
    0xF441, 0x3180, 0x6101,                         /* CR |= STRT */
    0x3201, 0x6022, 0x68C3, 0xF413, 0x3F80, 0xD1F9, /* count++ while SR.BSY */
    0x2301, 0x6063, 0xBF30, 0xE7FD,                 /* done = 1; sleep */
    0x0000, 0x3C00, 0x4002, 0x0123, 0x4567, 0x89AB, 0xCDEF, 0x1000, 0x2000,
};

/* Reads the first word of sector 5 255 times; stores the OR and the AND of all. */
static const uint16_t sample_word[] = {
    0x4806, 0x4C07, 0x2100, 0x43CA, 0x25FF, 0x6803, 0x4319, 0x401A, 0x3D01,
    0xD1FA, 0x6021, 0x6062, 0xBF30, 0xE7FD, 0x0000, 0x0802, 0x1000, 0x2000,
};

/* Unlocks and stores 64, 63 ... 1 as words from 0x00020000 (the alias of sector 5) on, without ever
 * looking at BSY; stores SR, then 1. */
static const uint16_t program_64_words[] = {
    0x480A, 0x490B, 0x6041, 0x490B, 0x6041, 0x4C0B, 0xF240, 0x2101, 0x6101, 0xF44F,
    0x3500, 0x2240, 0xF845, 0x2B04, 0x3A01, 0xD1FB, 0x68C3, 0x6023, 0x2301, 0x6063,
    0xBF30, 0xE7FD, 0x3C00, 0x4002, 0x0123, 0x4567, 0x89AB, 0xCDEF, 0x1000, 0x2000,
};

/* KEYR = 1: not a key. */
static const uint16_t wrong_key[] = {0x4802, 0x2101, 0x6041, 0xBF30,
                                     0xE7FD, 0x0000, 0x3C00, 0x4002};

/* Loads the program at addr and starts it out of a reset; SRAM survives that. */
static void start_at(struct fixture *x, uint32_t addr, const uint16_t *code, size_t len)
{
    uint32_t vectors[4] = {0x20001000, addr | 1, 0x08000041, 0x08000041};
    static const uint16_t park[] = {0xBF30, 0xE7FD};
    uint32_t zero[2] = {0, 0};
    assert_int_equal(twin_load(x->t, FLASH_BASE, vectors, sizeof vectors), TWIN_OK);
    assert_int_equal(twin_load(x->t, FLASH_BASE + 0x40, park, sizeof park), TWIN_OK);
    assert_int_equal(twin_load(x->t, addr, code, len), TWIN_OK);
    assert_int_equal(twin_load(x->t, RESULT, zero, sizeof zero), TWIN_OK);
    twin_reset_pin(x->t);
}

static uint32_t result(struct fixture *x, unsigned i)
{
    uint32_t value = 0;
    assert_int_equal(twin_peek(x->t, RESULT + 4 * i, &value, 4), TWIN_OK);
    return value;
}

static void test_code_in_flash_stands_still_during_an_erase(void **state)
{
    struct fixture *x = *state;
    fill(x, SPARE, 16, 0);
    start_at(x, IN_FLASH, erase_and_count, sizeof erase_and_count);
    run_us(x, 999000);
    assert_int_equal(result(x, 1), 0);
    assert_int_equal(result(x, 0), 0);
    run_us(x, 2000);
    assert_int_equal(result(x, 1), 1);
    assert_int_equal(result(x, 0), 1); /* BSY is 0 when the core sees it at last */
    assert_true(is_blank(x, SPARE, 16));
    assert_int_equal(total_reports(x), 0);
}

static void test_code_in_sram_runs_on_during_an_erase(void **state)
{
    struct fixture *x = *state;
    fill(x, SPARE, 16, 0);
    start_at(x, IN_SRAM, erase_and_count, sizeof erase_and_count);
    run_us(x, 999000);
    assert_int_equal(result(x, 1), 0);
    assert_in_range(result(x, 0), 1997900, 1998000); /* a round is 8 cycles */
    run_us(x, 2000);
    assert_int_equal(result(x, 1), 1);
    assert_true(is_blank(x, SPARE, 16));
}

static void test_stores_wait_for_each_other(void **state)
{
    struct fixture *x = *state;
    start_at(x, IN_SRAM, program_64_words, sizeof program_64_words);
    run_us(x, 63 * 16 - 20);
    assert_int_equal(result(x, 1), 0);
    run_us(x, 60);
    assert_int_equal(result(x, 1), 1);
    assert_int_equal(result(x, 0) & ~SR_BSY, 0);
    for (uint32_t i = 0; i < 64; i++) {
        assert_int_equal(rd(x, SPARE + 4 * i), 64 - i);
    }
    assert_int_equal(total_reports(x), 0);
}

static void test_program_from_flash(void **state)
{
    struct fixture *x = *state;
    start_at(x, IN_FLASH, program_64_words, sizeof program_64_words);
    run_us(x, 64 * 16 + 200);
    assert_int_equal(result(x, 1), 1);
    assert_int_equal(rd(x, SPARE), 64);
    assert_int_equal(rd(x, SPARE + 4 * 63), 1);
    struct twin_counters counters;
    twin_get_counters(x->t, &counters);
    assert_int_equal(counters.flash_operations, 64);
}

static void test_wrong_key_faults(void **state)
{
    struct fixture *x = *state;
    start_at(x, IN_FLASH, wrong_key, sizeof wrong_key);
    run_us(x, 100);
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 1);
    assert_int_equal(rd(x, 0xE000ED2C), 1u << 30);     /* HFSR.FORCED: bus fault, not enabled */
    assert_int_equal(rd(x, 0xE000ED28), 1u << 10);     /* CFSR: IMPRECISERR, no address */
    assert_int_equal(x->reports[TWIN_REPORT_CORE], 1); /* told with its place */
    assert_int_equal(total_reports(x), 2);
}

static void test_cut_while_code_runs(void **state)
{
    struct fixture *x = *state;
    start_at(x, IN_SRAM, program_64_words, sizeof program_64_words);
    twin_cut_at_flash_operation(x->t, 10, TWIN_CUT_AFTER);
    assert_int_equal(twin_run_ns(x->t, 10000000), TWIN_STOP_POWER);
    assert_true(twin_cut_happened(x->t));
    uint32_t words[11];
    assert_int_equal(twin_peek(x->t, SPARE, words, sizeof words), TWIN_OK);
    assert_int_equal(words[9], 55);
    assert_int_equal(words[10], 0xFFFFFFFF);
}

static void test_code_sees_unstable_bits(void **state)
{
    struct fixture *x = *state;
    start_at(x, IN_SRAM, program_64_words, sizeof program_64_words);
    twin_cut_at_flash_operation(x->t, 1, TWIN_CUT_MIDDLE);
    assert_int_equal(twin_run_ns(x->t, 10000000), TWIN_STOP_POWER);
    assert_true(twin_cut_happened(x->t));
    twin_power_on(x->t);
    start_at(x, IN_FLASH, sample_word, sizeof sample_word);
    run_us(x, 10000);
    uint32_t ones = result(x, 0);
    uint32_t always = result(x, 1);
    assert_int_not_equal(ones, 0);
    assert_int_not_equal(ones & ~always, 0);
}

static void test_code_sees_stable_words_as_they_are(void **state)
{
    struct fixture *x = *state;
    fill(x, SPARE, 4, 0x5A);
    start_at(x, IN_FLASH, sample_word, sizeof sample_word);
    run_us(x, 10000);
    assert_int_equal(result(x, 0), 0x5A5A5A5A);
    assert_int_equal(result(x, 1), 0x5A5A5A5A);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(test_code_in_flash_stands_still_during_an_erase),
        T(test_code_in_sram_runs_on_during_an_erase),
        T(test_stores_wait_for_each_other),
        T(test_program_from_flash),
        T(test_wrong_key_faults),
        T(test_cut_while_code_runs),
        T(test_code_sees_unstable_bits),
        T(test_code_sees_stable_words_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
