/* SPDX-License-Identifier: MIT */
/*
 * Pins of an STM32F405/407/415/417 and what they are to its USARTs: DS8626, table 9 ("Alternate
 * function mapping"), columns AF7 (USART1 to 3) and AF8 (UART4, UART5, USART6).
 */
#include "board_pins.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { PORTS = 9, PINS_OF_PORT = 16, CHOICES = 3, NO = ARAREXT_PIN_NONE, NUMBER_MAX = 15 };
#define PIN(port, number) (((port) - 'A') << 4 | (number))

static const uint8_t CAN_BE[USARTS][2][CHOICES] = {
    {{PIN('A', 9), PIN('B', 6), NO}, {PIN('A', 10), PIN('B', 7), NO}},
    {{PIN('A', 2), PIN('D', 5), NO}, {PIN('A', 3), PIN('D', 6), NO}},
    {{PIN('B', 10), PIN('C', 10), PIN('D', 8)}, {PIN('B', 11), PIN('C', 11), PIN('D', 9)}},
    {{PIN('A', 0), PIN('C', 10), NO}, {PIN('A', 1), PIN('C', 11), NO}},
    {{PIN('C', 12), NO, NO}, {PIN('D', 2), NO, NO}},
    {{PIN('C', 6), PIN('G', 14), NO}, {PIN('C', 7), PIN('G', 9), NO}},
};
static const char *const USART_NAMES[USARTS] = {"USART1", "USART2", "USART3",
                                                "UART4",  "UART5",  "USART6"};

void pin_name(uint8_t pin, char text[PIN_NAME_SIZE])
{
    if (pin == ARAREXT_PIN_NONE) {
        snprintf(text, PIN_NAME_SIZE, "none");
    } else {
        snprintf(text, PIN_NAME_SIZE, "P%c%u", 'A' + (pin >> 4 & 15), pin & 15u);
    }
}

/* Ports A to H have 16 pins (H has two in small packages), I has 12. */
static bool pin_exists(unsigned port, unsigned number)
{
    return port < PORTS - 1 ? number < PINS_OF_PORT : port == PORTS - 1 && number < 12;
}

const char *pin_read(const char *text, uint8_t *pin)
{
    unsigned port = (unsigned)(toupper((unsigned char)text[0] != '\0' ? text[1] : 0) - 'A');
    unsigned number = 0;
    const char *p = text + 2;
    if (toupper((unsigned char)text[0]) != 'P' || port >= PORTS ||
        !isdigit((unsigned char)text[2])) {
        return NULL;
    }
    for (; isdigit((unsigned char)*p) && number <= NUMBER_MAX; p++) {
        number = number * 10 + (unsigned)(*p - '0');
    }
    if (!pin_exists(port, number) || isalnum((unsigned char)*p)) {
        return NULL;
    }
    *pin = (uint8_t)(port << 4 | number);
    return p;
}

const char *usart_name(uint8_t usart)
{
    return usart >= 1 && usart <= USARTS ? USART_NAMES[usart - 1] : "none";
}

const char *usart_read(const char *text, uint8_t *usart)
{
    static const char *const words[] = {"usart", "uart"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        size_t len = strlen(words[i]);
        if (strncasecmp(text, words[i], len) == 0 && text[len] >= '1' &&
            text[len] <= '0' + USARTS && !isalnum((unsigned char)text[len + 1])) {
            *usart = (uint8_t)(text[len] - '0');
            return text + len + 1;
        }
    }
    return NULL;
}

bool usart_has_pin(uint8_t usart, enum pin_side side, uint8_t pin)
{
    return usart >= 1 && usart <= USARTS && pin != ARAREXT_PIN_NONE &&
           memchr(CAN_BE[usart - 1][side], pin, CHOICES) != NULL;
}

void usart_list_pins(uint8_t usart, enum pin_side side, struct ararext_message *out)
{
    message_set(out, "%s", "");
    for (size_t i = 0; i < CHOICES; i++) {
        uint8_t pin = CAN_BE[usart - 1][side][i];
        char name[PIN_NAME_SIZE];
        if (pin != ARAREXT_PIN_NONE) {
            pin_name(pin, name);
            message_add(out, "%s%s", i > 0 ? " or " : "", name);
        }
    }
}

uint8_t usart_of_pin(enum pin_side side, uint8_t pin)
{
    for (unsigned usart = 1; usart <= USARTS; usart++) {
        if (usart_has_pin((uint8_t)usart, side, pin)) {
            return (uint8_t)usart;
        }
    }
    return 0;
}
