/* SPDX-License-Identifier: MIT */
/*
 * The board: which pin and which port does what (design: STM32F407VG or VE, crystal of 8 MHz).
 * Another board is another folder with this file.
 */
#ifndef ARAREXT_BOARD_H
#define ARAREXT_BOARD_H

#include <stdint.h>

#define BOARD_HSI_HZ     16000000u
#define BOARD_BAUD       115200u
#define BOARD_BUTTON_PIN 0u  /* PA0: high = bootloader */
#define BOARD_TX_PIN     2u  /* PA2: USART2 */
#define BOARD_RX_PIN     3u  /* PA3 */
#define BOARD_LED_PIN    5u  /* PA5, high = on */
#define BOARD_LOG_PIN    10u /* PB10: USART3 TX */
#define BOARD_USART_AF   7u  /* DS8626 table 9: USART1 to 3 */

#define BOARD_IDENTITY_SIZE 32u
extern const uint8_t board_identity[BOARD_IDENTITY_SIZE]; /* vendor UUID, class UUID */

#endif
