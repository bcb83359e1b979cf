/* SPDX-License-Identifier: MIT */
/*
 * The board block: which pin and which USART of a board does what, as data at a fixed address of
 * the bootloader (FORMAT.md, "Board block"). It is read where it lies, byte by byte; a block that
 * does not check is never looked at further. Nothing here may decide about identity or trust.
 */
#ifndef ARAREXT_BOARD_BLOCK_H
#define ARAREXT_BOARD_BLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define BOARD_BLOCK_ADDR   0x08000080u
#define BOARD_BLOCK_MAGIC  0x44524241u /* "ABRD" */
#define BOARD_BLOCK_LAYOUT 1u
#define BOARD_BLOCK_SIZE   56u
#define BOARD_BLOCK_ROOM   64u

/* Offsets of its fields. A pin is port << 4 | number, port 0 for A to 8 for I. */
#define BOARD_MAGIC_AT     0u /* u32 */
#define BOARD_LAYOUT_AT    4u
#define BOARD_SIZE_AT      5u
#define BOARD_NAME         8u /* padded with NUL, the last one included */
#define BOARD_NAME_SIZE    16u
#define BOARD_COMMANDS     24u /* USART, 1 to 6 */
#define BOARD_COMMANDS_TX  25u
#define BOARD_COMMANDS_RX  26u
#define BOARD_LOG          27u /* USART; none of 1 to 6: no log */
#define BOARD_LOG_TX       28u
#define BOARD_BUTTON       29u
#define BOARD_BUTTON_FLAGS 30u
#define BOARD_LED          31u
#define BOARD_LED_FLAGS    32u
#define BOARD_DRIVER       33u /* driver enable of RS-485 */
#define BOARD_DRIVER_FLAGS 34u
#define BOARD_HSE_KIND     35u /* enum board_hse */
#define BOARD_HSE_HZ       36u /* u32 */
#define BOARD_PLL_M        40u
#define BOARD_PLL_N        42u /* u16 */
#define BOARD_BAUD         44u /* u32: at the start; 0 = 115200 */
#define BOARD_WINDOW_MS    48u /* u16: entry window, 0 = off */
#define BOARD_CRC          52u /* u32 */

#define BOARD_PIN_NONE         0xFFu /* as is all behind BOARD_PIN_LAST */
#define BOARD_PORT_SHIFT       4u
#define BOARD_PIN_NUMBER       15u
#define BOARD_PIN_LAST         0x8Fu /* PI15 */
#define BOARD_FLAG_LOW         1u    /* pressed, on, active: low */
#define BOARD_FLAGS_PULL_SHIFT 1u    /* of the button: 0 none, 1 up, 2 down */
#define BOARD_FLAGS_PULL       3u
#define BOARD_USARTS           6u

enum board_hse { BOARD_HSE_NONE = 0, BOARD_HSE_CRYSTAL = 1, BOARD_HSE_BYPASS = 2 };

/* The original's board, as the prebuilt binary holds it. */
#define BOARD_BLOCK_ORIGINAL                                                                       \
    {                                                                                              \
        'A', 'B', 'R', 'D', BOARD_BLOCK_LAYOUT, BOARD_BLOCK_SIZE, 0, 0,     /* head */             \
            'o', 'r', 'i', 'g', 'i', 'n', 'a', 'l', 0, 0, 0, 0, 0, 0, 0, 0, /* name */             \
            2, 0x02, 0x03, 3, 0x1A, 0x00, 4, 0x05, 0, BOARD_PIN_NONE, 0,    /* pins */             \
            BOARD_HSE_CRYSTAL, 0x00, 0x12, 0x7A, 0x00, 8, 0, 0x50, 0x01,    /* 8 MHz */            \
            0x00, 0xC2, 0x01, 0x00, 0, 0, 0, 0, 0x6E, 0x8F, 0x91, 0xC6      /* baud .. */          \
    }

/* Whether it checks: magic, layout, size, CRC, and the USART of the commands. block lies at a
 * multiple of 4. */
bool board_block_is_good(const uint8_t block[BOARD_BLOCK_SIZE]);
/* block if it checks, else the built-in one, the original's board. */
const uint8_t *board_block_choose(const uint8_t block[BOARD_BLOCK_SIZE]);
/* The CRC that belongs at BOARD_CRC. */
uint32_t board_block_crc(const uint8_t block[BOARD_BLOCK_SIZE]);

/* The VCO's rate, BOARD_VCO_HZ or up to half a percent less, that the block makes of HSE; 0 if it
 * has no HSE, or if M and N leave that or the chip's limits (DS8626, main PLL). More would be too
 * fast for the buses. */
#define BOARD_VCO_HZ 336000000u
uint32_t board_block_vco(const uint8_t block[BOARD_BLOCK_SIZE]);

#endif
