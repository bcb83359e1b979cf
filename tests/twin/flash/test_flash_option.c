/* SPDX-License-Identifier: MIT */
/*
 * Option bytes, write and read protection, OTP and identification of the twin.
 * RM0090 3.6.1-3.6.4, 3.7, 39. Level 2 is set here and nowhere else, on purpose: to see that
 * nothing leads back from it.
 */
#include "fixture.h"

#include <string.h>

#define OPTIONS_FACTORY 0x0FFFAAECu
#define OPTION_WORD_0   0x1FFFC000u
#define OPTION_WORD_1   0x1FFFC008u
#define OTP             0x1FFF7800u
#define OTP_LOCKS       0x1FFF7A00u
#define BACKUP_SRAM     0x40024000u

static uint32_t with_rdp(uint32_t optcr, uint32_t rdp)
{
    return (optcr & 0xFFFF00FF) | rdp << 8;
}

static void test_factory_state(void **state)
{
    struct fixture *x = *state;
    assert_int_equal(rd(x, FLASH_OPTCR), OPTIONS_FACTORY | OPT_LOCK);
    assert_int_equal(rd(x, OPTION_WORD_0), 0x5510AAEF);
    assert_int_equal(rd(x, OPTION_WORD_1) & 0xFFFF, 0xFFFF);
    assert_int_equal(rd(x, OPTION_WORD_0 + 4), 0xFFFFFFFF);
}

static void test_optcr_ignored_while_locked(void **state)
{
    struct fixture *x = *state;
    wr(x, FLASH_OPTCR, 0x0FFF55EC);
    assert_int_equal(rd(x, FLASH_OPTCR), OPTIONS_FACTORY | OPT_LOCK);
    wr(x, FLASH_OPTCR, 0x0FFF55EC | OPT_STRT);
    assert_int_equal(rd(x, FLASH_SR), 0);
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 2);
    assert_non_null(strstr(x->text, "FLASH_OPTCR written while it is locked"));
    wr(x, FLASH_OPTCR, OPTIONS_FACTORY | OPT_LOCK); /* nothing is lost by that */
    assert_int_equal(total_reports(x), 2);
}

/* The register gives back what was written into it; whether the cells took it shows in the option
 * bytes, and in the register only after a reset. */
static void test_optcr_keeps_what_was_written(void **state)
{
    struct fixture *x = *state;
    option_unlock(x);
    flash_unlock(x);
    twin_wear_at_flash_operation(x->t, 1);
    set_options(x, 0x0FF0AAEC);
    assert_int_equal(rd(x, FLASH_SR), 0);
    assert_int_equal(rd(x, FLASH_OPTCR), 0x0FF0AAEC);
    assert_int_not_equal(rd(x, OPTION_WORD_1), 0x000FFFF0);     /* the fault was there */
    assert_int_equal(program(x, FLASH_BASE + 0x4000, 4, 1), 0); /* and nothing is protected */
    twin_reset_pin(x->t);
    assert_int_equal(rd(x, FLASH_OPTCR), with_rdp(0x0FFFFFEC, 0xFF) | OPT_LOCK);
    option_unlock(x);
    set_options(x, with_rdp(0x0FF0FFEC, 0x55));
    assert_int_equal(rd(x, OPTION_WORD_1), 0x000FFFF0);
}

static void test_without_optstrt_nothing_lasts(void **state)
{
    struct fixture *x = *state;
    option_unlock(x);
    wr(x, FLASH_OPTCR, 0x0FF0AAEC);
    assert_int_equal(rd(x, FLASH_OPTCR), 0x0FF0AAEC);
    flash_unlock(x);
    assert_int_equal(program(x, FLASH_BASE + 0x4000, 4, 1), 0); /* sector 1: not protected yet */
    twin_reset_pin(x->t);
    assert_int_equal(rd(x, FLASH_OPTCR), OPTIONS_FACTORY | OPT_LOCK);
}

