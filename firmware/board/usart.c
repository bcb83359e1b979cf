/* SPDX-License-Identifier: MIT */
/*
 * USART1 to 6 (RM0090 rev 19 sections 30.6 and 7.3; DMA requests: tables 42 and 43; alternate
 * functions: DS8626 table 9). USART1 and 6 are on APB2 and DMA2, the others on APB1 and DMA1. No
 * two of the streams chosen here are the same, so that any USART may be that of the commands and
 * any other that of the log.
 */
#include "usart.h"

#include <stddef.h>

#include "baud.h"
#include "board_block.h"
#include "pin.h"

#define CHANNEL   4u /* and 5 for USART6 */
#define AF_1_TO_3 7u
#define AF_4_TO_6 8u
#define PAGE      0x400u
#define PAGE_APB2 0x40u /* from here on */

static const struct usart_row {
    uint8_t page;   /* of 1 KiB, from 0x40000000 on */
    uint8_t clock;  /* bit in RCC_APBxENR */
    uint8_t rx, tx; /* DMA streams */
    uint8_t irq;
} usart_rows[] = {
    {0x44, 4, 5, 7, 37},  {0x11, 17, 5, 6, 38}, {0x12, 18, 1, 3, 39},
    {0x13, 19, 2, 4, 52}, {0x14, 20, 0, 7, 53}, {0x45, 5, 1, 6, 71},
};

static bool usart_is_fast(const struct usart_row *row)
{
    return row->page >= PAGE_APB2;
}

static void usart_find_dma(struct usart_dma *out, struct dma_regs *dma, unsigned stream)
{
    static const uint8_t shifts[] = {0, 6, 16, 22};

    out->regs = &dma->S[stream];
    out->status = &dma->LISR + stream / 4u;
    out->shift = shifts[stream % 4u];
}

void usart_find(struct usart *u, unsigned number)
{
    u->number = (uint8_t)number;
    u->regs = NULL;
    if (number - 1u >= BOARD_USARTS) {
        return;
    }
    const struct usart_row *row = &usart_rows[number - 1u];
    struct dma_regs *dma = usart_is_fast(row) ? DMA2 : DMA1;

    u->regs = (struct usart_regs *)(PERIPHERALS_BASE + row->page * PAGE);
    usart_find_dma(&u->rx, dma, row->rx);
    usart_find_dma(&u->tx, dma, row->tx);
    u->channel = DMA_CR_CHSEL(number == 6u ? CHANNEL + 1u : CHANNEL);
    u->irq = row->irq;
}

/* RCC_APB1ENR or RCC_APB2ENR, which lie side by side. */
static volatile uint32_t *usart_enable(const struct usart_row *row)
{
    return &RCC->APB1ENR + usart_is_fast(row);
}

static void usart_take_pin(const struct usart *u, unsigned pin, unsigned pull)
{
    pin_start(pin, PIN_USE(GPIO_MODE_ALTERNATE, pull, u->number <= 3u ? AF_1_TO_3 : AF_4_TO_6));
}

uint32_t usart_start(struct usart *u, const struct usart_buses *buses, unsigned tx_pin,
                     uint32_t rate)
{
    const struct usart_row *row = &usart_rows[u->number - 1u];

    *usart_enable(row) |= 1u << row->clock;
    (void)*usart_enable(row); /* ES0182 */
    u->hz = usart_is_fast(row) ? buses->apb2_hz : buses->apb1_hz;
    if (!baud_possible(u->hz, rate)) {
        rate = BAUD_BASE;
    }
    u->regs->BRR = baud_divider(u->hz, rate);
    u->regs->CR1 = USART_CR1_UE | USART_CR1_TE; /* before it has the pin */
    usart_take_pin(u, tx_pin, GPIO_PULL_NONE);
    return rate;
}

void usart_take_rx_pin(const struct usart *u, unsigned rx_pin)
{
    usart_take_pin(u, rx_pin, GPIO_PULL_UP);
}

void usart_send(const struct usart *u, const uint8_t *bytes, uint32_t len)
{
    struct dma_stream_regs *tx = u->tx.regs;

    u->tx.status[USART_DMA_CLEAR] = DMA_FLAGS << u->tx.shift;
    tx->PAR = (uint32_t)&u->regs->DR;
    tx->M0AR = (uint32_t)bytes;
    tx->NDTR = len;
    tx->CR = u->channel | DMA_CR_MINC | DMA_CR_DIR_FROM_MEM;
    u->regs->SR = ~USART_SR_TC; /* so that who waits for the end waits for these bytes */
    tx->CR |= DMA_CR_EN;        /* on its own: the other bits are read-only while it is set */
}
