/* SPDX-License-Identifier: MIT */
/* The ground of the benchmark: a board in the twin, its way to an application, and the end when
 * something goes wrong. */
#include "bench_board.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *firmware = ARAREXT_FIRMWARE_ELF;

void bench_fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "bench: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

/* Reports of the twin are defects that would make a figure worthless. */
static void on_report(void *ctx, const struct twin_report *report)
{
    (void)ctx;
    (void)fprintf(stderr, "bench: the twin reports: %s (pc %08" PRIx32 ", address %08" PRIx32 ")\n",
                  report->text, report->pc, report->address);
    exit(EXIT_FAILURE);
}

void bench_use_firmware(const char *path)
{
    firmware = path;
}

struct twin *bench_make_board(const char *elf)
{
    struct twin *t = NULL;
    elf = elf != NULL ? elf : firmware;
    const struct twin_config config = {.flash_kib = 1024, .seed = 1, .on_report = on_report};
    if (twin_create(&t, &config) != TWIN_OK) {
        bench_fail("twin", twin_error_text(NULL));
    }
    if (twin_load_file(t, elf, FLASH_BASE) != TWIN_OK) {
        bench_fail(elf, twin_error_text(t));
    }
    return t;
}

void bench_make_startable(uint8_t *image)
{
    enum { CORE_VECTORS = 16 }; /* the others of them are 0: none */
    static const uint8_t loop[2] = {0xFE, 0xE7};
    for (unsigned i = 0; i < 8; i++) {
        uint32_t word = i < 4 ? SRAM_END : APP_BASE + APP_ENTRY + 1;
        image[i] = (uint8_t)(word >> (8 * (i % 4)));
    }
    memset(image + 8, 0, CORE_VECTORS * 4 - 8);
    memcpy(image + APP_ENTRY, loop, sizeof loop);
}

/* ---- from power-on to the application's first instruction ---- */

struct arrival {
    struct twin *twin;
    uint64_t ns;
};

static void arrived(void *ctx, uint32_t addr)
{
    struct arrival *a = ctx;
    (void)addr;
    a->ns = twin_now_ns(a->twin);
    twin_request_stop(a->twin);
}

uint64_t bench_start_ns(struct twin *t, uint64_t limit_ns)
{
    struct arrival arrival = {t, 0};
    twin_pin_drive(t, 'A', 0, false);
    twin_on_execute(t, APP_BASE + APP_ENTRY, arrived, &arrival);
    uint64_t start = twin_now_ns(t);
    twin_power_on(t);
    (void)twin_run_ns(t, limit_ns);
    if (arrival.ns == 0) {
        bench_fail("start", "the application did not start in time");
    }
    return arrival.ns - start;
}
