/* SPDX-License-Identifier: MIT */
/*
 * What a board tells about its slots, and what becomes of resets, against a board that does what a
 * test tells it to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bytes.h"
#include "fake_board.h"

static struct fake_board *new_board(void)
{
    struct fake_board *b = calloc(1, sizeof *b);
    assert_non_null(b);
    fake_open(b);
    return b;
}

static void free_board(struct fake_board *b)
{
    fake_close(b);
    free(b);
}

static void test_slots_good(void **state)
{
    struct fake_board *b = new_board();
    struct ararext_slots s;
    uint8_t *slot = fake_slot(b, 1);
    (void)state;
    b->slots[1] = 1;
    b->slots[2] = 3;
    b->slots[3] = 2;
    store_le16(b->slots + 4, 300);
    b->slots[6] = 1;
    b->slots[7] = 1;
    slot[0] = 3;
    slot[1] = 3;
    store_le16(slot + 6, 299);
    slot[8] = 4;
    store_le32(slot + 16, 70000);
    assert_int_equal(ararext_get_slots(b->session, &s), ARAREXT_OK);
    assert_int_equal(s.trust, ARAREXT_TRUST_PROVISIONED);
    assert_int_equal(s.keys, 3);
    assert_int_equal(s.revoked, 2);
    assert_int_equal(s.counter, 300);
    assert_int_equal(s.target, 1);
    assert_int_equal(s.package_max, 126 * 1024);
    assert_int_equal(s.identity[0], 0x11);
    assert_int_equal(s.identity[31], 0x22);
    assert_int_equal(s.slots[0].state, ARAREXT_SLOT_EMPTY);
    assert_int_equal(s.slots[1].state, ARAREXT_SLOT_CONFIRMED);
    assert_true(s.slots[1].installed && s.slots[1].checked);
    assert_int_equal(s.slots[1].counter, 299);
    assert_int_equal(s.slots[1].version.major, 4);
    assert_int_equal(s.slots[1].package_size, 70000);
    free_board(b);
}

static void test_slots_contradict(void **state)
{
    static const struct {
        size_t offset;
        uint8_t value;
        int rc;
    } rows[] = {
        {0, 2, ARAREXT_ERR_UNSUPPORTED}, {1, 3, ARAREXT_ERR_GARBLED},  {6, 2, ARAREXT_ERR_GARBLED},
        {7, 0xFE, ARAREXT_ERR_GARBLED},  {8, 3, ARAREXT_ERR_GARBLED},  {8, 1, ARAREXT_ERR_GARBLED},
        {9, 39, ARAREXT_ERR_GARBLED},    {9, 41, ARAREXT_ERR_GARBLED}, {52, 5, ARAREXT_ERR_GARBLED},
        {92, 5, ARAREXT_ERR_GARBLED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake_board *b = new_board();
        struct ararext_slots s;
        b->slots[rows[i].offset] = rows[i].value;
        assert_int_equal(ararext_get_slots(b->session, &s), rows[i].rc);
        free_board(b);
    }
}

/* Of the start alone. */
static void test_start_reset_lost(void **state)
{
    static const struct {
        unsigned lost, deaf;
        enum fake_who after;
        bool answered, in_bootloader;
        unsigned resets;
    } rows[] = {
        {0, 0, FAKE_SILENT, true, false, 1},    {1, 0, FAKE_SILENT, false, false, 1},
        {0, 1, FAKE_SILENT, true, false, 1},    {0, 0, FAKE_BOOTLOADER, true, true, 1},
        {1, 0, FAKE_BOOTLOADER, true, true, 2}, {0, 2, FAKE_BOOTLOADER, true, true, 1},
        {0, 1, FAKE_TALKING, true, false, 1},   {1, 0, FAKE_TALKING, false, false, 1},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake_board *b = new_board();
        struct ararext_start start;
        b->lose_resets = rows[i].lost;
        b->deaf_resets = rows[i].deaf;
        b->after_start = rows[i].after;
        assert_int_equal(ararext_start(b->session, &start), ARAREXT_OK);
        assert_int_equal(start.answered, rows[i].answered);
        assert_int_equal(start.in_bootloader, rows[i].in_bootloader);
        assert_int_equal(b->resets[0], rows[i].resets);
        assert_int_equal(b->lost_resets, rows[i].lost + rows[i].deaf);
        free_board(b);
    }
    struct fake_board *b = new_board();
    struct ararext_start start;
    b->deaf_resets = UINT32_MAX; /* it answers all else, and never that */
    assert_int_equal(ararext_start(b->session, &start), ARAREXT_ERR_TIMEOUT);
    assert_int_equal(ararext_last_failure(b->session)->sent[1], 0x62);
    free_board(b);
}

static void test_enter_reset_lost(void **state)
{
    (void)state;
    for (unsigned which = 0; which < 2; which++) {
        struct fake_board *b = new_board();
        struct ararext_info info;
        bool was_running = false;
        b->who = FAKE_TALKING;
        b->lose_resets = which == 0;
        b->deaf_resets = which == 1;
        assert_int_equal(ararext_enter_bootloader(b->session, &info, &was_running), ARAREXT_OK);
        assert_true(was_running);
        assert_int_equal(b->lost_resets, 1);
        assert_int_equal(b->resets[1], 1);
        free_board(b);
    }
}

static void test_enter_from_application(void **state)
{
    struct fake_board *b = new_board();
    struct ararext_info info;
    bool was_running = true;
    (void)state;
    assert_int_equal(ararext_enter_bootloader(b->session, &info, &was_running), ARAREXT_OK);
    assert_false(was_running);
    assert_int_equal(b->requests[0x62], 0);
    b->who = FAKE_TALKING;
    assert_int_equal(ararext_enter_bootloader(b->session, &info, &was_running), ARAREXT_OK);
    assert_true(was_running);
    assert_int_equal(b->resets[1], 1);
    assert_int_equal(info.flash_kib, 512);
    b->who = FAKE_SILENT;
    assert_int_equal(ararext_enter_bootloader(b->session, &info, &was_running),
                     ARAREXT_ERR_TIMEOUT);
    free_board(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots_good),
        cmocka_unit_test(test_slots_contradict),
        cmocka_unit_test(test_start_reset_lost),
        cmocka_unit_test(test_enter_reset_lost),
        cmocka_unit_test(test_enter_from_application),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
