/* SPDX-License-Identifier: MIT */
/* See bench.h. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

/* Vector table and `1: wfi; b 1b`. */
static const uint8_t sleeper[] = {0x00, 0x04, 0x00, 0x20, 0x09, 0x00,
                                  0x00, 0x08, 0x30, 0xBF, 0xFD, 0xE7};

static void on_report(void *ctx, const struct twin_report *report)
{
    struct bench *b = ctx;
    b->reports[report->kind]++;
    if (b->first_report[0] == '\0') {
        strncpy(b->first_report, report->text, sizeof b->first_report - 1);
    }
    strncpy(b->last_report, report->text, sizeof b->last_report - 1);
}

static void on_pin(void *ctx, char port, unsigned pin, bool level)
{
    struct bench *b = ctx;
    b->pin_changes++;
    b->pin_port = port;
    b->pin = pin;
    b->pin_level = level;
}

int bench_setup(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    const struct twin_config config = {
        .flash_kib = 1024, .seed = 1, .on_report = on_report, .on_pin = on_pin, .ctx = b};
    assert_int_equal(twin_create(&b->t, &config), TWIN_OK);
    assert_int_equal(twin_load(b->t, 0x08000000, sleeper, sizeof sleeper), TWIN_OK);
    twin_power_on(b->t);
    run_ns(b, 1000);
    wr(b, RCC_AHB1ENR, 0x007011FF);
    wr(b, RCC_APB1ENR, 0x001E003F);
    wr(b, RCC_APB2ENR, 0x00004030);
    (void)rd(b, RCC_APB2ENR);
    run_ns(b, 1000);
    *state = b;
    return 0;
}

int bench_teardown(void **state)
{
    struct bench *b = *state;
    twin_destroy(b->t);
    free(b);
    return 0;
}

static void write_width(struct bench *b, uint32_t addr, unsigned width, uint32_t value)
{
    assert_true(twin_bus_write(b->t, TWIN_MASTER_CPU, addr, width, value));
}

void wr(struct bench *b, uint32_t addr, uint32_t value)
{
    write_width(b, addr, 4, value);
}

void wr16(struct bench *b, uint32_t addr, uint32_t value)
{
    write_width(b, addr, 2, value);
}

void wr8(struct bench *b, uint32_t addr, uint32_t value)
{
    write_width(b, addr, 1, value);
}

uint32_t rd(struct bench *b, uint32_t addr)
{
    uint32_t value;
    assert_true(twin_bus_read(b->t, TWIN_MASTER_CPU, addr, 4, &value));
    return value;
}

uint32_t rd16(struct bench *b, uint32_t addr)
{
    uint32_t value;
    assert_true(twin_bus_read(b->t, TWIN_MASTER_CPU, addr, 2, &value));
    return value;
}

uint64_t now_ps(const struct bench *b)
{
    return twin_now_ps(b->t);
}

void run_ns(struct bench *b, uint64_t ns)
{
    assert_int_equal(twin_run_ns(b->t, ns), TWIN_STOP_TIME);
}

void run_to_ps(struct bench *b, uint64_t at_ps)
{
    uint64_t now = now_ps(b);
    assert_true(at_ps >= now);
    run_ns(b, (at_ps - now) / 1000);
}

void route(struct bench *b, char port, unsigned pin, unsigned af)
{
    uint32_t base = GPIO(port);
    uint32_t afr = base + (pin < 8 ? AFRL : AFRH);
    unsigned shift = 4 * (pin & 7);
    wr(b, afr, (rd(b, afr) & ~(15u << shift)) | af << shift);
    wr(b, base + MODER, (rd(b, base + MODER) & ~(3u << (2 * pin))) | 2u << (2 * pin));
}

void expect_reports(const struct bench *b, enum twin_report_kind kind, unsigned count)
{
    if (b->reports[kind] != count) {
        print_message("last report: %s\n", b->last_report);
    }
    assert_int_equal(b->reports[kind], count);
}

void expect_no_reports(const struct bench *b)
{
    for (unsigned kind = 0; kind <= TWIN_REPORT_OTHER; kind++) {
        expect_reports(b, (enum twin_report_kind)kind, 0);
    }
}
