/* SPDX-License-Identifier: MIT */
/*
 * Reset and clock control: oscillators with their start-up times, the PLL, bus clocks, the gates
 * and resets of the peripherals, reset flags. It never lets a clock run that the chip would not
 * have, and reports every frequency outside of the chip's range.
 *
 * RM0090 6.2 and 7.3 (RCC of STM32F405/407), DS8626 tables of HSI, HSE, LSI and main PLL, ES0182
 * ("Delay after an RCC peripheral clock enabling"). The clock tree's arithmetic is in rcc_tree.c.
 */
#include "rcc.h"
#include "reg.h"

#include <stdlib.h>
#include <string.h>

#define PS_PER_US UINT64_C(1000000)

/* Typical start-up times. The PLL's has a minimum and a maximum only: 75 to 300 us. */
enum { HSI_START_US = 2, HSE_START_US = 2000, PLL_LOCK_US = 200, LSI_START_US = 15 };

enum { RCC_REGS = 0x40023800, RCC_IRQ = 5 };

enum {
    CIR_LSIRDY = 0, /* bit of the flag; its enable is 8 higher, its clear bit 16 higher */
    CIR_HSIRDY = 2,
    CIR_HSERDY = 3,
    CIR_PLLRDY = 4,
    CIR_PLLI2SRDY = 5,
};

#define CIR_CSSF     0x80u
#define CSR_FLAGS    0xFE000000u
#define CSR_RMVF     0x01000000u
#define CSR_LSION    1u
#define CSR_LSIRDY   2u
#define CSR_POWER_ON 0x0E000000u /* BORRSTF, PINRSTF, PORRSTF */
#define BDCR_RTCSEL  0x00000300u
#define BDCR_BDRST   0x00010000u
#define BDCR_BITS    0x00008305u /* LSEON, LSEBYP, RTCSEL, RTCEN */

/* Registers that are plain storage: reset value and the bits that can be written. */
struct plain_register {
    uint8_t offset;
    uint32_t reset, writable;
};

static const struct plain_register plain_registers[] = {
    {RCC_PLLCFGR, 0x24003010, 0x0F437FFF},
    {RCC_CFGR, 0, 0xFFFFFCF3},
    {0x10, 0, 0x226011FF},
    {0x14, 0, 0x000000C1},
    {0x18, 0, 0x00000001},
    {0x20, 0, 0x36FEC9FF},
    {0x24, 0, 0x00075933},
    {0x30, 0x00100000, 0x7E7411FF},
    {0x34, 0, 0x000000C1},
    {0x38, 0, 0x00000001},
    {0x40, 0, 0x36FEC9FF},
    {0x44, 0, 0x00075F33},
    {0x50, 0x7E6791FF, 0x7E6791FF},
    {0x54, 0x000000F1, 0x000000C1},
    {0x58, 0x00000001, 0x00000001},
    {0x60, 0x36FEC9FF, 0x36FEC9FF},
    {0x64, 0x00075F33, 0x00075F33},
    {RCC_SSCGR, 0, 0xCFFFFFFF},
    {RCC_PLLI2SCFGR, 0x20003000, 0x70007FC0},
};

static uint32_t *reg(struct twin *t, unsigned offset)
{
    return &t->rcc->regs[offset / 4];
}

static uint32_t get(const struct twin *t, unsigned offset)
{
    return t->rcc->regs[offset / 4];
}

/* ---- oscillators ---- */
static void update_irq(struct twin *t)
{
    uint32_t cir = get(t, RCC_CIR);
    twin_irq_set(t, RCC_IRQ, (cir & (cir >> 8) & 0x3F) != 0);
    twin_nmi_set(t, (cir & CIR_CSSF) != 0);
}

static void became_ready(struct twin *t, unsigned ready_bit, unsigned cir_bit)
{
    *reg(t, RCC_CR) |= ready_bit;
    if ((get(t, RCC_CIR) >> (cir_bit + 8) & 1) != 0) {
        *reg(t, RCC_CIR) |= 1u << cir_bit;
        update_irq(t);
    }
}

static void start(struct twin *t, struct twin_event *ev, uint64_t us)
{
    if (!ev->pending) {
        twin_event_at(t, ev, twin_now_ps(t) + us * PS_PER_US);
    }
}

static bool pll_source_ready(const struct twin *t)
{
    bool hse = (get(t, RCC_PLLCFGR) & PLLCFGR_SRC_HSE) != 0;
    return (get(t, RCC_CR) & (hse ? CR_HSERDY : CR_HSIRDY)) != 0;
}

