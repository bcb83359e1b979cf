/* SPDX-License-Identifier: MIT */
/* The bench of the tests of streaming, the host's side: the line, and what the tests call. */
#include "stream_bench_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bytes.h"
#include "geometry.h"
#include "memory_map.h"
#include "seeded.h"

#define DRIVER_MAX 4096u /* bytes that a write takes without waiting */

/* ---- the line ---- */

static bool happens(uint32_t ppm)
{
    return ppm != 0 && seeded_below(1000000u) < ppm;
}

void bench_wire_put(struct bench *b, struct bench_wire *w, uint8_t byte, uint32_t baud)
{
    uint64_t byte_ns = 10u * SECOND / baud * 1000000u / (1000000u + b->faults.fast_ppm);
    w->free_ns = (w->free_ns > b->now_ns ? w->free_ns : b->now_ns) + byte_ns;
    if (w->free_ns >= b->faults.cut_from_ns && w->free_ns < b->faults.cut_to_ns) {
        b->faults.cut++;
        return;
    }
    if (b->faults.eats != 0 && byte == b->faults.eats && w == &b->down &&
        b->stream.state == STREAM_OPEN) {
        b->faults.eaten++;
        return;
    }
    if (happens(b->faults.lose_ppm)) {
        b->faults.lost++;
        return;
    }
    if (happens(b->faults.alter_ppm)) {
        byte ^= (uint8_t)(1u + seeded_below(255));
        b->faults.altered++;
    }
    assert_true(w->in - w->out < BENCH_WIRE);
    w->bytes[w->in % BENCH_WIRE].byte = byte;
    w->bytes[w->in % BENCH_WIRE].baud = baud;
    w->bytes[w->in % BENCH_WIRE].at_ns = w->free_ns + b->latency_ns;
    w->in++;
}

/* *good is false for a byte that was sent at another rate than it is listened for with. */
bool bench_wire_get(struct bench *b, struct bench_wire *w, uint32_t baud, uint8_t *byte, bool *good)
{
    if (w->in == w->out || w->bytes[w->out % BENCH_WIRE].at_ns > b->now_ns) {
        return false;
    }
    uint32_t sent = w->bytes[w->out % BENCH_WIRE].baud;
    *byte = w->bytes[w->out++ % BENCH_WIRE].byte;
    *good = sent == baud && (b->faults.holds_baud == 0 || sent <= b->faults.holds_baud);
    if (!*good) {
        b->faults.garbled++;
        *byte = (uint8_t)seeded_next();
    }
    return true;
}

/* ---- the transport ---- */

/* Whoever had the port open when it went away has to open it again. */
static bool is_gone(struct bench *b)
{
    bool there = b->now_ns < b->faults.gone_from_ns || b->now_ns >= b->faults.gone_to_ns;
    b->port_lost = b->port_lost || !there;
    return b->port_lost;
}

static int line_reopen(void *ctx)
{
    struct bench *b = ctx;
    if (b->now_ns < b->faults.gone_to_ns) {
        return ARAREXT_ERR_IO;
    }
    b->port_lost = false;
    b->faults.reopened++;
    b->host_baud = BAUD_BASE;
    if (b->faults.other_board) {
        b->model->system[MAP_UID_BASE - MAP_SYSTEM_BASE] ^= 1;
    }
    return ARAREXT_OK;
}

static int line_write(void *ctx, const uint8_t *data, size_t len, unsigned timeout_ms)
{
    struct bench *b = ctx;
    uint64_t end = b->now_ns + (uint64_t)timeout_ms * MS;
    if (is_gone(b)) {
        return ARAREXT_ERR_IO;
    }
    for (size_t i = 0; i < len; i++) {
        bench_wire_put(b, &b->down, data[i], b->host_baud);
        while (b->down.free_ns > b->now_ns + DRIVER_MAX * 10ull * SECOND / b->host_baud) {
            bench_pass(b, STEP_NS);
            assert_true(b->now_ns < end);
        }
    }
    return ARAREXT_OK;
}

/* A busy machine lets the host's program wait. */
static void take_nap(struct bench *b)
{
    if (b->faults.nap_ns != 0 && b->now_ns >= b->next_nap_ns) {
        bench_pass(b, b->faults.nap_ns);
        b->next_nap_ns = b->now_ns + b->faults.nap_every_ns;
        b->faults.napped++;
    }
}

static int line_read(void *ctx, uint8_t *data, size_t size, unsigned timeout_ms, size_t *got)
{
    struct bench *b = ctx;
    uint64_t end = b->now_ns + (uint64_t)timeout_ms * MS;
    bool good;
    *got = 0;
    take_nap(b);
    for (;;) {
        if (is_gone(b)) {
            return ARAREXT_ERR_IO;
        }
        while (*got < size && bench_wire_get(b, &b->up, b->host_baud, data + *got, &good)) {
            (*got)++;
        }
        if (*got > 0 || b->now_ns >= end) {
            return ARAREXT_OK;
        }
        bench_pass(b, STEP_NS);
    }
}

static int line_flush(void *ctx)
{
    struct bench *b = ctx;
    uint8_t waste;
    bool good;
    while (bench_wire_get(b, &b->up, b->host_baud, &waste, &good)) {
    }
    return ARAREXT_OK;
}

static int line_set_baud(void *ctx, uint32_t baud)
{
    struct bench *b = ctx;
    if (is_gone(b)) {
        return ARAREXT_ERR_IO;
    }
    if (b->faults.adapter_baud != 0 && baud > b->faults.adapter_baud) {
        b->faults.refused++;
        return ARAREXT_ERR_ARGUMENT;
    }
    b->host_baud = baud;
    return ARAREXT_OK;
}

