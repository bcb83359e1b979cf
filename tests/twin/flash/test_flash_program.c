/* SPDX-License-Identifier: MIT */
/*
 * Locks and programming of the twin's flash, access by access: every error bit under its condition,
 * the time it takes, and what programming does to bits. RM0090 3.6 and 3.9.
 */
#include "fixture.h"

#include <string.h>

enum { SPARE = 0x08020000 }; /* sector 5: erased, no program in it */

static void test_keys_open_and_close_cr(void **state)
{
    struct fixture *x = *state;
    assert_int_equal(rd(x, FLASH_CR), CR_LOCK);
    wr(x, FLASH_CR, CR_PG);
    assert_int_equal(rd(x, FLASH_CR), CR_LOCK); /* ignored while locked, and told */
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 1);
    assert_non_null(strstr(x->text, "FLASH_CR written while it is locked"));
    wr(x, FLASH_CR, CR_LOCK); /* asks for nothing else than what is */
    flash_unlock(x);
    assert_int_equal(rd(x, FLASH_CR), 0);
    wr(x, FLASH_CR, CR_PG | CR_LOCK);
    assert_int_equal(rd(x, FLASH_CR), CR_PG | CR_LOCK);
    wr(x, FLASH_CR, 0);
    assert_int_equal(rd(x, FLASH_CR), CR_PG | CR_LOCK); /* software cannot clear LOCK */
    flash_unlock(x);
    assert_int_equal(rd(x, FLASH_CR), CR_PG);
    assert_int_equal(total_reports(x), 2);
}

static void test_wrong_key_locks_until_reset(void **state)
{
    struct fixture *x = *state;
    wr(x, FLASH_KEYR, 0x45670123);
    assert_false(wr_width(x, FLASH_KEYR, 4, 0x12345678)); /* bus error */
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 1);
    flash_unlock(x);
    assert_int_equal(rd(x, FLASH_CR), CR_LOCK);
    twin_reset_pin(x->t);
    flash_unlock(x);
    assert_int_equal(rd(x, FLASH_CR), 0);
}

static void test_keys_in_wrong_order_or_width(void **state)
{
    struct fixture *x = *state;
    assert_false(wr_width(x, FLASH_KEYR, 4, 0xCDEF89AB));
    twin_reset_pin(x->t);
    assert_false(wr_width(x, FLASH_KEYR, 2, 0x0123));
    twin_reset_pin(x->t);
    wr(x, FLASH_KEYR, 0x45670123);
    assert_false(wr_width(x, FLASH_KEYR, 4, 0x45670123));
    flash_unlock(x);
    assert_int_equal(rd(x, FLASH_CR), CR_LOCK);
}

static void test_wrong_option_key(void **state)
{
    struct fixture *x = *state;
    assert_int_equal(rd(x, FLASH_OPTCR) & OPT_LOCK, OPT_LOCK);
    assert_false(wr_width(x, FLASH_OPTKEYR, 4, 1));
    option_unlock(x);
    assert_int_equal(rd(x, FLASH_OPTCR) & OPT_LOCK, OPT_LOCK);
    flash_unlock(x); /* the other lock is its own */
    assert_int_equal(rd(x, FLASH_CR), 0);
    twin_reset_pin(x->t);
    option_unlock(x);
    assert_int_equal(rd(x, FLASH_OPTCR) & OPT_LOCK, 0);
    wr(x, FLASH_OPTCR, rd(x, FLASH_OPTCR) | OPT_LOCK);
    assert_int_equal(rd(x, FLASH_OPTCR) & OPT_LOCK, OPT_LOCK);
}

static void test_program_each_width(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    assert_int_equal(program(x, SPARE, 4, 0x12345678), 0);
    assert_int_equal(program(x, SPARE + 6, 2, 0xBEEF), 0);
    assert_int_equal(program(x, SPARE + 9, 1, 0x42), 0);
    assert_int_equal(rd(x, SPARE), 0x12345678);
    assert_int_equal(rd(x, SPARE + 4), 0xBEEFFFFF);
    assert_int_equal(rd(x, SPARE + 8), 0xFFFF42FF);
    assert_int_equal(total_reports(x), 0);
    struct twin_counters counters;
    twin_get_counters(x->t, &counters);
    assert_int_equal(counters.flash_operations, 3);
}

