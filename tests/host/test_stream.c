/* SPDX-License-Identifier: MIT */
/*
 * Streaming from the host to the core's engine, over a line in simulated time (stream_bench.h): as
 * fast as the slower of line and flash, and whatever the line does costs time, never a wrong byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "bytes.h"
#include "memory_map.h"
#include "seeded.h"
#include "stream_bench.h"

#define KIB    1024u
#define MS     1000000ull
#define SECOND (1000ull * MS)

enum { WALL_LIMIT_S = 200 }; /* a wait without an end ends the program */

static const struct ararext_flash_options PLAIN = {.no_compress = true};

static void tell(const struct bench *b, const char *what, uint64_t took)
{
    printf("    %s: %u ms of %u, %u again, %u streams\n", what, (unsigned)took,
           (unsigned)bench_limit_ms(b), (unsigned)b->result.resent_bytes, b->streams);
    fflush(stdout);
}

/* ---- time ---- */

/* Apart from the exchanges before and behind it, which take a latency each way. */
static void test_stream_keeps_to_the_limit(void **state)
{
    static const uint32_t rates[] = {115200, 460800, 921600, 2000000};
    static const unsigned latencies[] = {0, 1, 16};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        for (size_t k = 0; k < 3; k++) {
            struct bench *b = bench_create(rates[i], latencies[k], 2);
            bench_make_image(b, 200 * KIB, false);
            uint64_t took = bench_flash_ok(b, &PLAIN), limit = bench_limit_ms(b);
            printf("    %7u baud, %2u ms each way: %.4f\n", (unsigned)rates[i], latencies[k],
                   (double)took / (double)limit);
            assert_true(took >= limit && took * 100 <= limit * 105);
            assert_int_equal(b->streams, 1);
            assert_int_equal(b->overflows, 0);
            assert_int_equal(b->result.resent_bytes, 0);
            assert_int_equal(b->result.sectors_erased, 4);
            bench_free(b);
        }
    }
}

/* The line is kept busy by what the board has room for, also where the host's own clock is no
 * measure: its program is let run half of the time only, or the line is faster than it says. */
static void test_stream_goes_by_credit(void **state)
{
    struct bench *b = bench_create(115200, 1, 2);
    (void)state;
    b->faults.nap_ns = 150 * 1000000ull;
    b->faults.nap_every_ns = 100 * 1000000ull;
    bench_make_image(b, 300 * KIB, false);
    uint64_t took = bench_flash_ok(b, &PLAIN), limit = bench_limit_ms(b);
    printf("    with naps: %.4f\n", (double)took / (double)limit);
    assert_true(b->faults.napped > 40);
    assert_true(took * 100 <= limit * 106);
    bench_free(b);

    b = bench_create(115200, 1, 2);
    b->faults.fast_ppm = 50000;
    bench_make_image(b, 300 * KIB, false);
    took = bench_flash_ok(b, &PLAIN);
    limit = bench_limit_ms(b);
    printf("    5 %% faster: %.4f\n", (double)took / (double)limit);
    assert_true(took * 100 <= limit * 98);
    bench_free(b);
}

static void test_stream_compresses_where_it_helps(void **state)
{
    (void)state;
    struct bench *b = bench_create(115200, 1, 2);
    bench_make_image(b, 200 * KIB, true);
    uint64_t took = bench_flash_ok(b, NULL);
    tell(b, "packed", took);
    assert_true(b->result.packed);
    assert_true(took * 100 <= bench_limit_ms(b) * 65);
    assert_true(b->result.stream_bytes < 100 * KIB);
    bench_free(b);

    b = bench_create(115200, 1, 2); /* noise does not get smaller */
    bench_make_image(b, 64 * KIB, false);
    took = bench_flash_ok(b, NULL);
    assert_false(b->result.packed);
    assert_true(took * 100 <= bench_limit_ms(b) * 105);
    bench_free(b);

    b = bench_create(2000000, 1, 2); /* flash is slower than the line */
    bench_make_image(b, 200 * KIB, true);
    (void)bench_flash_ok(b, NULL);
    assert_false(b->result.packed);
    bench_free(b);
}

