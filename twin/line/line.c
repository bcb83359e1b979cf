/* SPDX-License-Identifier: MIT */
/*
 * The far end of each serial cable: another UART with its own rate and format, that sends what it
 * is given without pause and keeps what it hears as a PC's port in raw mode would: a character with
 * a wrong parity or stop bit is delivered as it was sampled.
 *
 * It goes on while the board is off or in reset: nobody tells a cable.
 */
#include "line.h"

#include <stdlib.h>
#include <string.h>

#define PS_PER_S UINT64_C(1000000000000)

static struct bit_time line_bit(const struct line *l)
{
    return (struct bit_time){.num = PS_PER_S, .den = l->settings.baud};
}

static unsigned line_word(const struct line *l)
{
    return l->settings.data_bits + (l->settings.parity == 'N' ? 0 : 1);
}

/* ---- what the far end sends ---- */

static bool is_odd(uint32_t bits)
{
    bool odd = false;
    for (; bits != 0; bits &= bits - 1) {
        odd = !odd;
    }
    return odd;
}

static uint32_t line_character(const struct line *l, uint8_t byte)
{
    unsigned bits = l->settings.data_bits;
    uint32_t data = byte & ((1u << bits) - 1);
    bool odd = is_odd(data);
    if (l->settings.parity != 'N' && odd != (l->settings.parity == 'O')) {
        data |= 1u << bits;
    }
    return data;
}

/* Puts an item on the wire; returns its length in half bits. A character without a proper stop bit
 * is followed by a bit of silence, or the next start bit could not be seen. */
static unsigned put_item(struct line *l, const struct line_item *item)
{
    unsigned bits = line_word(l);
    unsigned stop = 2 * l->settings.stop_bits;
    uint32_t data = line_character(l, item->byte);
    switch (item->kind) {
    case ITEM_FRAMING_ERROR:
        wave_set_character(&l->wave, data, bits + 1); /* the bit behind the data is 0 */
        return 2 * (2 + bits) + stop;
    case ITEM_BREAK:
        wave_set_character(&l->wave, 0, bits + 2);
        return 2 * (3 + bits) + stop;
    case ITEM_BYTE:
    case ITEM_NOISE:
    case ITEM_GAP:
    default:
        wave_set_character(&l->wave, data, bits);
        l->wave.noisy = item->kind == ITEM_NOISE;
        return 2 * (1 + bits) + stop;
    }
}

/* A rate that the receiver cannot follow is told once for each pair of rates. */
static void check_rates(struct twin *t, struct line *l)
{
    const struct line_rate chip = l->chip.rate(l->chip.self);
    uint32_t baud = l->settings.baud;
    if (chip.bit.num == 0 || (l->told_setting == chip.setting && l->told_baud == baud)) {
        return;
    }
    double rate = (double)PS_PER_S * (double)chip.bit.den / (double)chip.bit.num;
    double ratio = rate / baud;
    if (ratio > 0.97 && ratio < 1.03) {
        return;
    }
    l->told_setting = chip.setting;
    l->told_baud = baud;
    twin_report(t, TWIN_REPORT_USART, 0, "USART%u runs at %.0f baud, the other end at %u",
                l->number, rate, (unsigned)baud);
}

void line_forget_rates(struct line *l)
{
    l->told_setting = l->told_baud = 0;
}

static void send_next(struct twin *t, struct line *l, uint64_t at_ps)
{
    if (l->queue_count == 0) {
        l->sending = false;
        return;
    }
    const struct line_item item = l->queue[l->queue_first];
    l->queue_first = l->queue_first + 1 == l->queue_room ? 0 : l->queue_first + 1;
    l->queue_count--;
    l->sending = true;
    if (item.kind == ITEM_GAP) {
        twin_event_at(t, &l->sent, at_ps + item.gap_ps);
        return;
    }
    l->wave.start_ps = at_ps;
    l->wave.bit = line_bit(l);
    unsigned halves = put_item(l, &item);
    if (l->chip.listens(l->chip.self)) {
        check_rates(t, l);
    }
    l->chip.hear(t, l->chip.self, &l->wave, at_ps);
    twin_event_at(t, &l->sent, at_ps + bit_time_halves_ps(l->wave.bit, halves));
}

