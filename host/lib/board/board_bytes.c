/* SPDX-License-Identifier: MIT */
/* The board block as it lies in the bootloader (FORMAT.md, "Board block"). */
#include <string.h>

#include "ararext_board.h"
#include "board_block.h"
#include "bytes.h"
#include "message.h"

_Static_assert(BOARD_BLOCK_ADDR == ARAREXT_BLOCK_ADDR && BOARD_BLOCK_SIZE == ARAREXT_BLOCK_SIZE &&
                   BOARD_NAME_SIZE == ARAREXT_BLOCK_NAMES && BOARD_PIN_NONE == ARAREXT_PIN_NONE,
               "core and the public header agree");
#define BAUD_UNSAID 115200u /* what 0 means */

void ararext_block_encode(const struct ararext_block *block, uint8_t bytes[ARAREXT_BLOCK_SIZE])
{
    memset(bytes, 0, ARAREXT_BLOCK_SIZE);
    store_le32(bytes, BOARD_BLOCK_MAGIC);
    bytes[BOARD_LAYOUT_AT] = BOARD_BLOCK_LAYOUT;
    bytes[BOARD_SIZE_AT] = BOARD_BLOCK_SIZE;
    for (size_t i = 0; i < BOARD_NAME_SIZE - 1 && block->name[i] != '\0'; i++) {
        bytes[BOARD_NAME + i] = (uint8_t)block->name[i];
    }
    bytes[BOARD_COMMANDS] = block->commands;
    bytes[BOARD_COMMANDS_TX] = block->commands_tx;
    bytes[BOARD_COMMANDS_RX] = block->commands_rx;
    bytes[BOARD_LOG] = block->log;
    bytes[BOARD_LOG_TX] = block->log != 0 ? block->log_tx : BOARD_PIN_NONE;
    bytes[BOARD_BUTTON] = block->button;
    bytes[BOARD_BUTTON_FLAGS] = (uint8_t)((block->button_low ? BOARD_FLAG_LOW : 0u) |
                                          (unsigned)block->button_pull << BOARD_FLAGS_PULL_SHIFT);
    bytes[BOARD_LED] = block->led;
    bytes[BOARD_LED_FLAGS] = block->led_low ? BOARD_FLAG_LOW : 0;
    bytes[BOARD_DRIVER] = block->driver;
    bytes[BOARD_DRIVER_FLAGS] = block->driver_low ? BOARD_FLAG_LOW : 0;
    bytes[BOARD_HSE_KIND] = (uint8_t)block->hse;
    store_le32(bytes + BOARD_HSE_HZ, block->hse_hz);
    bytes[BOARD_PLL_M] = block->pll_m;
    store_le16(bytes + BOARD_PLL_N, block->pll_n);
    store_le32(bytes + BOARD_BAUD, block->baud);
    store_le16(bytes + BOARD_WINDOW_MS, block->window_ms);
    store_le32(bytes + BOARD_CRC, board_block_crc(bytes));
}

static int explain(const uint8_t *bytes, struct ararext_message *why)
{
    uint32_t stored = load_le32(bytes + BOARD_CRC);
    uint32_t computed = board_block_crc(bytes);
    if (load_le32(bytes) != BOARD_BLOCK_MAGIC) {
        message_set(why,
                    "there is no board block at 0x%08X: no bootloader of Ararext, or one from "
                    "before there was such a block",
                    ARAREXT_BLOCK_ADDR);
    } else if (bytes[BOARD_LAYOUT_AT] != BOARD_BLOCK_LAYOUT ||
               bytes[BOARD_SIZE_AT] != BOARD_BLOCK_SIZE) {
        message_set(why, "the board block has layout %u and %u bytes, this ararext knows %u and %u",
                    bytes[BOARD_LAYOUT_AT], bytes[BOARD_SIZE_AT], BOARD_BLOCK_LAYOUT,
                    BOARD_BLOCK_SIZE);
    } else if (stored != computed) {
        message_set(why,
                    "the board block is damaged: its CRC is %08X, should be %08X; the bootloader "
                    "runs as on the original's board",
                    (unsigned)stored, (unsigned)computed);
    } else {
        message_set(why, "the board block names a USART or a pin that no chip has; the bootloader "
                         "runs as on the original's board");
    }
    return ARAREXT_ERR_FORMAT;
}

int ararext_block_decode(struct ararext_block *out, const uint8_t bytes[ARAREXT_BLOCK_SIZE],
                         struct ararext_message *why)
{
    _Alignas(uint32_t) uint8_t block[BOARD_BLOCK_SIZE];
    memcpy(block, bytes, sizeof block);
    if (!board_block_is_good(block)) {
        return explain(block, why);
    }
    *out = (struct ararext_block){
        .commands = block[BOARD_COMMANDS],
        .commands_tx = block[BOARD_COMMANDS_TX],
        .commands_rx = block[BOARD_COMMANDS_RX],
        .log = block[BOARD_LOG],
        .log_tx = block[BOARD_LOG_TX],
        .button = block[BOARD_BUTTON],
        .button_low = (block[BOARD_BUTTON_FLAGS] & BOARD_FLAG_LOW) != 0,
        .button_pull = block[BOARD_BUTTON_FLAGS] >> BOARD_FLAGS_PULL_SHIFT & BOARD_FLAGS_PULL,
        .led = block[BOARD_LED],
        .led_low = (block[BOARD_LED_FLAGS] & BOARD_FLAG_LOW) != 0,
        .driver = block[BOARD_DRIVER],
        .driver_low = (block[BOARD_DRIVER_FLAGS] & BOARD_FLAG_LOW) != 0,
        .hse = block[BOARD_HSE_KIND],
        .hse_hz = load_le32(block + BOARD_HSE_HZ),
        .pll_m = block[BOARD_PLL_M],
        .pll_n = load_le16(block + BOARD_PLL_N),
        .baud = load_le32(block + BOARD_BAUD),
        .window_ms = load_le16(block + BOARD_WINDOW_MS),
    };
    memcpy(out->name, block + BOARD_NAME, BOARD_NAME_SIZE - 1);
    out->baud = out->baud == 0 ? BAUD_UNSAID : out->baud;
    out->button_pull = out->button_pull > ARAREXT_PULL_DOWN ? ARAREXT_PULL_NONE : out->button_pull;
    out->hse = out->hse > ARAREXT_HSE_BYPASS ? ARAREXT_HSE_NONE : out->hse;
    return ARAREXT_OK;
}
