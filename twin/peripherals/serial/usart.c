/* SPDX-License-Identifier: MIT */
/*
 * USART1, 2, 3, 6 and UART4, 5: registers, flags, interrupts, DMA requests and pins. RM0090 section
 * 30; pins from DS8626 table 9; DMA requests from RM0090 tables 42 and 43.
 *
 * A flag is cleared only by the sequence that the manual gives for it. Mute mode, LIN, IrDA,
 * smartcard, half-duplex, synchronous mode and hardware flow control are not modelled: the bits
 * hold what is written, and switching them on is reported.
 */
#include "usart.h"
#include "reg.h"

#include <stdlib.h>

enum {
    USART_SR = 0x00,
    USART_DR = 0x04,
    USART_BRR = 0x08,
    USART_CR1 = 0x0C,
    USART_CR2 = 0x10,
    USART_CR3 = 0x14,
    USART_GTPR = 0x18,
};
#define PS_PER_S UINT64_C(1000000000000)

static const struct usart_pins units[USART_UNITS] = {
    {"USART1",
     0x40011000,
     1,
     0x44,
     4,
     37,
     7,
     true,
     {{'A', 9}, {'B', 6}},
     {{'A', 10}, {'B', 7}},
     {{2, 7, 4}},
     {{2, 2, 4}, {2, 5, 4}}},
    {"USART2",
     0x40004400,
     2,
     0x40,
     17,
     38,
     7,
     true,
     {{'A', 2}, {'D', 5}},
     {{'A', 3}, {'D', 6}},
     {{1, 6, 4}},
     {{1, 5, 4}}},
    {"USART3",
     0x40004800,
     3,
     0x40,
     18,
     39,
     7,
     true,
     {{'B', 10}, {'C', 10}, {'D', 8}},
     {{'B', 11}, {'C', 11}, {'D', 9}},
     {{1, 3, 4}, {1, 4, 7}},
     {{1, 1, 4}}},
    {"UART4",
     0x40004C00,
     4,
     0x40,
     19,
     52,
     8,
     false,
     {{'A', 0}, {'C', 10}},
     {{'A', 1}, {'C', 11}},
     {{1, 4, 4}},
     {{1, 2, 4}}},
    {"UART5",
     0x40005000,
     5,
     0x40,
     20,
     53,
     8,
     false,
     {{'C', 12}},
     {{'D', 2}},
     {{1, 7, 4}},
     {{1, 0, 4}}},
    {"USART6",
     0x40011400,
     6,
     0x44,
     5,
     71,
     8,
     true,
     {{'C', 6}, {'G', 14}},
     {{'C', 7}, {'G', 9}},
     {{2, 6, 5}, {2, 7, 5}},
     {{2, 1, 5}, {2, 2, 5}}},
};

static bool routed(struct twin *t, const struct unit *u, const struct pin *p)
{
    return p->port != 0 && twin_gpio_has_af(t, p->port, p->pin, u->pins->af);
}

static bool sending(const struct unit *u)
{
    return (u->cr1 & (CR1_UE | CR1_TE)) == (CR1_UE | CR1_TE);
}

/* Pins follow MODER and AFR. Those that a unit has lost go first: the next unit may have them now.
 */
static void leave_pins(struct twin *t, struct unit *u)
{
    for (unsigned i = 0; i < MAX_PINS; i++) {
        const struct pin *out = &u->pins->tx[i];
        const struct pin *in = &u->pins->rx[i];
        if (u->tx_driven[i] && !(sending(u) && routed(t, u, out))) {
            u->tx_driven[i] = false;
            twin_gpio_release_af(t, out->port, out->pin);
        }
        if (u->rx_here[i] && !routed(t, u, in)) {
            u->rx_here[i] = false;
            twin_gpio_line(t, in->port, in->pin, false, true);
        }
    }
}

static void take_pins(struct twin *t, struct unit *u)
{
    bool tx = false, rx = false;
    for (unsigned i = 0; i < MAX_PINS; i++) {
        const struct pin *out = &u->pins->tx[i];
        const struct pin *in = &u->pins->rx[i];
        bool out_here = routed(t, u, out);
        tx = tx || out_here;
        if (out_here && sending(u) && !u->tx_driven[i]) {
            u->tx_driven[i] = true;
            twin_gpio_drive_af(t, out->port, out->pin, true);
        }
        if (!u->rx_here[i] && routed(t, u, in)) {
            u->rx_here[i] = true;
            twin_gpio_line(t, in->port, in->pin, true, true);
        }
        rx = rx || u->rx_here[i];
    }
    u->tx_routed = tx;
    if (rx != u->rx_routed) {
        struct wave idle = {.bit = u->line->wave.bit};
        wave_set_idle(&idle);
        u->rx_routed = rx;
        usart_rx_wave(t, u, rx ? &u->line->wave : &idle, twin_now_ps(t));
    }
}

static void pins_changed(struct twin *t, enum twin_routing what)
{
    for (unsigned i = 0; i < USART_UNITS; i++) {
        if (what == TWIN_PINS_LEFT) {
            leave_pins(t, &t->usart->unit[i]);
        } else {
            take_pins(t, &t->usart->unit[i]);
        }
    }
}

