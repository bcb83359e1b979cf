/* SPDX-License-Identifier: MIT */
/*
 * Whether a board can be like that. The first fault gets a sentence: what is wrong, with which pin,
 * and what would do.
 */
#include "board_pins.h"
#include "reserved.h"

#include <stdio.h>
#include <string.h>

enum { OSC_IN = 0x70, OSC_OUT = 0x71, SWDIO = 0x0D, SWCLK = 0x0E, USES_MAX = 10 };
#define BAUD_MIN   9600u
#define BAUD_MAX   2000000u
#define BAUD_SHARE 50u /* two percent: what the bootloader still takes (FORMAT.md) */
#define APB1_HZ    42000000u
#define APB2_HZ    84000000u /* USART1 and USART6 */

/* A pin, and what it is for. */
struct use {
    uint8_t pin;
    char what[40];
};

static size_t add_use(struct use *uses, size_t n, uint8_t pin, const char *what)
{
    if (pin != ARAREXT_PIN_NONE) {
        uses[n].pin = pin;
        snprintf(uses[n].what, sizeof uses[n].what, "%s", what);
        n++;
    }
    return n;
}

static size_t add_usart(struct use *uses, size_t n, uint8_t usart, const char *side, uint8_t pin)
{
    char what[40];
    snprintf(what, sizeof what, "%s of %s", side, usart_name(usart));
    return add_use(uses, n, pin, what);
}

static size_t list_uses(const struct ararext_block *b, struct use uses[USES_MAX])
{
    size_t n = add_usart(uses, 0, b->commands, "TX", b->commands_tx);
    n = add_usart(uses, n, b->commands, "RX", b->commands_rx);
    if (b->log != 0) {
        n = add_usart(uses, n, b->log, "TX", b->log_tx);
    }
    n = add_use(uses, n, b->button, "the button");
    n = add_use(uses, n, b->led, "the LED");
    n = add_use(uses, n, b->driver, "the driver enable");
    if (b->hse != ARAREXT_HSE_NONE) {
        n = add_use(uses, n, OSC_IN, "the crystal's input");
    }
    if (b->hse == ARAREXT_HSE_CRYSTAL) {
        n = add_use(uses, n, OSC_OUT, "the crystal's output");
    }
    return n;
}

static int check_function(uint8_t usart, enum pin_side side, uint8_t pin,
                          struct ararext_message *why)
{
    static const char *const sides[] = {[PIN_TX] = "TX", [PIN_RX] = "RX"};
    struct ararext_message choices;
    char name[PIN_NAME_SIZE];
    if (usart < 1 || usart > USARTS) {
        message_set(why, "there is no USART%u: the chip has USART1 to 3, UART4, UART5, USART6",
                    usart);
        return ARAREXT_ERR_ARGUMENT;
    }
    if (usart_has_pin(usart, side, pin)) {
        return ARAREXT_OK;
    }
    pin_name(pin, name);
    usart_list_pins(usart, side, &choices);
    uint8_t other = usart_of_pin(side, pin);
    message_set(why, "%s cannot be %s of %s, which can be %.40s", name, sides[side],
                usart_name(usart), choices.text);
    if (other != 0) {
        message_add(why, " (%s is %s of %s)", name, sides[side], usart_name(other));
    }
    return ARAREXT_ERR_ARGUMENT;
}

static int check_usarts(const struct ararext_block *b, struct ararext_message *why)
{
    int rc = check_function(b->commands, PIN_TX, b->commands_tx, why);
    if (rc == ARAREXT_OK) {
        rc = check_function(b->commands, PIN_RX, b->commands_rx, why);
    }
    if (rc == ARAREXT_OK && b->log != 0) {
        rc = check_function(b->log, PIN_TX, b->log_tx, why);
    }
    if (rc == ARAREXT_OK && b->log == b->commands) {
        message_set(why, "%s is for the commands already: the log needs another one, or none",
                    usart_name(b->log));
        rc = ARAREXT_ERR_ARGUMENT;
    }
    return rc;
}