static void test_program_through_the_alias_at_0(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    wr(x, FLASH_CR, CR_PG | CR_X32);
    twin_flash_store(x->t, SPARE - FLASH_BASE, 4, 0x11223344); /* the core's path */
    (void)wait_idle_us(x);
    assert_int_equal(rd(x, FLASH_SR), 0);
    assert_int_equal(rd(x, SPARE), 0x11223344);
}

static void test_program_takes_16_us_and_shows_at_the_end(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    wr(x, FLASH_CR, CR_PG | CR_X32);
    wr(x, SPARE, 0);
    assert_int_equal(rd(x, FLASH_SR), SR_BSY);
    run_us(x, 15);
    assert_int_equal(rd(x, FLASH_SR), SR_BSY);
    uint32_t seen = 0;
    assert_int_equal(twin_peek(x->t, SPARE, &seen, 4), TWIN_OK);
    assert_int_equal(seen, 0xFFFFFFFF);
    run_us(x, 2);
    assert_int_equal(rd(x, FLASH_SR), 0);
    assert_int_equal(rd(x, SPARE), 0);
}

static uint32_t peek(struct fixture *x, uint32_t addr)
{
    uint32_t value = 0;
    assert_int_equal(twin_peek(x->t, addr, &value, 4), TWIN_OK);
    return value;
}

static void test_stores_wait_for_the_one_before(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    wr(x, FLASH_CR, CR_PG | CR_X32);
    for (uint32_t i = 0; i < 4; i++) {
        wr(x, SPARE + 4 * i, i);
    }
    for (uint32_t i = 0; i < 4; i++) {
        run_us(x, 15);
        assert_int_equal(peek(x, SPARE + 4 * i), 0xFFFFFFFF);
        assert_int_equal(rd(x, FLASH_SR), SR_BSY);
        run_us(x, 1);
        assert_int_equal(peek(x, SPARE + 4 * i), i);
    }
    run_us(x, 2);
    assert_int_equal(rd(x, FLASH_SR), 0);
}

static void test_write_to_cr_and_optcr_waits_for_bsy(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    option_unlock(x);
    wr(x, FLASH_CR, CR_PG | CR_X32);
    wr(x, SPARE, 1);
    wr(x, FLASH_CR, 0);
    wr(x, SPARE + 4, 2); /* behind it in the same queue */
    wr(x, FLASH_OPTCR, 0x0FF0AAEC);
    assert_int_equal(rd(x, FLASH_CR), CR_PG | CR_X32);
    assert_int_equal(rd(x, FLASH_OPTCR), 0x0FFFAAEC);
    run_us(x, 20);
    assert_int_equal(rd(x, FLASH_CR), 0);
    assert_int_equal(rd(x, FLASH_SR), SR_PGSERR | SR_PGPERR);
    assert_int_equal(rd(x, FLASH_OPTCR), 0x0FF0AAEC);
    assert_int_equal(peek(x, SPARE), 1);
    assert_int_equal(peek(x, SPARE + 4), 0xFFFFFFFF);
}

static void test_what_waits_ends_with_a_reset(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    wr(x, FLASH_CR, CR_PG | CR_X32);
    wr(x, SPARE, 1);
    wr(x, SPARE + 4, 2);
    twin_reset_pin(x->t);
    run_us(x, 100);
    assert_int_equal(peek(x, SPARE + 4), 0xFFFFFFFF);
    assert_int_equal(rd(x, FLASH_SR), 0);
}

struct error_case {
    uint32_t cr;
    uint32_t offset;
    unsigned width;
    uint32_t expected;
};

static void test_every_programming_error(void **state)
{
    struct fixture *x = *state;
    static const struct error_case cases[] = {
        {CR_X32, 0, 4, SR_PGSERR},                  /* no PG */
        {CR_PG | CR_SER | CR_X32, 0, 4, SR_PGSERR}, /* PG with SER */
        {CR_PG | CR_MER | CR_X32, 0, 4, SR_PGSERR}, /* PG with MER */
        {0, 0, 4, SR_PGSERR | SR_PGPERR},           /* as out of reset */
        {CR_PG | CR_X32, 0, 1, SR_PGPERR},          /* byte with x32 */
        {CR_PG | CR_X32, 0, 2, SR_PGPERR},          /* half-word with x32 */
        {CR_PG | 0x100, 0, 4, SR_PGPERR},           /* word with x16 */
        {CR_PG, 0, 4, SR_PGPERR},                   /* word with x8 */
        {CR_PG, 0, 2, SR_PGPERR},                   /* half-word with x8 */
        {CR_PG | 0x300, 0, 4, SR_PGPERR},           /* x64 */
        {CR_PG | CR_X32, 2, 4, SR_PGPERR},          /* not aligned: split by the core */
        {CR_PG | CR_X32, 14, 4, SR_PGAERR},         /* crosses a row of 128 bits */
        {CR_PG | 0x100, 15, 2, SR_PGAERR},
    };
    flash_unlock(x);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct error_case *c = &cases[i];
        wr(x, FLASH_CR, c->cr);
        assert_true(wr_width(x, SPARE + c->offset, c->width, 0));
        assert_int_equal(rd(x, FLASH_SR), c->expected);
        assert_true(is_blank(x, SPARE, 32));
        wr(x, FLASH_SR, SR_PGSERR | SR_PGPERR | SR_PGAERR | SR_WRPERR);
        assert_int_equal(rd(x, FLASH_SR), 0);
    }
    assert_int_equal(program(x, SPARE, 4, 7), 0); /* and it still works */
    assert_int_equal(rd(x, SPARE), 7);
}