/* PLL and PLLI2S share the source and its divider. */
static void start_plls(struct twin *t)
{
    uint32_t cr = get(t, RCC_CR);
    if (!pll_source_ready(t)) {
        return; /* called again when the source is there */
    }
    if ((cr & (CR_PLLON | CR_PLLRDY)) == CR_PLLON && rcc_pll_can_lock(t)) {
        start(t, &t->rcc->pll_event, PLL_LOCK_US);
    }
    if ((cr & (CR_PLLI2SON | CR_PLLI2SRDY)) == CR_PLLI2SON) {
        start(t, &t->rcc->plli2s_event, PLL_LOCK_US);
    }
}

static void hsi_ready(struct twin *t, void *ctx)
{
    (void)ctx;
    became_ready(t, CR_HSIRDY, CIR_HSIRDY);
    start_plls(t);
    rcc_switch(t);
}

static void hse_ready(struct twin *t, void *ctx)
{
    (void)ctx;
    became_ready(t, CR_HSERDY, CIR_HSERDY);
    start_plls(t);
    rcc_switch(t);
}

static void pll_ready(struct twin *t, void *ctx)
{
    (void)ctx;
    became_ready(t, CR_PLLRDY, CIR_PLLRDY);
    rcc_switch(t);
}

static void plli2s_ready(struct twin *t, void *ctx)
{
    (void)ctx;
    became_ready(t, CR_PLLI2SRDY, CIR_PLLI2SRDY);
}

static void lsi_ready(struct twin *t, void *ctx)
{
    (void)ctx;
    *reg(t, RCC_CSR) |= CSR_LSIRDY;
    became_ready(t, 0, CIR_LSIRDY);
    twin_rtc_clock_changed(t);
}

static void stop_clock(struct twin *t, struct twin_event *ev, uint32_t ready_bit)
{
    twin_event_cancel(t, ev);
    *reg(t, RCC_CR) &= ~ready_bit;
}

/* ---- CR ---- */
/* Bits that stay on because the system clock stands on them (RM0090 7.3.1). */
static uint32_t clocks_in_use(const struct twin *t)
{
    unsigned sws = get(t, RCC_CFGR) >> 2 & 3;
    if (sws == RCC_SW_HSI) {
        return CR_HSION;
    }
    if (sws == RCC_SW_HSE) {
        return CR_HSEON;
    }
    bool hse = (get(t, RCC_PLLCFGR) & PLLCFGR_SRC_HSE) != 0;
    return CR_PLLON | (hse ? CR_HSEON : CR_HSION);
}

/* A crystal swings in the chip's oscillator; with HSEBYP that is off (RM0090 7.2.1). */
static bool hse_fits(struct twin *t, uint32_t cr)
{
    struct twin_rcc *r = t->rcc;
    bool bypass = (cr & CR_HSEBYP) != 0;
    if (bypass != r->hse_clock && !r->hse_told) {
        r->hse_told = true;
        twin_report(t, TWIN_REPORT_OTHER, RCC_REGS + RCC_CR,
                    "HSE turned on %s HSEBYP, and there is %s: it does not start",
                    bypass ? "with" : "without", bypass ? "a crystal" : "an oscillator");
    }
    return bypass == r->hse_clock;
}

static void apply_switches(struct twin *t)
{
    struct twin_rcc *r = t->rcc;
    uint32_t cr = get(t, RCC_CR);
    if ((cr & CR_HSION) == 0) {
        stop_clock(t, &r->hsi_event, CR_HSIRDY);
    } else if ((cr & CR_HSIRDY) == 0) {
        start(t, &r->hsi_event, HSI_START_US);
    }
    if ((cr & CR_HSEON) == 0) {
        stop_clock(t, &r->hse_event, CR_HSERDY);
    } else if ((cr & CR_HSERDY) == 0 && !r->hse_dead && hse_fits(t, cr)) {
        start(t, &r->hse_event, HSE_START_US);
    }
    if ((cr & CR_PLLON) == 0 || !pll_source_ready(t)) {
        stop_clock(t, &r->pll_event, CR_PLLRDY);
    }
    if ((cr & CR_PLLI2SON) == 0 || !pll_source_ready(t)) {
        stop_clock(t, &r->plli2s_event, CR_PLLI2SRDY);
    }
    start_plls(t);
    twin_rtc_clock_changed(t);
}

