/* SPDX-License-Identifier: MIT */
/*
 * The figures that come out of the twin, one line each: name, value, unit. All but twin_mips are in
 * virtual time and the same on every machine. Nothing else is ever written to standard output; what
 * went wrong is on standard error, and the status is then not 0.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ararext.h"
#include "bench_board.h"
#include "cases.h"
#include "package_figures.h"
#include "stream_figures.h"
#include "twin_transport.h"

enum {
    USART_COMMANDS = 2,
    BAUD = 115200,
    BITS_A_BYTE = 10,
    IMAGE_SIZE = 200 * 1024,
};
/* At 16 MHz; long enough for the engine's start to have no weight. */
#define COMPUTE_NS MS(20000)

/* A plausible image: vectors, an endless loop as reset handler, noise that is the same every time.
 */
static void make_image(uint8_t *image, size_t len)
{
    uint32_t x = 1;
    for (size_t i = 0; i < len; i++) {
        x = x * 1664525u + 1013904223u;
        image[i] = (uint8_t)(x >> 24);
    }
    bench_make_startable(image);
}

/* ---- the start of an application ---- */

static double reset_to_app_us(void)
{
    uint8_t image[1024];
    struct twin *t = bench_make_board(NULL);
    make_image(image, sizeof image);
    if (twin_load(t, APP_BASE, image, sizeof image) != TWIN_OK) {
        bench_fail("image", twin_error_text(t));
    }
    uint64_t took = bench_start_ns(t, MS(1000));
    twin_destroy(t);
    return (double)took / 1000.0;
}

/* ---- flashing with the twelve commands ---- */

static void check(struct ararext_session *s, const char *what, int error)
{
    if (error != ARAREXT_OK) {
        struct ararext_message why;
        ararext_describe_failure(s, &why);
        bench_fail(what, why.text[0] != '\0' ? why.text : ararext_error_entry(error)->sentence);
    }
}

static struct ararext_image *parse_image(void)
{
    static uint8_t bytes[IMAGE_SIZE];
    struct ararext_image *image = NULL;
    struct ararext_message why;
    const struct ararext_segment file = {APP_BASE, IMAGE_SIZE, bytes};
    const struct ararext_load load = {.format = ARAREXT_FORMAT_BIN, .bin_addr = APP_BASE};
    make_image(bytes, sizeof bytes);
    if (ararext_image_parse(&image, &file, "bench.bin", &load, &why) != ARAREXT_OK) {
        bench_fail("image", why.text);
    }
    return image;
}

static uint64_t flash_ns(struct twin *t)
{
    struct ararext_transport transport;
    struct ararext_options options;
    struct ararext_session *s = NULL;
    struct ararext_info info;
    struct ararext_plan plan;
    struct ararext_flash_result result;
    const struct ararext_flash_options how = {.verify = ARAREXT_VERIFY_READ};
    struct ararext_image *image = parse_image();
    twin_transport_make(&transport, t, USART_COMMANDS);
    ararext_default_options(&options);
    options.no_extensions = true;
    check(s, "session", ararext_open(&s, &transport, &options));
    check(s, "info", ararext_get_info(s, &info));
    check(s, "image", ararext_image_check(image, &info, false, NULL));
    uint64_t start = twin_now_ns(t);
    check(s, "plan", ararext_flash_plan(s, &info, image, &how, &plan));
    check(s, "flash", ararext_flash_run(s, image, &plan, &how, &result));
    uint64_t took = twin_now_ns(t) - start;
    if (result.phase != ARAREXT_PHASE_DONE || result.bytes_verified < IMAGE_SIZE) {
        bench_fail("flash", "the image was not written and verified as a whole");
    }
    ararext_image_free(image);
    ararext_close(s);
    return took;
}

static double commands_200k_115200_share(void)
{
    struct twin *t = bench_make_board(NULL);
    twin_pin_drive(t, 'A', 0, true);
    twin_power_on(t);
    (void)twin_run_ns(t, MS(100));
    double limit_s = (double)IMAGE_SIZE * BITS_A_BYTE / BAUD;
    double took_s = (double)flash_ns(t) / 1e9;
    twin_destroy(t);
    return limit_s / took_s;
}

/* ---- how fast the twin is: the one figure of this machine ---- */

