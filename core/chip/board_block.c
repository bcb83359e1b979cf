/* SPDX-License-Identifier: MIT */
/* The board block: whether it checks, what stands in for it, and what its PLL makes. */
#include "board_block.h"

#include "bytes.h"
#include "crc.h"

#define HEAD (BOARD_BLOCK_LAYOUT | BOARD_BLOCK_SIZE << 8) /* layout, size, reserved */

/* Limits of HSE, of the PLL's input and of N (RM0090 section 7.3.2, DS8626 main PLL). M is in its
 * own, 2 to 63, if the input is. */
#define HSE_MIN_HZ 4000000u
#define HSE_MAX_HZ 26000000u
#define PLL_IN_MIN 950000u
#define PLL_IN_MAX 2100000u
#define PLL_N_MAX  432u
#define TOLERANCE  (BOARD_VCO_HZ / 200u) /* half a percent */

static const uint8_t built_in[BOARD_BLOCK_SIZE] = BOARD_BLOCK_ORIGINAL;

uint32_t board_block_crc(const uint8_t block[BOARD_BLOCK_SIZE])
{
    return crc_words(block, BOARD_CRC / WORD_SIZE);
}

bool board_block_is_good(const uint8_t block[BOARD_BLOCK_SIZE])
{
    if (load_le32(block) != BOARD_BLOCK_MAGIC || load_le32(block + BOARD_LAYOUT_AT) != HEAD ||
        crc_words(block, BOARD_BLOCK_SIZE / WORD_SIZE) != 0) { /* behind its own CRC it is 0 */
        return false;
    }
    return block[BOARD_COMMANDS] - 1u < BOARD_USARTS;
}

const uint8_t *board_block_choose(const uint8_t block[BOARD_BLOCK_SIZE])
{
    return board_block_is_good(block) ? block : built_in;
}

uint32_t board_block_vco(const uint8_t block[BOARD_BLOCK_SIZE])
{
    uint32_t hse = load_le32(block + BOARD_HSE_HZ);
    uint32_t m = block[BOARD_PLL_M];
    uint32_t n = load_le16(block + BOARD_PLL_N);
    uint32_t in, vco;

    if (block[BOARD_HSE_KIND] == BOARD_HSE_NONE || hse - HSE_MIN_HZ > HSE_MAX_HZ - HSE_MIN_HZ ||
        m == 0 || n > PLL_N_MAX) {
        return 0;
    }
    in = hse / m;
    vco = in * n;
    return in - PLL_IN_MIN <= PLL_IN_MAX - PLL_IN_MIN && BOARD_VCO_HZ - vco <= TOLERANCE ? vco : 0;
}
