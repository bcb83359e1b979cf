/* SPDX-License-Identifier: MIT */
/* See station.h. */
#include "station.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { USART_COMMANDS = 2, WORD_US = 16, RETRIES = 10, BOOT_MS = 200, BITS_A_BYTE = 10 };

static void check(const struct ararext_session *s, const char *what, int error)
{
    if (error != ARAREXT_OK) {
        struct ararext_message why = {""};
        ararext_describe_failure(s, &why);
        bench_fail(what, why.text[0] != '\0' ? why.text : ararext_error_entry(error)->sentence);
    }
}

static double seconds(const struct station *st)
{
    return (double)twin_now_ns(st->twin) / 1e9;
}

static struct ararext_session *open_session(const struct ararext_transport *transport,
                                            uint32_t baud, bool no_extensions)
{
    struct ararext_session *s = NULL;
    struct ararext_options options;
    ararext_default_options(&options);
    options.retries = RETRIES;
    options.baud = baud;
    options.no_extensions = no_extensions;
    check(s, "session", ararext_open(&s, transport, &options));
    return s;
}

static void raise_rate(struct station *st, uint32_t baud)
{
    if (baud != STATION_CONNECT_BAUD) {
        check(st->session, "rate", ararext_raise_baud(st->session, baud));
    }
    if (ararext_get_baud(st->session) != baud) {
        bench_fail("rate", "was not taken");
    }
}

static void close_nothing(void *ctx)
{
    (void)ctx;
}

/* From here on a host that knows the twelve commands alone. They have no word for another rate. */
static void go_on_with_twelve(struct station *st)
{
    struct ararext_transport same = st->transport;
    same.close = close_nothing; /* it is the other session's */
    st->raiser = st->session;
    st->session = open_session(&same, ararext_get_baud(st->raiser), true);
    check(st->session, "info", ararext_get_info(st->session, &st->info));
}

struct station *station_make(const struct station_setup *setup)
{
    struct station *st = calloc(1, sizeof *st);
    if (st == NULL) {
        bench_fail("memory", "none left");
        return NULL;
    }
    st->twin = bench_make_board(NULL);
    st->wire = (struct twin_wire){.latency_ns = MS(setup->latency_ms), .random = 1};
    if (setup->held != NULL &&
        twin_load(st->twin, APP_BASE, setup->held, setup->held_len) != TWIN_OK) {
        bench_fail("held", twin_error_text(st->twin));
    }
    if (setup->prepare != NULL) {
        setup->prepare(st->twin);
    }
    twin_pin_drive(st->twin, 'A', 0, true);
    twin_power_on(st->twin);
    (void)twin_run_ns(st->twin, MS(BOOT_MS));
    twin_transport_over(&st->transport, st->twin, USART_COMMANDS, &st->wire);
    double start = seconds(st);
    st->session = open_session(&st->transport, STATION_CONNECT_BAUD, false);
    check(st->session, "info", ararext_get_info(st->session, &st->info));
    if ((st->info.features & ARAREXT_FEATURE_STREAM) == 0) {
        bench_fail("stream", "this bootloader cannot stream");
    }
    raise_rate(st, setup->baud);
    st->connect_s = seconds(st) - start;
    if (setup->twelve) {
        go_on_with_twelve(st);
    }
    return st;
}

void station_free(struct station *st)
{
    ararext_close(st->session);
    ararext_close(st->raiser);
    twin_destroy(st->twin);
    free(st);
}

static struct ararext_image *parse(const uint8_t *bytes, uint32_t len)
{
    const struct ararext_segment file = {APP_BASE, len, bytes};
    const struct ararext_load load = {.format = ARAREXT_FORMAT_BIN, .bin_addr = APP_BASE};
    struct ararext_image *image = NULL;
    struct ararext_message why = {""};
    if (ararext_image_parse(&image, &file, "bench.bin", &load, &why) != ARAREXT_OK) {
        bench_fail("image", why.text);
    }
    return image;
}

double station_flash(struct station *st, const uint8_t *bytes, uint32_t len,
                     const struct ararext_flash_options *how, struct ararext_flash_result *result)
{
    static uint8_t held[STATION_APP_MAX];
    struct ararext_plan plan;
    struct ararext_image *image = parse(bytes, len);
    double start = seconds(st);
    *result = (struct ararext_flash_result){0};
    check(st->session, "plan", ararext_flash_plan(st->session, &st->info, image, how, &plan));
    check(st->session, "flash", ararext_flash_run(st->session, image, &plan, how, result));
    double took = seconds(st) - start;
    if (result->phase != ARAREXT_PHASE_DONE) {
        bench_fail("flash", "did not come to its end");
    }
    if (plan.stream != (st->raiser == NULL) ||
        (result->touched && (result->stream_bytes != 0) != plan.stream)) {
        bench_fail("flash", "was not done in the way that is measured");
    }
    /* The first word is FF in the stream and written by itself: counted twice. */
    if (result->touched && result->bytes_verified + 4 < result->bytes_written) {
        bench_fail("flash", "was not verified as a whole");
    }
    if (len > sizeof held || twin_peek(st->twin, APP_BASE, held, len) != TWIN_OK ||
        memcmp(held, bytes, len) != 0) {
        bench_fail("flash", "does not hold the image");
    }
    ararext_image_free(image);
    return took;
}

static void note_start(void *ctx, uint32_t addr)
{
    bool *started = ctx;
    (void)addr;
    *started = true;
}

double station_update(struct station *st, const uint8_t *package, size_t len)
{
    struct ararext_package parsed;
    struct ararext_package_findings findings;
    struct ararext_board board;
    struct ararext_update_result result;
    struct ararext_message why = {""};
    bool started = false;
    if (ararext_package_parse(&parsed, package, len, &why) != ARAREXT_OK ||
        ararext_package_check(&parsed, NULL, &findings, &why) != ARAREXT_OK) {
        bench_fail("package", why.text);
    }
    twin_pin_drive(st->twin, 'A', 0, false); /* the button is let go: the update starts it */
    twin_on_execute(st->twin, APP_BASE + APP_ENTRY, note_start, &started);
    double start = seconds(st);
    check(st->session, "board", ararext_board_read(st->session, &board));
    if (ararext_package_fits(&parsed, &findings, &board, &why) != ARAREXT_OK) {
        bench_fail("package", why.text);
    }
    check(st->session, "update", ararext_update(st->session, &parsed, &board, NULL, &result));
    double took = seconds(st) - start;
    if (!result.staged || !result.installed || !result.started || !started) {
        bench_fail("update", "the application does not run");
    }
    return took;
}

double station_line_s(uint32_t len, uint32_t baud)
{
    return (double)len * BITS_A_BYTE / baud;
}

double station_cells_s(uint32_t len)
{
    /* Sectors 2 to 7, where they end behind APP_BASE. */
    static const struct {
        uint32_t end_kib;
        double erase_s;
    } sectors[] = {{16, 0.25}, {32, 0.25}, {96, 0.55}, {224, 1.0}, {352, 1.0}, {480, 1.0}};
    uint32_t words = (len + 3) / 4;
    double sum = (double)words * WORD_US / 1e6;
    for (size_t i = 0; i < sizeof sectors / sizeof sectors[0]; i++) {
        uint32_t from = i == 0 ? 0 : sectors[i - 1].end_kib * STATION_KIB;
        sum += len > from ? sectors[i].erase_s : 0.0;
    }
    return sum;
}

double station_limit_s(uint32_t len, uint32_t baud)
{
    double line = station_line_s(len, baud), cells = station_cells_s(len);
    return line > cells ? line : cells;
}