static double cpu_seconds(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now) != 0) {
        bench_fail("twin_mips", "no clock of the process's CPU time");
    }
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double twin_mips(void)
{
    struct twin_counters before;
    struct twin_counters after;
    struct twin *t = bench_make_board(ARAREXT_COMPUTE_ELF);
    twin_power_on(t);
    (void)twin_run_ns(t, MS(100));
    twin_get_counters(t, &before);
    double start = cpu_seconds();
    (void)twin_run_ns(t, COMPUTE_NS);
    double took = cpu_seconds() - start;
    twin_get_counters(t, &after);
    twin_destroy(t);
    return (double)(after.instructions - before.instructions) / took / 1e6;
}

static const struct figure {
    const char *name, *unit;
    int decimals;
    double (*measure)(void);
} figures[] = {
    {"reset_to_app_us", "us", 1, reset_to_app_us},
    {"verified_boot_24k_ms", "ms", 1, bench_verified_boot_24k_ms},
    {"verified_boot_64k_ms", "ms", 1, bench_verified_boot_64k_ms},
    {"verified_boot_200k_ms", "ms", 1, bench_verified_boot_200k_ms},
    {"verified_boot_400k_ms", "ms", 1, bench_verified_boot_400k_ms},
    {"verified_boot_24k_long_ms", "ms", 1, bench_verified_boot_24k_long_ms},
    {"verified_boot_200k_long_ms", "ms", 1, bench_verified_boot_200k_long_ms},
    {"verified_boot_400k_long_ms", "ms", 1, bench_verified_boot_400k_long_ms},
    {"install_200k_over_limit", "ratio", 4, bench_install_200k_over_limit},
    {"update_200k_over_limit", "ratio", 4, bench_update_200k_over_limit},
    {"commands_200k_115200_share", "ratio", 4, commands_200k_115200_share},
    {"package_saves_percent", "percent", 1, bench_package_saves_percent},
    {"stream_over_limit_worst", "ratio", 4, bench_stream_over_limit_worst},
    {"stream_over_limit_115200_16ms", "ratio", 4, bench_stream_over_limit_115200_16ms},
    {"stream_over_limit_921600_16ms", "ratio", 4, bench_stream_over_limit_921600_16ms},
    {"commands_over_limit_115200_16ms", "ratio", 2, bench_commands_over_limit_115200_16ms},
    {"rom_protocol_over_limit_115200_0ms", "ratio", 2, bench_rom_protocol_over_limit_115200_0ms},
    {"rom_protocol_over_limit_115200_16ms", "ratio", 2, bench_rom_protocol_over_limit_115200_16ms},
    {"packed_over_limit_worst", "ratio", 4, bench_packed_over_limit_worst},
    {"compressed_share_115200_mean", "ratio", 4, bench_compressed_share_115200_mean},
    {"compressed_over_plain_worst", "ratio", 4, bench_compressed_over_plain_worst},
    {"unchanged_share", "ratio", 4, bench_unchanged_share},
    {"changed_16k_share", "ratio", 4, bench_changed_16k_share},
    {"lossy_1pct_share", "ratio", 2, bench_lossy_1pct_share},
    {"twin_mips", "MIPS", 0, twin_mips},
};
enum { FIGURES = sizeof figures / sizeof figures[0] };

static const struct figure *find(const char *name)
{
    for (size_t i = 0; i < FIGURES; i++) {
        if (strcmp(figures[i].name, name) == 0) {
            return &figures[i];
        }
    }
    bench_fail(name, "no such figure");
    return NULL;
}

static void print(const struct figure *f)
{
    (void)printf("%s %.*f %s\n", f->name, f->decimals, f->measure(), f->unit);
    (void)fflush(stdout);
}

/* Usage: ararext-bench [--cases FILE] [NAME...]. Without NAME all figures; with FILE, the cases of
 * flashing go there as well (cases.h). */
int main(int argc, char **argv)
{
    const char *path = getenv("ARAREXT_FIRMWARE");
    const char *cases = argc > 2 && strcmp(argv[1], "--cases") == 0 ? argv[2] : NULL;
    int first = cases != NULL ? 3 : 1;
    if (path != NULL) {
        bench_use_firmware(path);
    }
    for (int i = first; i < argc; i++) {
        (void)find(argv[i]); /* all names first, then the work */
    }
    for (size_t i = 0; argc == first && i < FIGURES; i++) {
        print(&figures[i]);
    }
    for (int i = first; i < argc; i++) {
        print(find(argv[i]));
    }
    if (cases != NULL) {
        cases_write(cases);
    }
    return EXIT_SUCCESS;
}
