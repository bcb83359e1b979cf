/* SPDX-License-Identifier: MIT */
/* Clock, milliseconds, pins and the two serial lines. */
#include "support.h"

#include "baud.h"
#include "board_block.h"
#include "bytes.h"
#include "cortex_m4.h"
#include "pin.h"
#include "stm32f407.h"
#include "usart.h"
#include "vectors.h"

#define HSI_HZ           16000000u
#define TICK_HZ          1000u
#define FAST_HZ          80000000u
#define FAST_WAIT_STATES 2u
#define APB1_DIVIDER     2u
#define LOCK_TRIES       100000u /* some tens of milliseconds; a PLL locks within 0.3 */
#define PUT_TRIES        100000u /* a character takes 87 us */
#define RING_SIZE        1024u   /* a power of two */
#define USART_SR_ERRORS  0x0Fu   /* parity, framing, noise, overrun */
#define USART_SR_RXNE    (1u << 5)
#define USART_CR1_RXNEIE (1u << 5)

struct ring {
    uint8_t bytes[RING_SIZE];
    volatile uint32_t head; /* written by the interrupt alone */
    volatile uint32_t tail; /* written by line_get alone */
    volatile bool failed;
};

static const uint8_t *board;           /* the board block that holds */
static struct usart lines[LINE_COUNT]; /* regs NULL: the board has none */
static struct ring rings[LINE_COUNT];
static volatile uint32_t ticks;
static uint32_t core_hz = HSI_HZ;

void support_tick(void)
{
    ticks++;
}

uint32_t support_ms(void)
{
    return ticks;
}

uint32_t support_core_hz(void)
{
    return core_hz;
}

void support_led(bool on)
{
    pin_write(board[BOARD_LED], on != ((board[BOARD_LED_FLAGS] & BOARD_FLAG_LOW) != 0));
}

void support_sleep(void)
{
    core_wfi();
}

/* Bits of *reg under mask become value, or it gives up. */
static bool wait_for(const volatile uint32_t *reg, uint32_t mask, uint32_t value)
{
    for (uint32_t tries = 0; tries < LOCK_TRIES; tries++) {
        if ((*reg & mask) == value) {
            return true;
        }
    }
    return false;
}

/* 80 MHz: HSI / 10 * 200 / 4 (RM0090 section 7.3.2), so that APB1 keeps its 42 MHz when HSI is 4.5
 * % too fast. Flash first gets the wait states for it (table 10, 2.7 to 3.6 V) and its caches; APB1
 * is divided before the faster clock is there. */
static bool start_pll(void)
{
    RCC->PLLCFGR = RCC_PLLCFGR_M(10u) | RCC_PLLCFGR_N(200u) | RCC_PLLCFGR_P(4u) | RCC_PLLCFGR_Q(7u);
    RCC->CR |= RCC_CR_PLLON;
    if (!wait_for(&RCC->CR, RCC_CR_PLLRDY, RCC_CR_PLLRDY)) {
        return false;
    }
    FLASH->ACR = FAST_WAIT_STATES | FLASH_ACR_PRFTEN | FLASH_ACR_ICEN | FLASH_ACR_DCEN;
    if (!wait_for(&FLASH->ACR, FLASH_ACR_LATENCY, FAST_WAIT_STATES)) {
        return false;
    }
    RCC->CFGR = RCC_CFGR_PPRE1_DIV2;
    RCC->CFGR = RCC_CFGR_PPRE1_DIV2 | RCC_CFGR_SW_PLL;
    return wait_for(&RCC->CFGR, RCC_CFGR_SWS, RCC_CFGR_SWS_PLL);
}

/* The block has no pin for it: the log only sends. On these it is the one behind, but for two. */
static unsigned console_rx_pin(void)
{
    unsigned tx = board[BOARD_LOG_TX];

    switch (tx) {
    case 0x2C:
        return 0x32; /* UART5: PC12, PD2 */
    case 0x6E:
        return 0x69; /* USART6: PG14, PG9 */
    default:
        return tx + 1u;
    }
}

struct line_pins {
    unsigned tx, rx;
};

