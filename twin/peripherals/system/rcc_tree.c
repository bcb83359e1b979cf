/* SPDX-License-Identifier: MIT */
/*
 * The clock tree's arithmetic: PLL, system clock switch, bus prescalers, and the limits that they
 * have to keep. Frequencies are computed when a register changes and only looked up afterwards.
 *
 * RM0090 7.2 and 7.3.2-7.3.3 (PLL factors, prescalers), 5.1.4 and 5.4.1 (VOS: 144 MHz with scale
 * 2), DS8626 tables "General operating conditions" and "Main PLL characteristics".
 */
#include "rcc.h"

enum { RCC_REGS = 0x40023800 };

#define MHZ UINT64_C(1000000)

struct pll {
    uint32_t m, n, p, q;
    uint32_t in_hz;
    uint64_t vco_hz;
};

static uint32_t get(const struct twin *t, unsigned offset)
{
    return t->rcc->regs[offset / 4];
}

static struct pll pll_of(const struct twin *t)
{
    uint32_t cfg = get(t, RCC_PLLCFGR);
    struct pll pll = {.m = cfg & 0x3F, .n = cfg >> 6 & 0x1FF, .q = cfg >> 24 & 15};
    pll.p = 2 * ((cfg >> 16 & 3) + 1);
    uint32_t source = (cfg & PLLCFGR_SRC_HSE) != 0 ? t->config.hse_hz : t->config.hsi_hz;
    if (pll.m != 0) {
        pll.in_hz = source / pll.m;
        pll.vco_hz = (uint64_t)source * pll.n / pll.m;
    }
    return pll;
}

/* What makes a PLL that does not lock: numbers that are not allowed, or a VCO out of range. What
 * the chip does then is not defined; the twin takes the outcome that a program must be ready for.
 */
static const char *pll_defect(const struct pll *pll)
{
    if (pll->m < 2 || pll->n < 50 || pll->n > 432 || pll->q < 2) {
        return "factors M 2-63, N 50-432, Q 2-15";
    }
    if (pll->vco_hz < 100 * MHZ || pll->vco_hz > 432 * MHZ) {
        return "VCO 100 to 432 MHz";
    }
    return NULL;
}

/* Boards are seen to run with one, at the frequency that the factors give. */
static bool pll_input_is_wrong(const struct pll *pll)
{
    return pll->in_hz < 1 * MHZ - 50000 || pll->in_hz > 2 * MHZ + 100000;
}

bool rcc_pll_can_lock(const struct twin *t)
{
    struct pll pll = pll_of(t);
    return pll_defect(&pll) == NULL;
}

void rcc_check_pll(struct twin *t)
{
    struct pll pll = pll_of(t);
    const char *defect = pll_defect(&pll);
    if (defect != NULL) {
        twin_report(t, TWIN_REPORT_PLL, RCC_REGS + RCC_PLLCFGR,
                    "PLL out of range (M %u, N %u, Q %u, input %u Hz, VCO %llu Hz; allowed: %s): "
                    "it never locks",
                    pll.m, pll.n, pll.q, pll.in_hz, (unsigned long long)pll.vco_hz, defect);
        return;
    }
    if (pll_input_is_wrong(&pll)) {
        twin_report(t, TWIN_REPORT_PLL, RCC_REGS + RCC_PLLCFGR,
                    "PLL input of %u Hz (M %u) is not within 1 to 2 MHz: it locks here, as boards "
                    "are seen to do, and nobody promises it",
                    pll.in_hz, pll.m);
    }
    uint64_t out = pll.vco_hz / pll.p;
    if (out < 24 * MHZ || out > 168 * MHZ) {
        twin_report(t, TWIN_REPORT_PLL, RCC_REGS + RCC_PLLCFGR,
                    "PLL output of %llu Hz is not within 24 to 168 MHz", (unsigned long long)out);
    }
    if (pll.vco_hz / pll.q > 75 * MHZ) {
        twin_report(t, TWIN_REPORT_PLL, RCC_REGS + RCC_PLLCFGR,
                    "PLL48CLK of %llu Hz is above 75 MHz",
                    (unsigned long long)(pll.vco_hz / pll.q));
    }
}

static uint32_t sysclk_hz(const struct twin *t)
{
    unsigned sws = get(t, RCC_CFGR) >> 2 & 3;
    if (sws == RCC_SW_HSE) {
        return t->config.hse_hz;
    }
    if (sws == RCC_SW_PLL) {
        struct pll pll = pll_of(t);
        return (uint32_t)(pll.vco_hz / pll.p);
    }
    return t->config.hsi_hz;
}

uint32_t twin_pll48_hz(const struct twin *t)
{
    struct pll pll = pll_of(t);
    bool ready = (get(t, RCC_CR) & CR_PLLRDY) != 0 && pll.q != 0;
    return ready ? (uint32_t)(pll.vco_hz / pll.q) : 0;
}

/* LSE is not on the board; HSE is divided by RTCPRE, for which 0 and 1 mean none. */
uint32_t twin_rtcclk_hz(const struct twin *t)
{
    enum { SEL_LSI = 2, SEL_HSE = 3, LSI_HZ = 32000 };
    uint32_t bdcr = get(t, RCC_BDCR);
    uint32_t divider = get(t, RCC_CFGR) >> 16 & 31;
    if ((bdcr & 1u << 15) == 0) {
        return 0;
    }
    switch (bdcr >> 8 & 3) {
    case SEL_LSI:
        return (get(t, RCC_CSR) & 2) != 0 ? LSI_HZ : 0;
    case SEL_HSE:
        return (get(t, RCC_CR) & CR_HSERDY) != 0 && divider >= 2 ? t->config.hse_hz / divider : 0;
    default:
        return 0;
    }
}