static void test_stream_skips_what_is_there(void **state)
{
    (void)state;
    struct bench *b = bench_create(115200, 1, 2);
    bench_make_image(b, 200 * KIB, false);
    bench_preload(b);
    uint64_t took = bench_flash_ok(b, &PLAIN);
    tell(b, "unchanged", took);
    assert_true(took * 100 < bench_limit_ms(b) * 3);
    assert_false(b->result.touched);
    assert_int_equal(b->streams, 0);

    /* Sector 3, and so the sector of the first word. */
    b->model->flash[MAP_BOOT_SIZE + 17 * KIB] ^= 1;
    took = bench_flash_ok(b, &PLAIN);
    tell(b, "sector 3 differs", took);
    assert_true(took * 100 < bench_limit_ms(b) * 18); /* 32 of 200 KiB */
    assert_int_equal(b->result.bytes_written, 32 * KIB);
    assert_int_equal(b->erases[4] + b->erases[5], 0);

    /* Two runs, with sectors between that stay. */
    b->model->flash[MAP_BOOT_SIZE + 100 * KIB] ^= 1;
    (void)bench_flash_ok(b, &PLAIN);
    assert_int_equal(b->streams, 3);
    assert_int_equal(b->erases[3], 1);
    assert_int_equal(b->erases[5], 1);

    /* What others keep behind the image stays, too. */
    b->model->flash[MAP_BOOT_SIZE + 201 * KIB] = 0x55;
    (void)bench_flash_ok(b, &PLAIN);
    assert_false(b->result.touched);
    assert_int_equal(b->model->flash[MAP_BOOT_SIZE + 201 * KIB], 0x55);
    bench_free(b);
}

static void test_stream_needs_a_board_that_can(void **state)
{
    (void)state;
    struct bench *b = bench_create(115200, 0, 2);
    bench_make_image(b, 20 * KIB, false);
    const struct ararext_flash_options none = {.no_stream = true};
    (void)bench_flash_ok(b, &none);
    assert_int_equal(b->streams, 0);
    assert_true(b->requests[ARAREXT_MEM_WRITE] > 80);
    b->no_streaming = true;
    b->model->flash[MAP_BOOT_SIZE + 17 * KIB] ^= 1;
    assert_int_equal(ararext_get_info(b->session, &b->info), ARAREXT_OK);
    (void)bench_flash_ok(b, NULL);
    assert_int_equal(b->streams, 0);
    assert_int_equal(ararext_raise_baud(b->session, 0), ARAREXT_OK);
    assert_int_equal(ararext_get_baud(b->session), 115200);
    bench_free(b);
}

/* ---- a line that does harm ---- */

static void test_stream_survives_a_pulled_cable(void **state)
{
    static const struct {
        uint64_t from_ms, for_ms;
        bool packs;
    } cuts[] = {{300, 100, false}, {1500, 3000, false},  {4000, 9000, true},
                {1000, 20, true},  {5000, 15000, false}, {2500, 25000, true}};
    (void)state;
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        struct bench *b = bench_create(460800, 1, 2);
        bench_make_image(b, 300 * KIB, cuts[i].packs);
        b->faults.cut_from_ns = b->now_ns + cuts[i].from_ms * MS;
        b->faults.cut_to_ns = b->faults.cut_from_ns + cuts[i].for_ms * MS;
        uint64_t took = bench_flash_ok(b, NULL);
        tell(b, "cable pulled", took);
        assert_true(b->faults.cut > 0);
        if (cuts[i].for_ms > 12000) { /* given up, found again, and gone on with */
            assert_in_range(b->streams, 1, 2);
            assert_int_equal(b->resumed, b->streams - 1);
            assert_int_equal(b->fell_back, 1);
            assert_int_equal(ararext_get_baud(b->session), 115200);
        } else {
            assert_int_equal(b->streams, b->resumed + 1);
        }
        for (unsigned k = 2; k < 6; k++) {
            assert_int_equal(b->erases[k], 1); /* never from the beginning */
        }
        bench_free(b);
    }
}

