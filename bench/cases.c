/* SPDX-License-Identifier: MIT */
/* See cases.h. */
#include "cases.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench_board.h"
#include "station.h"
#include "stm32flash.h"

enum { CASES_MAX = 96, LOSE_PPM = 5000, ALTER_PPM = 5000, MS_PER_S = 1000 };

const uint32_t case_rates[CASE_RATES] = {115200, 460800, 921600, 2000000};
const unsigned case_latencies_ms[CASE_LATENCIES] = {0, 1, 16};

/* Of different kind: an interpreter with a large C library, cryptography, a small one. */
static const char *const app_names[CASE_APPS] = {"lua-demo", "selftest", "ota-demo-1"};
static const char *const kind_names[CASE_KINDS] = {
    [CASE_STREAM] = "stream",
    [CASE_COMMANDS] = "commands",
    [CASE_ROM] = "rom",
    [CASE_PACKED] = "packed",
    [CASE_PLAIN] = "plain",
    [CASE_UNCHANGED] = "unchanged",
    [CASE_CHANGED_FIRST] = "changed_first",
    [CASE_CHANGED_SECOND] = "changed_second",
    [CASE_LOSSY] = "lossy",
};

static const struct ararext_flash_options plain = {.no_compress = true};
static const struct ararext_flash_options packed = {0};
static const struct ararext_flash_options twelve = {.verify = ARAREXT_VERIFY_READ};

/* ---- contents ---- */

/* Noise, the same every time, with vectors: nothing that could be compressed, or left out because
 * it reads as erased. */
static const uint8_t *make_noise(void)
{
    static uint8_t bytes[CASE_SIZE];
    uint32_t x = 7;
    for (uint32_t i = 0; i < CASE_SIZE; i++) {
        x = x * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(x >> 24);
    }
    bench_make_startable(bytes);
    return bytes;
}

/* The noise with every byte of a sector another one. */
static const uint8_t *make_changed(uint32_t sector)
{
    static uint8_t bytes[CASE_SIZE];
    memcpy(bytes, make_noise(), sizeof bytes);
    for (uint32_t i = 0; i < CASE_SECTOR; i++) {
        bytes[sector * CASE_SECTOR + i] ^= 0x5A;
    }
    if (sector == 0) {
        bench_make_startable(bytes);
    }
    return bytes;
}

static const uint8_t *read_app(unsigned app, uint32_t *len)
{
    static uint8_t bytes[STATION_APP_MAX];
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s.bin", ARAREXT_APPS, app_names[app]);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        bench_fail(path, "cannot be read");
        return NULL;
    }
    *len = (uint32_t)fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    return bytes;
}

/* ---- measuring ---- */

static void note_result(struct bench_case *c, const struct station *st,
                        const struct ararext_flash_result *r)
{
    c->connect_s = st->connect_s;
    c->sent = r->stream_bytes;
    c->resent = r->resent_bytes;
    c->lost = st->wire.lost;
    c->altered = st->wire.altered;
}

static void measure_noise(struct bench_case *c)
{
    const struct station_setup setup = {
        .baud = c->baud, .latency_ms = c->latency_ms, .twelve = c->kind == CASE_COMMANDS};
    struct ararext_flash_result r;
    struct station *st = station_make(&setup);
    if (c->kind == CASE_LOSSY) {
        st->wire.lose_ppm = LOSE_PPM;
        st->wire.alter_ppm = ALTER_PPM;
    }
    c->took_s = station_flash(st, make_noise(), CASE_SIZE, setup.twelve ? &twelve : &plain, &r);
    note_result(c, st, &r);
    station_free(st);
    if (c->kind == CASE_LOSSY && (c->lost == 0 || c->altered == 0)) {
        bench_fail("lossy", "nothing was lost or altered");
    }
    if (r.bytes_written < CASE_SIZE) {
        bench_fail("flash", "not all of it was written");
    }
}

/* The board holds most of it, or all. */
static void measure_again(struct bench_case *c)
{
    const uint8_t *next = c->kind == CASE_UNCHANGED       ? make_noise()
                          : c->kind == CASE_CHANGED_FIRST ? make_changed(0)
                                                          : make_changed(1);
    const struct station_setup setup = {
        .baud = c->baud, .latency_ms = c->latency_ms, .held = make_noise(), .held_len = CASE_SIZE};
    struct ararext_flash_result r;
    struct station *st = station_make(&setup);
    c->took_s = station_flash(st, next, CASE_SIZE, &plain, &r);
    note_result(c, st, &r);
    station_free(st);
    if (r.touched != (c->kind != CASE_UNCHANGED)) {
        bench_fail("again", r.touched ? "something was written" : "nothing was written");
    }
}

