/* SPDX-License-Identifier: MIT */
/*
 * MEM_WRITE into flash: edges at every alignment, frames sent again, flash that is not erased,
 * flash that is worn or protected.
 */
#include "system.h"

/* Words where they are whole and aligned, bytes at the edges. */
static unsigned units(uint32_t addr, size_t len)
{
    unsigned count = 0;
    while (len > 0) {
        size_t unit = addr % 4 != 0 || len < 4 ? 1 : 4;
        addr += (uint32_t)unit;
        len -= unit;
        count++;
    }
    return count;
}

static void test_write_edges(void **state)
{
    static const size_t lengths[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 245};
    uint8_t sector[16384];
    uint64_t seed = 14;
    struct board *b = open_variant(state);
    uint32_t at = 0;
    memset(sector, 0xFF, sizeof sector);
    for (uint32_t offset = 0; offset < 8; offset++) {
        for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
            uint64_t before = board_flash_operations(b);
            at = (at + 7) / 8 * 8 + 16 + offset;
            for (size_t k = 0; k < lengths[i]; k++) {
                sector[at + k] = (uint8_t)random_below(&seed, 255); /* never FF */
            }
            board_write(b, APP_BASE + at, sector + at, lengths[i]);
            assert_int_equal(board_flash_operations(b) - before, units(APP_BASE + at, lengths[i]));
            at += (uint32_t)lengths[i];
            assert_true(at < sizeof sector);
        }
    }
    board_assert_flash(b, APP_BASE, sector, sizeof sector);
    board_close(b);
}

/* Data that ends in the next sector. */
static void test_write_across_sectors(void **state)
{
    static const uint32_t borders[] = {0x0800C000, 0x08010000, 0x08020000, 0x08040000};
    uint8_t data[100];
    uint64_t seed = 15;
    struct board *b = open_variant(state);
    for (size_t i = 0; i < sizeof borders / sizeof borders[0]; i++) {
        random_fill(&seed, data, sizeof data);
        board_write(b, borders[i] - 51, data, sizeof data);
        board_assert_flash(b, borders[i] - 51, data, sizeof data);
    }
    board_close(b);
}

static void test_write_again_does_no_harm(void **state)
{
    uint8_t data[200];
    uint64_t seed = 16;
    struct board *b = open_variant(state);
    random_fill(&seed, data, sizeof data);
    for (uint32_t offset = 0; offset < 4; offset++) {
        board_write(b, APP_BASE + 256 * offset + offset, data, sizeof data);
        uint64_t before = board_flash_operations(b);
        board_write(b, APP_BASE + 256 * offset + offset, data, sizeof data);
        assert_int_equal(board_flash_operations(b), before);
    }
    board_close(b);
}

/* The second half of a frame is new, the first is there already. */
static void test_write_completes_a_part(void **state)
{
    uint8_t data[200];
    uint64_t seed = 17;
    struct board *b = open_variant(state);
    for (uint32_t have = 1; have < 9; have++) {
        uint32_t addr = APP_BASE + have * 256;
        random_fill(&seed, data, sizeof data);
        board_write(b, addr, data, (size_t)have * 4);
        board_write(b, addr, data, sizeof data);
        board_assert_flash(b, addr, data, sizeof data);
    }
    board_close(b);
}

static void test_write_not_erased(void **state)
{
    static const size_t places[] = {0, 1, 3, 4, 50, 98, 99};
    static const struct {
        uint8_t old, new;
    } values[] = {{0x00, 0x01}, {0xF0, 0x0F}, {0x12, 0x10}, {0x12, 0xFF}, {0xFE, 0xFF}};
    uint8_t payload[255];
    uint8_t data[100];
    struct board *b = open_variant(state);
    uint32_t addr = APP_BASE + 1;
    for (size_t p = 0; p < sizeof places / sizeof places[0]; p++) {
        for (size_t v = 0; v < sizeof values / sizeof values[0]; v++, addr += 128) {
            uint32_t bad = addr + (uint32_t)places[p];
            memset(data, 0x77, sizeof data);
            data[places[p]] = values[v].new;
            board_poke(b, bad, &values[v].old, 1);
            size_t n = wire_write_payload(payload, addr, data, sizeof data);
            uint64_t before = board_flash_operations(b);
            struct snapshot *s = snapshot_take(b);
            board_refused(b, MEM_WRITE, payload, n, WIRE_NOT_ERASED, bad);
            snapshot_assert_same(b, s);
            assert_int_equal(board_flash_operations(b), before);
        }
    }
    board_close(b);
}

