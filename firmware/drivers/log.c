/* SPDX-License-Identifier: MIT */
/*
 * The log on whatever USART the board has for it, if any, with its DMA stream (RM0090 rev 19
 * sections 30.3 and 10.3).
 */
#include "log.h"

#include "baud.h"
#include "board_block.h"
#include "stm32f407.h"
#include "timer.h"
#include "usart.h"

#define LOG_RING_SIZE   512u
#define FLUSH_LIMIT_US  100000u
#define FAULT_LOOPS_MAX 20000u /* a character takes 87 us: 14616 cycles at 168 MHz */

static struct {
    bool at_once;
    struct usart usart;
    uint32_t head; /* bytes put in and taken out, ever */
    uint32_t tail;
    uint32_t in_flight; /* bytes behind tail that the DMA is sending */
    uint32_t dropped;
    uint8_t ring[LOG_RING_SIZE];
} log;

void log_start(const uint8_t *board, const struct usart_buses *buses)
{
    usart_find(&log.usart, board[BOARD_LOG]);
    if (log.usart.regs != NULL) {
        (void)usart_start(&log.usart, buses, board[BOARD_LOG_TX], BAUD_BASE);
        log.usart.regs->CR3 = USART_CR3_DMAT;
    }
}

static void log_wait_sent(void)
{
    for (uint32_t i = 0; i < FAULT_LOOPS_MAX && (log.usart.regs->SR & USART_SR_TC) == 0; i++) {
    }
}

static void log_send_at_once(char c)
{
    log.usart.regs->DR = (uint8_t)c;
    log_wait_sent();
}

static void log_char(char c)
{
    if (log.usart.regs == NULL) {
        return;
    }
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
    uint32_t start, len;

    if (log.usart.regs == NULL || (log.usart.tx.regs->CR & DMA_CR_EN) != 0) {
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
        usart_send(&log.usart, log.ring + start, len);
    }
}

void log_flush(void)
{
    uint32_t start = timer_us();

    if (log.usart.regs == NULL) {
        return;
    }
    do {
        log_pump();
    } while ((log.in_flight != 0 || (log.usart.regs->SR & USART_SR_TC) == 0) &&
             timer_us() - start < FLUSH_LIMIT_US);
}

bool log_take_over(void)
{
    if (log.usart.regs == NULL) {
        return false; /* there is none, or nothing is set up */
    }
    log.usart.tx.regs->CR = 0;
    log_wait_sent(); /* what the DMA has already handed over */
    log.at_once = true;
    log_line("");
    return true;
}
