/* SPDX-License-Identifier: MIT */
/*
 * Power that goes while a command changes the flash: the bootloader starts and answers afterwards,
 * its own sectors are whole, and the same commands sent again succeed. Stands for the application
 * area only; option bytes are cut before and after, since silicon does not say what the middle is.
 */
#include "system.h"

static const uint8_t version = 0x10;

static uint8_t *boot_copy(struct board *b)
{
    uint8_t *copy = malloc(0x8000);
    assert_non_null(copy);
    board_peek(b, FLASH_BASE, copy, 0x8000);
    return copy;
}

/* Sends a request with a cut armed; power must go before it is answered. */
static void cut_during(struct board *b, uint64_t nth, enum twin_cut when, unsigned command,
                       const uint8_t *payload, size_t n)
{
    twin_cut_at_flash_operation(b->twin, nth, when);
    board_request(b, command, payload, n);
    (void)board_wait(b, 1, MS(20000));
    assert_true(twin_cut_happened(b->twin));
    assert_false(twin_is_powered(b->twin));
    b->rx_len = 0;
    b->sent_ns = 0;
    board_power_cycle(b);
}

/* The native dialect only: in the other the ACK comes first. */
static void test_powercut_erase(void **state)
{
    static const enum twin_cut whens[] = {TWIN_CUT_BEFORE, TWIN_CUT_MIDDLE, TWIN_CUT_AFTER};
    static const uint8_t erase[2] = {2, 3};
    uint8_t noise[256];
    uint8_t blank[256];
    uint64_t seed = 40;
    struct board *b = open_variant(state);
    uint8_t *boot = boot_copy(b);
    memset(blank, 0xFF, sizeof blank);
    for (uint64_t nth = 1; nth <= 3; nth++) {
        for (int w = 0; w < 3; w++) {
            random_fill(&seed, noise, sizeof noise);
            board_poke(b, APP_BASE, noise, sizeof noise);
            cut_during(b, nth, whens[w], FLASH_ERASE, erase, 2);
            board_ok(b, GET_VER, NULL, 0, &version, 1);
            board_assert_flash(b, FLASH_BASE, boot, 0x8000);
            board_erase(b, 2, 3);
            board_assert_flash(b, APP_BASE, blank, sizeof blank);
        }
    }
    free(boot);
    board_close(b);
}

static void test_powercut_write(void **state)
{
    static const enum twin_cut whens[] = {TWIN_CUT_BEFORE, TWIN_CUT_MIDDLE, TWIN_CUT_AFTER};
    uint8_t data[50];
    uint8_t payload[255];
    uint64_t seed = 41;
    struct board *b = open_variant(state);
    uint8_t *boot = boot_copy(b);
    random_fill(&seed, data, sizeof data);
    size_t n = wire_write_payload(payload, APP_BASE + 1, data, sizeof data);
    for (uint64_t nth = 1; nth <= 17; nth++) { /* 3 bytes, 11 words, 3 bytes */
        for (int w = 0; w < 3; w++) {
            cut_during(b, nth, whens[w], MEM_WRITE, payload, n);
            board_ok(b, GET_VER, NULL, 0, &version, 1);
            board_assert_flash(b, FLASH_BASE, boot, 0x8000);
            if (whens[w] != TWIN_CUT_MIDDLE) {
                board_write(b, APP_BASE + 1, data, sizeof data); /* what is there does no harm */
                board_assert_flash(b, APP_BASE + 1, data, sizeof data);
            }
            board_erase(b, 2, 1);
        }
    }
    free(boot);
    board_close(b);
}

/* Protection: before or after, never anything else, and the loader is not protected from itself. */
static void test_powercut_protect(void **state)
{
    static const uint8_t protect_4[2] = {0x10, 1};
    struct board *b = open_variant(state);
    for (int w = 0; w < 2; w++) {
        uint8_t status[2];
        cut_during(b, 1, w == 0 ? TWIN_CUT_BEFORE : TWIN_CUT_AFTER, EN_RW_PROTECT, protect_4, 2);
        board_query(b, READ_SECTOR_P_STATUS, NULL, 0, status, 2);
        assert_int_equal(wire_get16(status), w == 0 ? 0xFFF : 0xFEF);
    }
    board_close(b);
}

/* An application that is cut while it is written does not boot: its first word comes last or it is
 * found by its vectors. Here: erase cut after the first sector. */
static void test_powercut_application_gone(void **state)
{
    static const uint8_t erase[2] = {2, 2};
    (void)state;
    uint8_t image[2048];
    uint8_t info[255];
    image_make(image, sizeof image, APP_BASE, 2);
    struct board_options o = {.app = image, .app_len = sizeof image, .button = true};
    struct board *b = board_open(&o);
    board_press_button(b, false);
    cut_during(b, 2, TWIN_CUT_BEFORE, FLASH_ERASE, erase, 2);
    (void)board_query_any(b, GET_INFO, NULL, 0, info);
    assert_int_equal(info[53], 3);
    board_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SIZES(test_powercut_erase),
        ONCE(test_powercut_write),
        ONCE(test_powercut_protect),
        ONCE(test_powercut_application_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