void twin_line_driver_enable(struct twin *t, unsigned usart, char port, unsigned pin, bool level)
{
    if (usart >= 1 && usart <= USART_UNITS) {
        struct unit *u = &t->usart->unit[usart - 1];
        u->driver = (struct pin){port, (uint8_t)pin};
        u->driver_level = level;
    }
}

/* ---- rate, and what is switched on ---- */

static struct bit_time bit_time_of(struct twin *t, const struct unit *u)
{
    const struct usart_pins *p = u->pins;
    uint32_t hz = p->enr == 0x44 ? twin_pclk2_hz(t) : twin_pclk1_hz(t);
    bool over8 = (u->cr1 & CR1_OVER8) != 0;
    uint32_t div = over8 ? (u->brr >> 4) * 8 + (u->brr & 7) : u->brr;
    if (!twin_rcc_clock_on(t, p->enr, p->enr_bit) || hz == 0 || div < (over8 ? 8 : 16)) {
        return (struct bit_time){.num = 0, .den = 1};
    }
    return (struct bit_time){.num = div * PS_PER_S, .den = hz};
}

static bool receiver_wanted(const struct unit *u)
{
    return (u->cr1 & (CR1_UE | CR1_RE)) == (CR1_UE | CR1_RE) && u->bit.num != 0;
}

/* After any change of clock, BRR, or the enable bits: everything under way goes on, stops or
 * starts. */
static void update_rate(struct twin *t, struct unit *u)
{
    struct bit_time old = u->bit;
    u->bit = bit_time_of(t, u);
    if (u->bit.num == 0) {
        usart_tx_abort(t, u);
    } else if (old.num != 0 && (old.num != u->bit.num || old.den != u->bit.den)) {
        usart_io_rebase(t, u, old);
    }
    if (receiver_wanted(u) != u->rx.on) {
        if (u->rx.on) {
            usart_rx_stop(t, u);
        } else {
            usart_rx_start(t, u);
        }
    }
    usart_tx_kick(t, u);
}

static void usart_clock_changed(struct twin *t, void *self)
{
    struct unit *u = self;
    update_rate(t, u);
    usart_update(t, u);
}

/* ---- registers ---- */

static uint32_t usart_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    struct unit *u = self;
    uint32_t word = 0;
    switch (offset & ~3u) {
    case USART_SR:
        word = u->sr;
        u->sr_seen = u->sr;
        break;
    case USART_DR:
        word = u->rdr;
        u->sr &= ~(u->sr_seen & (SR_PE | SR_FE | SR_NF | SR_ORE | SR_IDLE));
        u->sr &= ~(uint32_t)SR_RXNE;
        u->sr_seen = 0;
        usart_update(t, u);
        break;
    case USART_BRR:
        word = u->brr;
        break;
    case USART_CR1:
        word = u->cr1;
        break;
    case USART_CR2:
        word = u->cr2;
        break;
    case USART_CR3:
        word = u->cr3;
        break;
    case USART_GTPR:
        word = u->gtpr;
        break;
    default:
        break;
    }
    return reg_extract(word, offset, width);
}

/* TC goes with a read of SR and this write; so does PE. */
static void dr_write(struct twin *t, struct unit *u, uint32_t value)
{
    if ((u->sr & SR_TXE) == 0) {
        twin_report(t, TWIN_REPORT_USART, u->pins->base + USART_DR,
                    "USART%u: DR written while TXE is 0, 0x%02X is lost", u->number, u->tdr);
    }
    u->sr &= ~(u->sr_seen & (SR_TC | SR_PE));
    u->sr_seen = 0;
    u->tdr = value & 0x1FF;
    u->sr &= ~(uint32_t)SR_TXE;
    usart_tx_kick(t, u);
}

/* Bits of CR1 to CR3 that the twin holds but does nothing with. */
static void tell_unmodelled(struct twin *t, struct unit *u, unsigned cr, uint32_t value)
{
    static const uint32_t bits[3] = {CR1_RWU, 0x4800, 0x072A};
    static const char *const what[3] = {"mute mode (CR1.RWU)",
                                        "LIN or synchronous mode (CR2.LINEN, CLKEN)",
                                        "flow control, smartcard, half-duplex or IrDA (CR3)"};
    uint32_t new = value &bits[cr] & ~u->told_bits[cr];
    if (new != 0) {
        u->told_bits[cr] |= new;
        twin_report(t, TWIN_REPORT_UNMODELLED, u->pins->base + USART_CR1 + 4 * cr,
                    "USART%u: %s is not modelled", u->number, what[cr]);
    }
}

static void check_rate(struct twin *t, const struct unit *u)
{
    if ((u->cr1 & (CR1_TE | CR1_RE)) != 0 && u->bit.num == 0) {
        twin_report(t, TWIN_REPORT_USART, u->pins->base + USART_BRR,
                    "USART%u is enabled with BRR = 0x%X, which is no baud rate", u->number,
                    (unsigned)u->brr);
    }
}