static void test_nwrp_holds_from_the_end_of_the_operation(void **state)
{
    struct fixture *x = *state;
    option_unlock(x);
    flash_unlock(x);
    wr(x, FLASH_OPTCR, 0x0FF0AAEC);
    wr(x, FLASH_OPTCR, 0x0FF0AAEC | OPT_STRT);
    assert_int_equal(rd(x, FLASH_SR), SR_BSY);
    assert_int_equal(rd(x, FLASH_OPTCR) & OPT_STRT, OPT_STRT);
    (void)wait_idle_us(x);
    assert_int_equal(rd(x, FLASH_OPTCR), 0x0FF0AAEC);
    assert_int_equal(program(x, FLASH_BASE + 0x4000, 4, 1), SR_WRPERR);
    assert_int_equal(rd_width(x, OPTION_WORD_1, 2) & 0xFFF, 0xFF0);
    twin_reset_pin(x->t);
    assert_int_equal(rd(x, FLASH_OPTCR), 0x0FF0AAEC | OPT_LOCK);
    struct twin_counters counters;
    twin_get_counters(x->t, &counters);
    assert_int_equal(counters.flash_operations, 1);
}

static void test_optcr_by_bytes(void **state)
{
    struct fixture *x = *state;
    option_unlock(x);
    assert_true(wr_width(x, FLASH_OPTCR + 2, 2, 0x0FFE)); /* as ST's library does it */
    assert_true(wr_width(x, FLASH_OPTCR, 1, 0xEC | OPT_STRT));
    (void)wait_idle_us(x);
    assert_int_equal(rd(x, FLASH_OPTCR), 0x0FFEAAEC);
}

static void test_rdp_0_to_1_erases_nothing(void **state)
{
    struct fixture *x = *state;
    fill(x, FLASH_BASE + 0x20000, 4, 0x11);
    option_unlock(x);
    set_options(x, with_rdp(OPTIONS_FACTORY, 0x55));
    assert_int_equal(rd(x, FLASH_OPTCR) >> 8 & 0xFF, 0x55);
    assert_int_equal(rd(x, FLASH_BASE + 0x20000), 0x11111111);
    twin_reset_pin(x->t);
    assert_int_equal(rd(x, FLASH_OPTCR) >> 8 & 0xFF, 0x55);
    assert_int_equal(rd(x, OPTION_WORD_0), 0xAA1055EF);
    flash_unlock(x); /* booted from flash: the program goes on as before */
    assert_int_equal(program(x, FLASH_BASE + 0x20004, 4, 2), 0);
    assert_int_equal(rd(x, FLASH_BASE + 0x20004), 2);
    option_unlock(x); /* level 1 to another value of level 1: no erase */
    set_options(x, with_rdp(OPTIONS_FACTORY, 0x00));
    assert_int_equal(rd(x, FLASH_BASE + 0x20000), 0x11111111);
}

static void open_backup_sram(struct fixture *x)
{
    wr(x, 0x40023840, 1u << 28);
    (void)rd(x, 0x40023840);
    wr(x, 0x40007000, 0x4100);
    wr(x, 0x40023830, rd(x, 0x40023830) | 1u << 18);
    (void)rd(x, 0x40023830);
}

static void test_rdp_1_to_0_erases_flash_and_backup_sram(void **state)
{
    struct fixture *x = *state;
    fill(x, FLASH_BASE + 0x20000, 4, 0x11);
    open_backup_sram(x);
    wr(x, BACKUP_SRAM + 8, 0x12345678);
    option_unlock(x);
    flash_unlock(x);
    assert_int_equal(program(x, OTP, 4, 0xCAFEF00D), 0);
    set_options(x, 0x0FF755EC); /* level 1, sector 3 protected */
    wr(x, FLASH_CR, CR_X32);
    uint64_t start_ns = twin_now_ns(x->t);
    set_options(x, with_rdp(0x0FFFFFCC, 0xAA)); /* asks for other USER and nWRP too */
    uint64_t ms = (twin_now_ns(x->t) - start_ns) / 1000000;
    assert_in_range(ms, 8000 + 249, 8000 + 252);
    assert_true(is_blank(x, FLASH_BASE, 0x100000)); /* the protected sector too */
    assert_int_equal(rd(x, BACKUP_SRAM + 8), 0xFFFFFFFF);
    assert_int_equal(rd(x, OTP), 0xCAFEF00D);
    /* The other option bytes stay as they were, which the register does not tell before a reset. */
    assert_int_equal(rd(x, FLASH_OPTCR), 0x0FFFAACC);
    assert_int_equal(rd(x, OPTION_WORD_0), 0x5510AAEF);
    assert_int_equal(rd_width(x, OPTION_WORD_1, 2) & 0xFFF, 0xFF7);
    assert_int_equal(twin_sector_erases(x->t, 11), 1);
    twin_reset_pin(x->t);
    assert_int_equal(rd(x, FLASH_OPTCR), 0x0FF7AAEC | OPT_LOCK);
}

