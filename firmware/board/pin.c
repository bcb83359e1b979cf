/* SPDX-License-Identifier: MIT */
/* Single pins (RM0090 rev 19 section 8.4). Some hold the debug port after a reset, so the fields of
 * a pin are cleared before they are set. */
#include "pin.h"

#include "board_block.h"

static struct gpio_regs *pin_port(unsigned pin)
{
    return GPIO_PORT(pin >> BOARD_PORT_SHIFT);
}

/* Two bits of MODER or PUPDR. */
static void pin_set_pair(volatile uint32_t *reg, unsigned n, unsigned bits)
{
    *reg = (*reg & ~GPIO_PAIR(n, 3u)) | GPIO_PAIR(n, bits);
}

void pin_start(unsigned pin, unsigned use)
{
    struct gpio_regs *port = pin_port(pin);
    unsigned n = pin & BOARD_PIN_NUMBER;

    if (pin > BOARD_PIN_LAST) {
        return;
    }
    RCC->AHB1ENR |= RCC_AHB1_GPIOA << (pin >> BOARD_PORT_SHIFT);
    (void)RCC->AHB1ENR; /* ES0182 */
    port->OSPEEDR |= GPIO_PAIR(n, GPIO_SPEED_MEDIUM);
    port->AFR[n / 8u] |= GPIO_AF(n, use >> 4);
    pin_set_pair(&port->PUPDR, n, use >> 2 & 3u);
    pin_set_pair(&port->MODER, n, use & 3u);
}

void pin_write(unsigned pin, bool high)
{
    unsigned n = pin & BOARD_PIN_NUMBER;

    if (pin <= BOARD_PIN_LAST) {
        pin_port(pin)->BSRR = 1u << (high ? n : n + 16u);
    }
}

/* The port has a clock before it is written, and the level is there before the mode. */
void pin_start_output(unsigned pin, bool high)
{
    pin_start(pin, PIN_INPUT(GPIO_PULL_NONE));
    pin_write(pin, high);
    pin_start(pin, PIN_USE(GPIO_MODE_OUTPUT, GPIO_PULL_NONE, 0u));
}

bool pin_read(unsigned pin)
{
    return pin <= BOARD_PIN_LAST && (pin_port(pin)->IDR >> (pin & BOARD_PIN_NUMBER) & 1u) != 0;
}
