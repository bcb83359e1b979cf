/* SPDX-License-Identifier: MIT */
/*
 * USART2 with DMA1 streams 5 (receive) and 6 (transmit), channel 4 (RM0090 rev 19 sections 30.3
 * and 10.3, table 42).
 *
 * Errors: the DMA reads DR all the time, which may clear FE, NF, PE and ORE before anyone has
 * looked at SR. So the error interrupt is enabled in the USART and not in the NVIC: its pending bit
 * there remembers that there was one.
 */
#include "serial.h"

#include "board.h"
#include "cortex_m4.h"
#include "ramcode.h"
#include "stm32f407.h"
#include "timer.h"

#define RX_STREAM      5u
#define RX_CHANNEL     4u
#define TX_STREAM      6u
#define TX_CHANNEL     4u
#define USART2_IRQ     38u
#define USART2_IRQ_BIT (1u << (USART2_IRQ % 32u))
#define TX_LIMIT_US    400000u /* the longest answer takes 269 ms at 9600 baud */
#define STOP_LOOPS     1000u   /* a stream stops within the transfer under way */

static struct {
    uint8_t *ring;
    uint32_t size;
    uint32_t lap;      /* bytes after which the DMA begins anew: the ring, or half of a wide one */
    uint32_t laps;     /* how often it has */
    uint32_t received; /* bytes that have come since the ring was taken into use; wraps */
    uint32_t consumed; /* bytes taken out of that; wraps */
    uint8_t own[SERIAL_RING_SIZE];
} serial;

_Static_assert((SERIAL_RING_SIZE & (SERIAL_RING_SIZE - 1u)) == 0, "positions wrap with the count");
_Static_assert((LINK_RING_END - LINK_RING_BASE) / 2u < 65536u, "NDTR has 16 bits");

/* NDTR has 16 bits: a wide ring is two buffers for the DMA, side by side (RM0090 section 10.3.9).
 * Their positions do not wrap with the count, after 4 GiB: by then the stream is closed. */
void serial_use_ring(uint8_t *wide)
{
    struct dma_stream_regs *rx = &DMA1->S[RX_STREAM];

    serial.ring = wide != NULL ? wide : serial.own;
    serial.size = wide != NULL ? LINK_RING_END - (uint32_t)wide : SERIAL_RING_SIZE;
    serial.lap = wide != NULL ? serial.size / 2u : SERIAL_RING_SIZE;
    serial.laps = serial.received = serial.consumed = 0;
    rx->CR &= ~DMA_CR_EN;
    for (uint32_t i = 0; i < STOP_LOOPS && (rx->CR & DMA_CR_EN) != 0; i++) {
    }
    DMA1->HIFCR = DMA_HIFCR_STREAM5; /* stopping sets TCIF */
    rx->M0AR = (uint32_t)serial.ring;
    rx->M1AR = (uint32_t)(serial.ring + serial.lap);
    rx->NDTR = serial.lap;
    rx->CR = DMA_CR_CHSEL(RX_CHANNEL) | DMA_CR_PL_HIGH | DMA_CR_MINC |
             (wide != NULL ? DMA_CR_DBM : DMA_CR_CIRC);
    rx->CR |= DMA_CR_EN; /* on its own: the other bits are read-only while it is set */
}

void serial_set_divider(uint32_t divider)
{
    USART2->BRR = divider;
}

/* The parity bit is the ninth of the character; a DMA of bytes leaves it out. */
void serial_set_format(enum serial_format format)
{
    serial_flush();
    USART2->CR2 = format == SERIAL_8N2 ? USART_CR2_STOP_2 : 0;
    USART2->CR1 = USART_CR1_UE | USART_CR1_TE | USART_CR1_RE |
                  (format == SERIAL_8E1 ? USART_CR1_M | USART_CR1_PCE | USART_CR1_PEIE : 0);
}