static void test_rdp_2_is_for_ever(void **state)
{
    struct fixture *x = *state;
    fill(x, FLASH_BASE + 0x20000, 4, 0x11);
    option_unlock(x);
    set_options(x, with_rdp(OPTIONS_FACTORY, 0xCC));
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 1);
    uint32_t locked = rd(x, FLASH_OPTCR);
    static const uint32_t attempts[] = {0x0FFFAAEC, 0x0FFF55EC, 0x0000CCEC};
    for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
        wr(x, FLASH_OPTCR, attempts[i] | OPT_STRT);
        assert_int_equal(rd(x, FLASH_SR), 0); /* not even begun */
        assert_int_equal(x->reports[TWIN_REPORT_FLASH], 2 + i);
        twin_reset_pin(x->t);
        assert_int_equal(rd(x, FLASH_OPTCR), locked | OPT_LOCK);
        option_unlock(x);
    }
    assert_int_equal(twin_set_option_bytes(x->t, 0xAA, 0xEC, 0xFFF), TWIN_ERR_ARGUMENT);
    assert_int_equal(rd(x, FLASH_BASE + 0x20000), 0x11111111);
    flash_unlock(x); /* the program itself still may */
    assert_int_equal(program(x, FLASH_BASE + 0x20004, 4, 2), 0);
}

static void test_option_area_is_not_programmed_directly(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    option_unlock(x);
    wr(x, FLASH_CR, CR_PG | CR_X32);
    wr(x, OPTION_WORD_0, 0);
    assert_int_equal(rd(x, FLASH_SR), SR_WRPERR);
    assert_int_equal(rd(x, OPTION_WORD_0), 0x5510AAEF);
}

static void test_x64_option_operation_is_refused(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    option_unlock(x);
    wr(x, FLASH_CR, 0x300);
    wr(x, FLASH_OPTCR, 0x0FF0AAEC | OPT_STRT);
    assert_int_equal(rd(x, FLASH_SR), 0);
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 1);
    assert_int_equal(rd(x, FLASH_OPTCR), 0x0FF0AAEC); /* which is not what the cells have */
    assert_int_equal(rd_width(x, OPTION_WORD_1, 2), 0xFFFF);
}

static void test_set_option_bytes_takes_effect_at_reset(void **state)
{
    struct fixture *x = *state;
    assert_int_equal(twin_set_option_bytes(x->t, 0x12, 0xC4, 0x801), TWIN_OK);
    assert_int_equal(rd(x, FLASH_OPTCR), OPTIONS_FACTORY | OPT_LOCK);
    twin_reset_pin(x->t);
    assert_int_equal(rd(x, FLASH_OPTCR), 0x080112C4 | OPT_LOCK);
    assert_int_equal(twin_set_option_bytes(x->t, 0x12, 0xEC, 0x1000), TWIN_ERR_ARGUMENT);
    fill(x, FLASH_BASE + 0x20000, 4, 0x11); /* from level 1 to 0: a programmer erases too */
    assert_int_equal(twin_set_option_bytes(x->t, 0xAA, 0xEC, 0xFFF), TWIN_OK);
    assert_true(is_blank(x, FLASH_BASE, 0x100000));
}

static void test_otp_is_programmed_once(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    assert_int_equal(program(x, OTP + 32, 4, 0x0F0F0F0F), 0);
    assert_int_equal(program(x, OTP + 36, 1, 0x7E), 0);
    assert_int_equal(rd(x, OTP + 32), 0x0F0F0F0F);
    assert_int_equal(rd(x, OTP + 36), 0xFFFFFF7E);
    assert_int_equal(program(x, OTP + 32, 4, 0xFFFFFFFF), 0);
    assert_int_equal(rd(x, OTP + 32), 0x0F0F0F0F);
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 1);
    wr(x, FLASH_CR, CR_X32);
    wr(x, OTP + 64, 0);
    assert_int_equal(rd(x, FLASH_SR), SR_PGSERR);
}