static void write_cr(struct twin *t, uint32_t value)
{
    uint32_t old = get(t, RCC_CR);
    uint32_t writable = CR_HSION | CR_HSITRIM | CR_HSEON | CR_CSSON | CR_PLLON | CR_PLLI2SON;
    if ((old & CR_HSEON) == 0) {
        writable |= CR_HSEBYP;
    }
    uint32_t in_use = clocks_in_use(t);
    uint32_t cr = (old & ~writable) | (value & writable) | in_use;
    if ((in_use & ~value) != 0) {
        twin_report(t, TWIN_REPORT_OTHER, RCC_REGS + RCC_CR,
                    "RCC_CR written %08X: a clock that drives the core cannot be turned off",
                    value);
    }
    *reg(t, RCC_CR) = cr;
    if ((cr & ~old & CR_PLLON) != 0) {
        rcc_check_pll(t);
    }
    apply_switches(t);
}

/* The clock security system has noticed: RM0090 7.2.7. The detector is off until HSE is ready
 * again; CSSON stays (assumed: the manual does not say). */
static void hse_failed(struct twin *t)
{
    uint32_t *cr = reg(t, RCC_CR);
    bool in_use = rcc_runs_on_hse(t);
    *cr &= ~(uint32_t)(CR_HSEON | CR_HSERDY);
    if (in_use) {
        *cr &=
            (get(t, RCC_CFGR) >> 2 & 3) == RCC_SW_PLL ? ~(uint32_t)(CR_PLLON | CR_PLLI2SON) : ~0u;
        *cr |= CR_HSION | CR_HSIRDY;
        *reg(t, RCC_CFGR) &= ~0xFu; /* SW and SWS: HSI */
    }
    apply_switches(t);
    *reg(t, RCC_CIR) |= CIR_CSSF;
    twin_tim_clock_failed(t);
    rcc_update(t);
    update_irq(t);
}

void twin_crystal(struct twin *t, bool works)
{
    struct twin_rcc *r = t->rcc;
    uint32_t cr = get(t, RCC_CR);
    r->hse_dead = !works;
    if (works) {
        apply_switches(t);
    } else if ((cr & CR_HSERDY) == 0) {
        twin_event_cancel(t, &r->hse_event);
    } else if ((cr & CR_CSSON) != 0) {
        hse_failed(t);
    } else if (rcc_runs_on_hse(t)) {
        twin_cpu_stands_still(t, "the crystal that drives the core has died, and the clock "
                                 "security system is off");
    }
}

/* ---- the other registers with rules ---- */
static void write_pllcfgr(struct twin *t, uint32_t value)
{
    uint32_t cr = get(t, RCC_CR);
    uint32_t source_users = cr & (CR_PLLON | CR_PLLI2SON);
    if (value != get(t, RCC_PLLCFGR) && source_users != 0) {
        twin_report(t, TWIN_REPORT_PLL, RCC_REGS + RCC_PLLCFGR,
                    "PLLCFGR written while a PLL is on: the write is ignored");
        return;
    }
    *reg(t, RCC_PLLCFGR) = value;
}

static void write_cfgr(struct twin *t, uint32_t value)
{
    uint32_t old = get(t, RCC_CFGR);
    if ((value & 3) == 3) {
        twin_report(t, TWIN_REPORT_PLL, RCC_REGS + RCC_CFGR, "SW = 3 is not allowed; SW unchanged");
        value = (value & ~3u) | (old & 3);
    }
    rcc_check_order(t, old, value);
    *reg(t, RCC_CFGR) = value;
    rcc_switch(t);
}

static void write_cir(struct twin *t, uint32_t value)
{
    uint32_t cir = get(t, RCC_CIR);
    cir = (cir & ~0x3F00u) | (value & 0x3F00);
    cir &= ~(value >> 16 & 0xBF);
    *reg(t, RCC_CIR) = cir;
    update_irq(t);
}

static void write_bdcr(struct twin *t, uint32_t value)
{
    uint32_t old = get(t, RCC_BDCR);
    if (!twin_pwr_backup_writable(t)) {
        twin_report(t, TWIN_REPORT_OTHER, RCC_REGS + RCC_BDCR,
                    "backup domain control written without PWR_CR.DBP: ignored");
        return;
    }
    twin_state_changed(t);
    if ((value & BDCR_BDRST) != 0) {
        *reg(t, RCC_BDCR) = BDCR_BDRST;
        twin_backup_domain_reset(t);
        return;
    }
    value &= BDCR_BITS;
    if ((old & BDCR_RTCSEL) != 0) {
        if (((old ^ value) & BDCR_RTCSEL) != 0) {
            twin_report(t, TWIN_REPORT_OTHER, RCC_REGS + RCC_BDCR,
                        "RTCSEL can be chosen once until BDRST: it stays");
        }
        value = (value & ~BDCR_RTCSEL) | (old & BDCR_RTCSEL); /* once, until BDRST */
    }
    /* LSERDY never comes: the board has no 32 kHz crystal. */
    *reg(t, RCC_BDCR) = value;
    twin_rtc_clock_changed(t);
}

