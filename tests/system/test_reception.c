/* SPDX-License-Identifier: MIT */
/*
 * Reception while the flash is busy: DMA takes the bytes, so nothing is lost up to the size of the
 * ring, and what is lost beyond it is said (PROTOCOL.md, reason 05).
 */
#include "system.h"

static const uint8_t nack = 0x7F;
static const uint8_t sector_5[2] = {5, 1};

static size_t append(uint8_t *out, size_t at, const uint8_t *bytes, size_t n)
{
    memcpy(out + at, bytes, n);
    return at + n;
}

/* Starts erasing 128 KiB and waits until the erase is under way. Returns its answer's length. */
static size_t start_erase(struct board *b, uint8_t answer[WIRE_ANSWER_MAX])
{
    static const uint8_t ok = 0;
    struct twin_counters before;
    struct twin_counters after;
    twin_get_counters(b->twin, &before);
    board_request(b, FLASH_ERASE, sector_5, 2);
    board_flush(b);
    (void)board_run(b, MS(20));
    twin_get_counters(b->twin, &after);
    assert_int_equal(after.flash_operations, before.flash_operations + 1);
    if (b->dialect == WIRE_COURSE) {
        return wire_success(answer, b->dialect, FLASH_ERASE, &ok, 1);
    }
    return wire_success(answer, b->dialect, FLASH_ERASE, NULL, 0);
}

/* A frame that arrives at any time of a 128 KiB erase is answered after it. */
static void test_reception_during_erase(void **state)
{
    static const uint8_t version = 0x10;
    struct board *b = open_variant(state);
    for (uint64_t at_ms = 0; at_ms <= 960; at_ms += 240) {
        uint8_t want[2 * WIRE_ANSWER_MAX];
        size_t len = start_erase(b, want);
        (void)board_run(b, MS(at_ms));
        size_t early = b->dialect == WIRE_COURSE ? 2 : 0; /* A5 01 is out already */
        assert_int_equal(b->rx_len, early);
        board_request(b, GET_VER, NULL, 0);
        len += wire_success(want + len, b->dialect, GET_VER, &version, 1);
        (void)board_expect(b, want, len, MS(4500));
    }
    assert_int_equal(board_last_error(b).count, 0);
    board_close(b);
}

/* The largest frame, written while the flash is busy, comes through whole. */
static void test_reception_large_frame_during_erase(void **state)
{
    static const uint8_t ok = 0;
    uint8_t want[2 * WIRE_ANSWER_MAX];
    uint8_t data[249];
    uint8_t payload[255];
    uint64_t seed = 5;
    struct board *b = open_variant(state);
    size_t most = b->dialect == WIRE_COURSE ? 245 : 249;
    random_fill(&seed, data, sizeof data);
    size_t len = start_erase(b, want);
    board_request(b, MEM_WRITE, payload, wire_write_payload(payload, APP_BASE, data, most));
    len += wire_success(want + len, b->dialect, MEM_WRITE, &ok, b->dialect == WIRE_COURSE ? 1 : 0);
    (void)board_expect(b, want, len, MS(4500));
    board_assert_flash(b, APP_BASE, data, most);
    board_close(b);
}

/* More bytes than the ring holds: the erase is answered, then one 7F with reason 05. */
static void test_reception_overflow(void **state)
{
    uint8_t info[255];
    uint8_t want[WIRE_ANSWER_MAX];
    uint8_t flood[2 * 8192];
    struct board *b = open_variant(state);
    (void)board_query_any(b, GET_INFO, NULL, 0, info);
    size_t ring = wire_get16(info + 30);
    board_note_failures(b);
    memset(flood, 0x55, sizeof flood);
    static const size_t extra[] = {1, 300, 0};
    for (size_t i = 0; i < sizeof extra / sizeof extra[0]; i++) {
        size_t len = start_erase(b, want);
        size_t count = ring + (extra[i] != 0 ? extra[i] : ring);
        assert_true(count * CHAR_NS < MS(900) && count <= sizeof flood);
        board_send(b, flood, count);
        board_flush(b);
        assert_int_equal(b->rx_len, b->dialect == WIRE_COURSE ? 2 : 0); /* still busy */
        len = append(want, len, &nack, 1);
        (void)board_expect(b, want, len, MS(1500));
        struct board_error e = board_last_error(b);
        b->failures++;
        assert_int_equal(e.reason, WIRE_OVERFLOW);
        assert_int_equal(e.count, b->failures);
    }
    board_close(b);
}