static void test_otp_lock_closes_its_block_only(void **state)
{
    struct fixture *x = *state;
    flash_unlock(x);
    assert_int_equal(program(x, OTP_LOCKS + 1, 1, 0x00), 0);
    assert_int_equal(rd(x, OTP_LOCKS), 0xFFFF00FF);
    assert_int_equal(program(x, OTP + 32, 4, 0), SR_WRPERR);
    wr(x, FLASH_SR, SR_WRPERR);
    assert_int_equal(program(x, OTP + 63, 1, 0), SR_WRPERR);
    wr(x, FLASH_SR, SR_WRPERR);
    assert_int_equal(rd(x, OTP + 32), 0xFFFFFFFF);
    assert_int_equal(program(x, OTP + 28, 4, 1), 0);
    assert_int_equal(program(x, OTP + 64, 4, 2), 0);
    assert_int_equal(program(x, OTP + 508, 4, 3), 0);
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 0);
    assert_int_equal(program(x, OTP_LOCKS + 2, 1, 0x0F), 0); /* neither open nor locked */
    assert_int_equal(x->reports[TWIN_REPORT_FLASH], 1);
    assert_int_equal(program(x, OTP + 64, 4, 0), 0);
}

/* As a programmer would fill it: without time, but with OTP's own rules. */
static void test_otp_is_loaded_by_its_rules(void **state)
{
    struct fixture *x = *state;
    static const uint8_t bytes[2] = {0xF0, 0x3C}, more[2] = {0xCF, 0xFF}, lock = 0x00;
    uint8_t got[2];
    assert_int_equal(twin_load(x->t, 0x1FFF7820, bytes, 2), TWIN_OK);
    assert_int_equal(twin_load(x->t, 0x1FFF7820, more, 2), TWIN_OK);
    assert_int_equal(twin_peek(x->t, 0x1FFF7820, got, 2), TWIN_OK);
    assert_int_equal(got[0], 0xC0);
    assert_int_equal(got[1], 0x3C);
    assert_int_equal(twin_load(x->t, 0x1FFF7A01, &lock, 1), TWIN_OK);
    assert_int_equal(twin_load(x->t, 0x1FFF7820, &lock, 1), TWIN_ERR_ARGUMENT);
    assert_int_equal(twin_load(x->t, 0x1FFF783F, more, 2), TWIN_ERR_ARGUMENT); /* half of it */
    assert_int_equal(twin_load(x->t, 0x1FFF7840, more, 1), TWIN_OK);
    assert_int_equal(twin_load(x->t, 0x1FFF7A10, &lock, 1), TWIN_ERR_ARGUMENT); /* unique ID */
    assert_int_equal(twin_peek(x->t, 0x1FFF7820, got, 1), TWIN_OK);
    assert_int_equal(got[0], 0xC0);
}

static void test_identification_is_read_only(void **state)
{
    struct fixture *x = *state;
    assert_int_equal(rd_width(x, 0x1FFF7A22, 2), 1024);
    uint32_t id = rd(x, 0x1FFF7A14);
    assert_int_not_equal(id, 0xFFFFFFFF);
    flash_unlock(x);
    assert_int_equal(program(x, 0x1FFF7A14, 4, 0), SR_WRPERR);
    wr(x, FLASH_SR, SR_WRPERR);
    assert_int_equal(program(x, 0x1FFF7A22, 2, 0), SR_WRPERR);
    wr(x, FLASH_SR, SR_WRPERR);
    assert_int_equal(program(x, 0x1FFF77FC, 4, 0), SR_WRPERR);
    assert_int_equal(rd(x, 0x1FFF7A14), id);
    assert_int_equal(rd_width(x, 0x1FFF7A22, 2), 1024);
}

static void test_size_of_512_kib(void **state)
{
    struct fixture *x = *state;
    assert_int_equal(rd_width(x, 0x1FFF7A22, 2), 512);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(test_factory_state),
        T(test_optcr_ignored_while_locked),
        T(test_optcr_keeps_what_was_written),
        T(test_without_optstrt_nothing_lasts),
        T(test_nwrp_holds_from_the_end_of_the_operation),
        T(test_optcr_by_bytes),
        T(test_rdp_0_to_1_erases_nothing),
        T(test_rdp_1_to_0_erases_flash_and_backup_sram),
        T(test_rdp_2_is_for_ever),
        T(test_option_area_is_not_programmed_directly),
        T(test_x64_option_operation_is_refused),
        T(test_set_option_bytes_takes_effect_at_reset),
        T(test_otp_is_programmed_once),
        T(test_otp_lock_closes_its_block_only),
        T(test_otp_is_loaded_by_its_rules),
        T(test_identification_is_read_only),
        cmocka_unit_test_setup_teardown(test_size_of_512_kib, fixture_setup_512, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