/* The adapter itself is pulled and put back: what was written stays written. */
static void test_stream_survives_a_pulled_adapter(void **state)
{
    static const struct {
        uint64_t from_ms, for_ms;
        bool packs;
    } cuts[] = {{700, 200, false}, {1500, 3000, false}, {900, 20000, true}, {2500, 28000, false}};
    (void)state;
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        struct bench *b = bench_create(460800, 1, 2);
        bench_make_image(b, 300 * KIB, cuts[i].packs);
        b->faults.gone_from_ns = b->now_ns + cuts[i].from_ms * MS;
        b->faults.gone_to_ns = b->faults.gone_from_ns + cuts[i].for_ms * MS;
        uint64_t took = bench_flash_ok(b, NULL);
        tell(b, "adapter pulled", took);
        assert_int_equal(b->faults.reopened, 1);
        assert_int_equal(b->told_of_port, 1);
        assert_int_equal(b->streams, 2);
        assert_int_equal(b->resumed, 1);
        assert_int_equal(ararext_get_baud(b->session), 460800); /* not the rate's fault */
        assert_true(took < cuts[i].for_ms + 25000);
        for (unsigned k = 2; k < 6; k++) {
            assert_int_equal(b->erases[k], 1);
        }
        bench_free(b);
    }
}

/* It does not come back, or another board does, or nobody wants to wait. */
static void test_stream_waits_for_an_adapter_no_longer(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        static const int codes[] = {ARAREXT_ERR_IO, ARAREXT_ERR_NO_PORT, ARAREXT_ERR_INTERRUPTED};
        static const char *const texts[] = {"the port failed or went away",
                                            "the port came back with another board",
                                            "stopped by a signal"};
        struct bench *b = bench_create(460800, 1, 2);
        struct ararext_message m;
        bench_make_image(b, 300 * KIB, false);
        b->faults.gone_from_ns = b->now_ns + 1500 * MS;
        b->faults.gone_to_ns = i == 1 ? b->faults.gone_from_ns + 2 * SECOND : UINT64_MAX;
        b->faults.other_board = i == 1;
        b->stop_ns = i == 2 ? b->faults.gone_from_ns + 3 * SECOND : 0;
        uint64_t start = b->now_ns;
        assert_int_equal(bench_flash(b, &PLAIN), codes[i]);
        assert_true((b->now_ns - start) / SECOND < (i == 2 ? 6 : 35));
        assert_true(b->result.touched && !b->result.bootable && !b->result.unknown);
        assert_int_equal(ararext_last_failure(b->session)->code, codes[i]);
        ararext_describe_failure(b->session, &m);
        assert_non_null(strstr(m.text, texts[i]));
        assert_int_equal(b->streams, 1);
        bench_free(b);
    }
}

/* Silence, and behind the same port another board: it does not get the rest. */
static void test_stream_board_swapped(void **state)
{
    (void)state;
    struct bench *b = bench_create(460800, 1, 2);
    bench_make_image(b, 300 * KIB, false);
    b->faults.cut_from_ns = b->now_ns + 1500 * MS;
    b->faults.cut_to_ns = b->faults.cut_from_ns + 14 * SECOND;
    b->faults.swapped = true;
    assert_int_equal(bench_flash(b, &PLAIN), ARAREXT_ERR_NO_PORT);
    assert_int_equal(b->told_of_board, 1);
    assert_int_equal(b->streams, 1);
    assert_false(b->result.bootable);
    bench_free(b);
}

/* A weak supply: the board resets at the same place each time. It is not erased for ever. */
static void test_stream_board_dies(void **state)
{
    (void)state;
    struct bench *b = bench_create(460800, 1, 2);
    bench_make_image(b, 60 * KIB, false);
    b->faults.dies_at = MAP_APP_BASE + 40 * KIB;
    assert_int_not_equal(bench_flash(b, &PLAIN), ARAREXT_OK);
    assert_in_range(b->faults.died, 2, 10);
    assert_in_range(b->erases[2], 2, 10);
    assert_false(b->result.bootable);
    bench_free(b);
}