/* Bytes one by one into the same word. */
static void test_write_bytes_of_a_word(void **state)
{
    static const uint8_t word[4] = {0x12, 0x34, 0x56, 0x78};
    static const unsigned orders[][4] = {{0, 1, 2, 3}, {3, 2, 1, 0}, {2, 0, 3, 1}};
    struct board *b = open_variant(state);
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t addr = APP_BASE + 64 * i;
        for (int k = 0; k < 4; k++) {
            board_write(b, addr + orders[i][k], &word[orders[i][k]], 1);
        }
        board_assert_flash(b, addr, word, 4);
    }
    board_close(b);
}

/* FF bytes need no programming and stay erased. */
static void test_write_erased_value(void **state)
{
    uint8_t blank[100];
    uint8_t data[4] = {1, 2, 3, 4};
    struct board *b = open_variant(state);
    memset(blank, 0xFF, sizeof blank);
    board_write(b, APP_BASE + 3, blank, sizeof blank);
    board_assert_flash(b, APP_BASE + 3, blank, sizeof blank);
    board_write(b, APP_BASE + 4, data, sizeof data);
    board_assert_flash(b, APP_BASE + 4, data, sizeof data);
    board_close(b);
}

/* Worn flash: the controller reports success, the data are wrong. Reading back finds it. */
static void test_write_worn(void **state)
{
    static const uint64_t nth[] = {1, 2, 10, 25};
    uint8_t payload[255];
    uint8_t data[100];
    struct board *b = open_variant(state);
    memset(data, 0x00, sizeof data);
    for (uint32_t i = 0; i < sizeof nth / sizeof nth[0]; i++) {
        uint32_t addr = APP_BASE + 256 * i;
        size_t n = wire_write_payload(payload, addr, data, sizeof data);
        uint8_t now[100];
        twin_wear_at_flash_operation(b->twin, nth[i]);
        board_note_failures(b);
        board_request(b, MEM_WRITE, payload, n);
        static const uint8_t failed[3] = {0xA5, 0x01, 0x01};
        static const uint8_t nack = 0x7F;
        bool course = b->dialect == WIRE_COURSE;
        (void)board_expect(b, course ? failed : &nack, course ? 3 : 1, MS(100));
        struct board_error e = board_last_error(b);
        board_peek(b, addr, now, sizeof now);
        assert_memory_not_equal(now, data, sizeof now); /* the fault was there */
        assert_int_equal(e.reason, WIRE_VERIFY);
        assert_int_equal(e.command, MEM_WRITE);
        assert_int_equal(e.detail & ~3u, addr + 4 * (uint32_t)(nth[i] - 1));
    }
    board_close(b);
}

static void test_write_worn_erase(void **state)
{
    static const uint8_t sector_3[2] = {3, 1};
    static const uint8_t failed[3] = {0xA5, 0x01, 0x01};
    static const uint8_t nack = 0x7F;
    uint8_t noise[16384];
    uint8_t blank[16384];
    uint64_t seed = 18;
    struct board *b = open_variant(state);
    bool course = b->dialect == WIRE_COURSE;
    random_fill(&seed, noise, sizeof noise);
    memset(blank, 0xFF, sizeof blank);
    board_poke(b, 0x0800C000, noise, sizeof noise);
    twin_wear_at_flash_operation(b->twin, 1);
    board_request(b, FLASH_ERASE, sector_3, 2);
    (void)board_expect(b, course ? failed : &nack, course ? 3 : 1, MS(1000));
    board_peek(b, 0x0800C000, noise, sizeof noise);
    assert_memory_not_equal(noise, blank, sizeof noise);
    struct board_error e = board_last_error(b);
    assert_int_equal(e.reason, WIRE_VERIFY);
    assert_int_equal(e.command, FLASH_ERASE);
    assert_in_range(e.detail, 0x0800C000, 0x0800FFFF);
    board_erase(b, 3, 1);
    board_assert_flash(b, 0x0800C000, blank, sizeof blank);
    board_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_write_edges),
        ONCE(test_write_across_sectors),
        BOTH(test_write_again_does_no_harm),
        ONCE(test_write_completes_a_part),
        BOTH(test_write_not_erased),
        ONCE(test_write_bytes_of_a_word),
        ONCE(test_write_erased_value),
        BOTH(test_write_worn),
        BOTH(test_write_worn_erase),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