static void on_sent(struct twin *t, void *ctx)
{
    struct line *l = ctx;
    send_next(t, l, l->sent.at_ps);
}

static size_t queue_slot(const struct line *l, size_t i)
{
    size_t at = l->queue_first + i;
    return at < l->queue_room ? at : at - l->queue_room;
}

static void reserve(struct line *l, size_t more)
{
    size_t need = l->queue_count + more;
    if (need <= l->queue_room) {
        return;
    }
    size_t room = l->queue_room == 0 ? 256 : l->queue_room;
    while (room < need) {
        room *= 2;
    }
    struct line_item *grown = malloc(room * sizeof *grown);
    if (grown == NULL) {
        abort(); /* the promise of an unlimited queue ends here */
    }
    for (size_t i = 0; i < l->queue_count; i++) {
        grown[i] = l->queue[queue_slot(l, i)];
    }
    free(l->queue);
    l->queue = grown;
    l->queue_room = room;
    l->queue_first = 0;
}

static void push(struct twin *t, unsigned usart, const struct line_item *item)
{
    struct line *l = line_of(t, usart);
    if (l == NULL) {
        return;
    }
    reserve(l, 1);
    l->queue[queue_slot(l, l->queue_count)] = *item;
    l->queue_count++;
    if (!l->sending) {
        send_next(t, l, twin_now_ps(t));
    }
}

void twin_line_send(struct twin *t, unsigned usart, const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        push(t, usart, &(struct line_item){.kind = ITEM_BYTE, .byte = data[i]});
    }
}

void twin_line_send_gap(struct twin *t, unsigned usart, uint64_t ns)
{
    push(t, usart, &(struct line_item){.kind = ITEM_GAP, .gap_ps = ns * 1000});
}

void twin_line_send_framing_error(struct twin *t, unsigned usart, uint8_t byte)
{
    push(t, usart, &(struct line_item){.kind = ITEM_FRAMING_ERROR, .byte = byte});
}

void twin_line_send_noise(struct twin *t, unsigned usart, uint8_t byte)
{
    push(t, usart, &(struct line_item){.kind = ITEM_NOISE, .byte = byte});
}

void twin_line_send_break(struct twin *t, unsigned usart)
{
    push(t, usart, &(struct line_item){.kind = ITEM_BREAK});
}

size_t twin_line_unsent(const struct twin *t, unsigned usart)
{
    const struct line *l = line_of(t, usart);
    return l == NULL ? 0 : l->queue_count + (l->sending ? 1 : 0);
}

/* ---- what the far end hears ---- */

static void keep(struct line *l, uint8_t byte)
{
    if (l->inbox_count == l->inbox_room) {
        size_t room = l->inbox_room == 0 ? 1024 : 2 * l->inbox_room;
        uint8_t *grown = malloc(room);
        if (grown == NULL) {
            abort();
        }
        for (size_t i = 0; i < l->inbox_count; i++) {
            grown[i] = l->inbox[(l->inbox_first + i) % l->inbox_room];
        }
        free(l->inbox);
        l->inbox = grown;
        l->inbox_room = room;
        l->inbox_first = 0;
    }
    l->inbox[(l->inbox_first + l->inbox_count) % l->inbox_room] = byte;
    l->inbox_count++;
}

static bool is_bad(const struct line *l, const struct sampled *c)
{
    return c->framing_error ||
           (l->settings.parity != 'N' && is_odd(c->data) != (l->settings.parity == 'O'));
}

static void run_to(struct twin *t, struct line *l, uint64_t upto_ps)
{
    struct sampled c;
    while (sampler_run(&l->heard, upto_ps, &c)) {
        l->bad += is_bad(l, &c);
        keep(l, (uint8_t)(c.data & ((1u << l->settings.data_bits) - 1)));
        if (l->stop_on_receive) {
            twin_request_stop(t);
        }
    }
}