/* A line that never lets a certain byte through (somebody's XOFF) answers for ever. */
static void test_stream_gives_up_where_nothing_moves(void **state)
{
    (void)state;
    struct bench *b = bench_create(115200, 1, 2);
    struct ararext_message m;
    bench_make_image(b, 60 * KIB, false);
    b->faults.eats = 0x13;
    memset(b->bytes + 20 * KIB, 0x13, 64);
    ararext_image_free(b->image);
    const struct ararext_segment file = {.len = b->len, .data = b->bytes};
    assert_int_equal(ararext_image_parse(&b->image, &file, "f.bin", NULL, NULL), ARAREXT_OK);
    uint64_t start = b->now_ns;
    assert_int_equal(bench_flash(b, &PLAIN), ARAREXT_ERR_GARBLED);
    tell(b, "a byte that is eaten", (b->now_ns - start) / MS);
    assert_in_range((b->now_ns - start) / SECOND, 60, 200);
    assert_true(b->faults.eaten > 0);
    assert_false(b->result.bootable);
    ararext_describe_failure(b->session, &m);
    assert_non_null(strstr(m.text, "it does not get on"));
    assert_non_null(strstr(ararext_failure_advice(b->session), "lower --baud"));
    b->faults.eats = 0;
    (void)bench_flash_ok(b, &PLAIN);
    bench_free(b);
}

/* Somebody thought for a while, and the board went back to 115200 meanwhile. */
static void test_stream_begins_after_a_pause(void **state)
{
    (void)state;
    struct bench *b = bench_create(921600, 1, 2);
    bench_make_image(b, 30 * KIB, false);
    assert_int_equal(ararext_flash_plan(b->session, &b->info, b->image, &PLAIN, &b->plan),
                     ARAREXT_OK);
    b->transport.sleep_ms(b, 8000);
    assert_int_equal(b->fell_back, 1);
    assert_int_equal(ararext_flash_run(b->session, b->image, &b->plan, &PLAIN, &b->result),
                     ARAREXT_OK);
    assert_memory_equal(b->model->flash + MAP_BOOT_SIZE, b->bytes, b->len);
    assert_int_equal(ararext_get_baud(b->session), 115200);
    assert_int_equal(b->told_of_board, 1);
    bench_free(b);
}

static void test_stream_ends_on_a_dead_line(void **state)
{
    (void)state;
    for (unsigned all_sent = 0; all_sent < 2; all_sent++) {
        struct bench *b = bench_create(115200, 1, 2);
        bench_make_image(b, all_sent ? 80 * KIB : 200 * KIB, false);
        uint64_t start = b->now_ns;
        b->faults.cut_from_ns = start + 2 * SECOND;
        b->faults.cut_to_ns = UINT64_MAX;
        assert_int_equal(bench_flash(b, &PLAIN), ARAREXT_ERR_TIMEOUT);
        assert_in_range((b->now_ns - start) / SECOND, 10, 60);
        assert_true(b->result.touched);
        assert_false(b->result.bootable);
        /* What had not been sent cannot be there; of the rest the board may have all. */
        assert_int_equal(b->result.unknown, all_sent);
        /* Whoever tries again later finds the board. */
        b->faults.cut_to_ns = b->now_ns;
        (void)bench_flash_ok(b, &PLAIN);
        bench_free(b);
    }
}

static void test_stream_lost_answers(void **state)
{
    (void)state;
    static const uint8_t commands[] = {ARAREXT_STREAM_BEGIN, ARAREXT_DIGESTS, ARAREXT_MEM_WRITE};
    static const struct ararext_flash_options read_back = {.no_compress = true,
                                                           .verify = ARAREXT_VERIFY_READ};
    for (size_t i = 0; i < sizeof commands; i++) {
        struct bench *b = bench_create(460800, 1, 2);
        bench_make_image(b, 30 * KIB, false);
        b->faults.drop_answers[commands[i]] = 2;
        /* The first word comes by a command of its own where all else is read back before. */
        (void)bench_flash_ok(b, commands[i] == ARAREXT_MEM_WRITE ? &read_back : &PLAIN);
        assert_int_equal(b->faults.dropped, 2);
        bench_free(b);
    }
}

/* ---- stopping, failing ---- */

static void test_stream_stops_when_asked(void **state)
{
    (void)state;
    for (uint64_t at_ms = 60; at_ms < 3000; at_ms += 433) {
        struct bench *b = bench_create(921600, 1, 2);
        bench_make_image(b, 200 * KIB, false);
        uint64_t start = b->now_ns;
        b->stop_ns = start + at_ms * MS;
        int rc = bench_flash(b, &PLAIN);
        if (rc != ARAREXT_OK) {
            assert_int_equal(rc, ARAREXT_ERR_INTERRUPTED);
            assert_in_range((b->now_ns - start) / MS, at_ms, at_ms + 1500); /* an erase */
            assert_false(b->result.bootable);
            assert_int_equal(load_le32(b->model->flash + MAP_BOOT_SIZE), 0xFFFFFFFF);
        }
        b->stop_ns = 0;
        /* The board goes on answering, and goes on where it was. */
        uint8_t version = 0;
        assert_int_equal(ararext_get_version(b->session, &version), ARAREXT_OK);
        (void)bench_flash_ok(b, &PLAIN);
        bench_free(b);
    }
}

