/* SPDX-License-Identifier: MIT */
/*
 * Shift registers of the USARTs: characters, preambles and breaks leave, characters arrive, the
 * idle line is noticed; and the lines that flags drive, to NVIC and DMA. RM0090 sections 30.3.2
 * (transmitter), 30.3.3 (receiver), 30.3.7 (parity).
 *
 * Frames follow each other at exact times: each starts where the one before ended, never where the
 * event happened to be served.
 */
#include "usart.h"

/* ---- lines to the rest of the chip ---- */

static void request(struct twin *t, const struct stream streams[MAX_STREAMS], bool level)
{
    for (unsigned i = 0; i < MAX_STREAMS && streams[i].controller != 0; i++) {
        twin_dma_request(t, streams[i].controller, streams[i].stream, streams[i].channel, level);
    }
}

static bool wants_interrupt(const struct unit *u)
{
    /* CR1 bits 7:4 enable SR bits 7:4 one by one; RXNEIE also ORE. */
    if ((u->sr & u->cr1 & (SR_IDLE | SR_RXNE | SR_TC | SR_TXE)) != 0) {
        return true;
    }
    if ((u->cr1 & CR1_RXNEIE) != 0 && (u->sr & SR_ORE) != 0) {
        return true;
    }
    if ((u->cr1 & CR1_PEIE) != 0 && (u->sr & SR_PE) != 0) {
        return true;
    }
    return (u->cr3 & CR3_EIE) != 0 && (u->cr3 & CR3_DMAR) != 0 &&
           (u->sr & (SR_FE | SR_NF | SR_ORE)) != 0;
}

void usart_update(struct twin *t, struct unit *u)
{
    bool enabled = (u->cr1 & CR1_UE) != 0;
    twin_irq_set(t, u->pins->irq, wants_interrupt(u));
    request(t, u->pins->rx_dma, (u->cr3 & CR3_DMAR) != 0 && (u->sr & SR_RXNE) != 0);
    request(t, u->pins->tx_dma, enabled && (u->cr3 & CR3_DMAT) != 0 && (u->sr & SR_TXE) != 0);
}

static unsigned word_bits(const struct unit *u)
{
    return (u->cr1 & CR1_M) != 0 ? 9 : 8;
}

/* Length of the stop bits in halves: CR2.STOP 00, 01, 10, 11. */
static unsigned stop_halves(const struct unit *u)
{
    static const uint8_t halves[4] = {2, 1, 4, 3};
    return halves[(u->cr2 >> 12) & 3];
}

static bool odd_parity(uint32_t bits)
{
    bool odd = false;
    for (; bits != 0; bits &= bits - 1) {
        odd = !odd;
    }
    return odd;
}

/* ---- transmitter ---- */

/* With parity on, the parity bit takes the place of the most significant bit. */
static uint32_t with_parity(const struct unit *u, uint32_t data)
{
    if ((u->cr1 & CR1_PCE) == 0) {
        return data;
    }
    uint32_t top = 1u << (word_bits(u) - 1);
    data &= top - 1;
    bool odd_wanted = (u->cr1 & CR1_PS) != 0;
    return odd_parity(data) != odd_wanted ? data | top : data;
}

static bool driver_is_on(const struct twin *t, const struct unit *u)
{
    return u->driver.port == 0 ||
           twin_pin_level(t, u->driver.port, u->driver.pin) == u->driver_level;
}

static void start_frame(struct twin *t, struct unit *u, enum tx_state state, uint64_t at_ps)
{
    unsigned bits = word_bits(u);
    u->tx = state;
    u->tx_wave.start_ps = at_ps;
    u->tx_wave.bit = u->bit;
    if (state == TX_CHARACTER) {
        wave_set_character(&u->tx_wave, with_parity(u, u->tdr), bits);
        u->sr |= SR_TXE;
    } else if (state == TX_BREAK) {
        wave_set_character(&u->tx_wave, 0, bits + 1); /* low for all of a frame, then stop bits */
    } else {
        wave_set_idle(&u->tx_wave);
    }
    u->on_cable = u->tx_routed && state != TX_PREAMBLE && driver_is_on(t, u);
    if (u->on_cable) {
        line_wave(t, u->line, &u->tx_wave, at_ps);
    }
    unsigned halves = 2 * (1 + bits) + stop_halves(u) + (state == TX_BREAK ? 2 : 0);
    twin_event_at(t, &u->tx_done, at_ps + bit_time_halves_ps(u->bit, halves));
}

