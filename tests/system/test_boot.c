/* SPDX-License-Identifier: MIT */
/*
 * What runs after a reset: the application or the bootloader, why, and how the application finds
 * the chip.
 */
#include "reset_state.h"
#include "system.h"

#include "ararext_version.h"

enum { REASON_BUTTON = 1, REASON_REQUEST = 2, REASON_NOTHING = 3, REASON_HOST = 4 };
enum { FLAGS_POWER_ON = 0x0E };

static const struct probe_op nothing[1] = {{PROBE_END, 0, 0}};

static struct board *open_image(const void *image, size_t len, bool button)
{
    struct board_options o = {.app = image, .app_len = len, .button = button};
    return board_open(&o);
}

static unsigned stay_reason(struct board *b)
{
    uint8_t info[255];
    assert_true(board_query_any(b, GET_INFO, NULL, 0, info) >= 59);
    return info[53];
}

static void test_boot_application(void **state)
{
    (void)state;
    uint8_t image[PROBE_MAX];
    struct probe_core core;
    size_t len = probe_make(image, APP_BASE, nothing, 0);
    struct board *b = open_image(image, len, false);
    assert_true(probe_done(b));
    probe_core(b, &core);
    assert_int_equal(core.msp, SRAM_END);
    assert_int_equal(b->led_count, 0); /* no LED show on this path */
    assert_int_equal(b->log_len, 0);
    board_close(b);
}

static void test_boot_application_on_the_smaller_part(void **state)
{
    (void)state;
    uint8_t image[PROBE_MAX];
    size_t len = probe_make(image, APP_BASE, nothing, 0);
    struct board_options o = {.app = image, .app_len = len, .flash_kib = 512};
    struct board *b = board_open(&o);
    assert_true(probe_done(b));
    board_close(b);
}

/* As a reset leaves it: peripherals, clocks, interrupts, MPU, SysTick. */
static void test_boot_state(void **state)
{
    (void)state;
    uint8_t image[PROBE_MAX];
    struct probe_op ops[200];
    size_t len = probe_make(image, APP_BASE, ops, reset_state_script(ops, 200));
    struct board *b = open_image(image, len, false);
    assert_true(probe_done(b));
    reset_state_check(b, APP_BASE, FLAGS_POWER_ON);
    board_close(b);
}

/* The table itself: the probe as the only firmware, started by the chip. */
static void test_boot_state_of_the_bare_chip(void **state)
{
    (void)state;
    uint8_t image[PROBE_MAX];
    struct probe_op ops[200];
    size_t len = probe_make(image, FLASH_BASE, ops, reset_state_script(ops, 200));
    struct board_options o = {.stay_off = true};
    struct board *b = board_open(&o);
    board_poke(b, FLASH_BASE, image, len);
    twin_power_on(b->twin);
    (void)board_run(b, MS(10));
    assert_true(probe_done(b));
    reset_state_check(b, 0, FLAGS_POWER_ON);
    board_close(b);
}

static void test_boot_button(void **state)
{
    (void)state;
    uint8_t image[PROBE_MAX];
    size_t len = probe_make(image, APP_BASE, nothing, 0);
    struct board *b = open_image(image, len, true);
    assert_int_equal(stay_reason(b), REASON_BUTTON);
    board_press_button(b, false);
    assert_int_equal(stay_reason(b), REASON_BUTTON); /* read once, at reset */
    probe_clear(b);
    board_reset(b);
    assert_true(probe_done(b));
    board_press_button(b, true);
    board_reset(b);
    assert_int_equal(stay_reason(b), REASON_BUTTON);
    board_close(b);
}

static void test_boot_nothing_there(void **state)
{
    struct board *b = open_variant(state);
    assert_int_equal(stay_reason(b), REASON_NOTHING);
    board_close(b);
}

static void test_boot_implausible_vectors(void **state)
{
    static const struct {
        uint32_t stack, reset;
    } rows[] = {
        {0xFFFFFFFF, 0xFFFFFFFF}, {0x00000000, 0x00000000}, {0xFFFFFFFF, 0x08008201},
        {0x20020000, 0xFFFFFFFF}, {0x20020002, 0x08008201}, {0x20020001, 0x08008201},
        {0x20020004, 0x08008201}, {0x1FFFFFFC, 0x08008201}, {0x08008000, 0x08008201},
        {0x10010004, 0x08008201}, {0x40000000, 0x08008201}, {0x20020000, 0x08008200},
        {0x20020000, 0x08000201}, {0x20020000, 0x08007FFF}, {0x20020000, 0x08100001},
        {0x20020000, 0x00008201}, {0x20020000, 0x10000201}, {0x20020000, 0x20000201},
        {0x20020000, 0x1FFF0001}, {0x20020000, 0x2001FFC1}, {0x20020000, 0x40000001},
        {0x20020000, 0x20005001}, {0x20020000, 0x0800C201}, /* SRAM; erased flash */
    };
    uint8_t image[1024];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        image_make(image, sizeof image, APP_BASE, 1);
        image_set_vectors(image, rows[i].stack, rows[i].reset);
        struct board *b = open_image(image, sizeof image, false);
        if (stay_reason(b) != REASON_NOTHING) {
            fail_msg("stack %08" PRIx32 ", reset %08" PRIx32 " was booted", rows[i].stack,
                     rows[i].reset);
        }
        board_close(b);
    }
}

