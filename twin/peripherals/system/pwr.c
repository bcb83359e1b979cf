/* SPDX-License-Identifier: MIT */
/*
 * Power control and what lives on in the backup domain: backup SRAM and the RTC's backup registers.
 * Nothing here is written without PWR_CR.DBP. The board has a battery on VBAT, so that backup
 * registers survive power-off; backup SRAM does so with its regulator (PWR_CSR.BRE) on only, as on
 * the chip.
 *
 * Standby too: the core (cpu.c) goes there, and a rising edge of the pin WKUP or an event of the
 * RTC resets the chip out of it, as power-on does but for the backup domain and the flags here.
 *
 * RM0090 5.1.2 (backup domain), 5.3.6 (Standby), 5.4 (PWR of STM32F405/407). The voltage detector
 * is not modelled and says so once. Assumed: Standby with WUF set ends at once.
 */
#include "internal.h"
#include "reg.h"

#include <stdlib.h>
#include <string.h>

#define PS_PER_US UINT64_C(1000000)

enum {
    PWR_REGS = 0x40007000,
    BKPSRAM = 0x40024000,
    PWR_CR = 0x00,
    PWR_CSR = 0x04,
    CR_PVDE = 1u << 4,
    CR_DBP = 1u << 8,
    CR_VOS = 1u << 14,
    CR_BITS = 0x43F3, /* LPDS, PDDS, PVDE, PLS, DBP, FPDS, VOS; CWUF and CSBF read 0 */
    CR_CWUF = 1u << 2,
    CR_CSBF = 1u << 3,
    CR_RESET = 0x4000,
    CSR_WUF = 1u << 0,
    CSR_SBF = 1u << 1,
    CSR_BRR = 1u << 3,
    CSR_EWUP = 1u << 8,
    CSR_BRE = 1u << 9,
    CSR_VOSRDY = 1u << 14,
    /* The manuals give no times for the two regulators; VOSRDY shows some microseconds after reset.
     */
    VOS_US = 40,
    BACKUP_REGULATOR_US = 40,
};

struct twin_pwr {
    uint32_t cr, csr; /* csr without BRE and VOSRDY's delay */
    bool backup_regulator;
    struct twin_event vos_event, brr_event;
    uint8_t sram[TWIN_BACKUP_SRAM_BYTES];
    uint32_t bkpr[TWIN_BACKUP_REGISTERS];
    bool pvd_told;
    bool standby;
    bool rtc_asks; /* as last told: its edge is the event */
};

bool twin_pwr_backup_writable(const struct twin *t)
{
    return (t->pwr->cr & CR_DBP) != 0;
}

uint32_t twin_pwr_cr(const struct twin *t)
{
    return t->pwr->cr;
}

bool twin_pwr_scale1(const struct twin *t)
{
    return (t->pwr->cr & CR_VOS) != 0;
}

uint8_t *twin_backup_sram(struct twin *t)
{
    return t->pwr->sram;
}

uint32_t *twin_backup_registers(struct twin *t)
{
    return t->pwr->bkpr;
}

bool *twin_backup_regulator(struct twin *t)
{
    return &t->pwr->backup_regulator;
}

void twin_backup_domain_reset(struct twin *t)
{
    memset(t->pwr->bkpr, 0, sizeof t->pwr->bkpr);
    twin_rtc_domain_reset(t);
}

/* ---- Standby ---- */

static void wake_up(struct twin *t, const char *cause)
{
    t->pwr->csr |= CSR_WUF;
    if (t->pwr->standby) {
        twin_request_reset(t, 26, cause);
    }
}

void twin_pwr_wkup_changed(struct twin *t, bool level)
{
    if (level && (t->pwr->csr & CSR_EWUP) != 0) {
        wake_up(t, "Standby, by the pin WKUP");
    }
}

void twin_pwr_rtc_changed(struct twin *t, bool asks)
{
    struct twin_pwr *p = t->pwr;
    bool event = asks && !p->rtc_asks;
    p->rtc_asks = asks;
    if (event) {
        wake_up(t, "Standby, by the RTC");
    }
}

bool twin_pwr_in_standby(const struct twin *t)
{
    return t->pwr->standby;
}

void twin_pwr_standby_enter(struct twin *t)
{
    struct twin_pwr *p = t->pwr;
    p->standby = true;
    p->csr |= CSR_SBF;
    for (unsigned port = 0; port < 9; port++) { /* the pins are let go */
        twin_bus_reset_gate(t, 0x30, port);
    }
    if ((p->csr & CSR_WUF) != 0) {
        wake_up(t, "Standby, with WUF set");
    }
}

/* ---- PWR ---- */
static void after_us(struct twin *t, struct twin_event *ev, uint64_t us)
{
    twin_event_at(t, ev, twin_now_ps(t) + us * PS_PER_US);
}

static void vos_ready(struct twin *t, void *ctx)
{
    (void)ctx;
    t->pwr->csr |= CSR_VOSRDY;
}

static void brr_ready(struct twin *t, void *ctx)
{
    (void)ctx;
    t->pwr->csr |= CSR_BRR;
}

static void tell_once(struct twin *t, bool *told, uint32_t addr, const char *what)
{
    if (!*told) {
        *told = true;
        twin_report(t, TWIN_REPORT_UNMODELLED, addr, "%s is not modelled", what);
    }
}

