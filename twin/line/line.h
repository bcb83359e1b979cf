/* SPDX-License-Identifier: MIT */
/*
 * The far end of each serial cable, and how the chip's end meets it. The two ends are strangers:
 * each puts waves on the wire and samples what the other does, at its own rate.
 */
#ifndef TWIN_LINE_H
#define TWIN_LINE_H

#include "internal.h"
#include "wave.h"

enum { LINES = 6 }; /* USART1 to 6 */

/* Something that the far end does, in order. */
struct line_item {
    enum { ITEM_BYTE, ITEM_FRAMING_ERROR, ITEM_NOISE, ITEM_BREAK, ITEM_GAP } kind;
    uint8_t byte;
    uint64_t gap_ps;
};

/* The rate of the chip's end. */
struct line_rate {
    struct bit_time bit; /* num = 0: no clock, or a rate that is none */
    uint32_t setting;    /* register value that stands for it: a mismatch is told once for each */
};

/* The chip's end, as the far end needs it. */
struct line_chip {
    void *self;
    /* The wave at the receiving pin is this one from from_ps on. */
    void (*hear)(struct twin *t, void *self, const struct wave *wave, uint64_t from_ps);
    struct line_rate (*rate)(const void *self);
    bool (*listens)(const void *self); /* a receiver is on, and at a pin */
};

struct line {
    unsigned number; /* of the USART */
    struct line_chip chip;
    struct twin_line settings; /* defaults filled in */
    struct line_item *queue;   /* ring */
    size_t queue_room, queue_first, queue_count;
    bool sending;
    struct wave wave; /* what it has put on the wire last */
    struct twin_event sent;
    struct sampler heard;
    struct twin_event arrived;
    uint8_t *inbox; /* ring of what the board sent */
    size_t inbox_room, inbox_first, inbox_count;
    unsigned bad; /* of what the board sent: parity or stop bit wrong */
    bool stop_on_receive;
    uint32_t told_setting, told_baud; /* pair already reported as not fitting */
};

struct twin_lines {
    struct line line[LINES];
};

/* NULL if there is none. */
struct line *line_of(const struct twin *t, unsigned usart);
/* Plugs the cable into the chip. */
void line_connect(struct line *l, const struct line_chip *chip);
/* What the far end hears from from_ps on. */
void line_wave(struct twin *t, struct line *l, const struct wave *wave, uint64_t from_ps);
/* The chip was reset: rates that do not fit are told again. */
void line_forget_rates(struct line *l);

#endif
