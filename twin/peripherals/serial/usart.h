/* SPDX-License-Identifier: MIT */
/*
 * Inside the USARTs: usart.c (registers, pins, interrupts) and usart_io.c (shift registers). Nobody
 * else includes it.
 */
#ifndef TWIN_USART_H
#define TWIN_USART_H

#include "internal.h"
#include "line.h"

enum { USART_UNITS = 6, MAX_PINS = 3, MAX_STREAMS = 2 };
enum {
    SR_PE = 1 << 0,
    SR_FE = 1 << 1,
    SR_NF = 1 << 2,
    SR_ORE = 1 << 3,
    SR_IDLE = 1 << 4,
    SR_RXNE = 1 << 5,
    SR_TC = 1 << 6,
    SR_TXE = 1 << 7,
    CR1_SBK = 1 << 0,
    CR1_RWU = 1 << 1,
    CR1_RE = 1 << 2,
    CR1_TE = 1 << 3,
    CR1_IDLEIE = 1 << 4,
    CR1_RXNEIE = 1 << 5,
    CR1_TCIE = 1 << 6,
    CR1_TXEIE = 1 << 7,
    CR1_PEIE = 1 << 8,
    CR1_PS = 1 << 9,
    CR1_PCE = 1 << 10,
    CR1_WAKE = 1 << 11,
    CR1_M = 1 << 12,
    CR1_UE = 1 << 13,
    CR1_OVER8 = 1 << 15,
    CR3_EIE = 1 << 0,
    CR3_DMAR = 1 << 6,
    CR3_DMAT = 1 << 7,
    CR3_ONEBIT = 1 << 11,
};

enum tx_state { TX_OFF, TX_READY, TX_CHARACTER, TX_PREAMBLE, TX_BREAK };

struct pin {
    char port;
    uint8_t pin;
};

struct stream {
    uint8_t controller, stream, channel; /* controller 0: none */
};

struct usart_pins {
    const char *name;
    uint32_t base;
    uint8_t number, enr, enr_bit, irq, af;
    bool full; /* USART with CK, CTS, RTS and smartcard; false: UART */
    struct pin tx[MAX_PINS], rx[MAX_PINS];
    struct stream tx_dma[MAX_STREAMS], rx_dma[MAX_STREAMS];
};

struct unit {
    const struct usart_pins *pins;
    uint8_t number; /* 1 to 6 */
    uint32_t sr, brr, cr1, cr2, cr3, gtpr;
    uint32_t sr_seen; /* flags that the last read of SR showed, until DR is accessed */
    uint16_t rdr, tdr;
    struct bit_time bit; /* num = 0: no clock, or a rate that is none */
    enum tx_state tx;
    bool preamble_wanted;
    struct wave tx_wave;
    struct twin_event tx_done;
    bool tx_routed, rx_routed; /* to any pin */
    bool tx_driven[MAX_PINS], rx_here[MAX_PINS];
    struct sampler rx;
    struct twin_event rx_due;
    bool idle_armed;
    uint64_t idle_from_ps;
    struct twin_event idle_due;
    uint32_t told_bits[3]; /* bits of CR1 to CR3 already reported as not modelled */
    struct line *line;     /* the cable and its far end */
    struct pin driver;     /* enables a transceiver's driver; port 0: none */
    bool driver_level;
    bool on_cable; /* what is being sent gets there */
};

struct twin_usart {
    struct unit unit[USART_UNITS];
};

/* usart_io.c */
void usart_update(struct twin *t, struct unit *u); /* interrupt and DMA requests after any change */
void usart_io_create(struct unit *u);
void usart_tx_kick(struct twin *t, struct unit *u);  /* something to send may be there */
void usart_tx_abort(struct twin *t, struct unit *u); /* transmitter off, now */
void usart_rx_start(struct twin *t, struct unit *u); /* RE, UE or the clock came on */
void usart_rx_stop(struct twin *t, struct unit *u);
/* The bit time has changed from `old` to u->bit: what is under way goes on at the new rate. */
void usart_io_rebase(struct twin *t, struct unit *u, struct bit_time old);
/* The wave at the RX pin is another one from from_ps on: a new frame, or the cable came or went. */
void usart_rx_wave(struct twin *t, struct unit *u, const struct wave *wave, uint64_t from_ps);

#endif