void serial_start(uint32_t apb1_hz)
{
    RCC->APB1ENR |= RCC_APB1_USART2;
    (void)RCC->APB1ENR; /* ES0182 */
    USART2->BRR = (apb1_hz + BOARD_BAUD / 2u) / BOARD_BAUD;
    USART2->CR1 = USART_CR1_UE | USART_CR1_TE; /* before it has the pin, which it then holds high */
    GPIOA->AFR[0] |= GPIO_AF(BOARD_TX_PIN, BOARD_USART_AF) | GPIO_AF(BOARD_RX_PIN, BOARD_USART_AF);
    /* An open RX pin must not be noise. */
    GPIOA->PUPDR |= GPIO_PAIR(BOARD_RX_PIN, GPIO_PULL_UP);
    GPIOA->OSPEEDR |= GPIO_PAIR(BOARD_TX_PIN, GPIO_SPEED_MEDIUM); /* for 2 Mbaud */
    GPIOA->MODER |=
        GPIO_PAIR(BOARD_TX_PIN, GPIO_MODE_ALTERNATE) | GPIO_PAIR(BOARD_RX_PIN, GPIO_MODE_ALTERNATE);
    DMA1->S[RX_STREAM].PAR = (uint32_t)&USART2->DR;
    serial_use_ring(NULL);
    DMA1->S[TX_STREAM].PAR = (uint32_t)&USART2->DR;
    USART2->CR3 = USART_CR3_DMAR | USART_CR3_DMAT | USART_CR3_EIE;
    /* Behind its pin: what the receiver sees on one that is not its own is not documented. */
    USART2->CR1 = USART_CR1_UE | USART_CR1_TE | USART_CR1_RE;
}

RAM_CODE void serial_watch_ring(void)
{
    if ((DMA1->HISR & DMA_HISR_TCIF5) != 0) {
        DMA1->HIFCR = DMA_HISR_TCIF5;
        serial.laps++;
    }
}

/* Bytes received, ever; wraps. NDTR may begin anew a moment before TCIF tells of it: then the count
 * would go back, and the old one stands. */
static uint32_t serial_received(void)
{
    uint32_t left, received;

    do {
        serial_watch_ring();
        left = DMA1->S[RX_STREAM].NDTR;
    } while ((DMA1->HISR & DMA_HISR_TCIF5) != 0); /* a lap ended in between: left is of the next */
    received = (serial.laps + 1u) * serial.lap - left;
    if ((int32_t)(received - serial.received) > 0) {
        serial.received = received;
    }
    return serial.received;
}

bool serial_peek(const uint8_t *bytes[2], size_t len[2])
{
    uint32_t received = serial_received();
    size_t unread = received - serial.consumed;
    size_t start = serial.consumed % serial.size;
    bool overflow = unread > serial.size;

    if (overflow) {
        serial.consumed = received;
        unread = 0;
    }
    bytes[0] = serial.ring + start;
    bytes[1] = serial.ring;
    len[0] = unread < serial.size - start ? unread : serial.size - start;
    len[1] = unread - len[0];
    return overflow;
}

void serial_skip(size_t len)
{
    serial.consumed += len;
}

bool serial_take_error(uint32_t *sr)
{
    if ((NVIC->ISPR[USART2_IRQ / 32u] & USART2_IRQ_BIT) == 0) {
        return false;
    }
    *sr = USART2->SR;
    (void)USART2->DR; /* together they clear the error */
    NVIC->ICPR[USART2_IRQ / 32u] = USART2_IRQ_BIT;
    return true;
}

size_t serial_unsent(void)
{
    struct dma_stream_regs *tx = &DMA1->S[TX_STREAM];

    return (tx->CR & DMA_CR_EN) != 0 ? tx->NDTR : 0;
}

void serial_wait_unsent(void)
{
    uint32_t start = timer_us();

    while ((DMA1->S[TX_STREAM].CR & DMA_CR_EN) != 0 && timer_us() - start < TX_LIMIT_US) {
    }
}

void serial_send(const uint8_t *bytes, size_t len)
{
    struct dma_stream_regs *tx = &DMA1->S[TX_STREAM];

    if (len == 0) {
        return;
    }
    serial_wait_unsent();
    if ((tx->CR & DMA_CR_EN) != 0) {
        tx->CR = 0; /* it never got rid of the last answer */
        serial_wait_unsent();
    }
    DMA1->HIFCR = DMA_HIFCR_STREAM6;
    tx->M0AR = (uint32_t)bytes;
    tx->NDTR = len;
    tx->CR = DMA_CR_CHSEL(TX_CHANNEL) | DMA_CR_MINC | DMA_CR_DIR_FROM_MEM;
    USART2->SR = ~USART_SR_TC; /* so that serial_flush waits for these bytes */
    tx->CR |= DMA_CR_EN;       /* on its own: the other bits are read-only while it is set */
}

void serial_flush(void)
{
    uint32_t start = timer_us();

    serial_wait_unsent();
    while ((USART2->SR & USART_SR_TC) == 0 && timer_us() - start < TX_LIMIT_US) {
    }
}