static void update_lsi(struct twin *t)
{
    struct twin_rcc *r = t->rcc;
    uint32_t *csr = reg(t, RCC_CSR);
    if (!twin_rcc_lsi_on(t)) {
        twin_event_cancel(t, &r->lsi_event);
        *csr &= ~CSR_LSIRDY;
        twin_rtc_clock_changed(t);
    } else if ((*csr & CSR_LSIRDY) == 0) {
        start(t, &r->lsi_event, LSI_START_US);
    }
}

static void write_csr(struct twin *t, uint32_t value)
{
    uint32_t *csr = reg(t, RCC_CSR);
    *csr = (*csr & ~CSR_LSION) | (value & CSR_LSION);
    if ((value & CSR_RMVF) != 0) {
        *csr &= ~CSR_FLAGS;
    }
    update_lsi(t);
}

bool twin_rcc_lsi_on(const struct twin *t)
{
    return t->rcc->lsi_forced || (get(t, RCC_CSR) & CSR_LSION) != 0;
}

void twin_rcc_force_lsi(struct twin *t)
{
    t->rcc->lsi_forced = true;
    update_lsi(t);
}

/* ---- gates and resets ---- */
static void write_resets(struct twin *t, unsigned offset, uint32_t old)
{
    uint32_t rising = get(t, offset) & ~old;
    for (unsigned bit = 0; bit < 32; bit++) {
        if ((rising >> bit & 1) != 0) {
            twin_bus_reset_gate(t, offset + 0x20, bit);
        }
    }
}

static unsigned gate_index(unsigned enr)
{
    return (enr - 0x30) / 4;
}

static void write_gates(struct twin *t, unsigned enr, uint32_t old)
{
    struct twin_rcc *r = t->rcc;
    uint32_t now = get(t, enr);
    unsigned i = gate_index(enr);
    r->opened[i] = (r->opened[i] & now) | (now & ~old);
    if ((now & ~old) != 0) {
        r->opened_ps[i] = twin_now_ps(t);
    }
    if (now != old) {
        twin_clock_changed(t);
    }
}

bool twin_rcc_clock_on(const struct twin *t, unsigned enr, unsigned bit)
{
    bool ccm = enr == 0x30 && bit == 20; /* a memory: nobody asks for it meanwhile */
    return (!t->rcc->stopped || ccm) && (get(t, enr) >> bit & 1) != 0;
}

bool twin_rcc_in_reset(const struct twin *t, unsigned enr, unsigned bit)
{
    return (get(t, enr - 0x20) >> bit & 1) != 0;
}

bool twin_rcc_too_early(struct twin *t, unsigned enr, unsigned bit)
{
    struct twin_rcc *r = t->rcc;
    unsigned i = gate_index(enr);
    if ((r->opened[i] >> bit & 1) == 0) {
        return false;
    }
    r->opened[i] &= ~(1u << bit);
    uint32_t hz = enr < 0x40 ? r->hclk_hz : enr == 0x40 ? r->pclk1_hz : r->pclk2_hz;
    uint64_t two_clocks_ps = UINT64_C(2000000000000) / hz;
    return twin_now_ps(t) - r->opened_ps[i] < two_clocks_ps;
}

static void write_plain(struct twin *t, uint32_t offset, uint32_t value)
{
    for (size_t i = 0; i < sizeof plain_registers / sizeof plain_registers[0]; i++) {
        const struct plain_register *p = &plain_registers[i];
        if (p->offset != offset) {
            continue;
        }
        uint32_t old = get(t, offset);
        value = (old & ~p->writable) | (value & p->writable);
        if (offset == RCC_PLLCFGR) {
            write_pllcfgr(t, value);
            return;
        }
        if (offset == RCC_CFGR) {
            write_cfgr(t, value);
            return;
        }
        *reg(t, offset) = value;
        if (offset >= 0x10 && offset < 0x30) {
            write_resets(t, offset, old);
        } else if (offset >= 0x30 && offset < 0x50) {
            write_gates(t, offset, old);
        } else if (offset == RCC_SSCGR && value != 0) {
            twin_report(t, TWIN_REPORT_UNMODELLED, RCC_REGS + RCC_SSCGR,
                        "spread spectrum clock generation is not modelled");
        }
        return;
    }
}