static void test_stream_tells_why_flash_failed(void **state)
{
    (void)state;
    for (unsigned packed = 0; packed < 2; packed++) {
        struct bench *b = bench_create(115200, 1, 2);
        bench_make_image(b, 60 * KIB, packed == 1);
        b->faults.fail_at = MAP_APP_BASE + 40 * KIB;
        assert_int_equal(bench_flash(b, NULL), ARAREXT_ERR_REFUSED);
        assert_true(b->faults.failed > 0);
        const struct ararext_failure *f = ararext_last_failure(b->session);
        assert_true(f->has_reason);
        assert_int_equal(f->reason, REASON_VERIFY);
        assert_int_equal(f->detail, b->faults.fail_at);
        struct ararext_message m;
        ararext_describe_failure(b->session, &m);
        assert_non_null(strstr(m.text, "stream: the board gave up"));
        assert_non_null(strstr(m.text, "reason 25: flash at 0x08012000 reads back differently"));
        assert_true(ararext_failure_advice(b->session)[0] != '\0');
        assert_false(b->result.bootable);
        assert_true(b->result.touched);
        b->faults.fail_at = 0;
        (void)bench_flash_ok(b, NULL);
        bench_free(b);
    }
}

static void test_stream_is_refused(void **state)
{
    (void)state;
    struct bench *b = bench_create(115200, 1, 2);
    bench_make_image(b, 60 * KIB, false);
    b->model->optcr &= ~(1u << (16 + 4)); /* sector 4, and info knows nothing of it */
    assert_int_equal(bench_flash(b, NULL), ARAREXT_ERR_REFUSED);
    assert_int_equal(ararext_last_failure(b->session)->reason, REASON_WRITE_PROTECTED);
    assert_int_equal(ararext_last_failure(b->session)->detail, 4);
    assert_false(b->result.touched);
    bench_free(b);
}

/* ---- the rate ---- */

static uint32_t raised(uint32_t holds, uint32_t adapter, uint32_t limit)
{
    struct bench *b = bench_create(115200, 1, 2);
    b->faults.holds_baud = holds;
    b->faults.adapter_baud = adapter;
    assert_int_equal(ararext_raise_baud(b->session, limit), ARAREXT_OK);
    uint32_t rate = ararext_get_baud(b->session);
    assert_int_equal(b->host_baud, rate);
    assert_int_equal(b->baud.rate, rate);
    assert_true(holds == 0 || b->fell_back > 0);
    assert_true(adapter == 0 || b->faults.refused > 0);
    bench_make_image(b, 20 * KIB, false);
    (void)bench_flash_ok(b, NULL);
    ararext_restore_baud(b->session);
    assert_int_equal(b->host_baud, 115200);
    assert_int_equal(b->baud.rate, 115200);
    uint8_t version = 0;
    assert_int_equal(ararext_get_version(b->session, &version), ARAREXT_OK);
    bench_free(b);
    return rate;
}

static void test_rate_is_proven_first(void **state)
{
    (void)state;
    assert_int_equal(raised(0, 0, 0), 2000000);
    assert_int_equal(raised(0, 0, 921600), 921600);
    assert_int_equal(raised(0, 460800, 0), 460800);
    assert_int_equal(raised(500000, 0, 0), 460800);
    assert_int_equal(raised(930000, 1500000, 0), 921600);
    assert_int_equal(raised(115200, 0, 0), 115200);
}

