/* SPDX-License-Identifier: MIT */
/*
 * USART3 with DMA1 stream 3, channel 4 (RM0090 rev 19 sections 30.3 and 10.3, table 42).
 */
#include "log.h"

#include "board.h"
#include "stm32f407.h"
#include "timer.h"

#define LOG_RING_SIZE   512u
#define TX_STREAM       3u
#define TX_CHANNEL      4u
#define FLUSH_LIMIT_US  100000u
#define FAULT_LOOPS_MAX 20000u /* a character takes 87 us: 14616 cycles at 168 MHz */

static struct {
    uint32_t head; /* bytes put in and taken out, ever */
    uint32_t tail;
    uint32_t in_flight; /* bytes behind tail that the DMA is sending */
    uint32_t dropped;
    bool at_once;
    uint8_t ring[LOG_RING_SIZE];
} log;

void log_start(uint32_t apb1_hz)
{
    RCC->APB1ENR |= RCC_APB1_USART3;
    (void)RCC->APB1ENR; /* ES0182 */
    USART3->BRR = (apb1_hz + BOARD_BAUD / 2u) / BOARD_BAUD;
    USART3->CR3 = USART_CR3_DMAT;
    USART3->CR1 = USART_CR1_UE | USART_CR1_TE; /* before it has the pin, which it then holds high */
    GPIOB->AFR[1] |= GPIO_AF(BOARD_LOG_PIN, BOARD_USART_AF);
    GPIOB->MODER |= GPIO_PAIR(BOARD_LOG_PIN, GPIO_MODE_ALTERNATE);
    DMA1->S[TX_STREAM].PAR = (uint32_t)&USART3->DR;
}

static void log_wait_sent(void)
{
    for (uint32_t i = 0; i < FAULT_LOOPS_MAX && (USART3->SR & USART_SR_TC) == 0; i++) {
    }
}

static void log_send_at_once(char c)
{
    USART3->DR = (uint8_t)c;
    log_wait_sent();
}

static void log_char(char c)
{
    if (log.at_once) {
        log_send_at_once(c);
    } else if (log.head - log.tail < LOG_RING_SIZE) {
        log.ring[log.head++ % LOG_RING_SIZE] = (uint8_t)c;
    } else {
        log.dropped++;
    }
}

void log_text(const char *text)
{
    while (*text != '\0') {
        log_char(*text++);
    }
}

void log_line(const char *text)
{
    log_text(text);
    log_text("\r\n");
}

void log_hex(uint32_t value, unsigned digits)
{
    log_char(' ');
    while (digits-- > 0) {
        log_char("0123456789ABCDEF"[value >> (digits * 4u) & 0xFu]);
    }
}

void log_decimal(uint32_t value)
{
    uint32_t power = 1;

    while (value / power >= 10u) {
        power *= 10u;
    }
    for (; power != 0; power /= 10u) {
        log_char((char)('0' + value / power % 10u));
    }
}

void log_pump(void)
{
    struct dma_stream_regs *tx = &DMA1->S[TX_STREAM];
    uint32_t start, len;

    if ((tx->CR & DMA_CR_EN) != 0) {
        return;
    }
    log.tail += log.in_flight;
    log.in_flight = 0;
    if (log.head == log.tail && log.dropped != 0) {
        uint32_t dropped = log.dropped;

        log.dropped = 0;
        log_text("dropped ");
        log_decimal(dropped);
        log_line("");
    }
    start = log.tail % LOG_RING_SIZE;
    len = log.head - log.tail;
    if (len > LOG_RING_SIZE - start) {
        len = LOG_RING_SIZE - start;
    }
    if (len != 0) {
        log.in_flight = len;
        DMA1->LIFCR = DMA_LIFCR_STREAM3;
        tx->M0AR = (uint32_t)(log.ring + start);
        tx->NDTR = len;
        tx->CR = DMA_CR_CHSEL(TX_CHANNEL) | DMA_CR_MINC | DMA_CR_DIR_FROM_MEM;
        tx->CR |= DMA_CR_EN; /* on its own: the other bits are read-only while it is set */
    }
}

void log_flush(void)
{
    uint32_t start = timer_us();

    do {
        log_pump();
    } while ((log.in_flight != 0 || (USART3->SR & USART_SR_TC) == 0) &&
             timer_us() - start < FLUSH_LIMIT_US);
}

bool log_take_over(void)
{
    if ((RCC->APB1ENR & RCC_APB1_USART3) == 0 || (RCC->AHB1ENR & RCC_AHB1_DMA1) == 0) {
        return false; /* code that GO_TO_ADDR started has faulted: nothing is set up */
    }
    DMA1->S[TX_STREAM].CR = 0;
    log_wait_sent(); /* what the DMA has already handed over */
    log.at_once = true;
    log_line("");
    return true;
}
