/* SPDX-License-Identifier: MIT */
/*
 * Power cuts, resets and wear in the middle of flash operations: that they happen where they were
 * asked for, that what they leave is as bad as it should be, and the same for the same seed.
 */
#include "fixture.h"

#include <stdlib.h>

enum { SPARE = 0x08020000, SECTOR = 5, SECTOR_BYTES = 0x20000 };

static uint32_t peek(struct fixture *x, uint32_t addr)
{
    uint32_t value = 0;
    assert_int_equal(twin_peek(x->t, addr, &value, 4), TWIN_OK);
    return value;
}

/* Starts the program of one word and lets it run into the cut. */
static void program_into_cut(struct fixture *x, uint32_t addr, uint32_t value, enum twin_cut when)
{
    flash_unlock(x);
    wr(x, FLASH_CR, CR_PG | CR_X32);
    twin_cut_at_flash_operation(x->t, 1, when);
    assert_false(twin_cut_happened(x->t));
    wr(x, addr, value);
    run_us(x, 100);
    assert_true(twin_cut_happened(x->t));
    assert_false(twin_is_powered(x->t));
    twin_power_on(x->t);
}

static void erase_into_cut(struct fixture *x, uint32_t cr, enum twin_cut when)
{
    flash_unlock(x);
    wr(x, FLASH_CR, cr | CR_X32);
    twin_cut_at_flash_operation(x->t, 1, when);
    wr(x, FLASH_CR, cr | CR_X32 | CR_STRT);
    run_us(x, 20000000);
    assert_true(twin_cut_happened(x->t));
    assert_false(twin_is_powered(x->t));
    twin_power_on(x->t);
}

static void test_cut_before_and_after_a_word(void **state)
{
    struct fixture *x = *state;
    program_into_cut(x, SPARE, 0x1234, TWIN_CUT_BEFORE);
    assert_int_equal(rd(x, SPARE), 0xFFFFFFFF);
    program_into_cut(x, SPARE, 0x1234, TWIN_CUT_AFTER);
    assert_int_equal(rd(x, SPARE), 0x1234);
    assert_int_equal(rd(x, SPARE + 4), 0xFFFFFFFF);
}

/* Ors and ands of many reads: bits that read 1 at least once, and always. */
static void sample(struct fixture *x, uint32_t addr, uint32_t *once, uint32_t *always)
{
    *once = 0;
    *always = 0xFFFFFFFF;
    for (int i = 0; i < 64; i++) {
        uint32_t value = rd(x, addr);
        *once |= value;
        *always &= value;
    }
}

static void test_cut_in_the_middle_of_a_word(void **state)
{
    struct fixture *x = *state;
    uint32_t once, always;
    program_into_cut(x, SPARE, 0x0000FFFF, TWIN_CUT_MIDDLE);
    sample(x, SPARE, &once, &always);
    uint32_t unstable = once & ~always;
    assert_int_not_equal(unstable, 0);
    assert_int_not_equal(~once & 0xFFFF0000, 0);       /* some bits are done */
    assert_int_equal(always & 0x0000FFFF, 0x0000FFFF); /* others were never touched */
    assert_int_equal(unstable & 0x0000FFFF, 0);
    assert_int_equal(rd(x, SPARE + 4), 0xFFFFFFFF);
    /* Programming them again makes firm zeros of them. */
    flash_unlock(x);
    (void)program(x, SPARE, 4, 0x0000FFFF);
    sample(x, SPARE, &once, &always);
    assert_int_equal(once, 0x0000FFFF);
    assert_int_equal(always, 0x0000FFFF);
}

static void test_unstable_bits_survive_power_and_end_with_an_erase(void **state)
{
    struct fixture *x = *state;
    uint32_t once, always;
    program_into_cut(x, SPARE, 0, TWIN_CUT_MIDDLE);
    twin_power_off(x->t);
    twin_power_on(x->t);
    sample(x, SPARE, &once, &always);
    assert_int_not_equal(once, always);
    flash_unlock(x);
    assert_int_equal(erase_sector(x, SECTOR), 0);
    sample(x, SPARE, &once, &always);
    assert_int_equal(always, 0xFFFFFFFF);
    assert_false(twin_flash_reads_matter(x->t));
}

static void test_one_bit_in_the_middle_is_unstable(void **state)
{
    struct fixture *x = *state;
    uint32_t once, always;
    program_into_cut(x, SPARE, 0xFFFFFFFE, TWIN_CUT_MIDDLE);
    sample(x, SPARE, &once, &always);
    assert_int_equal(once & ~always, 1);
}