static void plan(struct twin *t, struct line *l)
{
    uint64_t due = sampler_due(&l->heard);
    if (due == WAVE_NEVER) {
        twin_event_cancel(t, &l->arrived);
    } else {
        twin_event_at(t, &l->arrived, due);
    }
}

static void on_arrived(struct twin *t, void *ctx)
{
    struct line *l = ctx;
    run_to(t, l, l->arrived.at_ps);
    plan(t, l);
}

void line_wave(struct twin *t, struct line *l, const struct wave *wave, uint64_t from_ps)
{
    check_rates(t, l);
    run_to(t, l, from_ps);
    l->heard.wave = *wave;
    plan(t, l);
}

size_t twin_line_receive(struct twin *t, unsigned usart, uint8_t *data, size_t size)
{
    struct line *l = line_of(t, usart);
    if (l == NULL) {
        return 0;
    }
    size_t n = 0;
    for (; n < size && l->inbox_count > 0; n++, l->inbox_count--) {
        data[n] = l->inbox[l->inbox_first];
        l->inbox_first = (l->inbox_first + 1) % l->inbox_room;
    }
    return n;
}

unsigned twin_line_bad(const struct twin *t, unsigned usart)
{
    const struct line *l = line_of(t, usart);
    return l == NULL ? 0 : l->bad;
}

void twin_line_stop_on_receive(struct twin *t, unsigned usart, bool on)
{
    struct line *l = line_of(t, usart);
    if (l != NULL) {
        l->stop_on_receive = on;
    }
}

/* ---- settings ---- */

static struct twin_line with_defaults(const struct twin_line *line)
{
    struct twin_line s = *line;
    s.baud = s.baud == 0 ? 115200 : s.baud;
    s.data_bits = s.data_bits < 7 || s.data_bits > 9 ? 8 : s.data_bits;
    if (s.parity != 'E' && s.parity != 'O') {
        s.parity = 'N';
    }
    s.stop_bits = s.stop_bits == 2 ? 2 : 1;
    return s;
}

/* From the next character on for what it sends; at once for what it hears. */
static void apply(struct twin *t, struct line *l, const struct twin_line *line)
{
    run_to(t, l, twin_now_ps(t));
    l->settings = with_defaults(line);
    l->heard.bit = line_bit(l);
    l->heard.data_bits = line_word(l);
    l->heard.oversampling = 16;
    sampler_start(&l->heard, twin_now_ps(t));
    plan(t, l);
}

void twin_line_set(struct twin *t, unsigned usart, const struct twin_line *line)
{
    struct line *l = line_of(t, usart);
    if (l != NULL) {
        apply(t, l, line);
    }
}

/* ---- the cables ---- */

struct line *line_of(const struct twin *t, unsigned usart)
{
    return usart >= 1 && usart <= LINES ? &t->lines->line[usart - 1] : NULL;
}

void line_connect(struct line *l, const struct line_chip *chip)
{
    l->chip = *chip;
}

int twin_lines_create(struct twin *t)
{
    t->lines = calloc(1, sizeof *t->lines);
    if (t->lines == NULL) {
        return TWIN_ERR_MEMORY;
    }
    for (unsigned i = 0; i < LINES; i++) {
        struct line *l = &t->lines->line[i];
        l->number = i + 1;
        l->sent.fn = on_sent;
        l->arrived.fn = on_arrived;
        l->sent.ctx = l->arrived.ctx = l;
        wave_set_idle(&l->wave);
        wave_set_idle(&l->heard.wave);
        apply(t, l, &(struct twin_line){.baud = 0});
    }
    return TWIN_OK;
}

void twin_lines_destroy(struct twin *t)
{
    for (unsigned i = 0; t->lines != NULL && i < LINES; i++) {
        free(t->lines->line[i].queue);
        free(t->lines->line[i].inbox);
    }
    free(t->lines);
    t->lines = NULL;
}
