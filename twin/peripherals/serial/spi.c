/* SPDX-License-Identifier: MIT */
/*
 * SPI1 to SPI3 with nothing attached, RM0090 section 28: a master's frames take their time and
 * bring in what the MISO pin shows; a slave waits for a clock that never comes. Flags, interrupts,
 * DMA requests, overrun and mode fault as the manual has them.
 *
 * I2S, CRC and TI frames are not modelled: told at their first use. The bits of a frame are not
 * played on the pins.
 */
#include "internal.h"
#include "reg.h"

#include <stdlib.h>

enum { SPI_UNITS = 3, SPI_STREAMS = 2, SPI_PINS = 3 };
enum {
    SPI_CR1 = 0x00,
    SPI_CR2 = 0x04,
    SPI_SR = 0x08,
    SPI_DR = 0x0C,
    SPI_CRCPR = 0x10,
    SPI_I2SCFGR = 0x1C,
    SPI_I2SPR = 0x20,
};
enum {
    CR1_MSTR = 1 << 2,
    CR1_SPE = 1 << 6,
    CR1_SSI = 1 << 8,
    CR1_SSM = 1 << 9,
    CR1_RXONLY = 1 << 10,
    CR1_DFF = 1 << 11,
    CR1_CRCEN = 1 << 13,
    CR1_BIDIOE = 1 << 14,
    CR1_BIDIMODE = 1 << 15,
    CR2_RXDMAEN = 1 << 0,
    CR2_TXDMAEN = 1 << 1,
    CR2_SSOE = 1 << 2,
    CR2_FRF = 1 << 4,
    CR2_ERRIE = 1 << 5,
    SR_RXNE = 1 << 0,
    SR_TXE = 1 << 1,
    SR_MODF = 1 << 5,
    SR_OVR = 1 << 6,
    SR_BSY = 1 << 7,
    I2SCFGR_I2SMOD = 1 << 11,
};
#define PS_PER_S UINT64_C(1000000000000)

struct spi_pin {
    char port;
    uint8_t pin;
};

struct spi_stream {
    uint8_t controller, stream, channel;
};

struct spi_unit {
    const char *name;
    uint32_t base;
    uint8_t enr, enr_bit, irq, af;
    struct spi_pin miso[SPI_PINS], nss[SPI_PINS];
    struct spi_stream rx[SPI_STREAMS], tx[SPI_STREAMS];
};

struct spi {
    const struct spi_unit *unit;
    uint32_t cr1, cr2, sr, crcpr, i2scfgr, i2spr;
    uint16_t tx, rx;
    bool sending;             /* a frame is on the wire */
    bool ovr_seen, modf_seen; /* first halves of the sequences that clear them */
    uint32_t told;
    struct twin_event end;
};

struct twin_spi {
    struct spi spi[SPI_UNITS];
};

/* DS8626 table 9, RM0090 tables 42 and 43. */
static const struct spi_unit units[SPI_UNITS] = {
    {.name = "SPI1",
     .base = 0x40013000,
     .enr = 0x44,
     .enr_bit = 12,
     .irq = 35,
     .af = 5,
     .miso = {{'A', 6}, {'B', 4}},
     .nss = {{'A', 4}, {'A', 15}},
     .rx = {{2, 0, 3}, {2, 2, 3}},
     .tx = {{2, 3, 3}, {2, 5, 3}}},
    {.name = "SPI2",
     .base = 0x40003800,
     .enr = 0x40,
     .enr_bit = 14,
     .irq = 36,
     .af = 5,
     .miso = {{'B', 14}, {'C', 2}, {'I', 2}},
     .nss = {{'B', 9}, {'B', 12}, {'I', 0}},
     .rx = {{1, 3, 0}},
     .tx = {{1, 4, 0}}},
    {.name = "SPI3",
     .base = 0x40003C00,
     .enr = 0x40,
     .enr_bit = 15,
     .irq = 51,
     .af = 6,
     .miso = {{'B', 4}, {'C', 11}},
     .nss = {{'A', 4}, {'A', 15}},
     .rx = {{1, 0, 0}, {1, 2, 0}},
     .tx = {{1, 5, 0}, {1, 7, 0}}},
};

/* ---- lines to the rest of the chip ---- */

static void request(struct twin *t, const struct spi_stream streams[SPI_STREAMS], bool level)
{
    for (unsigned i = 0; i < SPI_STREAMS && streams[i].controller != 0; i++) {
        twin_dma_request(t, streams[i].controller, streams[i].stream, streams[i].channel, level);
    }
}