static void write_cr(struct twin *t, uint32_t value)
{
    struct twin_pwr *p = t->pwr;
    uint32_t old = p->cr;
    p->cr = value & CR_BITS;
    p->csr &= ~(((value & CR_CWUF) != 0 ? (uint32_t)CSR_WUF : 0) |
                ((value & CR_CSBF) != 0 ? (uint32_t)CSR_SBF : 0));
    if ((p->cr & CR_PVDE) != 0) {
        tell_once(t, &p->pvd_told, PWR_REGS + PWR_CR, "the voltage detector (PVD)");
    }
    if (((old ^ p->cr) & CR_VOS) != 0) {
        p->csr &= ~(uint32_t)CSR_VOSRDY;
        after_us(t, &p->vos_event, VOS_US);
        twin_rcc_check_limits(t);
    }
}

static void write_csr(struct twin *t, uint32_t value)
{
    struct twin_pwr *p = t->pwr;
    bool enabled = (value & ~p->csr & CSR_EWUP) != 0;
    p->csr = (p->csr & ~(uint32_t)CSR_EWUP) | (value & CSR_EWUP);
    if (enabled && twin_pin_level(t, 'A', 0)) { /* a pin that is high already is an event, too */
        wake_up(t, "WKUP");
    }
    bool on = (value & CSR_BRE) != 0;
    if (on != p->backup_regulator && !twin_pwr_backup_writable(t)) {
        twin_report(t, TWIN_REPORT_OTHER, PWR_REGS + PWR_CSR,
                    "PWR_CSR.BRE written without PWR_CR.DBP: ignored");
        return;
    }
    if (on && !p->backup_regulator) {
        after_us(t, &p->brr_event, BACKUP_REGULATOR_US);
    } else if (!on) {
        twin_event_cancel(t, &p->brr_event);
        p->csr &= ~(uint32_t)CSR_BRR;
    }
    p->backup_regulator = on;
    twin_state_changed(t);
}

static uint32_t read_pwr(const struct twin *t, uint32_t reg)
{
    const struct twin_pwr *p = t->pwr;
    if (reg == PWR_CR) {
        return p->cr;
    }
    return reg == PWR_CSR ? p->csr | (p->backup_regulator ? (uint32_t)CSR_BRE : 0) : 0;
}

static uint32_t pwr_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    (void)self;
    return reg_extract(read_pwr(t, offset & ~3u), offset, width);
}

static void pwr_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    (void)self;
    uint32_t word = reg_repeat(width, value);
    if ((offset & ~3u) == PWR_CR) {
        write_cr(t, word);
    } else if ((offset & ~3u) == PWR_CSR) {
        write_csr(t, word);
    }
}

/* Without its regulator the backup SRAM is as random after power-off as any other. */
static void lose_backup_sram(struct twin *t)
{
    for (size_t i = 0; i < TWIN_BACKUP_SRAM_BYTES; i++) {
        t->pwr->sram[i] = (uint8_t)twin_random(t);
    }
}

static void pwr_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct twin_pwr *p = self;
    /* What PWR_CSR keeps: all over Standby, SBF over any reset but power-on. */
    uint32_t kept = p->standby && t->powered   ? CSR_WUF | CSR_SBF | CSR_EWUP
                    : kind == TWIN_RESET_POWER ? 0
                                               : CSR_SBF;
    p->cr = CR_RESET;
    p->csr = (p->csr & kept) | (p->backup_regulator ? (uint32_t)CSR_BRR : 0);
    p->standby = false;
    twin_event_cancel(t, &p->brr_event);
    twin_event_cancel(t, &p->vos_event);
    if (kind == TWIN_RESET_POWER) {
        p->pvd_told = false;
        if (!p->backup_regulator) {
            lose_backup_sram(t);
        }
    }
    if (t->powered) {
        after_us(t, &p->vos_event, VOS_US);
    }
}

static void pwr_destroy(struct twin *t, void *self)
{
    free(self);
    t->pwr = NULL;
}

/* ---- backup SRAM ---- */
static uint32_t sram_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    (void)t;
    const struct twin_pwr *p = self;
    uint32_t value = 0;
    for (unsigned i = 0; i < width && offset + i < sizeof p->sram; i++) {
        value |= (uint32_t)p->sram[offset + i] << (8 * i);
    }
    return value;
}

static void sram_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    struct twin_pwr *p = self;
    if (!twin_pwr_backup_writable(t)) {
        twin_report(t, TWIN_REPORT_OTHER, BKPSRAM + offset,
                    "backup SRAM written without PWR_CR.DBP: ignored");
        return;
    }
    for (unsigned i = 0; i < width && offset + i < sizeof p->sram; i++) {
        p->sram[offset + i] = (uint8_t)(value >> (8 * i));
    }
    twin_state_changed(t);
}

static void keep(struct twin *t, void *self, enum twin_reset kind)
{
    (void)t;
    (void)self;
    (void)kind;
}

int twin_pwr_create(struct twin *t)
{
    struct twin_pwr *p = calloc(1, sizeof *p);
    t->pwr = p;
    if (p == NULL) {
        return TWIN_ERR_MEMORY;
    }
    p->vos_event.fn = vos_ready;
    p->brr_event.fn = brr_ready;
    const struct twin_periph parts[] = {
        {.name = "PWR",
         .base = PWR_REGS,
         .size = 0x400,
         .enr = 0x40,
         .enr_bit = 28,
         .self = p,
         .read = pwr_read,
         .write = pwr_write,
         .reset = pwr_reset,
         .destroy = pwr_destroy},
        {.name = "BKPSRAM",
         .base = BKPSRAM,
         .size = TWIN_BACKUP_SRAM_BYTES,
         .enr = 0x30,
         .enr_bit = 18,
         .self = p,
         .read = sram_read,
         .write = sram_write,
         .reset = keep},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        twin_periph_add(t, &parts[i]);
    }
    return TWIN_OK;
}
