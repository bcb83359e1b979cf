/* SPDX-License-Identifier: MIT */
/* Clock, milliseconds, pins and the two serial lines. */
#include "support.h"

#include "board.h"
#include "cortex_m4.h"
#include "stm32f407.h"
#include "vectors.h"

#define TICK_HZ          1000u
#define FAST_HZ          80000000u
#define FAST_WAIT_STATES 2u
#define APB1_DIVIDER     2u
#define LOCK_TRIES       100000u /* some tens of milliseconds; a PLL locks within 0.3 */
#define PUT_TRIES        100000u /* a character takes 87 us */
#define CONSOLE_RX_PIN   11u     /* PB11 */
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

static struct ring rings[LINE_COUNT];
static volatile uint32_t ticks;
static uint32_t core_hz = BOARD_HSI_HZ;

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
    GPIOA->BSRR = 1u << (BOARD_LED_PIN + (on ? 0u : 16u));
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

static void start_pins(void)
{
    RCC->AHB1ENR |= RCC_AHB1_GPIOA | RCC_AHB1_GPIOB;
    RCC->APB1ENR |= RCC_APB1_USART2 | RCC_APB1_USART3;
    (void)RCC->APB1ENR; /* ES0182: two clocks before the first access */
    GPIOA->AFR[0] |= GPIO_AF(BOARD_TX_PIN, BOARD_USART_AF) | GPIO_AF(BOARD_RX_PIN, BOARD_USART_AF);
    GPIOA->PUPDR |= GPIO_PAIR(BOARD_RX_PIN, GPIO_PULL_UP);
    GPIOA->MODER |= GPIO_PAIR(BOARD_TX_PIN, GPIO_MODE_ALTERNATE) |
                    GPIO_PAIR(BOARD_RX_PIN, GPIO_MODE_ALTERNATE) |
                    GPIO_PAIR(BOARD_LED_PIN, GPIO_MODE_OUTPUT);
    GPIOB->AFR[1] |=
        GPIO_AF(BOARD_LOG_PIN, BOARD_USART_AF) | GPIO_AF(CONSOLE_RX_PIN, BOARD_USART_AF);
    GPIOB->PUPDR |= GPIO_PAIR(CONSOLE_RX_PIN, GPIO_PULL_UP);
    GPIOB->MODER |= GPIO_PAIR(BOARD_LOG_PIN, GPIO_MODE_ALTERNATE) |
                    GPIO_PAIR(CONSOLE_RX_PIN, GPIO_MODE_ALTERNATE);
}

static void start_line(struct usart_regs *usart, uint32_t apb1_hz)
{
    usart->BRR = (apb1_hz + BOARD_BAUD / 2u) / BOARD_BAUD;
    usart->CR1 = USART_CR1_UE | USART_CR1_TE | USART_CR1_RE | USART_CR1_RXNEIE;
}

void support_start(bool fast)
{
    bool at_speed = fast && start_pll();
    uint32_t apb1_hz = at_speed ? FAST_HZ / APB1_DIVIDER : BOARD_HSI_HZ;

    core_hz = at_speed ? FAST_HZ : BOARD_HSI_HZ;
    start_pins();
    start_line(USART2, apb1_hz);
    start_line(USART3, apb1_hz);
    NVIC->ISER[VECTORS_IRQ_USART2 / 32u] = 1u << VECTORS_IRQ_USART2 % 32u;
    NVIC->ISER[VECTORS_IRQ_USART3 / 32u] = 1u << VECTORS_IRQ_USART3 % 32u;
    SYSTICK->LOAD = core_hz / TICK_HZ - 1u;
    SYSTICK->VAL = 0;
    SYSTICK->CTRL = SYSTICK_ENABLE | SYSTICK_TICKINT | SYSTICK_CLK_CORE;
    __asm__ volatile("cpsie i" ::: "memory");
}

/* Reading DR after SR clears the error flags and RXNE. */
static void receive(struct usart_regs *usart, struct ring *ring)
{
    uint32_t status = usart->SR;
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

void support_usart2(void)
{
    receive(USART2, &rings[LINE_HOST]);
}

void support_usart3(void)
{
    receive(USART3, &rings[LINE_CONSOLE]);
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

static void await_status(const struct usart_regs *usart, uint32_t bit)
{
    for (uint32_t tries = 0; tries < PUT_TRIES && (usart->SR & bit) == 0; tries++) {
    }
}

void line_put(enum support_line line, const void *data, size_t len)
{
    struct usart_regs *usart = line == LINE_HOST ? USART2 : USART3;
    const uint8_t *bytes = data;

    for (size_t i = 0; i < len; i++) {
        await_status(usart, USART_SR_TXE);
        usart->DR = bytes[i];
    }
}

void line_drain(void)
{
    await_status(USART2, USART_SR_TC);
    await_status(USART3, USART_SR_TC);
}