static void update(struct twin *t, struct spi *s)
{
    bool on = (s->cr1 & CR1_SPE) != 0;
    bool asked = ((s->sr & SR_RXNE) != 0 && (s->cr2 & 1u << 6) != 0) ||
                 ((s->sr & SR_TXE) != 0 && (s->cr2 & 1u << 7) != 0) ||
                 ((s->sr & (SR_MODF | SR_OVR)) != 0 && (s->cr2 & CR2_ERRIE) != 0);
    twin_irq_set(t, s->unit->irq, asked);
    request(t, s->unit->rx, (s->cr2 & CR2_RXDMAEN) != 0 && (s->sr & SR_RXNE) != 0);
    request(t, s->unit->tx, on && (s->cr2 & CR2_TXDMAEN) != 0 && (s->sr & SR_TXE) != 0);
}

/* The level of the first of the pins that is the peripheral's; low without any (assumed). */
static bool level_at(const struct twin *t, const struct spi *s, const struct spi_pin pins[SPI_PINS])
{
    for (unsigned i = 0; i < SPI_PINS && pins[i].port != 0; i++) {
        if (twin_gpio_has_af(t, pins[i].port, pins[i].pin, s->unit->af)) {
            return twin_pin_level(t, pins[i].port, pins[i].pin);
        }
    }
    return false;
}

static void tell(struct twin *t, struct spi *s, unsigned bit, uint32_t reg, const char *what)
{
    if ((s->told >> bit & 1) == 0) {
        s->told |= 1u << bit;
        twin_report(t, TWIN_REPORT_UNMODELLED, s->unit->base + reg, "%s: %s not modelled",
                    s->unit->name, what);
    }
}

/* ---- frames ---- */

static bool receives(const struct spi *s)
{
    return (s->cr1 & (CR1_BIDIMODE | CR1_BIDIOE)) != (CR1_BIDIMODE | CR1_BIDIOE);
}

/* A master that only receives gives the clock as long as it is on. */
static bool only_receives(const struct spi *s)
{
    bool two_lines = (s->cr1 & CR1_BIDIMODE) == 0;
    return two_lines ? (s->cr1 & CR1_RXONLY) != 0 : (s->cr1 & CR1_BIDIOE) == 0;
}

static void start_frame(struct twin *t, struct spi *s)
{
    bool master = (s->cr1 & (CR1_MSTR | CR1_SPE)) == (CR1_MSTR | CR1_SPE);
    bool data = (s->sr & SR_TXE) == 0 && !only_receives(s);
    if (!master || s->sending || !(data || only_receives(s))) {
        return;
    }
    uint32_t hz = s->unit->enr == 0x44 ? twin_pclk2_hz(t) : twin_pclk1_hz(t);
    unsigned bits = (s->cr1 & CR1_DFF) != 0 ? 16 : 8;
    uint64_t divider = 2u << (s->cr1 >> 3 & 7);
    s->sending = true;
    s->sr |= SR_BSY | (data ? (uint32_t)SR_TXE : 0);
    twin_event_at(t, &s->end, twin_now_ps(t) + bits * divider * PS_PER_S / hz);
}

static void on_end(struct twin *t, void *ctx)
{
    struct spi *s = ctx;
    s->sending = false;
    s->sr &= ~(uint32_t)SR_BSY;
    if (receives(s)) {
        uint16_t all = (s->cr1 & CR1_DFF) != 0 ? 0xFFFF : 0xFF;
        if ((s->sr & SR_RXNE) != 0) {
            s->sr |= SR_OVR; /* DR keeps the old one */
        } else {
            s->rx = level_at(t, s, s->unit->miso) ? all : 0;
            s->sr |= SR_RXNE;
        }
    }
    start_frame(t, s);
    update(t, s);
}

/* A master whose NSS is low is none: it falls back to being a slave, off (28.3.10). */
static void check_mode(struct twin *t, struct spi *s)
{
    bool software = (s->cr1 & CR1_SSM) != 0;
    bool driven = !software && (s->cr2 & CR2_SSOE) != 0;
    bool high = software ? (s->cr1 & CR1_SSI) != 0 : level_at(t, s, s->unit->nss);
    if ((s->cr1 & CR1_MSTR) == 0 || driven || high) {
        return;
    }
    s->cr1 &= ~(uint32_t)(CR1_MSTR | CR1_SPE);
    s->sr |= SR_MODF;
    s->sr &= ~(uint32_t)SR_BSY;
    s->sending = false;
    twin_event_cancel(t, &s->end);
    twin_report(t, TWIN_REPORT_OTHER, s->unit->base, "%s: mode fault, a master whose NSS is low",
                s->unit->name);
}

