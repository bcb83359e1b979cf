/* SPDX-License-Identifier: MIT */
/*
 * The example application: says hello on the line of the commands once a second, blinks the LED,
 * and goes back to the bootloader when it receives a 'b' (boot request) or when the button is
 * pressed (plain reset: the bootloader reads the button itself). Which pins these are it reads from
 * the bootloader's board block. It stays on HSI and uses no interrupt but SysTick, which also shows
 * that the bootloader handed the vector table over.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>

#include "ararext_app.h"
#include "ararext_version.h"
#include "board_block.h"
#include "bytes.h"
#include "cortex_m4.h"
#include "pin.h"
#include "stm32f407.h"
#include "usart.h"

#define TICKS_PER_SECOND 100u
#define BLINK_TICKS      25u
#define TEXT_SIZE        64u
#define HSI_HZ           16000000u
#define USART_SR_RXNE    (1u << 5)
#define REQUEST_BYTE     'b'

typedef void vector_fn(void);

extern uint32_t link_data_start[], link_data_end[], link_bss_start[], link_bss_end[];
extern uint32_t link_stack_top[];
extern const uint32_t link_data_load[];

noreturn void app_reset(void);

static volatile uint32_t ticks;
static const uint8_t *board; /* the board block that holds */
static struct usart host;
static const char greeting[] = "hello from the application " ARAREXT_VERSION_STRING ", ";

static void hello_tick(void)
{
    ticks++;
}

/* An application's faults are its own business; this one starts over. */
static void hello_fault(void)
{
    ararext_app_reset();
}

static void hello_start_board(void)
{
    static const struct usart_buses buses = {HSI_HZ, HSI_HZ};

    board = board_block_choose((const uint8_t *)BOARD_BLOCK_ADDR);
    usart_find(&host, board[BOARD_COMMANDS]);
    (void)usart_start(&host, &buses, board[BOARD_COMMANDS_TX], load_le32(board + BOARD_BAUD));
    usart_take_rx_pin(&host, board[BOARD_COMMANDS_RX]);
    host.regs->CR1 = USART_CR1_UE | USART_CR1_TE | USART_CR1_RE;
    pin_start(board[BOARD_BUTTON],
              PIN_INPUT(board[BOARD_BUTTON_FLAGS] >> BOARD_FLAGS_PULL_SHIFT & BOARD_FLAGS_PULL));
    pin_start_output(board[BOARD_LED], (board[BOARD_LED_FLAGS] & BOARD_FLAG_LOW) != 0);
    SYSTICK->LOAD = HSI_HZ / TICKS_PER_SECOND - 1u;
    SYSTICK->VAL = 0;
    SYSTICK->CTRL = SYSTICK_ENABLE | SYSTICK_TICKINT | SYSTICK_CLK_CORE;
}

static bool hello_is_low(unsigned flags)
{
    return (board[flags] & BOARD_FLAG_LOW) != 0;
}

/* The greeting with a counter, into text; returns its length. */
static size_t hello_compose(char text[TEXT_SIZE], uint32_t count)
{
    size_t len = 0;
    uint32_t power = 1;

    for (const char *c = greeting; *c != '\0'; c++) {
        text[len++] = *c;
    }
    while (count / power >= 10u) {
        power *= 10u;
    }
    for (; power != 0; power /= 10u) {
        text[len++] = (char)('0' + count / power % 10u);
    }
    text[len++] = '\r';
    text[len++] = '\n';
    return len;
}

static void hello_poll_way_back(void)
{
    if ((host.regs->SR & USART_SR_RXNE) != 0 && (uint8_t)host.regs->DR == REQUEST_BYTE) {
        ararext_app_request_bootloader();
    }
    if (board[BOARD_BUTTON] <= BOARD_PIN_LAST &&
        pin_read(board[BOARD_BUTTON]) != hello_is_low(BOARD_BUTTON_FLAGS)) {
        ararext_app_reset();
    }
}

static noreturn void hello_run(void)
{
    char text[TEXT_SIZE];
    size_t len = 0, sent = 0;
    uint32_t count = 0, shown = 0;

    for (;;) {
        uint32_t now = ticks;

        if (sent == len && now / TICKS_PER_SECOND + 1u != shown) {
            shown = now / TICKS_PER_SECOND + 1u;
            len = hello_compose(text, ++count);
            sent = 0;
        }
        if (sent < len && (host.regs->SR & USART_SR_TXE) != 0) {
            host.regs->DR = (uint8_t)text[sent++];
        }
        pin_write(board[BOARD_LED], (now / BLINK_TICKS % 2u == 0) != hello_is_low(BOARD_LED_FLAGS));
        hello_poll_way_back();
        if (sent == len) {
            core_wfi(); /* SysTick ends it; a character waits at most 10 ms */
        }
    }
}

noreturn void app_reset(void)
{
    const uint32_t *from = link_data_load;

    for (volatile uint32_t *to = link_data_start; to != link_data_end; to++) {
        *to = *from++;
    }
    for (volatile uint32_t *to = link_bss_start; to != link_bss_end; to++) {
        *to = 0;
    }
    hello_start_board();
    hello_run();
}

struct vectors {
    const uint32_t *stack;
    vector_fn *handlers[15];
};

__attribute__((section(".vectors"), used)) static const struct vectors vectors = {
    link_stack_top,
    {app_reset, hello_fault, hello_fault, hello_fault, hello_fault, hello_fault, NULL, NULL, NULL,
     NULL, hello_fault, hello_fault, NULL, hello_fault, hello_tick},
};