static uint32_t on_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    struct twin_rcc *r = self;
    /* The read takes longer than the two clocks that a gate needs: ES0182's way out. */
    memset(r->opened, 0, sizeof r->opened);
    if (offset >= sizeof r->regs) {
        return 0;
    }
    return reg_extract(get(t, offset & ~3u), offset, width);
}

static void on_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    const struct twin_rcc *r = self;
    if (offset >= sizeof r->regs) {
        return;
    }
    uint32_t at = offset & ~3u;
    uint32_t word = reg_merge(get(t, at), offset, width, value);
    switch (at) {
    case RCC_CR:
        write_cr(t, word);
        break;
    case RCC_CIR:
        write_cir(t, word);
        break;
    case RCC_BDCR:
        write_bdcr(t, word);
        break;
    case RCC_CSR:
        write_csr(t, word);
        break;
    default:
        write_plain(t, at, word);
        break;
    }
}

/* ---- reset ---- */
static void cancel_events(struct twin *t)
{
    struct twin_rcc *r = t->rcc;
    twin_event_cancel(t, &r->hsi_event);
    twin_event_cancel(t, &r->hse_event);
    twin_event_cancel(t, &r->pll_event);
    twin_event_cancel(t, &r->plli2s_event);
    twin_event_cancel(t, &r->lsi_event);
}

static void reset_registers(struct twin *t)
{
    struct twin_rcc *r = t->rcc;
    for (size_t i = 0; i < sizeof plain_registers / sizeof plain_registers[0]; i++) {
        *reg(t, plain_registers[i].offset) = plain_registers[i].reset;
    }
    *reg(t, RCC_CR) = 0x00000083;
    *reg(t, RCC_CIR) = 0;
    *reg(t, RCC_CSR) &= CSR_FLAGS;
    r->lsi_forced = false;
    r->stopped = false;
    memset(r->opened, 0, sizeof r->opened);
    rcc_tree_init(t); /* who resets the chip tells the others, when all of it is reset */
}

static void on_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct twin_rcc *r = self;
    cancel_events(t);
    if (kind == TWIN_RESET_POWER) {
        r->mco_told[0] = r->mco_told[1] = false;
        *reg(t, RCC_CSR) = CSR_POWER_ON;
    }
    reset_registers(t); /* BDCR is in the backup domain: only BDRST clears it */
    twin_rtc_clock_changed(t);
    update_irq(t);
}

void twin_rcc_set_reset_flag(struct twin *t, unsigned csr_bit)
{
    *reg(t, RCC_CSR) |= 1u << csr_bit;
}

uint32_t twin_rcc_bdcr(const struct twin *t)
{
    return get(t, RCC_BDCR);
}

void twin_rcc_restore_bdcr(struct twin *t, uint32_t bdcr)
{
    *reg(t, RCC_BDCR) = bdcr;
}

/* MCO1 and MCO2 are nothing as long as no pin carries them. */
static void pins_changed(struct twin *t, enum twin_routing what)
{
    static const struct {
        char port;
        uint8_t pin;
    } outputs[2] = {{'A', 8}, {'C', 9}};
    for (unsigned i = 0; i < 2 && what == TWIN_PINS_TAKEN; i++) {
        if (twin_gpio_has_af(t, outputs[i].port, outputs[i].pin, 0) && !t->rcc->mco_told[i]) {
            t->rcc->mco_told[i] = true;
            twin_report(t, TWIN_REPORT_UNMODELLED, RCC_REGS + RCC_CFGR,
                        "P%c%u is the clock output MCO%u, which is not modelled: it stays still",
                        outputs[i].port, outputs[i].pin, i + 1);
        }
    }
}

static void on_destroy(struct twin *t, void *self)
{
    free(self);
    t->rcc = NULL;
}

int twin_rcc_create(struct twin *t)
{
    struct twin_rcc *r = calloc(1, sizeof *r);
    t->rcc = r;
    if (r == NULL) {
        return TWIN_ERR_MEMORY;
    }
    r->hse_dead = t->config.no_hse;
    r->hsi_event.fn = hsi_ready;
    r->hse_event.fn = hse_ready;
    r->pll_event.fn = pll_ready;
    r->plli2s_event.fn = plli2s_ready;
    r->lsi_event.fn = lsi_ready;
    const struct twin_periph p = {.name = "RCC",
                                  .base = RCC_REGS,
                                  .size = 0x400,
                                  .self = r,
                                  .read = on_read,
                                  .write = on_write,
                                  .reset = on_reset,
                                  .destroy = on_destroy};
    twin_periph_add(t, &p);
    twin_gpio_watch_routing(t, pins_changed);
    reset_registers(t);
    return TWIN_OK;
}