static void test_cut_around_a_sector_erase(void **state)
{
    struct fixture *x = *state;
    fill(x, SPARE, SECTOR_BYTES, 0);
    erase_into_cut(x, CR_SER | SECTOR << 3, TWIN_CUT_BEFORE);
    assert_int_equal(peek(x, SPARE), 0);
    erase_into_cut(x, CR_SER | SECTOR << 3, TWIN_CUT_AFTER);
    assert_true(is_blank(x, SPARE, SECTOR_BYTES));
}

static void test_cut_in_the_middle_of_a_sector_erase(void **state)
{
    struct fixture *x = *state;
    fill(x, SPARE - 4, SECTOR_BYTES + 8, 0);
    erase_into_cut(x, CR_SER | SECTOR << 3, TWIN_CUT_MIDDLE);
    uint32_t erased = 0;
    uint32_t left = 0;
    uint32_t unstable = 0;
    for (uint32_t at = SPARE; at < SPARE + SECTOR_BYTES; at += 64) {
        uint32_t once, always;
        sample(x, at, &once, &always);
        erased += always != 0;
        left += once != 0xFFFFFFFF;
        unstable += once != always;
    }
    assert_in_range(erased, 100, SECTOR_BYTES / 64);
    assert_in_range(left, 100, SECTOR_BYTES / 64);
    assert_in_range(unstable, 100, SECTOR_BYTES / 64);
    assert_int_equal(rd(x, SPARE - 4), 0); /* the neighbours are whole */
    assert_int_equal(rd(x, SPARE + SECTOR_BYTES), 0);
}

/* A blank sector whose erase was cut may look blank, and is not. */
static void test_torn_erase_of_a_blank_sector_is_unstable(void **state)
{
    struct fixture *x = *state;
    erase_into_cut(x, CR_SER | SECTOR << 3, TWIN_CUT_MIDDLE);
    unsigned seen = 0;
    for (uint32_t at = SPARE; at < SPARE + SECTOR_BYTES; at += 64) {
        seen += rd(x, at) != 0xFFFFFFFF;
    }
    assert_int_not_equal(seen, 0);
}

static void test_cut_in_a_mass_erase(void **state)
{
    struct fixture *x = *state;
    fill(x, FLASH_BASE, 0x100000, 0);
    erase_into_cut(x, CR_MER, TWIN_CUT_MIDDLE);
    for (uint32_t at = FLASH_BASE; at < FLASH_BASE + 0x100000; at += 0x4000) {
        bool changed = false;
        for (uint32_t i = 0; i < 64; i += 4) {
            changed = changed || peek(x, at + i) != 0;
        }
        assert_true(changed);
    }
    assert_false(is_blank(x, FLASH_BASE, 0x1000));
}

static void test_nth_operation(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    twin_cut_at_flash_operation(x->t, 3, TWIN_CUT_BEFORE);
    assert_int_equal(program(x, SPARE, 4, 1), 0);
    assert_int_equal(program(x, SPARE + 4, 4, 2), 0);
    wr(x, SPARE + 8, 3);
    run_us(x, 100);
    assert_true(twin_cut_happened(x->t));
    assert_int_equal(peek(x, SPARE + 4), 2);
    assert_int_equal(peek(x, SPARE + 8), 0xFFFFFFFF);
    twin_power_on(x->t);
    flash_unlock(x);
    twin_cut_at_flash_operation(x->t, 1, TWIN_CUT_BEFORE);
    twin_cut_at_flash_operation(x->t, 0, TWIN_CUT_BEFORE);
    assert_int_equal(program(x, SPARE + 8, 4, 3), 0);
    assert_true(twin_is_powered(x->t));
}

static void test_cut_in_option_bytes(void **state)
{
    struct fixture *x = *state;
    static const enum twin_cut cuts[] = {TWIN_CUT_BEFORE, TWIN_CUT_AFTER, TWIN_CUT_MIDDLE};
    static const uint32_t rdp[] = {0xAA, 0xAA, 0xFF}; /* torn option bytes load as level 1 */
    static const uint32_t nwrp[] = {0xFFF, 0xF0F, 0xFFF};
    for (unsigned i = 0; i < 3; i++) {
        option_unlock(x);
        twin_cut_at_flash_operation(x->t, 1, cuts[i]);
        wr(x, FLASH_OPTCR, 0x0F0FAAEC | OPT_STRT);
        run_us(x, 1000000);
        assert_true(twin_cut_happened(x->t));
        twin_power_on(x->t);
        assert_int_equal(rd(x, FLASH_OPTCR) >> 8 & 0xFF, rdp[i]);
        assert_int_equal(rd(x, FLASH_OPTCR) >> 16, nwrp[i]);
    }
}

static void test_cut_in_the_middle_of_otp(void **state)
{
    struct fixture *x = *state;
    uint32_t once, always;
    program_into_cut(x, 0x1FFF7800, 0, TWIN_CUT_MIDDLE);
    sample(x, 0x1FFF7800, &once, &always);
    assert_int_not_equal(once, always);
}