static void measure_app(struct bench_case *c)
{
    const struct station_setup setup = {.baud = c->baud, .latency_ms = c->latency_ms};
    struct ararext_flash_result r;
    const uint8_t *bytes = read_app(c->app, &c->len);
    struct station *st = station_make(&setup);
    c->took_s = station_flash(st, bytes, c->len, c->kind == CASE_PACKED ? &packed : &plain, &r);
    c->limit_s = station_line_s(c->len, c->baud);
    note_result(c, st, &r);
    station_free(st);
}

/* By Debian's stm32flash, over the bootloader's own reading of ST's protocol. */
static void measure_rom(struct bench_case *c)
{
    struct bench_stm32flash r;
    bench_run_stm32flash(make_noise(), CASE_SIZE, c->latency_ms, &r);
    c->connect_s = r.connect_s;
    c->took_s = r.took_s;
    c->sent = CASE_SIZE;
}

static void (*const measures[CASE_KINDS])(struct bench_case *) = {
    [CASE_STREAM] = measure_noise,
    [CASE_COMMANDS] = measure_noise,
    [CASE_ROM] = measure_rom,
    [CASE_PACKED] = measure_app,
    [CASE_PLAIN] = measure_app,
    [CASE_UNCHANGED] = measure_again,
    [CASE_CHANGED_FIRST] = measure_again,
    [CASE_CHANGED_SECOND] = measure_again,
    [CASE_LOSSY] = measure_noise,
};

static const char *what(const struct bench_case *c)
{
    return c->kind == CASE_PACKED || c->kind == CASE_PLAIN ? app_names[c->app] : "noise";
}

const struct bench_case *case_get(enum case_kind kind, unsigned app, uint32_t baud,
                                  unsigned latency_ms)
{
    static struct bench_case cases[CASES_MAX];
    struct bench_case *c = cases;
    for (; c->measured; c++) {
        if (c->kind == kind && c->app == app && c->baud == baud && c->latency_ms == latency_ms) {
            return c;
        }
    }
    if (c == &cases[CASES_MAX - 1]) {
        bench_fail("cases", "too many");
    }
    *c = (struct bench_case){.kind = kind,
                             .app = app,
                             .baud = baud,
                             .latency_ms = latency_ms,
                             .len = CASE_SIZE,
                             .limit_s = station_limit_s(CASE_SIZE, baud)};
    measures[kind](c);
    c->measured = true;
    (void)fprintf(stderr, "%s, %s, %u baud, %u ms each way: %.3f s, %.4f of the limit\n",
                  kind_names[kind], what(c), (unsigned)baud, latency_ms, c->took_s,
                  c->took_s / c->limit_s);
    return c;
}

/* ---- for the documents ---- */

static void write_case(FILE *out, const struct bench_case *c)
{
    (void)fprintf(out, "%s %s %u %u %u %.6f %.6f %.6f %u %u %u %u\n", kind_names[c->kind], what(c),
                  (unsigned)c->baud, c->latency_ms, (unsigned)c->len, c->connect_s, c->took_s,
                  c->limit_s, (unsigned)c->sent, (unsigned)c->resent, c->lost, c->altered);
}

void cases_write(const char *path)
{
    static const enum case_kind methods[] = {CASE_STREAM, CASE_COMMANDS, CASE_ROM};
    static const enum case_kind singles[] = {CASE_UNCHANGED, CASE_CHANGED_FIRST,
                                             CASE_CHANGED_SECOND, CASE_LOSSY};
    FILE *out = fopen(path, "w");
    if (out == NULL) {
        bench_fail(path, "cannot be written");
        return;
    }
    (void)fputs("kind what baud latency_ms len connect_s took_s limit_s sent resent lost "
                "altered\n",
                out);
    for (unsigned i = 0; i < CASE_RATES; i++) {
        uint32_t baud = case_rates[i];
        for (unsigned k = 0; k < CASE_LATENCIES; k++) {
            for (unsigned m = 0; m < sizeof methods / sizeof methods[0]; m++) {
                if (methods[m] != CASE_ROM || baud == STATION_CONNECT_BAUD) { /* no other rate */
                    write_case(out, case_get(methods[m], 0, baud, case_latencies_ms[k]));
                }
            }
        }
        for (unsigned app = 0; app < CASE_APPS; app++) {
            write_case(out, case_get(CASE_PACKED, app, baud, 0));
            write_case(out, case_get(CASE_PLAIN, app, baud, 0));
        }
    }
    for (unsigned i = 0; i < sizeof singles / sizeof singles[0]; i++) {
        write_case(out, case_get(singles[i], 0, STATION_CONNECT_BAUD, 0));
    }
    if (fclose(out) != 0) {
        bench_fail(path, "cannot be written");
    }
}
