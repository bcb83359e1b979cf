/* SPDX-License-Identifier: MIT */
/*
 * Requests and answers over the board's line, and what they must leave alone. Failures are told
 * with the bytes that came, so that a log is enough to see what happened.
 */
#include "board.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { QUIET_MS = 3 };

static void hex_text(char *out, size_t size, const uint8_t *data, size_t len)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < len && at + 4 < size; i++) {
        at += (size_t)snprintf(out + at, size - at, "%02X ", data[i]);
    }
}

static void assert_rx(struct board *b, const uint8_t *bytes, size_t len)
{
    if (b->rx_len != len || (len > 0 && memcmp(b->rx, bytes, len) != 0)) {
        char got[256 * 3];
        char want[256 * 3];
        hex_text(got, sizeof got, b->rx, b->rx_len);
        hex_text(want, sizeof want, bytes, len);
        fail_msg("answer is %zu bytes: %s, expected %zu: %s; log: %s", b->rx_len, got, len, want,
                 b->log);
    }
}

void board_request(struct board *b, unsigned command, const uint8_t *payload, size_t n)
{
    uint8_t frame[WIRE_FRAME_MAX];
    board_send(b, frame, wire_request(frame, b->dialect, command, payload, n));
}

/* Time that is left of the request's transmission. */
static uint64_t sending_ns(const struct board *b)
{
    uint64_t now = twin_now_ns(b->twin);
    return b->sent_ns > now ? b->sent_ns - now : 0;
}

uint64_t board_expect(struct board *b, const uint8_t *bytes, size_t len, uint64_t ns)
{
    uint64_t limit = sending_ns(b) + ns + (uint64_t)(len + 1) * CHAR_NS;
    (void)board_wait(b, len, limit);
    uint64_t first = b->rx_first_ns;
    (void)board_run(b, MS(QUIET_MS)); /* nothing may follow */
    assert_rx(b, bytes, len);
    b->rx_len = 0;
    return first > b->sent_ns ? first - b->sent_ns : 0;
}

void board_expect_silence(struct board *b, uint64_t ns)
{
    (void)board_run(b, sending_ns(b) + ns);
    assert_rx(b, NULL, 0);
}

uint64_t board_answer_limit_ns(unsigned command)
{
    switch (command) {
    case FLASH_ERASE:
        return MS(4500);
    case MEM_WRITE:
        return MS(100);
    case EN_RW_PROTECT:
    case DIS_R_W_PROTECT:
        return MS(2000);
    case MEM_CRC:
        return MS(500);
    default:
        return MS(20);
    }
}

static uint64_t limit_of(unsigned command, const uint8_t *payload, size_t n)
{
    uint64_t limit = board_answer_limit_ns(command);
    if (command == FLASH_ERASE && n == 2) {
        limit *= payload[0] == 0xFF ? 12u : payload[1] + 1u;
    }
    return limit;
}

void board_ok(struct board *b, unsigned command, const uint8_t *payload, size_t n,
              const uint8_t *data, size_t len)
{
    static const uint8_t status_ok = 0;
    uint8_t want[WIRE_ANSWER_MAX];
    if (b->dialect == WIRE_COURSE && wire_answers_status(command)) {
        data = &status_ok;
        len = 1;
    }
    size_t want_len = wire_success(want, b->dialect, command, data, len);
    board_request(b, command, payload, n);
    (void)board_expect(b, want, want_len, limit_of(command, payload, n));
}

size_t board_query_any(struct board *b, unsigned command, const uint8_t *payload, size_t n,
                       uint8_t data[255])
{
    size_t head = b->dialect == WIRE_COURSE ? 2 : 3;
    uint8_t want[3] = {0xA5, (uint8_t)command, 0};
    board_request(b, command, payload, n);
    (void)board_wait(b, head,
                     sending_ns(b) + limit_of(command, payload, n) + (uint64_t)4 * CHAR_NS);
    if (b->rx_len < head || memcmp(b->rx, want, head - 1) != 0) {
        want[head - 1] = b->rx_len >= head ? b->rx[head - 1] : 0;
        assert_rx(b, want, head);
    }
    size_t len = b->rx[head - 1];
    (void)board_wait(b, head + len, MS(1) + len * CHAR_NS);
    (void)board_run(b, MS(QUIET_MS));
    if (b->rx_len != head + len) {
        fail_msg("answer to %02X says %zu bytes and has %zu", command, len, b->rx_len - head);
    }
    memcpy(data, b->rx + head, len);
    b->rx_len = 0;
    return len;
}

void board_query(struct board *b, unsigned command, const uint8_t *payload, size_t n, uint8_t *data,
                 size_t len)
{
    uint8_t all[255];
    size_t got = board_query_any(b, command, payload, n, all);
    if (got != len) {
        fail_msg("answer to %02X has %zu bytes of data, expected %zu", command, got, len);
    }
    memcpy(data, all, len);
}

