/* SPDX-License-Identifier: MIT */
/*
 * The board as a whole: made, powered, reset and run. Time only ever goes forward here, and every
 * path through the run loop moves it or ends the run.
 *
 * Source: RM0090 section 6.1 (reset).
 */
#include "cpu.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PS_PER_NS    UINT64_C(1000)
#define TIME_ENDS_PS (UINT64_MAX / 2) /* 106 days: far from where picoseconds overflow */

struct twin_run {
    bool stop_requested;
    bool power_cut;
    bool reset_requested;
    bool told_end;
    unsigned reset_flag;
    char reset_cause[64];
    uint64_t resets;
};

/* Of the last twin_create of this thread that failed: there is no board to hold it. */
static _Thread_local char create_error[256];

const char *twin_error_text(const struct twin *t)
{
    return t == NULL ? create_error : t->error;
}

typedef int (*constructor)(struct twin *t);

/* The flash part comes before the core, which maps its bytes; pins before whoever watches them. */
static const constructor constructors[] = {
    twin_sched_create,  twin_lines_create, twin_bus_create,        twin_gpio_create,
    twin_rcc_create,    twin_pwr_create,   twin_flash_create,      twin_cpu_create,
    twin_scs_create,    twin_exti_create,  twin_rtc_create,        twin_dma_create,
    twin_usart_create,  twin_crc_create,   twin_tim_create,        twin_watchdog_create,
    twin_dbgmcu_create, twin_spi_create,   twin_i2c_create,        twin_rng_create,
    twin_adc_create,    twin_dac_create,   twin_unmodelled_create,
};

static int create_parts(struct twin *t)
{
    for (size_t i = 0; i < sizeof constructors / sizeof constructors[0]; i++) {
        int err = constructors[i](t);
        if (err != TWIN_OK) {
            return err;
        }
    }
    twin_bus_reset(t, TWIN_RESET_POWER);
    return twin_state_load(t);
}

static bool config_valid(const struct twin_config *c)
{
    return c->flash_kib == 0 || c->flash_kib == 512 || c->flash_kib == 1024;
}

static struct twin *allocate(const struct twin_config *config)
{
    struct twin *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return NULL;
    }
    t->config = *config;
    t->config.flash_kib = config->flash_kib == 0 ? 1024 : config->flash_kib;
    t->config.hse_hz = config->hse_hz == 0 ? 8000000 : config->hse_hz;
    t->config.hsi_hz = config->hsi_hz == 0 ? 16000000 : config->hsi_hz;
    t->random_state = config->seed;
    t->run = calloc(1, sizeof *t->run);
    if (config->state_path != NULL) {
        size_t size = strlen(config->state_path) + 1;
        char *copy = malloc(size);
        if (copy != NULL) {
            memcpy(copy, config->state_path, size);
        }
        t->config.state_path = copy;
    }
    if (t->run == NULL || (config->state_path != NULL && t->config.state_path == NULL)) {
        twin_destroy(t);
        return NULL;
    }
    return t;
}

int twin_create(struct twin **out, const struct twin_config *config)
{
    *out = NULL;
    if (!config_valid(config)) {
        (void)snprintf(create_error, sizeof create_error,
                       "flash size must be 512 or 1024 KiB, not %u", (unsigned)config->flash_kib);
        return TWIN_ERR_ARGUMENT;
    }
    struct twin *t = allocate(config);
    if (t == NULL) {
        (void)snprintf(create_error, sizeof create_error, "out of memory");
        return TWIN_ERR_MEMORY;
    }
    int err = create_parts(t);
    if (err != TWIN_OK) {
        memcpy(create_error, t->error, sizeof create_error);
        /* What could not be read must not be overwritten. */
        char *path = (char *)(uintptr_t)t->config.state_path;
        t->config.state_path = NULL;
        free(path);
        twin_destroy(t);
        return err;
    }
    *out = t;
    return TWIN_OK;
}

void twin_destroy(struct twin *t)
{
    if (t == NULL) {
        return;
    }
    if (twin_state_save(t) != TWIN_OK) {
        twin_report(t, TWIN_REPORT_OTHER, 0, "%s", t->error); /* there is nobody to return it to */
    }
    twin_cpu_destroy(t); /* before the flash bytes that its engine maps */
    twin_bus_destroy(t);
    twin_lines_destroy(t);
    twin_sched_destroy(t);
    twin_unmodelled_destroy(t);
    free(t->run);
    free((char *)(uintptr_t)t->config.state_path);
    free(t);
}

static void tell_reset(struct twin *t, const char *cause)
{
    t->run->resets++;
    if (t->config.on_reset != NULL) {
        t->config.on_reset(t->config.ctx, cause);
    }
}

