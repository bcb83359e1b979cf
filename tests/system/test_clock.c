/* SPDX-License-Identifier: MIT */
/*
 * The clocks of the release binary: inside every limit of the chip with an HSI that is as far off
 * as it gets (DS8626: -8 to +4.5 %), on the boot path and in bootloader mode; and a crystal that
 * dies. The twin reports each limit that is passed, and any report fails a test.
 */
#include "system.h"

#include "internal.h"

enum { HSI_FASTEST = 16720000, HSI_SLOWEST = 14720000, MHZ = 1000000 };

static const uint32_t hsi[] = {HSI_FASTEST, HSI_SLOWEST};

/* The highest clock of the core within ns. */
static uint32_t fastest(struct board *b, uint64_t ns)
{
    uint32_t hz = 0;
    for (uint64_t passed = 0; passed < ns; passed += US(20)) {
        (void)board_run(b, US(20));
        uint32_t now = twin_hclk_hz(b->twin);
        hz = now > hz ? now : hz;
    }
    return hz;
}

static void test_clock_of_bootloader_mode_on_hsi(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof hsi / sizeof hsi[0]; i++) {
        struct board *b =
            board_open(&(struct board_options){.button = true, .no_hse = true, .hsi_hz = hsi[i]});
        (void)board_run(b, MS(200)); /* the time-out for the crystal */
        assert_int_equal(twin_hclk_hz(b->twin),
                         (uint32_t)((uint64_t)80 * MHZ * hsi[i] / (16 * MHZ)));
        board_close(b);
    }
}

/* A slot that was used: the boot path has to look at packages, and does so with the PLL. */
static void test_clock_of_the_boot_path(void **state)
{
    static const uint32_t used[] = {1, ~UINT32_C(1)}; /* a sequence number (FORMAT.md) */
    (void)state;
    for (size_t i = 0; i < sizeof hsi / sizeof hsi[0]; i++) {
        uint8_t image[PROBE_MAX];
        const struct probe_op end = {PROBE_END, 0, 0};
        size_t len = probe_make(image, APP_BASE, &end, 0);
        struct board *b = board_open(&(struct board_options){
            .app = image, .app_len = len, .hsi_hz = hsi[i], .stay_off = true});
        assert_int_equal(twin_load(b->twin, 0x080BF800, used, sizeof used), TWIN_OK);
        twin_power_on(b->twin);
        assert_int_equal(fastest(b, MS(20)), (uint32_t)((uint64_t)160 * MHZ * hsi[i] / (16 * MHZ)));
        board_close(b);
    }
}

/* The crystal dies in bootloader mode: the fault handler resets, and HSI serves. */
static void test_clock_when_the_crystal_dies(void **state)
{
    (void)state;
    uint8_t info[255];
    struct board *b = board_open(&(struct board_options){.button = true});
    assert_int_equal(twin_hclk_hz(b->twin), 84 * MHZ);
    unsigned resets = b->resets;
    twin_crystal(b->twin, false);
    (void)board_run(b, MS(400));
    assert_int_equal(b->resets, resets + 1);
    assert_int_equal(twin_hclk_hz(b->twin), 80 * MHZ);
    (void)board_query_any(b, GET_INFO, NULL, 0, info);
    assert_int_equal(info[54], 0); /* HSI */
    assert_int_equal(wire_get32(info + 48), 80 * MHZ);
    board_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ONCE(test_clock_of_bootloader_mode_on_hsi),
        ONCE(test_clock_of_the_boot_path),
        ONCE(test_clock_when_the_crystal_dies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