/* The shift register is free at at_ps. */
static void next_frame(struct twin *t, struct unit *u, uint64_t at_ps)
{
    bool enabled = (u->cr1 & (CR1_TE | CR1_UE)) == (CR1_TE | CR1_UE) && u->bit.num != 0;
    if (!enabled) {
        u->tx = TX_OFF;
    } else if (u->preamble_wanted) {
        u->preamble_wanted = false;
        start_frame(t, u, TX_PREAMBLE, at_ps);
    } else if ((u->cr1 & CR1_SBK) != 0) {
        start_frame(t, u, TX_BREAK, at_ps);
    } else if ((u->sr & SR_TXE) == 0) {
        start_frame(t, u, TX_CHARACTER, at_ps);
    } else {
        u->tx = TX_READY;
    }
}

static void on_tx_done(struct twin *t, void *ctx)
{
    struct unit *u = ctx;
    enum tx_state done = u->tx;
    if (u->on_cable && !driver_is_on(t, u)) {
        twin_report(t, TWIN_REPORT_USART, u->pins->base + 4,
                    "USART%u: the driver enable went off before the character had left", u->number);
    }
    if (done == TX_BREAK) {
        u->cr1 &= ~(uint32_t)CR1_SBK;
    }
    if (done == TX_CHARACTER && (u->sr & SR_TXE) != 0) {
        u->sr |= SR_TC;
    }
    next_frame(t, u, u->tx_done.at_ps);
    usart_update(t, u);
}

void usart_tx_kick(struct twin *t, struct unit *u)
{
    if (u->tx == TX_OFF || u->tx == TX_READY) {
        next_frame(t, u, twin_now_ps(t));
    }
}

void usart_tx_abort(struct twin *t, struct unit *u)
{
    twin_event_cancel(t, &u->tx_done);
    if (u->tx == TX_CHARACTER || u->tx == TX_BREAK) {
        wave_cut(&u->tx_wave, twin_now_ps(t));
        if (u->tx_routed) {
            line_wave(t, u->line, &u->tx_wave, twin_now_ps(t));
        }
    }
    u->tx = TX_OFF;
}

/* ---- receiver ---- */

static void plan_idle(struct twin *t, struct unit *u)
{
    if (!u->rx.on || !u->idle_armed || u->rx.receiving || sampler_due(&u->rx) != WAVE_NEVER) {
        twin_event_cancel(t, &u->idle_due);
        return;
    }
    uint64_t from = sampler_high_since(&u->rx);
    if (from < u->idle_from_ps) {
        from = u->idle_from_ps;
    }
    unsigned halves = 2 * (1 + word_bits(u)) + stop_halves(u);
    twin_event_at(t, &u->idle_due, from + bit_time_halves_ps(u->bit, halves));
}

static void plan(struct twin *t, struct unit *u)
{
    uint64_t due = sampler_due(&u->rx);
    if (due == WAVE_NEVER) {
        twin_event_cancel(t, &u->rx_due);
    } else {
        twin_event_at(t, &u->rx_due, due);
    }
    plan_idle(t, u);
}

static void on_idle(struct twin *t, void *ctx)
{
    struct unit *u = ctx;
    u->idle_armed = false; /* until a character has come in */
    u->sr |= SR_IDLE;
    usart_update(t, u);
}