static void test_cut_in_an_rdp_regression_leaves_level_1(void **state)
{
    struct fixture *x = *state;
    assert_int_equal(twin_set_option_bytes(x->t, 0x55, 0xEC, 0xFFF), TWIN_OK);
    twin_reset_pin(x->t);
    fill(x, SPARE, 64, 0);
    option_unlock(x);
    twin_cut_at_flash_operation(x->t, 1, TWIN_CUT_MIDDLE);
    wr(x, FLASH_OPTCR, 0x0FFFAAEC | OPT_STRT);
    run_us(x, 20000000);
    assert_true(twin_cut_happened(x->t));
    twin_power_on(x->t);
    assert_int_equal(rd(x, FLASH_OPTCR) >> 8 & 0xFF, 0x55);
    assert_false(is_blank(x, SPARE, 64));
}

static void test_power_off_tears_what_is_under_way(void **state)
{
    struct fixture *x = *state;
    uint32_t once, always;
    flash_unlock(x);
    wr(x, FLASH_CR, CR_PG | CR_X32);
    wr(x, SPARE, 0);
    run_us(x, 5);
    twin_power_off(x->t);
    twin_power_on(x->t);
    sample(x, SPARE, &once, &always);
    assert_int_not_equal(once, always);
}

static void test_reset_tears_and_is_told(void **state)
{
    struct fixture *x = *state;
    uint32_t once, always;
    flash_unlock(x);
    wr(x, FLASH_CR, CR_PG | CR_X32);
    wr(x, SPARE, 0);
    twin_reset_pin(x->t);
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 1);
    assert_int_equal(rd(x, FLASH_SR), 0);
    sample(x, SPARE, &once, &always);
    assert_int_not_equal(once, always);
}

static void test_worn_word_and_sector(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    twin_wear_at_flash_operation(x->t, 2);
    assert_int_equal(program(x, SPARE, 4, 0x11111111), 0);
    assert_int_equal(program(x, SPARE + 4, 4, 0x11111111), 0); /* the controller sees nothing */
    assert_int_equal(rd(x, SPARE), 0x11111111);
    uint32_t worn = rd(x, SPARE + 4);
    assert_int_not_equal(worn, 0x11111111);
    assert_int_equal(worn & 0x11111111, 0x11111111); /* some bits stayed 1 */
    twin_wear_at_flash_operation(x->t, 1);
    assert_int_equal(erase_sector(x, SECTOR), 0);
    assert_false(is_blank(x, SPARE, SECTOR_BYTES));
    assert_int_equal(erase_sector(x, SECTOR), 0);
    assert_true(is_blank(x, SPARE, SECTOR_BYTES));
}

static void torn_sector(uint64_t seed, uint8_t *out)
{
    struct fixture x;
    struct twin_config config = {.seed = seed};
    fixture_start(&x, &config);
    fill(&x, SPARE, SECTOR_BYTES, 0);
    erase_into_cut(&x, CR_SER | SECTOR << 3, TWIN_CUT_MIDDLE);
    assert_int_equal(twin_peek(x.t, SPARE, out, SECTOR_BYTES), TWIN_OK);
    fixture_stop(&x);
}

static void test_same_seed_same_bits(void **state)
{
    (void)state;
    uint8_t *a = malloc(SECTOR_BYTES);
    uint8_t *b = malloc(SECTOR_BYTES);
    if (a == NULL || b == NULL) {
        fail_msg("out of memory");
    }
    torn_sector(7, a);
    torn_sector(7, b);
    assert_memory_equal(a, b, SECTOR_BYTES);
    torn_sector(8, b);
    assert_memory_not_equal(a, b, SECTOR_BYTES);
    free(a);
    free(b);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(test_cut_before_and_after_a_word),
        T(test_cut_in_the_middle_of_a_word),
        T(test_unstable_bits_survive_power_and_end_with_an_erase),
        T(test_one_bit_in_the_middle_is_unstable),
        T(test_cut_around_a_sector_erase),
        T(test_cut_in_the_middle_of_a_sector_erase),
        T(test_torn_erase_of_a_blank_sector_is_unstable),
        T(test_cut_in_a_mass_erase),
        T(test_nth_operation),
        T(test_cut_in_option_bytes),
        T(test_cut_in_the_middle_of_otp),
        T(test_cut_in_an_rdp_regression_leaves_level_1),
        T(test_power_off_tears_what_is_under_way),
        T(test_reset_tears_and_is_told),
        T(test_worn_word_and_sector),
        cmocka_unit_test(test_same_seed_same_bits),
    };
    print_message("seed 1 (7 and 8 where two boards are compared)\n");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