/* As many bytes as the ring surely holds are no overflow: 7F for the CRC, not for lost bytes. */
static void test_reception_full_ring(void **state)
{
    uint8_t info[255];
    uint8_t want[WIRE_ANSWER_MAX];
    uint8_t flood[8192];
    struct board *b = open_variant(state);
    (void)board_query_any(b, GET_INFO, NULL, 0, info);
    size_t ring = wire_get16(info + 30);
    assert_true(ring <= sizeof flood);
    memset(flood, 0x55, sizeof flood);
    size_t len = start_erase(b, want);
    board_send(b, flood, ring - 1);
    board_flush(b);
    len = append(want, len, &nack, 1);
    (void)board_expect(b, want, len, MS(1500));
    assert_int_equal(board_last_error(b).reason, WIRE_BAD_CRC);
    board_close(b);
}

/* The same while the CRC of all flash is computed, which nothing interrupts. */
static void test_reception_flood_during_crc(void **state)
{
    uint8_t payload[8];
    uint8_t flood[6000];
    struct board *b = open_variant(state);
    board_note_failures(b);
    memset(flood, 0x55, sizeof flood);
    wire_put32(payload, FLASH_BASE);
    wire_put32(payload + 4, b->flash_kib * 1024);
    board_request(b, MEM_CRC, payload, sizeof payload);
    board_send(b, flood, sizeof flood);
    board_flush(b);
    (void)board_run(b, MS(1200));
    assert_int_equal(b->rx_len, (b->dialect == WIRE_COURSE ? 2 : 3) + 4 + 1);
    assert_int_equal(b->rx[b->rx_len - 1], 0x7F);
    b->rx_len = 0;
    assert_int_equal(board_last_error(b).count, b->failures + 1);
    board_close(b);
}

/* Request after request without a pause between an answer and the next request. */
static void test_reception_back_to_back(void **state)
{
    uint8_t answer[WIRE_ANSWER_MAX];
    static const uint8_t version = 0x10;
    struct board *b = open_variant(state);
    size_t len = wire_success(answer, b->dialect, GET_VER, &version, 1);
    for (int i = 0; i < 300; i++) {
        board_request(b, GET_VER, NULL, 0);
        assert_true(board_wait(b, len, MS(20)));
        assert_memory_equal(b->rx, answer, len);
        b->rx_len = 0;
    }
    board_close(b);
}

/* Short commands are answered without delay, whatever the log has to say about them. */
static void test_reception_answers_at_once(void **state)
{
    struct board *b = open_variant(state);
    uint64_t worst = 0;
    for (int i = 0; i < 100; i++) {
        board_request(b, 0xEF, NULL, 0); /* a failure: the log gets a line each */
        uint64_t after = board_expect(b, &nack, 1, MS(20));
        worst = after > worst ? after : worst;
    }
    printf("longest answer after %" PRIu64 " us\n", worst / 1000);
    assert_true(worst < MS(2));
    assert_true(b->log_len > 0);
    board_close(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_reception_during_erase),     BOTH(test_reception_large_frame_during_erase),
        BOTH(test_reception_overflow),         ONCE(test_reception_full_ring),
        BOTH(test_reception_flood_during_crc), BOTH(test_reception_back_to_back),
        ONCE(test_reception_answers_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