static void test_boot_plausible_stacks(void **state)
{
    static const uint32_t stacks[] = {0x20020000, 0x2001FFFC, 0x20004000, 0x20000400,
                                      0x10010000, 0x10000400, 0x2001C000};
    uint8_t image[PROBE_MAX];
    (void)state;
    for (size_t i = 0; i < sizeof stacks / sizeof stacks[0]; i++) {
        struct probe_core core;
        size_t len = probe_make(image, APP_BASE, nothing, 0);
        image_set_vectors(image, stacks[i], (APP_BASE + IMAGE_ENTRY) | 1);
        struct board *b = open_image(image, len, false);
        assert_true(probe_done(b));
        probe_core(b, &core);
        assert_int_equal(core.msp, stacks[i]);
        board_close(b);
    }
}

static void put_request(struct board *b, uint32_t magic, uint32_t request, uint32_t complement)
{
    uint8_t words[12];
    wire_put32(words, magic);
    wire_put32(words + 4, request);
    wire_put32(words + 8, complement);
    board_poke(b, BOOT_REQUEST, words, sizeof words);
}

static void test_boot_request(void **state)
{
    (void)state;
    uint8_t image[PROBE_MAX];
    size_t len = probe_make(image, APP_BASE, nothing, 0);
    struct board *b = open_image(image, len, false);
    assert_true(probe_done(b));
    put_request(b, 0x51524241, 1, ~1u);
    board_reset(b);
    assert_int_equal(stay_reason(b), REASON_REQUEST);
    probe_clear(b);
    board_reset(b); /* the request was for once */
    assert_true(probe_done(b));
    board_close(b);
}

/* By the application itself, with a system reset. */
static void test_boot_request_by_the_application(void **state)
{
    static const struct probe_op ops[] = {
        {PROBE_WRITE, BOOT_REQUEST, 0x51524241},
        {PROBE_WRITE, BOOT_REQUEST + 4, 1},
        {PROBE_WRITE, BOOT_REQUEST + 8, 0xFFFFFFFE},
        {PROBE_WRITE, 0xE000ED0C, 0x05FA0004}, /* AIRCR: SYSRESETREQ */
    };
    (void)state;
    uint8_t image[PROBE_MAX];
    size_t len = probe_make(image, APP_BASE, ops, sizeof ops / sizeof ops[0]);
    struct board *b = open_image(image, len, false);
    assert_int_equal(stay_reason(b), REASON_REQUEST);
    board_close(b);
}

static void test_boot_request_not_valid(void **state)
{
    static const uint32_t rows[][3] = {
        {0x51524241, 1, 1},          {0x51524241, 1, 0xFFFFFFFF}, {0x51524240, 1, 0xFFFFFFFE},
        {0x51524241, 0, 0xFFFFFFFF}, {0x51524241, 77, ~77u},      {0, 0, 0},
        {0xFFFFFFFF, 1, 0xFFFFFFFE},
    };
    (void)state;
    uint8_t image[PROBE_MAX];
    size_t len = probe_make(image, APP_BASE, nothing, 0);
    struct board *b = open_image(image, len, false);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        probe_clear(b);
        put_request(b, rows[i][0], rows[i][1], rows[i][2]);
        board_reset(b);
        assert_true(probe_done(b));
    }
    board_close(b);
}

/* SRAM is random after power-on: that is no request. */
static void test_boot_random_sram(void **state)
{
    (void)state;
    uint8_t image[PROBE_MAX];
    size_t len = probe_make(image, APP_BASE, nothing, 0);
    struct board *b = open_image(image, len, false);
    for (int i = 0; i < 10; i++) {
        board_power_cycle(b);
        assert_true(probe_done(b));
    }
    board_close(b);
}

/* No crystal: everything works from the HSI. */
static void test_boot_without_crystal(void **state)
{
    const struct variant *v = *state;
    struct board_options o = {.dialect = v->dialect, .no_hse = true};
    uint8_t info[255];
    struct board *b = board_open(&o);
    (void)board_run(b, MS(400)); /* the time-out for the crystal */
    (void)board_query_any(b, GET_INFO, NULL, 0, info);
    assert_int_equal(info[54], 0);
    assert_int_equal(info[53], REASON_NOTHING);
    for (int i = 0; i < 50; i++) {
        (void)board_query_any(b, GET_INFO, NULL, 0, info);
    }
    board_erase(b, 2, 1);
    board_write(b, APP_BASE, info, 59);
    board_assert_flash(b, APP_BASE, info, 59);
    board_close(b);
}

static void test_boot_application_without_crystal(void **state)
{
    (void)state;
    uint8_t image[PROBE_MAX];
    size_t len = probe_make(image, APP_BASE, nothing, 0);
    struct board_options o = {.app = image, .app_len = len, .no_hse = true};
    struct board *b = board_open(&o);
    assert_true(probe_done(b));
    board_close(b);
}

static void test_boot_log_says_why(void **state)
{
    static const bool button[] = {true, false};
    (void)state;
    char first[2][BOARD_LOG_MAX];
    for (int i = 0; i < 2; i++) {
        struct board_options o = {.button = button[i]};
        struct board *b = board_open(&o);
        assert_true(board_log_has(b, ARAREXT_VERSION_STRING));
        memcpy(first[i], b->log, sizeof first[i]);
        board_close(b);
    }
    assert_string_not_equal(first[0], first[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONCE(test_boot_application),
        ONCE(test_boot_application_on_the_smaller_part),
        ONCE(test_boot_state_of_the_bare_chip),
        ONCE(test_boot_state),
        ONCE(test_boot_button),
        SIZES(test_boot_nothing_there),
        ONCE(test_boot_implausible_vectors),
        ONCE(test_boot_plausible_stacks),
        ONCE(test_boot_request),
        ONCE(test_boot_request_by_the_application),
        ONCE(test_boot_request_not_valid),
        ONCE(test_boot_random_sram),
        BOTH(test_boot_without_crystal),
        ONCE(test_boot_application_without_crystal),
        ONCE(test_boot_log_says_why),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