/* A host was killed in its stream, at this rate: the next one ends that, and goes on. */
static void find_left_open(uint32_t rate)
{
    struct bench *b = bench_create(115200, 1, 2);
    const uint8_t begin[] = {0, 2, 0, 16, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0};
    struct ararext_raw raw = {
        .dialect = ARAREXT_NATIVE, .command = 0x6C, .payload = begin, .payload_len = sizeof begin};
    uint8_t version = 0;
    assert_int_equal(ararext_raise_baud(b->session, rate), ARAREXT_OK);
    assert_int_equal(b->baud.rate, rate);
    assert_int_equal(ararext_raw(b->session, &raw), ARAREXT_OK);
    assert_int_equal(b->streams, 1);
    ararext_close(b->session);
    assert_int_equal(b->transport.set_baud(b->transport.ctx, 115200), ARAREXT_OK);
    assert_int_equal(ararext_open(&b->session, &b->transport, NULL), ARAREXT_OK);
    uint64_t start = b->now_ns;
    assert_int_equal(ararext_hello(b->session, &version), ARAREXT_OK);
    assert_true(ararext_ended_stream(b->session));
    assert_in_range((b->now_ns - start) / MS, 1, 5000);
    assert_int_equal(b->baud.rate, 115200);
    assert_int_equal(ararext_hello(b->session, &version), ARAREXT_OK);
    assert_int_equal(ararext_get_info(b->session, &b->info), ARAREXT_OK);
    bench_make_image(b, 20 * KIB, false);
    (void)bench_flash_ok(b, NULL);
    bench_free(b);
}

static void test_stream_left_open(void **state)
{
    (void)state;
    static const uint32_t rates[] = {115200, 230400, 460800, 921600, 1000000, 2000000};
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        find_left_open(rates[i]);
    }
}

/* A second raise that does not hold, from a rate that does: both ends go back, and up again. */
static void test_rate_is_raised_twice(void **state)
{
    (void)state;
    struct bench *b = bench_create(115200, 1, 2);
    b->faults.holds_baud = 500000;
    assert_int_equal(ararext_raise_baud(b->session, 230400), ARAREXT_OK);
    assert_int_equal(b->baud.rate, 230400);
    assert_int_equal(ararext_raise_baud(b->session, 0), ARAREXT_OK);
    assert_true(b->fell_back > 0);
    assert_true(b->faults.garbled > 0);
    assert_int_equal(ararext_get_baud(b->session), 460800);
    assert_int_equal(b->host_baud, 460800);
    assert_int_equal(b->baud.rate, 460800);
    uint8_t version = 0;
    assert_int_equal(ararext_get_version(b->session, &version), ARAREXT_OK);
    bench_free(b);
}

/* A rate that held at first, and then not any more, in the middle of a stream. */
static void test_rate_that_stops_holding(void **state)
{
    (void)state;
    struct bench *b = bench_create(921600, 1, 2);
    bench_make_image(b, 100 * KIB, false);
    b->faults.holds_baud = 200000;
    uint64_t took = bench_flash_ok(b, &PLAIN);
    tell(b, "rate lost", took);
    assert_true(b->faults.garbled > 0);
    assert_int_equal(ararext_get_baud(b->session), 115200);
    bench_free(b);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream_keeps_to_the_limit),
        cmocka_unit_test(test_stream_goes_by_credit),
        cmocka_unit_test(test_stream_compresses_where_it_helps),
        cmocka_unit_test(test_stream_skips_what_is_there),
        cmocka_unit_test(test_stream_needs_a_board_that_can),
        cmocka_unit_test(test_stream_survives_a_pulled_cable),
        cmocka_unit_test(test_stream_survives_a_pulled_adapter),
        cmocka_unit_test(test_stream_waits_for_an_adapter_no_longer),
        cmocka_unit_test(test_stream_board_swapped),
        cmocka_unit_test(test_stream_board_dies),
        cmocka_unit_test(test_stream_gives_up_where_nothing_moves),
        cmocka_unit_test(test_stream_begins_after_a_pause),
        cmocka_unit_test(test_stream_ends_on_a_dead_line),
        cmocka_unit_test(test_stream_lost_answers),
        cmocka_unit_test(test_stream_stops_when_asked),
        cmocka_unit_test(test_stream_tells_why_flash_failed),
        cmocka_unit_test(test_stream_is_refused),
        cmocka_unit_test(test_rate_is_proven_first),
        cmocka_unit_test(test_stream_left_open),
        cmocka_unit_test(test_rate_is_raised_twice),
        cmocka_unit_test(test_rate_that_stops_holding),
    };
    seeded_start(argc, argv);
    (void)alarm(WALL_LIMIT_S);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