void twin_power_on(struct twin *t)
{
    if (t->powered) {
        return;
    }
    t->powered = true;
    t->run->power_cut = false;
    t->run->reset_requested = false;
    twin_bus_reset(t, TWIN_RESET_POWER);
    twin_clock_changed(t);
    core_reset(t, TWIN_RESET_POWER);
    tell_reset(t, "power-on");
}

void twin_power_off(struct twin *t)
{
    if (!t->powered) {
        return;
    }
    t->powered = false;
    twin_flash_power_lost(t);
    twin_bus_reset(t, TWIN_RESET_POWER);
    twin_clock_changed(t);
    core_interrupt_run(t);
}

void twin_power_cut(struct twin *t)
{
    t->run->power_cut = true;
    core_interrupt_run(t);
}

bool twin_is_powered(const struct twin *t)
{
    return t->powered;
}

void twin_request_reset(struct twin *t, unsigned csr_flag, const char *cause)
{
    struct twin_run *run = t->run;
    if (run->reset_requested) {
        return; /* the first cause wins, as on the chip */
    }
    run->reset_requested = true;
    run->reset_flag = csr_flag;
    (void)snprintf(run->reset_cause, sizeof run->reset_cause, "%s", cause);
    core_interrupt_run(t);
}

bool twin_reset_is_asked_for(const struct twin *t)
{
    return t->run->reset_requested;
}

/* In Standby nothing but the backup domain had a supply. */
static void do_reset(struct twin *t)
{
    struct twin_run *run = t->run;
    enum twin_reset kind = twin_pwr_in_standby(t) ? TWIN_RESET_POWER : TWIN_RESET_SYSTEM;
    run->reset_requested = false;
    twin_bus_reset(t, kind);
    twin_rcc_set_reset_flag(t, run->reset_flag);
    twin_rcc_set_reset_flag(t, 26); /* every system reset pulls NRST low: RM0090 6.1.1 */
    twin_clock_changed(t);
    core_reset(t, kind);
    tell_reset(t, run->reset_cause);
}

void twin_reset_pin(struct twin *t)
{
    if (!t->powered) {
        return;
    }
    t->run->reset_requested = false;
    twin_request_reset(t, 26, "pin");
    do_reset(t);
}

uint64_t twin_now_ns(const struct twin *t)
{
    return twin_now_ps(t) / PS_PER_NS;
}

void twin_request_stop(struct twin *t)
{
    t->run->stop_requested = true;
    core_interrupt_run(t);
}

/* One step of the board. Returns true when the run is over, and why. */
static bool run_step(struct twin *t, enum twin_stop *why)
{
    struct twin_run *run = t->run;
    sched_attended(t, SCHED_ATTEND_RUN);
    sched_run_due(t);
    if (run->power_cut) {
        run->power_cut = false;
        twin_power_off(t);
        *why = TWIN_STOP_POWER;
        return true;
    }
    if (run->reset_requested && t->powered) {
        do_reset(t);
    }
    if (run->stop_requested) {
        *why = TWIN_STOP_EVENT;
        return true;
    }
    if (twin_now_ps(t) >= t->sched->limit_ps) {
        *why = !t->powered         ? TWIN_STOP_POWER
               : t->cpu->locked_up ? TWIN_STOP_LOCKUP
                                   : TWIN_STOP_TIME;
        return true;
    }
    if (!t->powered || t->cpu->locked_up) {
        sched_advance_to(t, sched_next_ps(t));
        return false;
    }
    core_run(t);
    *why = TWIN_STOP_LOCKUP;
    return t->cpu->locked_up;
}

bool twin_time_is_over(const struct twin *t)
{
    return twin_now_ps(t) >= TIME_ENDS_PS / PS_PER_NS * PS_PER_NS;
}

static void tell_end(struct twin *t)
{
    if (twin_time_is_over(t) && !t->run->told_end) {
        t->run->told_end = true;
        twin_report(t, TWIN_REPORT_OTHER, 0,
                    "virtual time ends here, 106 days after it began: nothing happens any more");
    }
}

enum twin_stop twin_run_ns(struct twin *t, uint64_t ns)
{
    t->run->stop_requested = false;
    uint64_t now = twin_now_ps(t);
    uint64_t most = now < TIME_ENDS_PS ? (TIME_ENDS_PS - now) / PS_PER_NS : 0;
    sched_set_limit(t, now + (ns < most ? ns : most) * PS_PER_NS);
    enum twin_stop why = TWIN_STOP_TIME;
    while (!run_step(t, &why)) {
    }
    tell_end(t);
    return why;
}

void twin_get_counters(const struct twin *t, struct twin_counters *out)
{
    *out = (struct twin_counters){
        .instructions = t->cpu->instructions,
        .cycles = t->sched->cycles,
        .resets = t->run->resets,
        .flash_operations = twin_flash_operation_count(t),
    };
}