/* A character that finds RXNE still set is lost: DR keeps the old one, and only ORE tells. */
static void character_in(struct twin *t, struct unit *u, const struct sampled *c)
{
    u->idle_armed = true;
    u->idle_from_ps = c->at_ps;
    if ((u->sr & SR_RXNE) != 0) {
        u->sr |= SR_ORE;
        twin_report(t, TWIN_REPORT_USART, 0, "USART%u overrun: 0x%02X arrived before DR was read",
                    u->number, (unsigned)c->data);
        usart_update(t, u);
        return;
    }
    u->rdr = (uint16_t)c->data;
    u->sr |= SR_RXNE;
    if (c->framing_error) {
        u->sr |= SR_FE;
        twin_report(t, TWIN_REPORT_USART, 0, "USART%u framing error (received 0x%02X)", u->number,
                    (unsigned)c->data);
    }
    if (c->noise) {
        u->sr |= SR_NF;
        twin_report(t, TWIN_REPORT_USART, 0, "USART%u noise (received 0x%02X)", u->number,
                    (unsigned)c->data);
    }
    bool odd_wanted = (u->cr1 & CR1_PS) != 0;
    if ((u->cr1 & CR1_PCE) != 0 && odd_parity(c->data) != odd_wanted) {
        u->sr |= SR_PE;
        twin_report(t, TWIN_REPORT_USART, 0, "USART%u parity error (received 0x%03X)", u->number,
                    (unsigned)c->data);
    }
    usart_update(t, u);
}

static void run_to(struct twin *t, struct unit *u, uint64_t upto_ps)
{
    struct sampled c;
    while (sampler_run(&u->rx, upto_ps, &c)) {
        character_in(t, u, &c);
    }
}

static void on_rx_due(struct twin *t, void *ctx)
{
    struct unit *u = ctx;
    run_to(t, u, u->rx_due.at_ps);
    plan(t, u);
}

void usart_rx_wave(struct twin *t, struct unit *u, const struct wave *wave, uint64_t from_ps)
{
    run_to(t, u, from_ps);
    u->rx.wave = *wave;
    plan(t, u);
}

void usart_rx_start(struct twin *t, struct unit *u)
{
    uint64_t now_ps = twin_now_ps(t);
    u->rx.bit = u->bit;
    u->rx.data_bits = word_bits(u);
    u->rx.oversampling = (u->cr1 & CR1_OVER8) != 0 ? 8 : 16;
    u->rx.one_sample = (u->cr3 & CR3_ONEBIT) != 0;
    sampler_start(&u->rx, now_ps);
    u->idle_armed = true; /* an enabled receiver notices an idle line once, before any data */
    u->idle_from_ps = now_ps;
    plan(t, u);
}

void usart_rx_stop(struct twin *t, struct unit *u)
{
    run_to(t, u, twin_now_ps(t));
    u->rx.on = false;
    u->idle_armed = false;
    plan(t, u);
}

void usart_io_rebase(struct twin *t, struct unit *u, struct bit_time old)
{
    uint64_t now_ps = twin_now_ps(t);
    if (u->tx_done.pending) {
        uint64_t left = u->tx_done.at_ps > now_ps ? u->tx_done.at_ps - now_ps : 0;
        u->tx_wave.start_ps = bit_time_rebase(u->tx_wave.start_ps, now_ps, old, u->bit);
        u->tx_wave.bit = u->bit;
        uint64_t back = bit_time_rebase(now_ps - left, now_ps, old, u->bit);
        twin_event_at(t, &u->tx_done, now_ps + (now_ps - back)); /* `left`, scaled */
        if (u->tx_routed && u->tx != TX_PREAMBLE) {
            line_wave(t, u->line, &u->tx_wave, now_ps);
        }
    }
    if (u->rx.on) {
        run_to(t, u, now_ps);
        u->rx.start_ps = bit_time_rebase(u->rx.start_ps, now_ps, old, u->bit);
        u->rx.bit = u->bit;
        plan(t, u);
    }
}

void usart_io_create(struct unit *u)
{
    u->tx_done.fn = on_tx_done;
    u->rx_due.fn = on_rx_due;
    u->idle_due.fn = on_idle;
    u->tx_done.ctx = u->rx_due.ctx = u->idle_due.ctx = u;
    wave_set_idle(&u->tx_wave);
    wave_set_idle(&u->rx.wave);
    u->rx.oversampling = 16;
    u->rx.bit.den = u->bit.den = 1;
}
