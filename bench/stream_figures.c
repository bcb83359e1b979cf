/*
 * The figures of streaming: how long the host library and the bootloader's binary take over a line
 * with latency or losses, against the larger of what the line and what flash needs. All but those
 * of the gang in virtual time.
 *
 * The time counts from the first request of the flash operation (DIGESTS) to its verdict; the
 * session is there before, at its rate. Limit: the larger of 10 bits a byte and the data sheet's
 * typical times for the needed sectors and words (DS8626, tables 40 and 41).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ararext.h"
#include "bench.h"
#include "twin_transport.h"

enum {
    KIB = 1024,
    USART_COMMANDS = 2,
    SIZE = 200 * KIB,
    SIZE_MAX_APP = 480 * KIB,
    WORD_US = 16,
    LOSSY_RETRIES = 10,
};

/* ---- one board, one line ---- */

struct station {
    struct twin *twin;
    struct twin_wire wire;
    struct ararext_session *session;
    struct ararext_info info;
    struct ararext_image *image;
    uint32_t len;
};

static void check(const struct station *st, const char *what, int error)
{
    if (error != ARAREXT_OK) {
        struct ararext_message why = {""};
        ararext_describe_failure(st->session, &why);
        bench_fail(what, why.text[0] != '\0' ? why.text : ararext_error_entry(error)->sentence);
    }
}

/* A board that stays in the bootloader, and a session at this rate. */
static struct station *station_make(uint32_t baud, unsigned latency_ms)
{
    struct station *st = calloc(1, sizeof *st);
    struct ararext_transport transport;
    struct ararext_options options;
    if (st == NULL) {
        bench_fail("memory", "none left");
    }
    st->twin = bench_make_board(NULL);
    st->wire = (struct twin_wire){.latency_ns = MS(latency_ms), .random = 1};
    twin_pin_drive(st->twin, 'A', 0, true);
    twin_power_on(st->twin);
    (void)twin_run_ns(st->twin, MS(200));
    twin_transport_over(&transport, st->twin, USART_COMMANDS, &st->wire);
    ararext_default_options(&options);
    options.retries = LOSSY_RETRIES;
    check(st, "session", ararext_open(&st->session, &transport, &options));
    check(st, "info", ararext_get_info(st->session, &st->info));
    if ((st->info.features & ARAREXT_FEATURE_STREAM) == 0) {
        bench_fail("stream", "this bootloader cannot stream");
    }
    if (baud > ararext_get_baud(st->session)) {
        check(st, "rate", ararext_raise_baud(st->session, baud));
    }
    if (ararext_get_baud(st->session) != baud) {
        bench_fail("rate", "was not taken");
    }
    return st;
}

static void station_free(struct station *st)
{
    ararext_image_free(st->image);
    ararext_close(st->session);
    twin_destroy(st->twin);
    free(st);
}

static void station_take(struct station *st, const uint8_t *bytes, uint32_t len)
{
    const struct ararext_segment file = {APP_BASE, len, bytes};
    const struct ararext_load load = {ARAREXT_FORMAT_BIN, APP_BASE};
    struct ararext_message why = {""};
    ararext_image_free(st->image);
    st->image = NULL;
    st->len = len;
    if (ararext_image_parse(&st->image, &file, "bench.bin", &load, &why) != ARAREXT_OK) {
        bench_fail("image", why.text);
    }
}

/* Noise, the same every time, with vectors. */
static void make_noise(uint8_t *bytes, uint32_t len)
{
    uint32_t x = 7;
    for (uint32_t i = 0; i < len; i++) {
        x = x * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(x >> 24);
    }
    bench_make_startable(bytes);
}

static void station_take_noise(struct station *st)
{
    static uint8_t bytes[SIZE];
    make_noise(bytes, SIZE);
    station_take(st, bytes, SIZE);
}

/* Seconds of one flash operation. */
static double flash(struct station *st, const struct ararext_flash_options *how)
{
    struct ararext_plan plan;
    struct ararext_flash_result result = {0};
    uint64_t start = twin_now_ns(st->twin);
    check(st, "plan", ararext_flash_plan(st->session, &st->info, st->image, how, &plan));
    check(st, "flash", ararext_flash_run(st->session, st->image, &plan, how, &result));
    double took = (double)(twin_now_ns(st->twin) - start) / 1e9;
    if (result.phase != ARAREXT_PHASE_DONE ||
        (result.touched && result.stream_bytes == 0 && how != NULL && !how->no_stream)) {
        bench_fail("flash", "was not done by a stream");
    }
    static uint8_t held[SIZE_MAX_APP], want[SIZE_MAX_APP];
    ararext_image_get(st->image, APP_BASE, want, st->len);
    if (twin_peek(st->twin, APP_BASE, held, st->len) != TWIN_OK ||
        memcmp(held, want, st->len) != 0) {
        bench_fail("flash", "does not hold the image");
    }
    return took;
}

static double line_s(uint32_t len, uint32_t baud)
{
    return (double)len * 10.0 / baud;
}