static void start_line(struct usart *u, const struct usart_buses *buses, struct line_pins pins,
                       uint32_t baud)
{
    if (u->regs == NULL) {
        return;
    }
    (void)usart_start(u, buses, pins.tx, baud);
    usart_take_rx_pin(u, pins.rx);
    u->regs->CR1 = USART_CR1_UE | USART_CR1_TE | USART_CR1_RE | USART_CR1_RXNEIE;
    NVIC->ISER[u->irq / 32u] = 1u << u->irq % 32u;
}

static void start_lines(const struct usart_buses *buses)
{
    board = board_block_choose((const uint8_t *)BOARD_BLOCK_ADDR);
    usart_find(&lines[LINE_HOST], board[BOARD_COMMANDS]);
    usart_find(&lines[LINE_CONSOLE], board[BOARD_LOG]);
    start_line(&lines[LINE_HOST], buses,
               (struct line_pins){board[BOARD_COMMANDS_TX], board[BOARD_COMMANDS_RX]},
               load_le32(board + BOARD_BAUD));
    start_line(&lines[LINE_CONSOLE], buses,
               (struct line_pins){board[BOARD_LOG_TX], console_rx_pin()}, BAUD_BASE);
    pin_start_output(board[BOARD_LED], (board[BOARD_LED_FLAGS] & BOARD_FLAG_LOW) != 0);
}

void support_start(bool fast)
{
    bool at_speed = fast && start_pll();

    core_hz = at_speed ? FAST_HZ : HSI_HZ;
    start_lines(&(struct usart_buses){.apb1_hz = at_speed ? FAST_HZ / APB1_DIVIDER : HSI_HZ,
                                      .apb2_hz = core_hz});
    SYSTICK->LOAD = core_hz / TICK_HZ - 1u;
    SYSTICK->VAL = 0;
    SYSTICK->CTRL = SYSTICK_ENABLE | SYSTICK_TICKINT | SYSTICK_CLK_CORE;
    __asm__ volatile("cpsie i" ::: "memory");
}

/* Reading DR after SR clears the error flags and RXNE; without either, DR is left for the byte that
 * may come in between. */
static void receive(struct usart_regs *usart, struct ring *ring)
{
    uint32_t status = usart->SR;

    if ((status & (USART_SR_ERRORS | USART_SR_RXNE)) == 0) {
        return;
    }
    uint8_t byte = (uint8_t)usart->DR;

    if ((status & USART_SR_ERRORS) != 0) {
        ring->failed = true;
    }
    if ((status & USART_SR_RXNE) == 0) {
        return;
    }
    if (ring->head - ring->tail == RING_SIZE) {
        ring->failed = true;
        return;
    }
    ring->bytes[ring->head % RING_SIZE] = byte;
    ring->head++;
}

void support_usart(void)
{
    for (unsigned i = 0; i < LINE_COUNT; i++) {
        if (lines[i].regs != NULL) {
            receive(lines[i].regs, &rings[i]);
        }
    }
}

bool line_get(enum support_line line, uint8_t *byte)
{
    struct ring *ring = &rings[line];

    if (ring->head == ring->tail) {
        return false;
    }
    *byte = ring->bytes[ring->tail % RING_SIZE];
    ring->tail++;
    return true;
}

bool line_failed(enum support_line line)
{
    bool failed = rings[line].failed;

    rings[line].failed = false;
    return failed;
}

static void await_status(enum support_line line, uint32_t bit)
{
    const struct usart_regs *usart = lines[line].regs;

    for (uint32_t tries = 0; usart != NULL && tries < PUT_TRIES && (usart->SR & bit) == 0;
         tries++) {
    }
}

void line_put(enum support_line line, const void *data, size_t len)
{
    struct usart_regs *usart = lines[line].regs;
    const uint8_t *bytes = data;

    for (size_t i = 0; usart != NULL && i < len; i++) {
        await_status(line, USART_SR_TXE);
        usart->DR = bytes[i];
    }
}

void line_drain(void)
{
    await_status(LINE_HOST, USART_SR_TC);
    await_status(LINE_CONSOLE, USART_SR_TC);
}
