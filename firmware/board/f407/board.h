/* SPDX-License-Identifier: MIT */
/* Who a build is for. Which pin and which USART does what stands in the board block (block.c). */
#ifndef ARAREXT_BOARD_H
#define ARAREXT_BOARD_H

#include <stdint.h>

#define BOARD_IDENTITY_SIZE 32u
extern const uint8_t board_identity[BOARD_IDENTITY_SIZE]; /* vendor UUID, class UUID */

#endif
