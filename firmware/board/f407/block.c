/* SPDX-License-Identifier: MIT */
/* The board block that the binary is built with, at its fixed address. It may be another one by the
 * time it runs: nobody reads it but through that address. */
#include "board_block.h"

__attribute__((section(".board_block"), used)) static const uint8_t board_block[BOARD_BLOCK_SIZE] =
    BOARD_BLOCK_ORIGINAL;