struct board_error board_last_error(struct board *b)
{
    uint8_t e[8];
    board_query(b, GET_LAST_ERROR, NULL, 0, e, sizeof e);
    return (struct board_error){e[0], e[1], wire_get16(e + 2), wire_get32(e + 4)};
}

void board_note_failures(struct board *b)
{
    b->failures = board_last_error(b).count;
}

void board_assert_last_error(struct board *b, enum wire_reason reason, unsigned command,
                             uint32_t detail)
{
    struct board_error e = board_last_error(b);
    b->failures++;
    if (e.reason != reason || e.command != command || e.count != b->failures ||
        e.detail != detail) {
        fail_msg("last error: reason %02X command %02X count %u detail %08" PRIx32
                 ", expected %02X %02X %u %08" PRIx32,
                 e.reason, e.command, e.count, e.detail, (unsigned)reason, command, b->failures,
                 detail);
    }
}

struct board_error board_expect_bad_frame(struct board *b, uint64_t at_least, uint64_t at_most)
{
    static const uint8_t nack = 0x7F;
    uint64_t after = board_expect(b, &nack, 1, at_most);
    if (after < at_least) {
        fail_msg("7F came %" PRIu64 " us after the last byte, expected at least %" PRIu64,
                 after / 1000, at_least / 1000);
    }
    struct board_error e = board_last_error(b);
    b->failures++;
    assert_int_equal(e.count, b->failures);
    assert_int_equal(e.command, 0);
    return e;
}

/* The status byte for a reason in the course dialect (PROTOCOL.md, "Course status"). */
static uint8_t course_status(unsigned command, enum wire_reason reason)
{
    if (command == GO_TO_ADDR) {
        return 1;
    }
    if (reason == WIRE_NO_SECTOR) {
        return 4;
    }
    return reason == WIRE_FLASH_TIMEOUT ? 3 : 1;
}

void board_refused(struct board *b, unsigned command, const uint8_t *payload, size_t n,
                   enum wire_reason reason, uint32_t detail)
{
    uint8_t want[WIRE_ANSWER_MAX] = {0x7F};
    size_t len = 1;
    if (b->dialect == WIRE_COURSE && wire_answers_status(command) && reason != WIRE_PAYLOAD) {
        uint8_t status = course_status(command, reason);
        len = wire_success(want, WIRE_COURSE, command, &status, 1);
    }
    board_note_failures(b);
    board_request(b, command, payload, n);
    (void)board_expect(b, want, len, limit_of(command, payload, n));
    board_assert_last_error(b, reason, command, detail);
}

void board_erase(struct board *b, unsigned sector, unsigned count)
{
    uint8_t payload[2] = {(uint8_t)sector, (uint8_t)count};
    board_ok(b, FLASH_ERASE, payload, sizeof payload, NULL, 0);
}

void board_write(struct board *b, uint32_t addr, const void *data, size_t len)
{
    const uint8_t *from = data;
    size_t most = b->dialect == WIRE_COURSE ? 245 : 249;
    while (len > 0) {
        uint8_t payload[255];
        size_t n = len < most ? len : most;
        board_ok(b, MEM_WRITE, payload, wire_write_payload(payload, addr, from, n), NULL, 0);
        addr += (uint32_t)n;
        from += n;
        len -= n;
    }
}

/* ---- what must not change ---- */

struct region {
    uint32_t addr, len;
};
enum { REGIONS = 5 };
struct snapshot {
    struct region region[REGIONS];
    uint8_t *bytes[REGIONS];
};

struct snapshot *snapshot_take(struct board *b)
{
    struct snapshot *s = calloc(1, sizeof *s);
    assert_non_null(s);
    const struct region regions[REGIONS] = {
        {FLASH_BASE, b->flash_kib * 1024u},
        {OPTION_BASE, 16},
        {OTP_BASE, 528},
        {FREE_SRAM_BASE, FREE_SRAM_END - FREE_SRAM_BASE},
        {CCM_BASE, 0x10000},
    };
    for (int i = 0; i < REGIONS; i++) {
        s->region[i] = regions[i];
        s->bytes[i] = malloc(regions[i].len);
        assert_non_null(s->bytes[i]);
        board_peek(b, regions[i].addr, s->bytes[i], regions[i].len);
    }
    return s;
}

void snapshot_assert_same(struct board *b, struct snapshot *s)
{
    for (int i = 0; i < REGIONS; i++) {
        board_assert_flash(b, s->region[i].addr, s->bytes[i], s->region[i].len);
        free(s->bytes[i]);
    }
    free(s);
}

void board_assert_flash(struct board *b, uint32_t addr, const void *data, size_t len)
{
    const uint8_t *want = data;
    uint8_t *now = malloc(len);
    assert_non_null(now);
    board_peek(b, addr, now, len);
    for (size_t i = 0; i < len; i++) {
        if (now[i] != want[i]) {
            fail_msg("memory at %08" PRIx32 " holds %02X, expected %02X", addr + (uint32_t)i,
                     now[i], want[i]);
        }
    }
    free(now);
}