/* ---- registers ---- */

static uint32_t read_register(struct spi *s, uint32_t reg)
{
    switch (reg) {
    case SPI_CR1:
        return s->cr1;
    case SPI_CR2:
        return s->cr2;
    case SPI_SR: {
        uint32_t value = s->sr;
        if (s->ovr_seen) { /* DR was read before */
            s->sr &= ~(uint32_t)SR_OVR;
            s->ovr_seen = false;
        }
        s->modf_seen = (value & SR_MODF) != 0;
        return value;
    }
    case SPI_DR:
        s->sr &= ~(uint32_t)SR_RXNE;
        s->ovr_seen = (s->sr & SR_OVR) != 0;
        return s->rx;
    case SPI_CRCPR:
        return s->crcpr;
    case SPI_I2SCFGR:
        return s->i2scfgr;
    case SPI_I2SPR:
        return s->i2spr;
    default:
        return 0;
    }
}

static uint32_t spi_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    struct spi *s = self;
    uint32_t word = read_register(s, offset & ~3u);
    update(t, s);
    return reg_extract(word, offset, width);
}

static void write_cr1(struct twin *t, struct spi *s, uint32_t value)
{
    s->cr1 = value & 0xFFFF;
    if (s->modf_seen) {
        s->sr &= ~(uint32_t)SR_MODF;
        s->modf_seen = false;
    }
    if ((s->cr1 & CR1_CRCEN) != 0) {
        tell(t, s, 0, SPI_CR1, "CRC is");
    }
    check_mode(t, s);
    if ((s->cr1 & CR1_SPE) == 0) {
        s->sending = false;
        s->sr &= ~(uint32_t)SR_BSY;
        twin_event_cancel(t, &s->end);
    }
}

static void write_data(struct twin *t, struct spi *s, uint32_t value)
{
    if ((s->sr & SR_TXE) == 0) {
        twin_report(t, TWIN_REPORT_OTHER, s->unit->base + SPI_DR,
                    "%s: DR written while TXE is 0, 0x%02X is lost", s->unit->name, s->tx);
    }
    s->tx = (uint16_t)value;
    s->sr &= ~(uint32_t)SR_TXE;
}

static void spi_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    struct spi *s = self;
    value = reg_repeat(width, value);
    switch (offset & ~3u) {
    case SPI_CR1:
        write_cr1(t, s, value);
        break;
    case SPI_CR2:
        s->cr2 = value & 0xF7;
        if ((s->cr2 & CR2_FRF) != 0) {
            tell(t, s, 1, SPI_CR2, "TI frames are");
        }
        check_mode(t, s);
        break;
    case SPI_DR:
        write_data(t, s, value);
        break;
    case SPI_CRCPR:
        s->crcpr = value & 0xFFFF;
        break;
    case SPI_I2SCFGR:
        s->i2scfgr = value & 0xFBF;
        if ((s->i2scfgr & I2SCFGR_I2SMOD) != 0) {
            tell(t, s, 2, SPI_I2SCFGR, "I2S is");
        }
        break;
    case SPI_I2SPR:
        s->i2spr = value & 0x3FF;
        break;
    default:
        break;
    }
    start_frame(t, s);
    update(t, s);
}

static void spi_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct spi *s = self;
    (void)kind;
    twin_event_cancel(t, &s->end);
    s->cr1 = s->cr2 = s->i2scfgr = 0;
    s->sr = SR_TXE;
    s->crcpr = 7;
    s->i2spr = 2;
    s->tx = s->rx = 0;
    s->sending = s->ovr_seen = s->modf_seen = false;
    s->told = 0;
    update(t, s);
}

static void spi_destroy(struct twin *t, void *self)
{
    (void)self;
    free(t->spi);
    t->spi = NULL;
}

int twin_spi_create(struct twin *t)
{
    t->spi = calloc(1, sizeof *t->spi);
    if (t->spi == NULL) {
        return TWIN_ERR_MEMORY;
    }
    for (unsigned i = 0; i < SPI_UNITS; i++) {
        struct spi *s = &t->spi->spi[i];
        s->unit = &units[i];
        s->end.fn = on_end;
        s->end.ctx = s;
        twin_periph_add(t, &(struct twin_periph){
                               .name = units[i].name,
                               .base = units[i].base,
                               .size = 0x400,
                               .enr = units[i].enr,
                               .enr_bit = units[i].enr_bit,
                               .self = s,
                               .read = spi_read,
                               .write = spi_write,
                               .reset = spi_reset,
                               .destroy = i == 0 ? spi_destroy : NULL,
                           });
    }
    return TWIN_OK;
}
