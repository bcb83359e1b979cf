/* SPDX-License-Identifier: MIT */
/*
 * The board block as the twin reads it, retyped from FORMAT.md, and what it means for what hangs on
 * the chip: LED and resistors, button, crystal, transceiver.
 */
#include "wiring.h"

#include <stdio.h>
#include <string.h>

enum { BLOCK_SIZE = 56, BLOCK_LAYOUT = 1, NAME_AT = 8, PIN_LAST = 0x8F };

const struct wiring wiring_original = {
    .name = "original",
    .commands = 2,
    .tx = {'A', 2, false},
    .rx = {'A', 3, false},
    .log = 3,
    .log_tx = {'B', 10, false},
    .button = {'A', 0, false},
    .pull = WIRING_PULL_DOWN,
    .led = {'A', 5, false},
    .hse_hz = 8000000,
};

static uint32_t word_at(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The CRC unit's polynomial over words; 0 behind a message and its own CRC. */
static uint32_t crc_of(const uint8_t *bytes, unsigned words)
{
    uint32_t crc = 0xFFFFFFFF;
    for (unsigned i = 0; i < words; i++) {
        crc ^= word_at(bytes + 4 * (size_t)i);
        for (unsigned bit = 0; bit < 32; bit++) {
            crc = (crc & 0x80000000u) != 0 ? crc << 1 ^ 0x04C11DB7u : crc << 1;
        }
    }
    return crc;
}

static bool block_checks(const uint8_t b[BLOCK_SIZE])
{
    if (memcmp(b, "ABRD", 4) != 0 || b[4] != BLOCK_LAYOUT || b[5] != BLOCK_SIZE || b[6] != 0 ||
        b[7] != 0 || crc_of(b, BLOCK_SIZE / 4) != 0) {
        return false;
    }
    return b[24] >= 1 && b[24] <= 6;
}

static struct wiring_pin pin_of(uint8_t pin, uint8_t flags)
{
    struct wiring_pin found = {0, 0, false};

    if (pin <= PIN_LAST) {
        found.port = (char)('A' + (pin >> 4));
        found.pin = pin & 15u;
        found.low = (flags & 1u) != 0;
    }
    return found;
}

bool wiring_from_block(struct wiring *out, const uint8_t block[BLOCK_SIZE])
{
    *out = wiring_original;
    if (!block_checks(block)) {
        return false;
    }
    memcpy(out->name, block + NAME_AT, sizeof out->name - 1);
    out->commands = block[24];
    out->tx = pin_of(block[25], 0);
    out->rx = pin_of(block[26], 0);
    out->log = block[27] <= 6 && block[27] != block[24] ? block[27] : 0;
    out->log_tx = pin_of(block[28], 0);
    out->button = pin_of(block[29], block[30]);
    out->pull = (enum wiring_pull)(block[30] >> 1 & 3u);
    out->led = pin_of(block[31], block[32]);
    out->driver = pin_of(block[33], block[34]);
    out->hse_hz = block[35] != 0 ? word_at(block + 36) : 0;
    out->hse_clock = block[35] == 2;
    return true;
}

static bool same_pin(const struct wiring_pin *a, const struct wiring_pin *b)
{
    return a->port == b->port && (a->port == 0 || (a->pin == b->pin && a->low == b->low));
}

bool wiring_is_same(const struct wiring *a, const struct wiring *b)
{
    return a->commands == b->commands && same_pin(&a->tx, &b->tx) && same_pin(&a->rx, &b->rx) &&
           a->log == b->log && (a->log == 0 || same_pin(&a->log_tx, &b->log_tx)) &&
           same_pin(&a->button, &b->button) && (a->button.port == 0 || a->pull == b->pull) &&
           same_pin(&a->led, &b->led) && same_pin(&a->driver, &b->driver) &&
           a->hse_hz == b->hse_hz && a->hse_clock == b->hse_clock;
}

void wiring_attach(const struct wiring *w, struct twin *t)
{
    if (w->led.port != 0) {
        twin_pin_pull(t, w->led.port, w->led.pin, w->led.low); /* dark while nobody drives it */
    }
    if (w->button.port != 0 && w->pull == WIRING_PULL_NONE) {
        twin_pin_pull(t, w->button.port, w->button.pin, w->button.low);
    }
    if (w->driver.port != 0) {
        twin_pin_pull(t, w->driver.port, w->driver.pin, w->driver.low);
        twin_line_driver_enable(t, w->commands, w->driver.port, w->driver.pin, !w->driver.low);
    }
    twin_set_hse(t, w->hse_hz, w->hse_clock);
}

void wiring_press(const struct wiring *w, struct twin *t, bool pressed)
{
    if (pressed) {
        twin_pin_drive(t, w->button.port, w->button.pin, !w->button.low);
    } else {
        twin_pin_release(t, w->button.port, w->button.pin);
    }
}

const char *wiring_pin_name(const struct wiring_pin *p, char text[8])
{
    if (p->port == 0) {
        return "none";
    }
    (void)snprintf(text, 8, "P%c%u", p->port, p->pin & 15u);
    return text;
}

/* ", button PA0 high" */
static size_t describe_pin(const char *what, const struct wiring_pin *p, char *text, size_t size)
{
    char name[8];
    const char *level = p->port == 0 ? "" : p->low ? " low" : " high";
    return (size_t)snprintf(text, size, ", %s %s%s", what, wiring_pin_name(p, name), level);
}

void wiring_describe(const struct wiring *w, char *text, size_t size)
{
    char tx[8], rx[8];
    size_t n = (size_t)snprintf(text, size, "commands on USART%u (%s, %s)", w->commands,
                                wiring_pin_name(&w->tx, tx), wiring_pin_name(&w->rx, rx));
    if (w->log == 0) {
        n += (size_t)snprintf(text + n, size - n, ", no log");
    } else {
        n += (size_t)snprintf(text + n, size - n, ", log on USART%u (%s)", w->log,
                              wiring_pin_name(&w->log_tx, tx));
    }
    n += describe_pin("button", &w->button, text + n, size - n);
    n += describe_pin("LED", &w->led, text + n, size - n);
    if (w->driver.port != 0) {
        n += describe_pin("driver enable", &w->driver, text + n, size - n);
    }
    if (w->hse_hz == 0) {
        (void)snprintf(text + n, size - n, ", no crystal");
    } else {
        (void)snprintf(text + n, size - n, ", %s %.6g MHz", w->hse_clock ? "oscillator" : "crystal",
                       (double)w->hse_hz / 1e6);
    }
}
