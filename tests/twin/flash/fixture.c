/* SPDX-License-Identifier: MIT */
/*
 * The board of fixture.h. It never hides a report: tests see all of them.
 */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Vector table, then wfi and a branch to it. */
static const uint8_t sleeper[] = {
    0x00, 0x10, 0x00, 0x20, 0x09, 0x00, 0x00, 0x08, 0x30, 0xBF, 0xFD, 0xE7,
};

static void on_report(void *ctx, const struct twin_report *report)
{
    struct fixture *x = ctx;
    x->reports[report->kind]++;
    (void)snprintf(x->text, sizeof x->text, "%s", report->text);
}

static void on_reset(void *ctx, const char *cause)
{
    struct fixture *x = ctx;
    x->resets++;
    (void)snprintf(x->reset_cause, sizeof x->reset_cause, "%s", cause);
}

void fixture_start(struct fixture *x, const struct twin_config *config)
{
    struct twin_config c = {0};
    if (config != NULL) {
        c = *config;
    }
    memset(x, 0, sizeof *x);
    c.on_report = on_report;
    c.on_reset = on_reset;
    c.ctx = x;
    assert_int_equal(twin_create(&x->t, &c), TWIN_OK);
    uint8_t first = 0;
    assert_int_equal(twin_peek(x->t, FLASH_BASE, &first, 1), TWIN_OK);
    if (first == 0xFF) { /* not when a state file brought a program */
        assert_int_equal(twin_load(x->t, FLASH_BASE, sleeper, sizeof sleeper), TWIN_OK);
    }
    twin_power_on(x->t);
    run_us(x, 10);
}

void fixture_stop(struct fixture *x)
{
    twin_destroy(x->t);
    x->t = NULL;
}

static int setup_kib(void **state, uint32_t kib)
{
    struct fixture *x = malloc(sizeof *x);
    assert_non_null(x);
    struct twin_config config = {.flash_kib = kib, .seed = 1};
    fixture_start(x, &config);
    *state = x;
    return 0;
}

int fixture_setup(void **state)
{
    return setup_kib(state, 1024);
}

int fixture_setup_512(void **state)
{
    return setup_kib(state, 512);
}

int fixture_teardown(void **state)
{
    fixture_stop(*state);
    free(*state);
    return 0;
}

uint32_t rd_width(struct fixture *x, uint32_t addr, unsigned width)
{
    uint32_t value = 0;
    assert_true(twin_bus_read(x->t, TWIN_MASTER_CPU, addr, width, &value));
    return value;
}

uint32_t rd(struct fixture *x, uint32_t addr)
{
    return rd_width(x, addr, 4);
}

bool wr_width(struct fixture *x, uint32_t addr, unsigned width, uint32_t value)
{
    return twin_bus_write(x->t, TWIN_MASTER_CPU, addr, width, value);
}

void wr(struct fixture *x, uint32_t addr, uint32_t value)
{
    assert_true(wr_width(x, addr, 4, value));
}

void run_us(struct fixture *x, uint64_t us)
{
    uint64_t end_ns = twin_now_ns(x->t) + us * 1000;
    while (twin_now_ns(x->t) < end_ns) {
        if (twin_run_ns(x->t, end_ns - twin_now_ns(x->t)) == TWIN_STOP_POWER) {
            return;
        }
    }
}

unsigned total_reports(const struct fixture *x)
{
    unsigned sum = 0;
    for (unsigned i = 0; i < REPORT_KINDS; i++) {
        sum += x->reports[i];
    }
    return sum;
}

void flash_unlock(struct fixture *x)
{
    wr(x, FLASH_KEYR, 0x45670123);
    wr(x, FLASH_KEYR, 0xCDEF89AB);
}

void option_unlock(struct fixture *x)
{
    wr(x, FLASH_OPTKEYR, 0x08192A3B);
    wr(x, FLASH_OPTKEYR, 0x4C5D6E7F);
}

uint64_t wait_idle_us(struct fixture *x)
{
    uint64_t start_ns = twin_now_ns(x->t);
    while ((rd(x, FLASH_SR) & SR_BSY) != 0) {
        assert_true(twin_now_ns(x->t) - start_ns < UINT64_C(60000000000));
        run_us(x, (rd(x, FLASH_CR) & CR_STRT) != 0 ? 1000 : 1);
    }
    return (twin_now_ns(x->t) - start_ns) / 1000;
}

uint32_t program(struct fixture *x, uint32_t addr, unsigned width, uint32_t value)
{
    uint32_t psize = width == 4 ? 2 : width - 1;
    wr(x, FLASH_CR, CR_PG | psize << 8);
    assert_true(wr_width(x, addr, width, value));
    (void)wait_idle_us(x);
    return rd(x, FLASH_SR);
}

uint32_t erase_sector(struct fixture *x, unsigned sector)
{
    wr(x, FLASH_CR, CR_SER | CR_X32 | sector << 3);
    wr(x, FLASH_CR, CR_SER | CR_X32 | sector << 3 | CR_STRT);
    (void)wait_idle_us(x);
    return rd(x, FLASH_SR);
}

void set_options(struct fixture *x, uint32_t optcr)
{
    wr(x, FLASH_OPTCR, optcr & ~(OPT_LOCK | OPT_STRT));
    wr(x, FLASH_OPTCR, (optcr & ~OPT_LOCK) | OPT_STRT);
    uint64_t start_ns = twin_now_ns(x->t);
    while ((rd(x, FLASH_SR) & SR_BSY) != 0) {
        assert_true(twin_now_ns(x->t) - start_ns < UINT64_C(60000000000));
        run_us(x, 1000);
    }
}

bool is_blank(struct fixture *x, uint32_t addr, uint32_t len)
{
    uint8_t *data = malloc(len);
    assert_non_null(data);
    assert_int_equal(twin_peek(x->t, addr, data, len), TWIN_OK);
    bool blank = true;
    for (uint32_t i = 0; i < len; i++) {
        blank = blank && data[i] == 0xFF;
    }
    free(data);
    return blank;
}

void fill(struct fixture *x, uint32_t addr, uint32_t len, uint8_t byte)
{
    uint8_t *data = malloc(len);
    assert_non_null(data);
    memset(data, byte, len);
    assert_int_equal(twin_load(x->t, addr, data, len), TWIN_OK);
    free(data);
}
