/*
 * The figures of packages: how long a provisioned board takes from power-on to the application,
 * with a signed, compressed package; and what installing takes over the data sheet's typical times
 * for erasing and programming alone.
 *
 * Content is a real application's code, repeated or cut to the size that is asked for, with the
 * benchmark's own first instruction. OTP and slot are loaded as PROVISION and staging leave them
 * (FORMAT.md).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "package_builder.h"

enum {
    KIB = 1024,
    OTP = 0x1FFF7800,
    OTP_LOCKS = 0x1FFF7A00,
    LOCKED_BLOCKS = 5,
    SLOT_A = 0x08080000,
    SLOT_SIZE = 256 * KIB,
    TRAILER_SIZE = 2 * KIB,
    POWER_OFF_MS = 10,
};

static void load(struct twin *t, uint32_t addr, const void *data, size_t len)
{
    if (twin_load(t, addr, data, len) != TWIN_OK) {
        bench_fail("package", twin_error_text(t));
    }
}

/* len bytes of the application's binary, over and over. */
static uint8_t *make_content(size_t len)
{
    uint8_t *content = malloc(len);
    FILE *file = fopen(ARAREXT_CONTENT_BIN, "rb");
    size_t have = 0;
    if (content == NULL || file == NULL) {
        bench_fail(ARAREXT_CONTENT_BIN, "cannot be read");
        return NULL;
    }
    have = fread(content, 1, len, file);
    (void)fclose(file);
    if (have < (size_t)APP_ENTRY + KIB) {
        bench_fail(ARAREXT_CONTENT_BIN, "too short");
    }
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

/* A provisioned board, power off, with a package of a content of len bytes that is not installed
 * yet and needs no confirmation. */
static struct twin *make_provisioned(size_t len)
{
    static const uint8_t no_trial[4] = {0, 8, 30, 0};
    static const uint8_t locks[LOCKED_BLOCKS] = {0};
    struct package_recipe recipe = {.content_len = len,
                                    .packing = PACKAGE_LZMA2_THUMB,
                                    .counter = 0,
                                    .policy = no_trial,
                                    .key = package_key(1)};
    uint8_t *content = make_content(len);
    struct twin *t = bench_make_board(NULL);
    uint8_t hash[32];
    size_t package_len;
    recipe.content = content;
    uint8_t *package = package_build(&recipe, &package_len);
    package_key_hash(recipe.key, hash);
    load(t, OTP, hash, sizeof hash);
    load(t, OTP_LOCKS, locks, sizeof locks);
    load_package(t, package, package_len);
    package_key_free(recipe.key);
    free(package);
    free(content);
    return t;
}

static double verified_boot_ms(size_t len)
{
    struct twin *t = make_provisioned(len);
    (void)bench_start_ns(t, MS(20000));
    twin_power_off(t);
    (void)twin_run_ns(t, MS(POWER_OFF_MS));
    uint64_t took = bench_start_ns(t, MS(5000));
    twin_destroy(t);
    return (double)took / 1e6;
}

double bench_verified_boot_64k_ms(void)
{
    return verified_boot_ms((size_t)64 * KIB);
}

double bench_verified_boot_200k_ms(void)
{
    return verified_boot_ms((size_t)200 * KIB);
}

double bench_verified_boot_400k_ms(void)
{
    return verified_boot_ms((size_t)400 * KIB);
}

/* Over 200 KiB: sectors 2 and 3 (16 KiB), 4 (64 KiB), 5 (128 KiB) erased, each word programmed
 * (DS8626, typical, x32). */
double bench_install_200k_over_limit(void)
{
    const size_t len = (size_t)200 * KIB;
    double limit_ms = 2 * 250.0 + 550.0 + 1000.0 + (double)len / 4 * 0.016;
    struct twin *t = make_provisioned(len);
    uint64_t took = bench_start_ns(t, MS(20000));
    twin_destroy(t);
    return (double)took / 1e6 / limit_ms;
}