static double flash_s(uint32_t len)
{
    static const struct {
        uint32_t end_kib;
        double erase_s;
    } sectors[] = {{16, 0.25}, {32, 0.25}, {96, 0.55},
                   {224, 1.0}, {352, 1.0}, {480, 1.0}}; /* behind APP_BASE */
    double sum = (double)len / 4 * WORD_US / 1e6;
    for (size_t i = 0; i < sizeof sectors / sizeof sectors[0]; i++) {
        uint32_t from = i == 0 ? 0 : sectors[i - 1].end_kib * KIB;
        sum += len > from ? sectors[i].erase_s : 0.0;
    }
    return sum;
}

static double limit_s(uint32_t len, uint32_t baud)
{
    double line = line_s(len, baud), cells = flash_s(len);
    return line > cells ? line : cells;
}

/* ---- the figures ---- */

static const struct ararext_flash_options PLAIN = {.no_compress = true};

static double over_limit(uint32_t baud, unsigned latency_ms)
{
    struct station *st = station_make(baud, latency_ms);
    station_take_noise(st);
    double over = flash(st, &PLAIN) / limit_s(SIZE, baud);
    station_free(st);
    return over;
}

double bench_stream_over_limit_115200_16ms(void)
{
    return over_limit(115200, 16);
}

double bench_stream_over_limit_921600_16ms(void)
{
    return over_limit(921600, 16);
}

double bench_stream_over_limit_worst(void)
{
    static const uint32_t rates[] = {115200, 460800, 921600, 2000000};
    static const unsigned latencies[] = {0, 1, 16};
    double worst = 0.0;
    for (size_t i = 0; i < sizeof rates / sizeof rates[0]; i++) {
        for (size_t k = 0; k < sizeof latencies / sizeof latencies[0]; k++) {
            double over = over_limit(rates[i], latencies[k]);
            (void)fprintf(stderr, "%7u baud, %2u ms each way: %.4f\n", (unsigned)rates[i],
                          latencies[k], over);
            worst = over > worst ? over : worst;
        }
    }
    return worst;
}

/* Time of a real application, compressed, over what the line needs for it as it is. */
static double compressed_share(const char *path)
{
    static uint8_t bytes[SIZE_MAX_APP];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        bench_fail(path, "cannot be read");
    }
    uint32_t len = (uint32_t)fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    struct station *st = station_make(115200, 0);
    station_take(st, bytes, len);
    double packed = flash(st, NULL);
    station_free(st);
    st = station_make(115200, 0);
    station_take(st, bytes, len);
    double plain = flash(st, &PLAIN);
    station_free(st);
    (void)fprintf(stderr, "%s: %.2f s, as it is %.2f s\n", path, packed, plain);
    if (packed > plain) {
        bench_fail(path, "is slower when compressed");
    }
    return packed / line_s(len, 115200);
}

double bench_compressed_share_115200_mean(void)
{
    static const char *const apps[] = {ARAREXT_APPS "/lua-demo.bin", ARAREXT_APPS "/selftest.bin",
                                       ARAREXT_APPS "/ota-demo-1.bin"};
    double sum = 0.0;
    for (size_t i = 0; i < sizeof apps / sizeof apps[0]; i++) {
        sum += compressed_share(apps[i]);
    }
    return sum / (double)(sizeof apps / sizeof apps[0]);
}

double bench_unchanged_share(void)
{
    struct station *st = station_make(115200, 0);
    station_take_noise(st);
    double whole = flash(st, &PLAIN), again = flash(st, &PLAIN);
    station_free(st);
    return again / whole;
}

/* 1 % of all bytes: half of these lost, half altered. */
double bench_lossy_1pct_share(void)
{
    struct station *st = station_make(115200, 0);
    station_take_noise(st);
    st->wire.lose_ppm = st->wire.alter_ppm = 5000;
    double took = flash(st, &PLAIN);
    (void)fprintf(stderr, "1 %%: %.1f s, %u bytes lost, %u altered\n", took, st->wire.lost,
                  st->wire.altered);
    if (st->wire.lost == 0 || st->wire.altered == 0) {
        bench_fail("lossy", "nothing was lost or altered");
    }
    station_free(st);
    return took / limit_s(SIZE, 115200);
}

/*
 * ST's ROM bootloader by its byte counts (AN3155, sections 3.4, 3.6, 3.8; 8 data bits with parity:
 * 11 bits a byte): each 256 bytes are written, and read back, in three exchanges. Not run: the ROM
 * is not ours.
 */
double bench_rom_protocol_over_limit_115200_16ms(void)
{
    enum { PIECE = 256, SECTORS = 4, EXCHANGES = 3 };
    const double byte_s = 11.0 / 115200, turn_s = 2 * 0.016;
    unsigned pieces = SIZE / PIECE;
    /* Write: 2 + 1, 5 + 1, 1 + 256 + 1 + 1. Read: 2 + 1, 5 + 1, 2 + 1 + 256. */
    double write = pieces * ((3 + 6 + PIECE + 3) * byte_s + EXCHANGES * turn_s);
    double read = pieces * ((3 + 6 + 3 + PIECE) * byte_s + EXCHANGES * turn_s);
    /* Extended erase: 2 + 1, 2 + 2 a sector + 1 + 1. */
    double erase = (3 + 4 + 2 * SECTORS) * byte_s + 2 * turn_s;
    return (write + read + erase + flash_s(SIZE)) / limit_s(SIZE, 115200);
}
