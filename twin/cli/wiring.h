/* SPDX-License-Identifier: MIT */
/*
 * How the board is wired: what is at which pin. From a .board file (FORMAT.md, "Board files"), or
 * from the board block of the firmware in flash (FORMAT.md, "Board block").
 */
#ifndef TWIN_WIRING_H
#define TWIN_WIRING_H

#include "twin.h"

struct wiring_pin {
    char port; /* 'A' to 'I'; 0: none */
    unsigned pin;
    bool low; /* pressed, on, active: low */
};

enum wiring_pull { WIRING_PULL_NONE, WIRING_PULL_UP, WIRING_PULL_DOWN };

struct wiring {
    char name[16];
    unsigned commands, log; /* USART 1 to 6; log 0: none */
    struct wiring_pin tx, rx, log_tx;
    struct wiring_pin button, led, driver;
    enum wiring_pull pull; /* the chip's, at the button; without, a resistor holds it */
    uint32_t hse_hz;       /* 0: none */
    bool hse_clock;        /* an oscillator, not a crystal */
};

/* The original's board: what holds where nothing says otherwise. */
extern const struct wiring wiring_original;

/* ---- wiring.c ---- */
/* From the 56 bytes of a block; false, and out is the original's, if they do not check. */
bool wiring_from_block(struct wiring *out, const uint8_t block[56]);
/* Whether both mean the same board, whatever their names. */
bool wiring_is_same(const struct wiring *a, const struct wiring *b);
/* Puts resistors, crystal and transceiver on the board; before it is switched on. */
void wiring_attach(const struct wiring *w, struct twin *t);
/* The button at rest or pressed. There is one. */
void wiring_press(const struct wiring *w, struct twin *t, bool pressed);
/* "commands USART2 (PA2, PA3), log ..." */
void wiring_describe(const struct wiring *w, char *text, size_t size);
/* "PA0", "none". */
const char *wiring_pin_name(const struct wiring_pin *p, char text[8]);

/* ---- wiring_words.c ---- */
/* From a preset of that name, else from the file. NULL, or a sentence that says what is wrong; text
 * is the caller's. */
const char *wiring_find(struct wiring *out, const char *name, char *text, size_t size);

#endif