static void test_operr_and_interrupt_only_with_errie(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    wr(x, FLASH_CR, CR_PG | CR_X32 | CR_ERRIE);
    assert_true(wr_width(x, SPARE, 1, 0));
    assert_int_equal(rd(x, FLASH_SR), SR_PGPERR | SR_OPERR);
    assert_int_equal(rd(x, 0xE000E200) & 1u << 4, 1u << 4); /* NVIC_ISPR0: FLASH is 4 */
    wr(x, FLASH_SR, SR_PGPERR | SR_OPERR);
    assert_int_equal(rd(x, FLASH_SR), 0);
    wr(x, FLASH_CR, CR_SER | CR_X32 | CR_ERRIE);
    wr(x, SPARE, 0);
    assert_int_equal(rd(x, FLASH_SR), SR_PGSERR); /* a sequence error is none of OPERR's */
}

static void test_eop_only_with_eopie(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    assert_int_equal(program(x, SPARE, 4, 1), 0);
    assert_int_equal(rd(x, 0xE000E200) & 1u << 4, 0);
    wr(x, FLASH_CR, CR_PG | CR_X32 | CR_EOPIE);
    wr(x, SPARE + 4, 1);
    (void)wait_idle_us(x);
    assert_int_equal(rd(x, FLASH_SR), SR_EOP);
    assert_int_equal(rd(x, 0xE000E200) & 1u << 4, 1u << 4);
    wr_width(x, FLASH_SR, 1, SR_EOP);
    assert_int_equal(rd(x, FLASH_SR), 0);
}

static void test_bits_only_go_from_1_to_0(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    assert_int_equal(program(x, SPARE, 4, 0xFFFF00F0), 0);
    assert_int_equal(program(x, SPARE, 4, 0xFFFF0030), 0); /* only clears: allowed */
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 0);
    assert_int_equal(program(x, SPARE, 4, 0x0FFF00FF), 0); /* not refused, but told */
    assert_int_equal(rd(x, SPARE), 0x0FFF0030);
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 1);
}

static void test_old_error_bits_are_told(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    wr(x, FLASH_CR, 0);
    wr(x, SPARE, 0);
    assert_int_not_equal(rd(x, FLASH_SR), 0);
    (void)program(x, SPARE, 4, 1);
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 1);
    assert_int_equal(rd(x, SPARE), 1);
}

static void test_beyond_a_512_kib_part(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    wr(x, FLASH_CR, CR_PG | CR_X32);
    assert_false(wr_width(x, 0x08080000, 4, 0));
    assert_int_equal(program(x, 0x0807FFFC, 4, 5), 0);
    assert_int_equal(rd(x, 0x0807FFFC), 5);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(test_keys_open_and_close_cr),
        T(test_wrong_key_locks_until_reset),
        T(test_keys_in_wrong_order_or_width),
        T(test_wrong_option_key),
        T(test_program_each_width),
        T(test_program_through_the_alias_at_0),
        T(test_program_takes_16_us_and_shows_at_the_end),
        T(test_stores_wait_for_the_one_before),
        T(test_write_to_cr_and_optcr_waits_for_bsy),
        T(test_what_waits_ends_with_a_reset),
        T(test_every_programming_error),
        T(test_operr_and_interrupt_only_with_errie),
        T(test_eop_only_with_eopie),
        T(test_bits_only_go_from_1_to_0),
        T(test_old_error_bits_are_told),
        cmocka_unit_test_setup_teardown(test_beyond_a_512_kib_part, fixture_setup_512,
                                        fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
