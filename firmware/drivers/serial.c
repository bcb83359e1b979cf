/* SPDX-License-Identifier: MIT */
/*
 * The command line with its DMA streams (RM0090 rev 19 sections 30.3 and 10.3).
 *
 * Errors: the DMA reads DR all the time, which may clear FE, NF, PE and ORE before anyone has
 * looked at SR. So the error interrupt is enabled in the USART and not in the NVIC: its pending bit
 * there remembers that there was one.
 *
 * With a driver enable, the driver is on and the receiver off from serial_send until the last stop
 * bit has left, which serial_is_done notices: so whatever waits for the line asks that.
 */
#include "serial.h"

#include "board_block.h"
#include "bytes.h"
#include "chip.h"
#include "cortex_m4.h"
#include "pin.h"
#include "ramcode.h"
#include "stm32f407.h"
#include "timer.h"
#include "usart.h"

#define TX_LIMIT_US 400000u /* the longest answer takes 269 ms at 9600 baud */
#define STOP_LOOPS  1000u   /* a stream stops within the transfer under way */

static struct {
    bool driving;
    uint8_t driver; /* pin of the driver enable */
    bool driver_low;
    uint16_t parity; /* bits of CR1 */
    struct usart usart;
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

/* No MPU binds a DMA: with one instruction left out where it is set up, a host could write over
 * what decides, or over the serving half. So where it would write is asked of its registers: both
 * of its buffers end with the ring, in either mode, and it writes bytes. */
static void serial_check_ring(const struct dma_stream_regs *rx)
{
    uint32_t end =
        rx->M0AR < LINK_UNPACK_BASE ? (uint32_t)(serial.own + SERIAL_RING_SIZE) : LINK_RING_END;
    uint32_t len = rx->NDTR;

    if (rx->M0AR + len > end || rx->M1AR + len > end || (rx->CR & DMA_CR_SIZES) != 0) {
        chip_restart();
    }
}

/* NDTR has 16 bits: a wide ring is two buffers for the DMA, side by side (RM0090 section 10.3.9).
 * Their positions do not wrap with the count, after 4 GiB: by then the stream is closed. */
void serial_use_ring(uint8_t *wide)
{
    const struct usart_dma *dma = &serial.usart.rx;
    struct dma_stream_regs *rx = dma->regs;

    serial.ring = wide != NULL ? wide : serial.own;
    serial.size = wide != NULL ? LINK_RING_END - (uint32_t)wide : SERIAL_RING_SIZE;
    serial.lap = wide != NULL ? serial.size / 2u : SERIAL_RING_SIZE;
    serial.laps = serial.received = serial.consumed = 0;
    rx->CR &= ~DMA_CR_EN;
    for (uint32_t i = 0; i < STOP_LOOPS && (rx->CR & DMA_CR_EN) != 0; i++) {
    }
    dma->status[USART_DMA_CLEAR] = DMA_FLAGS << dma->shift; /* stopping sets TCIF */
    rx->PAR = (uint32_t)&serial.usart.regs->DR;
    rx->M0AR = (uint32_t)serial.ring;
    rx->M1AR = (uint32_t)(serial.ring + (serial.size - serial.lap));
    rx->NDTR = serial.lap;
    rx->CR = serial.usart.channel | DMA_CR_PL_HIGH | DMA_CR_MINC |
             (wide != NULL ? DMA_CR_DBM : DMA_CR_CIRC);
    serial_check_ring(rx);
    rx->CR |= DMA_CR_EN; /* on its own: the other bits are read-only while it is set */
}

void serial_set_divider(uint32_t divider)
{
    serial.usart.regs->BRR = divider;
}

static void serial_drive(bool on)
{
    serial.driving = on;
    pin_write(serial.driver, on != serial.driver_low);
    serial.usart.regs->CR1 = USART_CR1_UE | USART_CR1_TE | serial.parity | (on ? 0 : USART_CR1_RE);
}

/* The parity bit is the ninth of the character; a DMA of bytes leaves it out. */
void serial_set_format(enum serial_format format)
{
    serial_flush();
    serial.usart.regs->CR2 = format == SERIAL_8N2 ? USART_CR2_STOP_2 : 0;
    serial.parity = format == SERIAL_8E1 ? USART_CR1_M | USART_CR1_PCE | USART_CR1_PEIE : 0;
    serial_drive(false);
}

void serial_start(const uint8_t *board, const struct usart_buses *buses, struct serial_rate *rate)
{
    struct usart *u = &serial.usart;

    usart_find(u, board[BOARD_COMMANDS]);
    rate->base = usart_start(u, buses, board[BOARD_COMMANDS_TX], load_le32(board + BOARD_BAUD));
    rate->usart_hz = u->hz;
    usart_take_rx_pin(u, board[BOARD_COMMANDS_RX]);
    serial_use_ring(NULL);
    u->regs->CR3 = USART_CR3_DMAR | USART_CR3_DMAT | USART_CR3_EIE;
    serial.driver = board[BOARD_DRIVER];
    serial.driver_low = (board[BOARD_DRIVER_FLAGS] & BOARD_FLAG_LOW) != 0;
    /* The receiver behind its pin: what it sees on one that is not its own is not documented. */
    u->regs->CR1 |= USART_CR1_RE;
    pin_start_output(serial.driver, serial.driver_low);
}

/* Before the line is started there is nothing to watch. */
RAM_CODE void serial_watch_ring(void)
{
    const struct usart_dma *dma = &serial.usart.rx;

    if (serial.lap != 0 && (*dma->status >> dma->shift & DMA_TCIF) != 0) {
        dma->status[USART_DMA_CLEAR] = DMA_TCIF << dma->shift;
        serial.laps++;
    }
}

/* Bytes received, ever; wraps. NDTR may begin anew a moment before TCIF tells of it: then the count
 * would go back, and the old one stands. */
static uint32_t serial_received(void)
{
    const struct usart_dma *dma = &serial.usart.rx;
    uint32_t left, received;

    do {
        serial_watch_ring();
        left = dma->regs->NDTR;
    } while ((*dma->status >> dma->shift & DMA_TCIF) !=
             0); /* a lap ended in between: left is of the next */
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
    unsigned word = serial.usart.irq / 32u;
    uint32_t bit = 1u << serial.usart.irq % 32u;

    if ((NVIC->ISPR[word] & bit) == 0) {
        return false;
    }
    *sr = serial.usart.regs->SR;
    (void)serial.usart.regs->DR; /* together they clear the error */
    NVIC->ICPR[word] = bit;
    return true;
}

size_t serial_unsent(void)
{
    struct dma_stream_regs *tx = serial.usart.tx.regs;

    return (tx->CR & DMA_CR_EN) != 0 ? tx->NDTR : 0;
}

bool serial_is_done(void)
{
    if ((serial.usart.tx.regs->CR & DMA_CR_EN) != 0) {
        return false;
    }
    if (serial.driving) {
        if ((serial.usart.regs->SR & USART_SR_TC) == 0) {
            return false;
        }
        serial_drive(false);
    }
    return true;
}

void serial_wait_unsent(void)
{
    uint32_t start = timer_us();

    while (!serial_is_done() && timer_us() - start < TX_LIMIT_US) {
    }
}

void serial_send(const uint8_t *bytes, size_t len)
{
    if (len == 0) {
        return;
    }
    serial_wait_unsent();
    if (!serial_is_done()) {
        serial.usart.tx.regs->CR = 0; /* it never got rid of the last answer */
        serial_wait_unsent();
    }
    if (serial.driver <= BOARD_PIN_LAST) {
        serial_drive(true);
    }
    usart_send(&serial.usart, bytes, len);
}

void serial_flush(void)
{
    uint32_t start = timer_us();

    serial_wait_unsent();
    while ((serial.usart.regs->SR & USART_SR_TC) == 0 && timer_us() - start < TX_LIMIT_US) {
    }
}
