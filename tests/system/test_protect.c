/* SPDX-License-Identifier: MIT */
/*
 * Write protection, read protection level 1, what is refused, and that nobody ever writes level 2
 * (PROTOCOL.md, EN_RW_PROTECT and DIS_R_W_PROTECT).
 */
#include "system.h"

enum { LEVEL_0 = 0xAA, LEVEL_2 = 0xCC };

static uint16_t nwrp_of(struct board *b)
{
    uint8_t status[2];
    board_query(b, READ_SECTOR_P_STATUS, NULL, 0, status, 2);
    return (uint16_t)wire_get16(status);
}

static uint8_t rdp_of(struct board *b)
{
    uint8_t rdp;
    board_query(b, GET_RDP_STATUS, NULL, 0, &rdp, 1);
    return rdp;
}

static struct board *open_with(void **state, uint8_t rdp, uint16_t nwrp)
{
    const struct variant *v = *state;
    struct board_options o = {.dialect = v->dialect,
                              .flash_kib = v->flash_kib,
                              .option_bytes = true,
                              .rdp = rdp,
                              .nwrp = nwrp};
    return board_open(&o);
}

/* EN_RW_PROTECT's payload with a bitmap of 8 or 16 bits and, where key is not NULL, the key. */
static size_t protect_payload(uint8_t out[7], bool wide, uint16_t bitmap, uint8_t mode,
                              const uint32_t *key)
{
    size_t at = wide ? 2 : 1;
    wire_put16(out, bitmap);
    out[at++] = mode;
    if (key != NULL) {
        wire_put32(out + at, *key);
        at += 4;
    }
    return at;
}

static const uint32_t right_key = 0x31504452;

static void protect(struct board *b, bool wide, uint16_t bitmap, uint8_t mode)
{
    uint8_t payload[7];
    size_t n = protect_payload(payload, wide, bitmap, mode, mode == 2 ? &right_key : NULL);
    board_ok(b, EN_RW_PROTECT, payload, n, NULL, 0);
}

static void unprotect(struct board *b)
{
    board_ok(b, DIS_R_W_PROTECT, NULL, 0, NULL, 0);
}

static void test_protect_write(void **state)
{
    struct board *b = open_variant(state);
    protect(b, false, 0x04, 1);
    assert_int_equal(nwrp_of(b), 0xFFB);
    protect(b, false, 0xF0, 1); /* adds: sector 2 stays protected */
    assert_int_equal(nwrp_of(b), 0xF0B);
    protect(b, true, 0x0008, 1);
    assert_int_equal(nwrp_of(b), 0xF03);
    board_power_cycle(b);
    assert_int_equal(nwrp_of(b), 0xF03);
    assert_int_equal(rdp_of(b), LEVEL_0);
    unprotect(b);
    assert_int_equal(nwrp_of(b), 0xFFF);
    board_power_cycle(b);
    assert_int_equal(nwrp_of(b), 0xFFF);
    board_close(b);
}

static void test_protect_upper_sectors(void **state)
{
    struct board *b = open_variant(state);
    protect(b, true, 0x0A00, 1);
    assert_int_equal(nwrp_of(b), 0x5FF);
    protect(b, true, 0x0FFC, 1);
    assert_int_equal(nwrp_of(b), 0x003);
    unprotect(b);
    assert_int_equal(nwrp_of(b), 0xFFF);
    board_close(b);
}

/* Protected sectors refuse writes and erases, before anything is touched; the others work. */
static void test_protect_is_kept(void **state)
{
    static const uint8_t erases[][2] = {{3, 1}, {2, 2}, {2, 4}, {3, 3}, {0xFF, 0}};
    uint8_t noise[3 * 16384];
    uint8_t payload[255];
    uint64_t seed = 30;
    struct board *b = open_variant(state);
    random_fill(&seed, noise, sizeof noise - 16);
    memset(noise + sizeof noise - 16, 0xFF, 16);
    board_poke(b, APP_BASE, noise, 2 * 16384 - 16);
    protect(b, false, 0x08, 1);
    struct snapshot *s = snapshot_take(b);
    for (size_t i = 0; i < sizeof erases / sizeof erases[0]; i++) {
        board_refused(b, FLASH_ERASE, erases[i], 2, WIRE_PROTECTED, 3);
    }
    size_t n = wire_write_payload(payload, 0x0800FFF4, noise, 8);
    board_refused(b, MEM_WRITE, payload, n, WIRE_PROTECTED, 3);
    n = wire_write_payload(payload, 0x0800FFF8, noise, 16); /* ends in sector 4 */
    board_refused(b, MEM_WRITE, payload, n, WIRE_PROTECTED, 3);
    snapshot_assert_same(b, s);
    board_write(b, 0x08010000, noise, 32);
    board_erase(b, 2, 1);
    board_assert_flash(b, 0x0800C000, noise + 16384, 100);
    unprotect(b);
    board_erase(b, 3, 1);
    board_close(b);
}