static uint32_t ahb_divider(uint32_t cfgr)
{
    static const uint16_t dividers[8] = {2, 4, 8, 16, 64, 128, 256, 512};
    uint32_t hpre = cfgr >> 4 & 15;
    return hpre < 8 ? 1 : dividers[hpre - 8];
}

static uint32_t apb_divider(uint32_t ppre)
{
    return ppre < 4 ? 1 : 2u << (ppre - 4);
}

static void compute(struct twin *t)
{
    struct twin_rcc *r = t->rcc;
    uint32_t cfgr = get(t, RCC_CFGR);
    uint32_t div1 = apb_divider(cfgr >> 10 & 7);
    uint32_t div2 = apb_divider(cfgr >> 13 & 7);
    r->hclk_hz = sysclk_hz(t) / ahb_divider(cfgr);
    r->pclk1_hz = r->hclk_hz / div1;
    r->pclk2_hz = r->hclk_hz / div2;
    r->timclk1_hz = div1 == 1 ? r->pclk1_hz : 2 * r->pclk1_hz;
    r->timclk2_hz = div2 == 1 ? r->pclk2_hz : 2 * r->pclk2_hz;
}

static void check_limit(struct twin *t, const char *name, uint32_t hz, uint32_t limit_mhz)
{
    uint32_t limit = limit_mhz * 1000000;
    if (hz > limit) {
        twin_report(t, TWIN_REPORT_PLL, RCC_REGS + RCC_CFGR, "%s of %u Hz is above %u Hz", name, hz,
                    limit);
    }
}

void twin_rcc_check_limits(struct twin *t)
{
    const struct twin_rcc *r = t->rcc;
    bool scale1 = twin_pwr_scale1(t);
    check_limit(t, scale1 ? "HCLK" : "HCLK with PWR_CR.VOS = 0", r->hclk_hz, scale1 ? 168 : 144);
    check_limit(t, "APB1 clock", r->pclk1_hz, 42);
    check_limit(t, "APB2 clock", r->pclk2_hz, 84);
    twin_flash_check_wait_states(t);
}

/* The clock is switched and dividers change in one write: a new divider holds after up to 16 cycles
 * (RM0090 7.3.3), so for a moment the clocks are those of the new clock with the old dividers, or
 * of the old one with the new. */
void rcc_check_order(struct twin *t, uint32_t old, uint32_t value)
{
    enum { SW = 3, SWITCH = 15, DIVIDERS = 0xFCF0 };
    uint32_t *cfgr = &t->rcc->regs[RCC_CFGR / 4];
    uint32_t now = *cfgr;
    if (((old ^ value) & SW) == 0 || ((old ^ value) & DIVIDERS) == 0) {
        return;
    }
    *cfgr = (value & SW) | (value & SW) << 2 | (old & DIVIDERS);
    compute(t);
    twin_rcc_check_limits(t);
    *cfgr = (old & SWITCH) | (value & DIVIDERS);
    compute(t);
    twin_rcc_check_limits(t);
    *cfgr = now;
    compute(t);
}

void rcc_tree_init(struct twin *t)
{
    compute(t);
}

void rcc_update(struct twin *t)
{
    struct twin_rcc *r = t->rcc;
    struct twin_rcc old = *r;
    compute(t);
    if (old.hclk_hz != r->hclk_hz || old.pclk1_hz != r->pclk1_hz || old.pclk2_hz != r->pclk2_hz) {
        twin_rcc_check_limits(t);
        twin_clock_changed(t);
    }
}

/* The core's clock comes, by whatever way, from the crystal. */
bool rcc_runs_on_hse(const struct twin *t)
{
    unsigned sws = get(t, RCC_CFGR) >> 2 & 3;
    return sws == RCC_SW_HSE || (sws == RCC_SW_PLL && (get(t, RCC_PLLCFGR) & PLLCFGR_SRC_HSE) != 0);
}

void rcc_switch(struct twin *t)
{
    static const uint32_t ready[3] = {CR_HSIRDY, CR_HSERDY, CR_PLLRDY};
    uint32_t *cfgr = &t->rcc->regs[RCC_CFGR / 4];
    uint32_t sw = *cfgr & 3;
    if ((get(t, RCC_CR) & ready[sw]) != 0) {
        *cfgr = (*cfgr & ~0xCu) | sw << 2;
    }
    rcc_update(t);
    twin_rtc_clock_changed(t);
    if (t->rcc->hse_dead && rcc_runs_on_hse(t)) {
        twin_cpu_stands_still(t, "the core was switched to a crystal that does not swing");
    }
}

uint32_t twin_hclk_hz(const struct twin *t)
{
    return t->rcc->hclk_hz;
}

uint32_t twin_pclk1_hz(const struct twin *t)
{
    return t->rcc->pclk1_hz;
}

uint32_t twin_pclk2_hz(const struct twin *t)
{
    return t->rcc->pclk2_hz;
}

uint32_t twin_timclk_hz(const struct twin *t, unsigned apb)
{
    return apb == 1 ? t->rcc->timclk1_hz : t->rcc->timclk2_hz;
}

void twin_set_hse(struct twin *t, uint32_t hz, bool clock)
{
    t->rcc->hse_dead = hz == 0;
    t->rcc->hse_clock = clock;
    t->config.hse_hz = hz;
}
