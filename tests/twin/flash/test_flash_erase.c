/* SPDX-License-Identifier: MIT */
/*
 * Erasing in the twin: geometry of both sizes, typical times by parallelism, what protection and a
 * wrong control register stop. RM0090 3.3, 3.6.3, 3.6.4; DS8626 "Flash memory programming".
 */
#include "fixture.h"

static const uint32_t sector_offset[13] = {0x00000, 0x04000, 0x08000, 0x0C000, 0x10000,
                                           0x20000, 0x40000, 0x60000, 0x80000, 0xA0000,
                                           0xC0000, 0xE0000, 0x100000};

static void check_one_sector(struct fixture *x, unsigned sector, unsigned sectors)
{
    uint32_t end = sector_offset[sectors];
    fill(x, FLASH_BASE, end, 0x5A);
    assert_int_equal(erase_sector(x, sector), 0);
    uint32_t from = sector_offset[sector];
    uint32_t to = sector_offset[sector + 1];
    assert_true(is_blank(x, FLASH_BASE + from, to - from));
    if (from > 0) {
        assert_int_equal(rd_width(x, FLASH_BASE + from - 1, 1), 0x5A);
    }
    if (to < end) {
        assert_int_equal(rd_width(x, FLASH_BASE + to, 1), 0x5A);
    }
    assert_int_equal(twin_sector_erases(x->t, sector), 1);
}

static void check_all_sectors(struct fixture *x, unsigned sectors)
{
    flash_unlock(x);
    for (unsigned s = 0; s < sectors; s++) {
        check_one_sector(x, s, sectors);
    }
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 0);
}

static void test_sectors_of_1_mib(void **state)
{
    check_all_sectors(*state, 12);
}

static void test_sectors_of_512_kib(void **state)
{
    check_all_sectors(*state, 8);
}

static void test_erase_times(void **state)
{
    struct fixture *x = *state;
    static const struct {
        uint32_t cr;
        uint32_t ms;
    } cases[] = {
        {CR_SER | 1 << 3, 400},  {CR_SER | 1 << 3 | 0x100, 300},  {CR_SER | 1 << 3 | 0x200, 250},
        {CR_SER | 4 << 3, 1200}, {CR_SER | 4 << 3 | 0x100, 700},  {CR_SER | 4 << 3 | 0x200, 550},
        {CR_SER | 5 << 3, 2000}, {CR_SER | 5 << 3 | 0x100, 1300}, {CR_SER | 5 << 3 | 0x200, 1000},
        {CR_MER, 16000},         {CR_MER | 0x100, 11000},         {CR_MER | 0x200, 8000},
    };
    flash_unlock(x);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        wr(x, FLASH_CR, cases[i].cr);
        wr(x, FLASH_CR, cases[i].cr | CR_STRT);
        assert_int_equal(rd(x, FLASH_CR), cases[i].cr | CR_STRT);
        uint64_t ms = wait_idle_us(x) / 1000;
        assert_in_range(ms, cases[i].ms - 1, cases[i].ms + 1);
        assert_int_equal(rd(x, FLASH_CR), cases[i].cr); /* STRT falls with BSY */
    }
}

static void test_mass_erase(void **state)
{
    struct fixture *x = *state;
    uint32_t lock = 0;
    fill(x, FLASH_BASE, 0x80000, 0);
    flash_unlock(x);
    assert_int_equal(program(x, 0x1FFF7800, 4, 0x600DF00D), 0);
    wr(x, FLASH_CR, CR_MER | CR_X32);
    wr(x, FLASH_CR, CR_MER | CR_X32 | CR_STRT);
    uint64_t ms = wait_idle_us(x) / 1000;
    assert_in_range(ms, 3999, 4001); /* half of the 1 MiB part's 8 s */
    assert_int_equal(rd(x, FLASH_SR), 0);
    assert_true(is_blank(x, FLASH_BASE, 0x80000));
    assert_int_equal(twin_peek(x->t, 0x1FFF7800, &lock, 4), TWIN_OK);
    assert_int_equal(lock, 0x600DF00D); /* never OTP */
    for (unsigned s = 0; s < 8; s++) {
        assert_int_equal(twin_sector_erases(x->t, s), 1);
    }
    assert_int_equal(twin_sector_erases(x->t, 8), 0);
}

static void check_refused(struct fixture *x, uint32_t cr)
{
    unsigned before = x->reports[TWIN_REPORT_FLASH];
    wr(x, FLASH_CR, cr);
    wr(x, FLASH_CR, cr | CR_STRT);
    assert_int_equal(rd(x, FLASH_SR), 0); /* no error bit, no BSY: only reading back tells */
    assert_int_equal(rd(x, FLASH_CR), cr);
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], before + 1);
    assert_int_equal(rd(x, FLASH_BASE + 0x20000), 0);
}

