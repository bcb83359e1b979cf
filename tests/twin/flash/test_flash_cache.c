/* SPDX-License-Identifier: MIT */
/*
 * Caches and wait states of the twin's flash interface: what a program forgets is reported, and
 * what it does right is not. RM0090 3.5 and 3.6.5.
 */
#include "fixture.h"

enum { SPARE = 0x08020000, SECTOR = 5 };

#define ICEN  0x0200u
#define DCEN  0x0400u
#define ICRST 0x0800u
#define DCRST 0x1000u

static void fetch(struct fixture *x, uint32_t addr)
{
    if (twin_flash_reads_matter(x->t)) {
        twin_flash_before_read(x->t, addr, 16, true);
    }
}

static void test_acr_keeps_its_fields(void **state)
{
    struct fixture *x = *state;
    wr(x, FLASH_ACR, 0xFFFFE705);
    assert_int_equal(rd(x, FLASH_ACR), 0x0705);
    assert_int_equal(twin_flash_wait_states(x->t), 5);
    assert_true(twin_flash_icache_on(x->t));
    assert_true(twin_flash_prefetch_on(x->t));
    assert_int_equal(total_reports(x), 0);
}

static void test_data_cache_after_an_erase(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    wr(x, FLASH_ACR, DCEN);
    assert_int_equal(erase_sector(x, SECTOR), 0);
    (void)rd(x, FLASH_BASE); /* another sector: nothing wrong */
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 0);
    (void)rd(x, SPARE);
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 1);
    (void)rd(x, SPARE + 64); /* once for one omission */
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 1);
}

static void test_data_cache_flushed(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    wr(x, FLASH_ACR, DCEN | ICEN);
    assert_int_equal(erase_sector(x, SECTOR), 0);
    wr(x, FLASH_ACR, 0);
    wr(x, FLASH_ACR, DCRST | ICRST);
    wr(x, FLASH_ACR, 0);
    wr(x, FLASH_ACR, DCEN | ICEN);
    (void)rd(x, SPARE);
    fetch(x, SPARE);
    assert_int_equal(total_reports(x), 0);
}

static void test_disabled_without_reset_is_not_flushed(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    wr(x, FLASH_ACR, DCEN);
    wr(x, FLASH_ACR, 0); /* keeps its lines */
    assert_int_equal(erase_sector(x, SECTOR), 0);
    (void)rd(x, SPARE); /* the cache is off: no harm yet */
    assert_int_equal(total_reports(x), 0);
    wr(x, FLASH_ACR, DCEN);
    (void)rd(x, SPARE);
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 1);
}

static void test_reset_of_an_enabled_cache_has_no_effect(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    wr(x, FLASH_ACR, DCEN);
    assert_int_equal(erase_sector(x, SECTOR), 0);
    wr(x, FLASH_ACR, DCEN | DCRST);
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 1);
    (void)rd(x, SPARE);
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 2);
}

static void test_programming_updates_the_data_cache_only(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    wr(x, FLASH_ACR, DCEN | ICEN);
    assert_int_equal(program(x, SPARE, 4, 0), 0);
    assert_int_equal(rd(x, SPARE), 0);
    assert_int_equal(total_reports(x), 0);
    fetch(x, SPARE + 16); /* the next line */
    assert_int_equal(total_reports(x), 0);
    fetch(x, SPARE);
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 1);
}

static void test_never_enabled_caches_hold_nothing(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    assert_int_equal(erase_sector(x, SECTOR), 0);
    wr(x, FLASH_ACR, DCEN | ICEN);
    (void)rd(x, SPARE);
    fetch(x, SPARE);
    assert_int_equal(total_reports(x), 0);
}

/* PLL from HSI: 16 / 16 * n / 2 MHz. */
static void run_at_mhz(struct fixture *x, uint32_t mhz)
{
    wr(x, 0x40023808, 0x9400 & ~3u); /* APB1 / 4, APB2 / 2 */
    wr(x, 0x40023800, 0x83);
    wr(x, 0x40023804, 0x20000000 | 16 | (mhz * 2) << 6 | 8u << 24);
    wr(x, 0x40023800, 0x01000083);
    run_us(x, 1000);
    wr(x, 0x40023808, 0x9402);
    assert_int_equal(twin_hclk_hz(x->t), mhz * 1000000);
}

static void test_wait_states_by_clock(void **state)
{
    struct fixture *x = *state;
    static const uint32_t limit_mhz[] = {30, 60, 90, 120, 150, 168};
    for (uint32_t ws = 1; ws <= 5; ws++) {
        unsigned before = x->reports[TWIN_REPORT_WAIT_STATES];
        wr(x, FLASH_ACR, ws);
        uint32_t top = limit_mhz[ws];
        run_at_mhz(x, top < 60 ? 60 : top);
        assert_int_equal(x->reports[TWIN_REPORT_WAIT_STATES], before);
        wr(x, FLASH_ACR, ws - 1); /* one too few */
        assert_int_equal(x->reports[TWIN_REPORT_WAIT_STATES], before + 1);
        assert_non_null(x->text);
        wr(x, FLASH_ACR, ws);
        wr(x, 0x40023808, 0x9400);
    }
}

static void test_switching_up_without_wait_states(void **state)
{
    struct fixture *x = *state;
    run_at_mhz(x, 84);
    assert_int_equal(x->reports[TWIN_REPORT_WAIT_STATES], 1);
    assert_string_equal(x->text, "0 wait states at an HCLK of 84000000 Hz, which needs 2");
    wr(x, FLASH_ACR, 2);
    assert_int_equal(x->reports[TWIN_REPORT_WAIT_STATES], 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(test_acr_keeps_its_fields),
        T(test_data_cache_after_an_erase),
        T(test_data_cache_flushed),
        T(test_disabled_without_reset_is_not_flushed),
        T(test_reset_of_an_enabled_cache_has_no_effect),
        T(test_programming_updates_the_data_cache_only),
        T(test_never_enabled_caches_hold_nothing),
        T(test_wait_states_by_clock),
        T(test_switching_up_without_wait_states),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
