/* SPDX-License-Identifier: MIT */
/*
 * The figures of packages: how long a provisioned board takes from power-on to the application,
 * with a signed, compressed package; and what installing takes over the data sheet's typical times
 * for erasing and programming alone.
 *
 * Content is a real application's code, repeated or cut to the size that is asked for, with the
 * benchmark's own first instruction. OTP and slot are loaded as PROVISION and staging leave them
 * (FORMAT.md). And what packing saves of real applications, by the library's own packer.
 */
#include "package_figures.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ararext_package.h"
#include "bench_board.h"
#include "package_builder.h"
#include "station.h"

enum {
    KIB = 1024,
    OTP = 0x1FFF7800,
    OTP_LOCKS = 0x1FFF7A00,
    LOCKED_BLOCKS = 5,
    SLOT_A = 0x08080000,
    SLOT_SIZE = 256 * KIB,
    TRAILER_SIZE = 2 * KIB,
    POWER_OFF_MS = 10,
    CONTENT_MAX = 480 * KIB,
    LUA_DEMO_ENOUGH = 200 * KIB, /* up to here its end is little repeated */
    SLOT_SECTORS = SLOT_SIZE / (128 * KIB),
};
/* DS8626, typical. */
static const double SECTOR_128K_S = 1.0, WORD_S = 16e-6;

static void load(struct twin *t, uint32_t addr, const void *data, size_t len)
{
    if (twin_load(t, addr, data, len) != TWIN_OK) {
        bench_fail("package", twin_error_text(t));
    }
}

/* At most size bytes of an application that the build made; how many. */
static size_t read_app(const char *name, uint8_t *out, size_t size)
{
    char path[512];
    (void)snprintf(path, sizeof path, "%s/%s.bin", ARAREXT_APPS, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        bench_fail(path, "cannot be read");
        return 0;
    }
    size_t have = fread(out, 1, size, file);
    (void)fclose(file);
    if (have < (size_t)APP_ENTRY + KIB) {
        bench_fail(path, "too short");
    }
    return have;
}

/* len bytes of a real application, the larger ones of the larger one: little of it twice, since
 * that would be packed to nothing. */
static uint8_t *make_content(size_t len)
{
    uint8_t *content = malloc(len);
    if (content == NULL) {
        bench_fail("memory", "none left");
        return NULL;
    }
    size_t have = read_app(len <= LUA_DEMO_ENOUGH ? "lua-demo" : "selftest", content, len);
    for (size_t i = have; i < len; i++) {
        content[i] = content[i - have];
    }
    bench_make_startable(content);
    return content;
}

/* Sealed, and its content was checked, as after STAGE_FINISH. */
static void load_package(struct twin *t, const uint8_t *package, size_t len)
{
    static const uint8_t trailer[24] = {
        1,    0,    0,    0,    0xFE, 0xFF, 0xFF, 0xFF, /* sequence and complement */
        0x96, 0xA5, 0x3C, 0x4B, 0x3C, 0x4B, 0x96, 0xA5, /* sealed */
        0x96, 0xA5, 0x3C, 0x4B, 0x3C, 0x4B, 0x96, 0xA5, /* checked */
    };
    if (len > SLOT_SIZE - TRAILER_SIZE) {
        bench_fail("package", "does not fit the slot");
    }
    load(t, SLOT_A, package, len);
    load(t, SLOT_A + SLOT_SIZE - TRAILER_SIZE, trailer, sizeof trailer);
}

/* OTP as PROVISION leaves it. */
static void provision(struct twin *t)
{
    static const uint8_t locks[LOCKED_BLOCKS] = {0};
    uint8_t hash[32];
    struct evp_pkey_st *key = package_key(1);
    package_key_hash(key, hash);
    package_key_free(key);
    load(t, OTP, hash, sizeof hash);
    load(t, OTP_LOCKS, locks, sizeof locks);
}

/* A signed package of a content of len bytes that needs no confirmation; start: with a start
 * signature. The caller frees it. */
static uint8_t *make_package(size_t len, bool start, size_t *package_len)
{
    static const uint8_t no_trial[4] = {0, 8, 30, 0};
    struct package_recipe recipe = {.content_len = len,
                                    .packing = PACKAGE_LZMA2_THUMB,
                                    .counter = 0,
                                    .policy = no_trial,
                                    .key = package_key(1),
                                    .start = start};
    uint8_t *content = make_content(len);
    recipe.content = content;
    uint8_t *package = package_build(&recipe, package_len);
    package_key_free(recipe.key);
    free(content);
    return package;
}

/* A provisioned board, power off, with a package of a content of len bytes that is not installed
 * yet and needs no confirmation. */