static void test_what_the_controller_does_not_do(void **state)
{
    struct fixture *x = *state;
    fill(x, FLASH_BASE + 0x20000, 16, 0);
    flash_unlock(x);
    check_refused(x, CR_SER | CR_MER | CR_X32 | 5 << 3);
    check_refused(x, CR_X32);
    check_refused(x, CR_SER | 0x300 | 5 << 3);
    check_refused(x, CR_SER | CR_X32 | 12 << 3);
    check_refused(x, CR_SER | CR_X32 | 15 << 3);
}

static void test_sector_8_of_512_kib(void **state)
{
    struct fixture *x = *state;
    fill(x, FLASH_BASE + 0x20000, 16, 0);
    flash_unlock(x);
    check_refused(x, CR_SER | CR_X32 | 8 << 3);
}

static void test_strt_while_locked(void **state)
{
    struct fixture *x = *state;
    fill(x, FLASH_BASE + 0x20000, 16, 0);
    wr(x, FLASH_CR, CR_SER | CR_X32 | 5 << 3 | CR_STRT);
    assert_int_equal(rd(x, FLASH_SR), 0);
    run_us(x, 2000000);
    assert_int_equal(rd(x, FLASH_BASE + 0x20000), 0);
}

static void test_erase_with_pg_comes_first(void **state)
{
    struct fixture *x = *state;
    fill(x, FLASH_BASE + 0x20000, 16, 0);
    flash_unlock(x);
    wr(x, FLASH_CR, CR_PG | CR_SER | CR_X32 | 5 << 3 | CR_STRT);
    (void)wait_idle_us(x);
    assert_int_equal(rd(x, FLASH_BASE + 0x20000), 0xFFFFFFFF);
}

static void test_protected_sectors(void **state)
{
    struct fixture *x = *state;
    fill(x, FLASH_BASE + 0x20000, 0x40000, 0);
    assert_int_equal(twin_set_option_bytes(x->t, 0xAA, 0xEC, 0xFDF), TWIN_OK); /* sector 5 */
    twin_reset_pin(x->t);
    flash_unlock(x);
    assert_int_equal(erase_sector(x, 5), SR_WRPERR);
    wr(x, FLASH_SR, SR_WRPERR);
    wr(x, FLASH_CR, CR_PG | CR_X32 | CR_ERRIE);
    wr(x, FLASH_BASE + 0x20000, 0);
    assert_int_equal(rd(x, FLASH_SR), SR_WRPERR | SR_OPERR);
    wr(x, FLASH_SR, SR_WRPERR | SR_OPERR);
    wr(x, FLASH_CR, CR_MER | CR_X32);
    wr(x, FLASH_CR, CR_MER | CR_X32 | CR_STRT);
    assert_int_equal(rd(x, FLASH_SR), SR_WRPERR);
    wr(x, FLASH_SR, SR_WRPERR);
    assert_int_equal(rd(x, FLASH_BASE + 0x20000), 0);
    assert_int_equal(erase_sector(x, 6), 0);
    assert_int_equal(rd(x, FLASH_BASE + 0x40000), 0xFFFFFFFF);
}

static void test_nwrp_of_missing_sectors_does_not_count(void **state)
{
    struct fixture *x = *state;
    assert_int_equal(twin_set_option_bytes(x->t, 0xAA, 0xEC, 0x0FF), TWIN_OK); /* 8-11 */
    twin_reset_pin(x->t);
    flash_unlock(x);
    wr(x, FLASH_CR, CR_MER | CR_X32);
    wr(x, FLASH_CR, CR_MER | CR_X32 | CR_STRT);
    (void)wait_idle_us(x);
    assert_int_equal(rd(x, FLASH_SR), 0);
    assert_true(is_blank(x, FLASH_BASE, 16));
}

int main(void)
{
#define T(name)     cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
#define T_512(name) cmocka_unit_test_setup_teardown(name, fixture_setup_512, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(test_sectors_of_1_mib),
        T_512(test_sectors_of_512_kib),
        T(test_erase_times),
        T_512(test_mass_erase),
        T(test_what_the_controller_does_not_do),
        T_512(test_sector_8_of_512_kib),
        T(test_strt_while_locked),
        T(test_erase_with_pg_comes_first),
        T(test_protected_sectors),
        T_512(test_nwrp_of_missing_sectors_does_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