struct refusal {
    bool wide;
    uint16_t bitmap;
    uint8_t mode;
    bool with_key;
    uint32_t key;
    enum wire_reason reason;
    uint32_t detail;
};

static void check_refusals(struct board *b, const struct refusal *rows, size_t count)
{
    uint8_t payload[7];
    for (size_t i = 0; i < count; i++) {
        const struct refusal *r = &rows[i];
        struct snapshot *s = snapshot_take(b);
        size_t n =
            protect_payload(payload, r->wide, r->bitmap, r->mode, r->with_key ? &r->key : NULL);
        board_refused(b, EN_RW_PROTECT, payload, n, r->reason, r->detail);
        snapshot_assert_same(b, s);
    }
    assert_int_equal(nwrp_of(b), 0xFFF);
    assert_int_equal(rdp_of(b), LEVEL_0);
}

static void test_protect_refused(void **state)
{
    static const struct refusal rows[] = {
        {false, 0x01, 1, false, 0, WIRE_BOOTLOADER, 0},
        {false, 0x02, 1, false, 0, WIRE_BOOTLOADER, 1},
        {false, 0xFF, 1, false, 0, WIRE_BOOTLOADER, 0},
        {true, 0x0FFE, 1, false, 0, WIRE_BOOTLOADER, 1},
        {false, 0x00, 1, false, 0, WIRE_ARGUMENT, 0},
        {true, 0x0000, 1, false, 0, WIRE_ARGUMENT, 0},
        {true, 0x1000, 1, false, 0, WIRE_NO_SECTOR, 12},
        {true, 0x8000, 1, false, 0, WIRE_NO_SECTOR, 15},
        {true, 0x1004, 1, false, 0, WIRE_NO_SECTOR, 12},
        {false, 0x04, 0, false, 0, WIRE_ARGUMENT, 0},
        {false, 0x04, 3, false, 0, WIRE_ARGUMENT, 4},
        {false, 0x04, 4, false, 0, WIRE_ARGUMENT, 4},
        {false, 0x04, 0xCC, false, 0, WIRE_ARGUMENT, 0xCC},
        {true, 0x0004, 0xFF, false, 0, WIRE_ARGUMENT, 0xFF},
        {false, 0x04, 4, true, 0x31504452, WIRE_ARGUMENT, 4},
        {false, 0x07, 3, true, 0x4B434F4C, WIRE_ARGUMENT, 7},
        {true, 0x0001, 3, true, 0x4B434F4C, WIRE_ARGUMENT, 1},
    };
    struct board *b = open_variant(state);
    check_refusals(b, rows, sizeof rows / sizeof rows[0]);
    board_close(b);
}

/* Mode 2 wants the key, whole and right. */
static void test_protect_key(void **state)
{
    static const struct refusal rows[] = {
        {false, 0x00, 2, false, 0, WIRE_KEY, 0},
        {true, 0x0004, 2, false, 0, WIRE_KEY, 0},
        {false, 0x00, 2, true, 0, WIRE_KEY, 0},
        {false, 0x04, 2, true, 0x31504453, WIRE_KEY, 0},
        {true, 0x0004, 2, true, 0x52445031, WIRE_KEY, 0},
        {true, 0x0000, 2, true, 0xFFFFFFFF, WIRE_KEY, 0},
        {false, 0x01, 2, true, 0x31504452, WIRE_BOOTLOADER, 0},
        {false, 0x03, 3, false, 0, WIRE_KEY, 0},
        {false, 0x03, 3, true, 0x31504452, WIRE_KEY, 0},
        {true, 0x0003, 3, true, 0x4C4F434B, WIRE_KEY, 0},
        {false, 0x00, 2, true, 0x4B434F4C, WIRE_KEY, 0},
    };
    struct board *b = open_variant(state);
    check_refusals(b, rows, sizeof rows / sizeof rows[0]);
    board_close(b);
}