static struct twin *make_provisioned(size_t len, bool start)
{
    size_t package_len;
    struct twin *t = bench_make_board(NULL);
    uint8_t *package = make_package(len, start, &package_len);
    provision(t);
    load_package(t, package, package_len);
    free(package);
    return t;
}

/* Of a board that has it installed; start: the package has a start signature. */
static double verified_boot_ms(unsigned kib, bool start)
{
    struct twin *t = make_provisioned((size_t)kib * KIB, start);
    (void)bench_start_ns(t, MS(20000));
    twin_power_off(t);
    (void)twin_run_ns(t, MS(POWER_OFF_MS));
    uint64_t took = bench_start_ns(t, MS(5000));
    twin_destroy(t);
    return (double)took / 1e6;
}

double bench_verified_boot_24k_ms(void)
{
    return verified_boot_ms(24, true);
}

double bench_verified_boot_64k_ms(void)
{
    return verified_boot_ms(64, true);
}

double bench_verified_boot_200k_ms(void)
{
    return verified_boot_ms(200, true);
}

double bench_verified_boot_400k_ms(void)
{
    return verified_boot_ms(400, true);
}

double bench_verified_boot_24k_long_ms(void)
{
    return verified_boot_ms(24, false);
}

double bench_verified_boot_200k_long_ms(void)
{
    return verified_boot_ms(200, false);
}

double bench_verified_boot_400k_long_ms(void)
{
    return verified_boot_ms(400, false);
}

/* From the first question to the board until the tool's verdict, at the rate that it finds, onto a
 * provisioned board that holds nothing. Over what flash needs: both sectors of the slot, one for
 * the package and one for its records, and the package's words; then the area's. */
double bench_update_200k_over_limit(void)
{
    const size_t len = (size_t)200 * KIB;
    const struct station_setup setup = {.baud = STATION_FASTEST, .prepare = provision};
    size_t package_len;
    uint8_t *package = make_package(len, true, &package_len);
    struct station *st = station_make(&setup);
    double took_s = st->connect_s + station_update(st, package, package_len);
    const size_t words = (package_len + 3) / 4;
    double limit_s =
        SLOT_SECTORS * SECTOR_128K_S + (double)words * WORD_S + station_cells_s((uint32_t)len);
    station_free(st);
    free(package);
    (void)fprintf(stderr, "update of 200 KiB, a package of %zu bytes: %.3f s, flash alone %.3f s\n",
                  package_len, took_s, limit_s);
    return took_s / limit_s;
}

/* Over 200 KiB: sectors 2 and 3 (16 KiB), 4 (64 KiB), 5 (128 KiB) erased, each word programmed
 * (DS8626, typical, x32). */
double bench_install_200k_over_limit(void)
{
    const size_t len = (size_t)200 * KIB;
    double limit_ms = 2 * 250.0 + 550.0 + 1000.0 + (double)len / 4 * 0.016;
    struct twin *t = make_provisioned(len, true);
    uint64_t took = bench_start_ns(t, MS(20000));
    twin_destroy(t);
    return (double)took / 1e6 / limit_ms;
}

/* ---- what packing saves ---- */

static double saves_percent(const char *name, const struct ararext_key *key)
{
    static uint8_t content[CONTENT_MAX];
    const struct ararext_pack_options options = {.version = {1, 0, 0, 0}, .counter = 1};
    struct ararext_message why = {""};
    uint8_t *package = NULL;
    size_t len = 0, content_len = read_app(name, content, sizeof content);
    const struct ararext_segment whole = {APP_BASE, (uint32_t)content_len, content};
    struct ararext_segment done = {0};
    if (ararext_pack(&whole, &options, &package, &len, &why) != ARAREXT_OK) {
        bench_fail(name, why.text);
    }
    const struct ararext_segment bare = {0, (uint32_t)len, package};
    if (ararext_pack_sign(&bare, key, NULL, NULL, &done, &why) != ARAREXT_OK) {
        bench_fail(name, why.text);
    }
    double saves = 100.0 * (1.0 - (double)done.len / (double)content_len);
    (void)fprintf(stderr, "%s: content %zu bytes, package %u, %.1f %% less\n", name, content_len,
                  (unsigned)done.len, saves);
    free((void *)(uintptr_t)done.data);
    free(package);
    return saves;
}

/* Mean over applications of different kind, signed packages with all that is in them. */
double bench_package_saves_percent(void)
{
    enum { APPS = 3 };
    static const char *const apps[APPS] = {"lua-demo", "selftest", "ota-demo-1"};
    struct ararext_key *key = NULL;
    double sum = 0.0;
    if (ararext_key_generate(&key) != ARAREXT_OK) {
        bench_fail("key", "cannot be made");
    }
    for (size_t i = 0; i < APPS; i++) {
        sum += saves_percent(apps[i], key);
    }
    ararext_key_free(key);
    return sum / APPS;
}
