/* SPDX-License-Identifier: MIT */
/*
 * What rcc.c (registers, oscillators, gates) and rcc_tree.c (frequencies) share. The rest of the
 * twin sees clocks through internal.h.
 */
#ifndef ARAREXT_TWIN_RCC_H
#define ARAREXT_TWIN_RCC_H

#include "internal.h"

enum {
    RCC_CR = 0x00,
    RCC_PLLCFGR = 0x04,
    RCC_CFGR = 0x08,
    RCC_CIR = 0x0C,
    RCC_BDCR = 0x70,
    RCC_CSR = 0x74,
    RCC_SSCGR = 0x80,
    RCC_PLLI2SCFGR = 0x84,
};

enum {
    CR_HSION = 1u << 0,
    CR_HSIRDY = 1u << 1,
    CR_HSITRIM = 0xF8,
    CR_HSEON = 1u << 16,
    CR_HSERDY = 1u << 17,
    CR_HSEBYP = 1u << 18,
    CR_CSSON = 1u << 19,
    CR_PLLON = 1u << 24,
    CR_PLLRDY = 1u << 25,
    CR_PLLI2SON = 1u << 26,
    CR_PLLI2SRDY = 1u << 27,
    PLLCFGR_SRC_HSE = 1u << 22,
};

enum { RCC_SW_HSI = 0, RCC_SW_HSE = 1, RCC_SW_PLL = 2 };

enum { RCC_GATE_REGS = 6 }; /* 0x30 to 0x44 */

struct twin_rcc {
    uint32_t regs[0x88 / 4]; /* by offset / 4 */
    struct twin_event hsi_event, hse_event, pll_event, plli2s_event, lsi_event;
    bool lsi_forced;
    bool stopped;   /* Stop mode: no gate is open */
    bool hse_dead;  /* the crystal does not swing */
    bool hse_clock; /* an oscillator is there instead: wants HSEBYP */
    bool hse_told;  /* that HSEBYP does not fit */
    bool mco_told[2];
    uint32_t opened[RCC_GATE_REGS]; /* gates opened lately, see twin_rcc_too_early */
    uint64_t opened_ps[RCC_GATE_REGS];
    uint32_t hclk_hz, pclk1_hz, pclk2_hz, timclk1_hz, timclk2_hz;
};

void rcc_tree_init(struct twin *t); /* recomputes all frequencies, without telling anybody */
/* Recomputes all frequencies from the registers; when one has changed, checks it and tells all. */
void rcc_update(struct twin *t);
/* Brings SWS to SW if that clock is ready. */
void rcc_switch(struct twin *t);
/* Before CFGR becomes value: reports a clock that is out of its limits on the way. */
void rcc_check_order(struct twin *t, uint32_t old, uint32_t value);
bool rcc_runs_on_hse(const struct twin *t);
/* Reports a PLL whose numbers or frequencies are out of range; whether it will ever lock. */
void rcc_check_pll(struct twin *t);
bool rcc_pll_can_lock(const struct twin *t);

#endif