/* The bootloader's own sectors: on an open board, once and for all as far as a host goes. */
static void test_protect_bootloader(void **state)
{
    static const uint8_t lock[6] = {0x03, 3, 0x4C, 0x4F, 0x43, 0x4B};
    static const uint8_t write_only = 1;
    struct board *b = open_variant(state);
    board_ok(b, EN_RW_PROTECT, lock, sizeof lock, NULL, 0);
    assert_int_equal(nwrp_of(b), 0xFFC);
    assert_int_equal(rdp_of(b), LEVEL_0);
    board_ok(b, EN_RW_PROTECT, lock, sizeof lock, NULL, 0);
    protect(b, false, 0x04, 1);
    board_ok(b, DIS_R_W_PROTECT, NULL, 0, NULL, 0);
    board_ok(b, DIS_R_W_PROTECT, &write_only, 1, NULL, 0);
    assert_int_equal(nwrp_of(b), 0xFFC);
    board_power_cycle(b);
    assert_int_equal(nwrp_of(b), 0xFFC);
    board_close(b);
}

static void test_protect_absent_sectors(void **state)
{
    static const struct refusal rows[] = {
        {true, 0x0100, 1, false, 0, WIRE_NO_SECTOR, 8},
        {true, 0x0804, 1, false, 0, WIRE_NO_SECTOR, 11},
    };
    const struct variant *v = *state;
    struct board_options o = {.dialect = v->dialect, .flash_kib = 512};
    struct board *b = board_open(&o);
    check_refusals(b, rows, sizeof rows / sizeof rows[0]);
    protect(b, true, 0x00FC, 1);
    assert_int_equal(nwrp_of(b) & 0xFF, 0x03);
    board_close(b);
}

static void assert_level_1(struct board *b)
{
    uint8_t rdp = rdp_of(b);
    assert_int_not_equal(rdp, LEVEL_0);
    assert_int_not_equal(rdp, LEVEL_2);
}

/* Level 1: the board goes on answering, also after resets; nothing leads back. */
static void test_protect_level_1(void **state)
{
    uint8_t data[64];
    uint8_t payload[7];
    uint64_t seed = 31;
    struct board *b = open_variant(state);
    random_fill(&seed, data, sizeof data);
    board_write(b, APP_BASE, data, sizeof data);
    protect(b, false, 0x08, 2);
    assert_level_1(b);
    assert_int_equal(nwrp_of(b), 0xFF7);
    board_power_cycle(b);
    assert_level_1(b);
    board_reset(b);
    assert_level_1(b);
    uint8_t rdp = rdp_of(b);
    struct snapshot *s = snapshot_take(b);
    board_refused(b, DIS_R_W_PROTECT, NULL, 0, WIRE_WOULD_ERASE, rdp);
    snapshot_assert_same(b, s);
    board_assert_flash(b, APP_BASE, data, sizeof data);
    (void)addr_n(payload, APP_BASE, sizeof data);
    board_ok(b, MEM_READ, payload, 5, data, sizeof data);
    board_close(b);
}

/* With the byte 01 only write protection goes; level 1 stays, and nothing is erased. */
static void test_protect_level_1_keeps_flash(void **state)
{
    static const uint8_t write_only = 1;
    uint8_t data[64];
    uint64_t seed = 32;
    struct board *b = open_with(state, 0x55, 0xFF3);
    random_fill(&seed, data, sizeof data);
    board_poke(b, APP_BASE, data, sizeof data);
    board_ok(b, DIS_R_W_PROTECT, &write_only, 1, NULL, 0);
    assert_int_equal(nwrp_of(b), 0xFFF);
    assert_int_equal(rdp_of(b), 0x55);
    board_power_cycle(b);
    assert_int_equal(nwrp_of(b), 0xFFF);
    assert_int_equal(rdp_of(b), 0x55);
    board_assert_flash(b, APP_BASE, data, sizeof data);
    protect(b, false, 0x10, 1);
    assert_int_equal(nwrp_of(b), 0xFEF);
    assert_int_equal(rdp_of(b), 0x55);
    protect(b, false, 0, 2); /* is there already */
    assert_level_1(b);
    board_assert_flash(b, APP_BASE, data, sizeof data);
    board_close(b);
}

