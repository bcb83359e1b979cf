/* SPDX-License-Identifier: MIT */
/*
 * The six USARTs: registers, clock and DMA streams of each, from a table. Who drives one
 * keeps a struct usart.
 */
#ifndef ARAREXT_USART_H
#define ARAREXT_USART_H

#include <stdbool.h>
#include <stdint.h>

#include "stm32f407.h"

/* Clocks of the two buses. */
struct usart_buses {
    uint32_t apb1_hz; /* USART2 to 5 */
    uint32_t apb2_hz; /* USART1, USART6 */
};

/* A DMA stream. status points to LISR or HISR; the register that clears is USART_DMA_CLEAR words
 * behind it. */
struct usart_dma {
    struct dma_stream_regs *regs;
    volatile uint32_t *status;
    uint32_t shift; /* of its flags there */
};
#define USART_DMA_CLEAR 2u /* LIFCR - LISR */

struct usart {
    uint8_t number; /* 1 to 6 */
    uint8_t irq;
    struct usart_regs *regs; /* NULL: none */
    uint32_t hz;             /* its clock */
    uint32_t channel;        /* of both streams, as DMA_CR has it */
    struct usart_dma rx, tx;
};

/* Fills u for USART number 1 to 6; another one: regs becomes NULL. */
void usart_find(struct usart *u, unsigned number);
/* Clock, rate and transmitter; then its pin, which the transmitter holds high. A rate that cannot
 * be made counts as 115200; returns the one that is. */
uint32_t usart_start(struct usart *u, const struct usart_buses *buses, unsigned tx_pin,
                     uint32_t rate);
/* The receiving pin, pulled up: an open one must not be noise. */
void usart_take_rx_pin(const struct usart *u, unsigned rx_pin);
/* Begins to send len bytes, of which there is one at least. The stream is idle. */
void usart_send(const struct usart *u, const uint8_t *bytes, uint32_t len);

#endif
