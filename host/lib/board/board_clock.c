/* SPDX-License-Identifier: MIT */
/*
 * The main PLL: HSE / M is the VCO's input, times N its output, and a quarter of that the core
 * clock of bootloader mode. Limits: RM0090 section 7.3.2 (M 2 to 63, N 50 to 432), DS8626 "Main PLL
 * characteristics" (input 0.95 to 2.1 MHz, VCO 100 to 432 MHz) and "HSE oscillator" (4 to 26 MHz).
 */
#include "board_pins.h"

#define VCO_HZ    336000000u
#define VCO_SHARE 200u /* half a percent of it */
#define HSE_MIN   4000000u
#define HSE_MAX   26000000u
#define INPUT_MIN 950000u
#define INPUT_MAX 2100000u
#define INPUT_HZ  1000000u /* of two that are as good, the one nearer to this: as ST's examples */
enum { M_MIN = 2, M_MAX = 63, N_MIN = 50, N_MAX = 432, CORE_DIVIDER = 4 };

static uint32_t distance(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

/* The VCO's output in Hz; 0 outside of the limits. */
static uint32_t vco_hz(uint32_t hse_hz, uint32_t m, uint32_t n)
{
    if (hse_hz < HSE_MIN || hse_hz > HSE_MAX || m < M_MIN || m > M_MAX || n < N_MIN || n > N_MAX ||
        hse_hz < INPUT_MIN * m || hse_hz > INPUT_MAX * m) {
        return 0;
    }
    uint32_t vco = (uint32_t)((uint64_t)hse_hz * n / m);
    return vco <= VCO_HZ && VCO_HZ - vco <= VCO_HZ / VCO_SHARE ? vco : 0; /* see FORMAT.md */
}

bool clock_find(uint32_t hse_hz, uint8_t *m, uint16_t *n)
{
    uint32_t best = UINT32_MAX, best_input = UINT32_MAX;
    for (uint32_t i = M_MIN; hse_hz != 0 && i <= M_MAX; i++) {
        uint32_t k = (uint32_t)((uint64_t)VCO_HZ * i / hse_hz);
        uint32_t vco = vco_hz(hse_hz, i, k);
        uint32_t off = distance(vco, VCO_HZ), input = distance(hse_hz / i, INPUT_HZ);
        if (vco != 0 && (off < best || (off == best && input < best_input))) {
            best = off;
            best_input = input;
            *m = (uint8_t)i;
            *n = (uint16_t)k;
        }
    }
    return best != UINT32_MAX;
}

uint32_t ararext_block_core_hz(const struct ararext_block *block)
{
    return block->hse == ARAREXT_HSE_NONE
               ? 0
               : vco_hz(block->hse_hz, block->pll_m, block->pll_n) / CORE_DIVIDER;
}