static int line_drain(void *ctx)
{
    struct bench *b = ctx;
    while (b->down.free_ns > b->now_ns) {
        bench_pass(b, STEP_NS);
    }
    return ARAREXT_OK;
}

static uint64_t line_now(void *ctx)
{
    return ((struct bench *)ctx)->now_ns / MS;
}

static void line_sleep(void *ctx, unsigned ms)
{
    bench_pass(ctx, (uint64_t)ms * MS);
}

static void line_close(void *ctx)
{
    (void)ctx;
}

static void lost(void *ctx, bool port, unsigned limit_ms)
{
    struct bench *b = ctx;
    assert_in_range(limit_ms, 10000, 60000);
    b->told_of_port += port;
    b->told_of_board += !port;
    if (b->faults.swapped && !port) {
        b->model->system[MAP_UID_BASE - MAP_SYSTEM_BASE] ^= 1;
    }
}

static bool stop(void *ctx)
{
    const struct bench *b = ctx;
    return b->stop_ns != 0 && b->now_ns >= b->stop_ns;
}

/* ---- for the tests ---- */

struct bench *bench_create(uint32_t baud, unsigned latency_ms, unsigned retries)
{
    struct bench *b = calloc(1, sizeof *b);
    struct ararext_options options;
    assert_non_null(b);
    b->model = model_create(1024);
    store_le16(b->model->system + MAP_FLASH_KIB_ADDR - MAP_SYSTEM_BASE, 1024);
    seeded_fill(b->model->flash + MAP_BOOT_SIZE, 448u * 1024u);
    b->latency_ns = (uint64_t)latency_ms * MS;
    b->host_baud = BAUD_BASE;
    bench_board_init(b);
    b->transport = (struct ararext_transport){.ctx = b,
                                              .write = line_write,
                                              .read = line_read,
                                              .set_baud = line_set_baud,
                                              .flush_input = line_flush,
                                              .drain = line_drain,
                                              .now_ms = line_now,
                                              .sleep_ms = line_sleep,
                                              .close = line_close,
                                              .reopen = line_reopen};
    ararext_default_options(&options);
    options.stop = stop;
    options.lost = lost;
    options.ctx = b;
    options.retries = retries;
    assert_int_equal(ararext_open(&b->session, &b->transport, &options), ARAREXT_OK);
    assert_int_equal(ararext_get_info(b->session, &b->info), ARAREXT_OK);
    if (baud != BAUD_BASE) {
        assert_int_equal(ararext_raise_baud(b->session, baud), ARAREXT_OK);
        assert_int_equal(ararext_get_baud(b->session), baud);
        assert_int_equal(b->baud.rate, baud);
    }
    return b;
}

void bench_free(struct bench *b)
{
    ararext_image_free(b->image);
    ararext_close(b->session);
    free(b->model);
    free(b);
}

void bench_make_image(struct bench *b, uint32_t len, bool packs)
{
    const struct ararext_segment file = {.addr = 0, .len = len, .data = b->bytes};
    assert_true(len <= BENCH_IMAGE_MAX);
    for (uint32_t i = 0; i < len; i++) {
        b->bytes[i] =
            packs && i >= 64 && seeded_below(5) != 0 ? b->bytes[i - 60] : (uint8_t)seeded_next();
    }
    memset(b->bytes, 0, 16 * 4); /* no handlers but one */
    store_le32(b->bytes, 0x20020000);
    store_le32(b->bytes + 4, MAP_APP_BASE + 0x101);
    b->len = len;
    ararext_image_free(b->image);
    assert_int_equal(ararext_image_parse(&b->image, &file, "f.bin", NULL, NULL), ARAREXT_OK);
    assert_int_equal(ararext_image_check(b->image, &b->info, false, NULL), ARAREXT_OK);
}

void bench_preload(struct bench *b)
{
    unsigned last = geometry_sector_at(MAP_APP_BASE + b->len - 1);
    uint32_t end = geometry_sector_addr(last) + geometry_sector_size(last) - MAP_APP_BASE;
    memset(b->model->flash + MAP_BOOT_SIZE, 0xFF, end);
    memcpy(b->model->flash + MAP_BOOT_SIZE, b->bytes, b->len);
}

int bench_flash(struct bench *b, const struct ararext_flash_options *options)
{
    b->result = (struct ararext_flash_result){0};
    int rc = ararext_flash_plan(b->session, &b->info, b->image, options, &b->plan);
    return rc == ARAREXT_OK ? ararext_flash_run(b->session, b->image, &b->plan, options, &b->result)
                            : rc;
}

uint64_t bench_flash_ok(struct bench *b, const struct ararext_flash_options *options)
{
    uint64_t start = b->now_ns;
    int rc = bench_flash(b, options);
    if (rc != ARAREXT_OK) {
        struct ararext_message m;
        ararext_describe_failure(b->session, &m);
        fail_msg("%d: %s", rc, m.text);
    }
    assert_memory_equal(b->model->flash + MAP_BOOT_SIZE, b->bytes, b->len);
    assert_int_equal(b->result.phase, ARAREXT_PHASE_DONE);
    assert_true(b->result.bootable);
    return (b->now_ns - start) / MS;
}

uint64_t bench_limit_ms(const struct bench *b)
{
    uint64_t flash = b->len / 4u * WORD_NS;
    uint64_t line = b->len * 10ull * SECOND / ararext_get_baud(b->session);
    unsigned last = geometry_sector_at(MAP_APP_BASE + b->len - 1);
    for (unsigned i = MAP_BOOT_SECTORS; i <= last; i++) {
        flash += bench_erase_ns(i);
    }
    return (flash > line ? flash : line) / MS;
}