static void cr1_write(struct twin *t, struct unit *u, uint32_t value)
{
    const uint32_t on = CR1_UE | CR1_TE;
    uint32_t old = u->cr1;
    u->cr1 = value & 0xBFFF;
    tell_unmodelled(t, u, 0, u->cr1);
    if ((u->cr1 & on) == on && (old & on) != on) {
        u->preamble_wanted = true;
    }
    if ((old & CR1_TE) != 0 && (u->cr1 & CR1_TE) == 0 && u->tx == TX_CHARACTER) {
        twin_report(t, TWIN_REPORT_USART, u->pins->base + USART_CR1,
                    "USART%u: TE cleared while a character was being sent: it is lost", u->number);
        usart_tx_abort(t, u);
    }
    if (((old ^ u->cr1) & (CR1_M | CR1_OVER8)) != 0 && u->rx.on) {
        usart_rx_stop(t, u);
    }
    update_rate(t, u);
    if ((u->cr1 & CR1_UE) != 0 && (u->cr1 & ~old & (CR1_UE | CR1_TE | CR1_RE)) != 0) {
        check_rate(t, u);
    }
    leave_pins(t, u);
    take_pins(t, u);
}

static void cr3_write(struct twin *t, struct unit *u, uint32_t value)
{
    uint32_t old = u->cr3;
    u->cr3 = value & (u->pins->full ? 0xFFF : 0x8CF); /* no CTS, RTS, smartcard in a UART */
    tell_unmodelled(t, u, 2, u->cr3);
    if (((old ^ u->cr3) & CR3_ONEBIT) != 0 && u->rx.on) {
        usart_rx_stop(t, u);
        usart_rx_start(t, u);
    }
}

static void usart_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    struct unit *u = self;
    value = reg_repeat(width, value);
    switch (offset & ~3u) {
    case USART_SR: /* TC and RXNE are cleared by writing 0; LBD and CTS are not modelled */
        u->sr &= value | ~(uint32_t)(SR_TC | SR_RXNE);
        break;
    case USART_DR:
        dr_write(t, u, value);
        break;
    case USART_BRR:
        u->brr = value & 0xFFFF;
        update_rate(t, u);
        break;
    case USART_CR1:
        cr1_write(t, u, value);
        break;
    case USART_CR2:
        u->cr2 = value & (u->pins->full ? 0x7F6Fu : 0x706Fu);
        tell_unmodelled(t, u, 1, u->cr2);
        break;
    case USART_CR3:
        cr3_write(t, u, value);
        break;
    case USART_GTPR:
        u->gtpr = u->pins->full ? value & 0xFFFF : 0;
        break;
    default:
        break;
    }
    usart_update(t, u);
}

static void usart_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct unit *u = self;
    (void)kind;
    usart_tx_abort(t, u);
    usart_rx_stop(t, u);
    u->sr = SR_TXE | SR_TC;
    u->sr_seen = u->brr = u->cr1 = u->cr2 = u->cr3 = u->gtpr = 0;
    u->rdr = u->tdr = 0;
    u->bit.num = 0;
    u->preamble_wanted = false;
    line_forget_rates(u->line);
    u->told_bits[0] = u->told_bits[1] = u->told_bits[2] = 0;
    leave_pins(t, u);
    take_pins(t, u);
    usart_update(t, u);
}

static void usart_destroy(struct twin *t, void *self)
{
    (void)self;
    free(t->usart);
    t->usart = NULL;
}

/* ---- the cable ---- */

static void hear(struct twin *t, void *self, const struct wave *wave, uint64_t from_ps)
{
    struct unit *u = self;
    if (u->rx_routed) {
        usart_rx_wave(t, u, wave, from_ps);
    }
}

static struct line_rate rate(const void *self)
{
    const struct unit *u = self;
    return (struct line_rate){.bit = u->bit, .setting = u->brr};
}

static bool listens(const void *self)
{
    const struct unit *u = self;
    return u->rx_routed && u->rx.on;
}

int twin_usart_create(struct twin *t)
{
    t->usart = calloc(1, sizeof *t->usart);
    if (t->usart == NULL) {
        return TWIN_ERR_MEMORY;
    }
    for (unsigned i = 0; i < USART_UNITS; i++) {
        struct unit *u = &t->usart->unit[i];
        u->pins = &units[i];
        u->number = units[i].number;
        usart_io_create(u);
        u->line = line_of(t, u->number);
        line_connect(u->line, &(struct line_chip){u, hear, rate, listens});
        u->sr = SR_TXE | SR_TC;
        twin_periph_add(t, &(struct twin_periph){
                               .name = units[i].name,
                               .base = units[i].base,
                               .size = 0x400,
                               .enr = units[i].enr,
                               .enr_bit = units[i].enr_bit,
                               .self = u,
                               .read = usart_read,
                               .write = usart_write,
                               .reset = usart_reset,
                               .clock_changed = usart_clock_changed,
                               .destroy = i == 0 ? usart_destroy : NULL,
                           });
    }
    twin_gpio_watch_routing(t, pins_changed);
    return TWIN_OK;
}