static int check_conflicts(const struct ararext_block *b, struct ararext_message *why)
{
    struct use uses[USES_MAX];
    size_t n = list_uses(b, uses);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < i; k++) {
            char name[PIN_NAME_SIZE];
            if (uses[i].pin == uses[k].pin) {
                pin_name(uses[i].pin, name);
                message_set(why, "%s is %s and %s: a pin has one function, choose another for one",
                            name, uses[k].what, uses[i].what);
                return ARAREXT_ERR_ARGUMENT;
            }
        }
    }
    return ARAREXT_OK;
}

static int check_button(const struct ararext_block *b, struct ararext_message *why)
{
    bool always = b->button != ARAREXT_PIN_NONE &&
                  b->button_pull == (b->button_low ? ARAREXT_PULL_DOWN : ARAREXT_PULL_UP);
    if (always) {
        message_set(why,
                    "a button that is %s when pressed looks pressed for ever with a pull-%s: it "
                    "needs a pull-%s, or none where the board has a resistor",
                    b->button_low ? "low" : "high", b->button_low ? "down" : "up",
                    b->button_low ? "up" : "down");
    }
    return always ? ARAREXT_ERR_ARGUMENT : ARAREXT_OK;
}

static int check_clock(struct ararext_block *b, struct ararext_message *why)
{
    b->pll_m = 0;
    b->pll_n = 0;
    if (b->hse == ARAREXT_HSE_NONE || clock_find(b->hse_hz, &b->pll_m, &b->pll_n)) {
        return ARAREXT_OK;
    }
    message_set(why,
                "of %.7g MHz the PLL cannot make the 84 MHz of the core: any crystal from 4 to 26 "
                "MHz will do; without one, say none (the chip's own oscillator)",
                (double)b->hse_hz / 1e6);
    return ARAREXT_ERR_ARGUMENT;
}

/* What the USART makes of a rate: its clock by a whole number (RM0090 section 30.3.4). */
static uint32_t real_baud(uint8_t usart, uint32_t baud)
{
    uint32_t clock = usart == 1 || usart == 6 ? APB2_HZ : APB1_HZ;
    return clock / ((clock + baud / 2) / baud);
}

static int check_numbers(const struct ararext_block *b, struct ararext_message *why)
{
    if (b->baud < BAUD_MIN || b->baud > BAUD_MAX) {
        message_set(why, "%u baud: the bootloader starts with %u to %u", (unsigned)b->baud,
                    BAUD_MIN, BAUD_MAX);
        return ARAREXT_ERR_ARGUMENT;
    }
    uint32_t real = real_baud(b->commands, b->baud);
    uint32_t off = real > b->baud ? real - b->baud : b->baud - real;
    if (off > b->baud / BAUD_SHARE) {
        message_set(why, "%u baud: %s can make %u at the nearest, which is too far off",
                    (unsigned)b->baud, usart_name(b->commands), (unsigned)real);
        return ARAREXT_ERR_ARGUMENT;
    }
    if (b->name[0] == '\0') {
        message_set(why, "the board has no name");
        return ARAREXT_ERR_ARGUMENT;
    }
    return ARAREXT_OK;
}

int ararext_block_check(struct ararext_block *block, struct ararext_message *why)
{
    if (!NOTHING_RESERVED(block, why)) {
        return ARAREXT_ERR_ARGUMENT;
    }
    int rc = check_usarts(block, why);
    if (rc == ARAREXT_OK) {
        rc = check_conflicts(block, why);
    }
    if (rc == ARAREXT_OK) {
        rc = check_button(block, why);
    }
    if (rc == ARAREXT_OK) {
        rc = check_numbers(block, why);
    }
    return rc == ARAREXT_OK ? check_clock(block, why) : rc;
}

void ararext_block_warn(const struct ararext_block *block, struct ararext_message *out)
{
    struct use uses[USES_MAX];
    size_t n = list_uses(block, uses);
    message_set(out, "%s", "");
    for (size_t i = 0; i < n; i++) {
        if (uses[i].pin == SWDIO || uses[i].pin == SWCLK) {
            message_set(out,
                        "%s is PA%u, %s of the debugger: while the bootloader runs, an ST-LINK "
                        "can only connect under reset",
                        uses[i].what, uses[i].pin & 15u, uses[i].pin == SWDIO ? "SWDIO" : "SWCLK");
        }
    }
}