/* Protection of the bootloader's own sectors, set with a programmer, stays. */
static void test_protect_of_the_loader_stays(void **state)
{
    struct board *b = open_with(state, LEVEL_0, 0x7F0);
    unprotect(b);
    assert_int_equal(nwrp_of(b), 0xFFC);
    protect(b, false, 0x10, 1);
    assert_int_equal(nwrp_of(b), 0xFEC);
    board_power_cycle(b);
    assert_int_equal(nwrp_of(b), 0xFEC);
    board_close(b);
}

static void test_protect_unprotect_argument(void **state)
{
    static const uint8_t wrong[] = {0, 2, 0xAA, 0xFF};
    struct board *b = open_with(state, LEVEL_0, 0xFF3);
    for (size_t i = 0; i < sizeof wrong; i++) {
        board_refused(b, DIS_R_W_PROTECT, &wrong[i], 1, WIRE_ARGUMENT, wrong[i]);
    }
    assert_int_equal(nwrp_of(b), 0xFF3);
    static const uint8_t write_only = 1;
    board_ok(b, DIS_R_W_PROTECT, &write_only, 1, NULL, 0);
    assert_int_equal(nwrp_of(b), 0xFFF);
    board_close(b);
}

/* A chip that somebody else has put to level 2: nothing can be changed, and nothing is tried. */
static void test_protect_level_2_chip(void **state)
{
    static const uint8_t write_only = 1;
    uint8_t payload[7];
    struct board *b = open_with(state, LEVEL_2, 0xFF7);
    struct twin_counters before;
    struct twin_counters after;
    twin_get_counters(b->twin, &before);
    assert_int_equal(rdp_of(b), LEVEL_2);
    size_t n = protect_payload(payload, false, 0x04, 1, NULL);
    board_refused(b, EN_RW_PROTECT, payload, n, WIRE_OPTIONS_LOCKED, LEVEL_2);
    n = protect_payload(payload, false, 0x00, 2, &right_key);
    board_refused(b, EN_RW_PROTECT, payload, n, WIRE_OPTIONS_LOCKED, LEVEL_2);
    board_refused(b, DIS_R_W_PROTECT, NULL, 0, WIRE_OPTIONS_LOCKED, LEVEL_2);
    board_refused(b, DIS_R_W_PROTECT, &write_only, 1, WIRE_OPTIONS_LOCKED, LEVEL_2);
    assert_int_equal(nwrp_of(b), 0xFF7);
    twin_get_counters(b->twin, &after);
    assert_int_equal(after.flash_operations, before.flash_operations);
    board_close(b);
}

/* Whatever the payload, read protection never becomes level 2 and never goes back. */
static void test_protect_never_level_2(void **state)
{
    uint64_t seed = board_seed(33);
    struct board *b = open_variant(state);
    bool was_level_1 = false;
    for (int i = 0; i < 200; i++) {
        uint8_t payload[8];
        size_t n = 1 + random_below(&seed, 7);
        random_fill(&seed, payload, sizeof payload);
        if (i % 8 == 7) {
            n = protect_payload(payload, true, 0xCCC, (uint8_t)(1 + i % 2), &right_key);
        }
        board_request(b, i % 5 == 4 ? DIS_R_W_PROTECT : EN_RW_PROTECT, payload, n);
        assert_true(board_wait(b, 1, MS(2000)));
        if (b->rx[0] == 0xA5) {
            assert_true(board_wait(b, 3, MS(2000)));
        }
        b->rx_len = 0;
        uint8_t rdp = rdp_of(b);
        assert_int_not_equal(rdp, LEVEL_2);
        assert_int_equal(rdp, board_peek32(b, OPTION_BASE) >> 8 & 0xFF);
        assert_false(was_level_1 && rdp == LEVEL_0);
        was_level_1 = rdp != LEVEL_0;
        assert_int_equal(nwrp_of(b) & 3, 3); /* the bootloader's own sectors */
    }
    assert_true(was_level_1);
    board_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ALL(test_protect_write),
        BOTH(test_protect_upper_sectors),
        BOTH(test_protect_is_kept),
        BOTH(test_protect_refused),
        BOTH(test_protect_bootloader),
        BOTH(test_protect_key),
        BOTH(test_protect_absent_sectors),
        ALL(test_protect_level_1),
        BOTH(test_protect_level_1_keeps_flash),
        BOTH(test_protect_of_the_loader_stays),
        BOTH(test_protect_unprotect_argument),
        BOTH(test_protect_level_2_chip),
        BOTH(test_protect_never_level_2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
