/* SPDX-License-Identifier: MIT */
/* What the tests of streaming share. */
#include "stream_case.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "image.h"
#include "package_builder.h"

uint8_t case_content[CONTENT_MAX];

void case_make_content(uint64_t seed)
{
    random_fill(&seed, case_content, sizeof case_content);
    memset(case_content, 0xFF, 4); /* no stack: nothing that would be started */
}

struct stream_job case_plain(uint32_t size)
{
    return (struct stream_job){.flags = STREAM_PLAIN,
                               .sector = SECTOR_2,
                               .id = 0x1234,
                               .data = case_content,
                               .size = size};
}

struct stream_job case_pack(uint32_t len, bool thumb, uint32_t seed)
{
    static uint8_t stream[CONTENT_MAX + CONTENT_MAX / 8 + KIB];
    const struct package_recipe recipe = {.content = case_content,
                                          .content_len = len,
                                          .packing = thumb ? PACKAGE_LZMA2_THUMB : PACKAGE_LZMA2};
    struct package_bytes packed = {0};
    package_content(case_content, len, seed);
    package_put_payload(&packed, &recipe);
    assert_true(packed.len <= sizeof stream && packed.len < len);
    memcpy(stream, packed.data, packed.len);
    free(packed.data);
    return (struct stream_job){.flags = (uint8_t)(STREAM_PACKED | (thumb ? STREAM_THUMB : 0)),
                               .sector = SECTOR_2,
                               .id = 0x1234,
                               .content = len,
                               .data = stream,
                               .size = (uint32_t)packed.len};
}

struct stream_line *case_open(uint32_t baud, unsigned latency_ms)
{
    struct board *b = board_open(&(struct board_options){.dialect = WIRE_NATIVE});
    struct stream_line *l = stream_line_open(b, latency_ms);
    if (baud != BOARD_BAUD) {
        stream_line_change_rate(l, baud);
        assert_true(case_answers(l));
    }
    return l;
}

struct stream_line *case_over(struct board *b)
{
    struct stream_line *l = stream_line_open(b, 0);
    stream_line_set_rate(l, BOARD_BAUD);
    return l;
}

void case_close(struct stream_line *l)
{
    board_close(l->b);
    free(l);
}

uint32_t case_digest(const uint8_t *data, uint32_t len)
{
    uint8_t last[4] = {0xFF, 0xFF, 0xFF, 0xFF};
    uint32_t crc = stream_line_crc(0xFFFFFFFFu, data, len / 4);
    memcpy(last, data + len / 4 * 4, len % 4);
    return len % 4 == 0 ? crc : stream_line_crc(crc, last, 1);
}

void case_expect_complete(struct stream_line *l, const struct stream_job *job)
{
    uint32_t len = job->content != 0 ? job->content : job->size;
    uint32_t at = job->sector == SECTOR_2 ? APP_BASE : 0x08000000u + (job->sector - 4u) * 0x20000u;
    assert_true(job->sector == SECTOR_2 || job->sector > 4);
    assert_int_equal(l->state, STATE_COMPLETE);
    assert_int_equal(l->reason, 0);
    assert_int_equal(l->next, job->size);
    assert_int_equal(l->written, len);
    assert_int_equal(l->number, case_digest(case_content, len));
    board_assert_flash(l->b, at, case_content, len);
}

void case_whole(struct stream_line *l, const struct stream_job *job)
{
    assert_true(stream_line_begin(l, job));
    stream_line_transfer(l, 60);
    case_expect_complete(l, job);
    stream_line_close(l);
}

bool case_answers(struct stream_line *l)
{
    static const uint8_t native[] = {0xA5, GET_VER, 1, 0x10};
    static const uint8_t course[] = {0xA5, 1, 0x10};
    bool is_native = l->b->dialect == WIRE_NATIVE;
    const uint8_t *want = is_native ? native : course;
    size_t len = is_native ? sizeof native : sizeof course;
    uint8_t request[WIRE_FRAME_MAX];
    uint8_t answer[8] = {0};
    size_t n = wire_request(request, l->b->dialect, GET_VER, NULL, 0);
    stream_line_send(l, request, n);
    uint64_t wait = 2 * l->latency_ns + MS(40) + (n + len) * 10 * MS(1000) / l->baud;
    size_t got = stream_line_receive(l, answer, sizeof answer, wait);
    return got == len && memcmp(answer, want, len) == 0;
}

void case_expect_silence(struct stream_line *l, uint64_t ns)
{
    uint8_t byte;
    assert_int_equal(stream_line_receive(l, &byte, 1, ns), 0);
}

void case_ok(struct stream_line *l, unsigned command, const uint8_t *payload, size_t n,
             uint8_t data[255])
{
    uint8_t e[255] = {0};
    if (!stream_line_ask(l, command, payload, n, data)) {
        assert_true(stream_line_ask(l, GET_LAST_ERROR, NULL, 0, e));
        fail_msg("command %02X failed: reason %02X, detail %08" PRIx32, command, e[0],
                 wire_get32(e + 4));
    }
}

void case_refused(struct stream_line *l, unsigned command, const uint8_t *payload, size_t n,
                  unsigned reason, uint32_t detail)
{
    uint8_t e[255] = {0};
    uint8_t data[255];
    case_ok(l, GET_LAST_ERROR, NULL, 0, e);
    uint32_t count = wire_get16(e + 2);
    if (stream_line_ask(l, command, payload, n, data)) {
        fail_msg("command %02X should have been refused for %02X", command, reason);
    }
    case_ok(l, GET_LAST_ERROR, NULL, 0, e);
    if (e[0] != reason || e[1] != command || wire_get16(e + 2) != count + 1 ||
        (detail != ANY_DETAIL && wire_get32(e + 4) != detail)) {
        fail_msg("last error: reason %02X command %02X detail %08" PRIx32
                 ", expected %02X %02X %08" PRIx32,
                 e[0], e[1], wire_get32(e + 4), reason, command, detail);
    }
}
