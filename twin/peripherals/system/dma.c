/* SPDX-License-Identifier: MIT */
/*
 * DMA1 and DMA2, RM0090 section 10: eight streams each, their requests, arbitration, flags and
 * interrupts. What one stream does with its items is in dma_stream.c.
 *
 * Simplified: one item takes a fixed number of AHB cycles, bursts have no timing of their own, and
 * the arbiter decides anew for each item. Data, addresses, flags and their order are the silicon's.
 */
#include "dma.h"
#include "reg.h"

#include <stdlib.h>

enum { DMA_LISR = 0x00, DMA_HISR = 0x04, DMA_LIFCR = 0x08, DMA_HIFCR = 0x0C, DMA_S0CR = 0x10 };
enum { STREAM_STEP = 0x18 };
enum { SxCR = 0x00, SxNDTR = 0x04, SxPAR = 0x08, SxM0AR = 0x0C, SxM1AR = 0x10, SxFCR = 0x14 };
enum { ITEM_CYCLES = 6, DISABLE_CYCLES = 8 };
#define PS_PER_S UINT64_C(1000000000000)

static uint64_t cycles_ps(struct twin *t, unsigned cycles)
{
    return cycles * PS_PER_S / twin_hclk_hz(t);
}

/* ---- requests and arbitration ---- */

static unsigned channel_of(const struct stream *s)
{
    return (s->cr >> 25) & 7;
}

/* Whether the stream has something to do now. */
static bool ready(const struct stream *s)
{
    if ((s->cr & CR_EN) == 0 || s->closing) {
        return false;
    }
    if (stream_is_memory_to_memory(s)) {
        return s->ndtr != 0;
    }
    return s->ndtr != 0 && ((s->requests | s->pulses) >> channel_of(s) & 1) != 0;
}

static struct stream *most_urgent(struct controller *c)
{
    struct stream *best = NULL;
    for (unsigned i = 0; i < DMA_STREAMS; i++) {
        struct stream *s = &c->stream[i];
        if (ready(s) && (best == NULL || (s->cr & CR_PL) > (best->cr & CR_PL))) {
            best = s;
        }
    }
    return best;
}

static bool clocked(struct twin *t, const struct controller *c)
{
    return twin_rcc_clock_on(t, 0x30, 20 + c->number);
}

/* An access to flash that is being programmed or erased holds the controller's memory port: nobody
 * else is served until it is through. */
static struct stream *at_the_port(struct controller *c)
{
    for (unsigned i = 0; i < DMA_STREAMS; i++) {
        if (stream_waits(&c->stream[i])) {
            return &c->stream[i];
        }
    }
    return NULL;
}

static void plan(struct twin *t, struct controller *c)
{
    uint64_t soon = twin_now_ps(t) + cycles_ps(t, ITEM_CYCLES);
    if (clocked(t, c) && at_the_port(c) != NULL) {
        uint64_t until = twin_flash_busy_until_ps(t);
        twin_event_at(t, &c->item, until > soon ? until : soon);
    } else if (!clocked(t, c) || most_urgent(c) == NULL) {
        twin_event_cancel(t, &c->item);
    } else if (!c->item.pending) {
        twin_event_at(t, &c->item, soon);
    }
}

/* The same at the peripheral port, where the item is not begun before. */
static bool waits_for_flash(struct twin *t, const struct stream *s)
{
    uint64_t until = twin_flash_busy_until_ps(t);
    if (until <= twin_now_ps(t) || !stream_goes_to_flash(s)) {
        return false;
    }
    twin_event_at(t, &s->controller->item, until);
    return true;
}

static void on_item(struct twin *t, void *ctx)
{
    struct controller *c = ctx;
    struct stream *waiting = at_the_port(c);
    if (waiting != NULL) {
        stream_resume(t, waiting);
        plan(t, c);
        return;
    }
    struct stream *s = clocked(t, c) ? most_urgent(c) : NULL;
    if (s != NULL && !waits_for_flash(t, s)) {
        s->pulses &= (uint8_t) ~(1u << channel_of(s));
        stream_move_item(t, s);
    }
    plan(t, c);
}

void twin_dma_request(struct twin *t, unsigned controller, unsigned stream, unsigned channel,
                      bool level)
{
    struct stream *s = &t->dma->controller[controller - 1].stream[stream];
    uint8_t bit = (uint8_t)(1u << channel);
    uint8_t requests = level ? s->requests | bit : s->requests & (uint8_t)~bit;
    if (requests != s->requests) {
        s->requests = requests;
        plan(t, s->controller);
    }
}

void twin_dma_pulse(struct twin *t, unsigned controller, unsigned stream, unsigned channel)
{
    struct stream *s = &t->dma->controller[controller - 1].stream[stream];
    if ((s->cr & CR_EN) != 0 && channel_of(s) == channel) {
        s->pulses |= (uint8_t)(1u << channel);
        plan(t, s->controller);
    }
}

unsigned twin_dma_items_left(const struct twin *t, unsigned controller, unsigned stream,
                             unsigned channel)
{
    const struct stream *s = &t->dma->controller[controller - 1].stream[stream];
    return (s->cr & CR_EN) != 0 && channel_of(s) == channel ? s->ndtr : 0;
}

/* ---- switching on and off ---- */

static void on_closed(struct twin *t, void *ctx)
{
    struct stream *s = ctx;
    if (s->store_waits) {
        stream_resume(t, s); /* the item under way is the last one */
    }
    if (s->store_waits || !stream_stop(t, s)) {
        twin_event_at(t, &s->closed, twin_flash_busy_until_ps(t));
        return;
    }
    s->flags |= FLAG_TC; /* RM0090 10.3.14: also when software ended it */
    dma_update_irq(t, s);
}

static void refuse(struct twin *t, struct stream *s, const char *why)
{
    twin_report(t, TWIN_REPORT_DMA, s->controller->base + DMA_S0CR + STREAM_STEP * s->number,
                "DMA%u stream %u not started: %s", s->controller->number, s->number, why);
}

static void enable(struct twin *t, struct stream *s)
{
    if (s->flags != 0) {
        refuse(t, s, "its event flags in LISR or HISR have not been cleared");
        return;
    }
    const char *why = stream_start(t, s);
    if (why != NULL) {
        refuse(t, s, why);
    }
}

static void cr_write(struct twin *t, struct stream *s, uint32_t value)
{
    const uint32_t always = CR_TCIE | CR_HTIE | CR_TEIE | CR_DMEIE;
    value &= 0x0FEFFFFFu;
    if ((s->cr & CR_EN) == 0) {
        s->cr = value & ~(uint32_t)CR_EN;
        if ((value & CR_EN) != 0) {
            enable(t, s);
        }
        return;
    }
    uint32_t frozen = s->cr & ~always;
    if (((value ^ frozen) & ~(always | CR_EN | CR_CT)) != 0) {
        twin_report(t, TWIN_REPORT_DMA, s->controller->base + DMA_S0CR + STREAM_STEP * s->number,
                    "DMA%u stream %u: CR changed while EN is 1, which only EN and the interrupt "
                    "enables allow",
                    s->controller->number, s->number);
    }
    s->cr = frozen | (value & always);
    if ((value & CR_EN) == 0 && !s->closing) {
        s->closing = true; /* EN reads 1 until the item under way is through */
        twin_event_at(t, &s->closed, twin_now_ps(t) + cycles_ps(t, DISABLE_CYCLES));
    }
}

/* ---- registers ---- */

/* Position of a stream's flags in LISR or HISR, streams 0 to 3 or 4 to 7. */
static unsigned flag_shift(unsigned stream)
{
    static const uint8_t shifts[4] = {0, 6, 16, 22};
    return shifts[stream & 3];
}

static uint32_t isr_of(const struct controller *c, unsigned first)
{
    uint32_t isr = 0;
    for (unsigned i = first; i < first + 4; i++) {
        isr |= (uint32_t)c->stream[i].flags << flag_shift(i);
    }
    return isr;
}

static void ifcr_write(struct twin *t, struct controller *c, unsigned first, uint32_t value)
{
    for (unsigned i = first; i < first + 4; i++) {
        c->stream[i].flags &= (uint8_t) ~((value >> flag_shift(i)) & FLAG_ALL);
        dma_update_irq(t, &c->stream[i]);
    }
}

static uint32_t stream_read(const struct stream *s, uint32_t reg)
{
    switch (reg) {
    case SxCR:
        return s->cr;
    case SxNDTR:
        return s->ndtr;
    case SxPAR:
        return s->par;
    case SxM0AR:
        return s->mar[0];
    case SxM1AR:
        return s->mar[1];
    default:
        return (s->fcr & ~(uint32_t)FCR_FS) | stream_fifo_status(s) << 3;
    }
}

static uint32_t dma_read(struct twin *t, void *self, uint32_t offset, unsigned width)
{
    const struct controller *c = self;
    uint32_t word = 0;
    uint32_t reg = offset & ~3u;
    (void)t;
    if (reg == DMA_LISR || reg == DMA_HISR) {
        word = isr_of(c, reg == DMA_LISR ? 0 : 4);
    } else if (reg >= DMA_S0CR && reg < DMA_S0CR + DMA_STREAMS * STREAM_STEP) {
        word =
            stream_read(&c->stream[(reg - DMA_S0CR) / STREAM_STEP], (reg - DMA_S0CR) % STREAM_STEP);
    }
    return reg_extract(word, offset, width);
}

/* In double-buffer mode the address of the memory not in use may be set; nothing else while EN
 * is 1. */
static void mar_write(struct twin *t, struct stream *s, unsigned which, uint32_t value)
{
    bool enabled = (s->cr & CR_EN) != 0;
    bool in_use = which == ((s->cr & CR_CT) != 0 ? 1u : 0u);
    if (enabled && (s->cr & CR_DBM) != 0 && in_use) {
        stream_fail(t, s, s->mar[which], "the address of the memory in use was written");
    } else if (enabled && (s->cr & CR_DBM) == 0) {
        twin_report(t, TWIN_REPORT_DMA, 0, "DMA%u stream %u: M%uAR written while EN is 1: ignored",
                    s->controller->number, s->number, which);
    } else {
        s->mar[which] = value;
    }
}

static void fcr_write(struct twin *t, struct stream *s, uint32_t value)
{
    if ((s->cr & CR_EN) != 0) {
        if (((value ^ s->fcr) & (FCR_FTH | FCR_DMDIS)) != 0) {
            twin_report(t, TWIN_REPORT_DMA, 0,
                        "DMA%u stream %u: FTH or DMDIS of FCR written while EN is 1: ignored",
                        s->controller->number, s->number);
        }
        value = (s->fcr & (FCR_FTH | FCR_DMDIS)) | (value & FCR_FEIE);
    }
    s->fcr = value & (FCR_FTH | FCR_DMDIS | FCR_FEIE);
}

static void stream_write(struct twin *t, struct stream *s, uint32_t reg, uint32_t value)
{
    bool enabled = (s->cr & CR_EN) != 0;
    switch (reg) {
    case SxCR:
        cr_write(t, s, value);
        break;
    case SxNDTR:
    case SxPAR:
        if (enabled) {
            twin_report(t, TWIN_REPORT_DMA, 0, "DMA%u stream %u: %s written while EN is 1: ignored",
                        s->controller->number, s->number, reg == SxNDTR ? "NDTR" : "PAR");
        } else if (reg == SxNDTR) {
            s->ndtr = value & 0xFFFF;
        } else {
            s->par = value;
        }
        break;
    case SxM0AR:
    case SxM1AR:
        mar_write(t, s, reg == SxM0AR ? 0 : 1, value);
        break;
    default:
        fcr_write(t, s, value);
        break;
    }
    dma_update_irq(t, s);
}

static void dma_write(struct twin *t, void *self, uint32_t offset, unsigned width, uint32_t value)
{
    struct controller *c = self;
    uint32_t reg = offset & ~3u;
    if (width != 4) {
        twin_report(t, TWIN_REPORT_DMA, c->base + offset,
                    "DMA%u register written with %u bits: words only", c->number, 8 * width);
        value = reg_repeat(width, value);
    }
    if (reg == DMA_LIFCR || reg == DMA_HIFCR) {
        ifcr_write(t, c, reg == DMA_LIFCR ? 0 : 4, value);
    } else if (reg >= DMA_S0CR && reg < DMA_S0CR + DMA_STREAMS * STREAM_STEP) {
        stream_write(t, &c->stream[(reg - DMA_S0CR) / STREAM_STEP], (reg - DMA_S0CR) % STREAM_STEP,
                     value);
    }
    plan(t, c);
}

static void dma_clock_changed(struct twin *t, void *self)
{
    plan(t, self);
}

/* The levels of the request lines are the peripherals' and stay. */
static void dma_reset(struct twin *t, void *self, enum twin_reset kind)
{
    struct controller *c = self;
    (void)kind;
    for (unsigned i = 0; i < DMA_STREAMS; i++) {
        struct stream *s = &c->stream[i];
        twin_event_cancel(t, &s->closed);
        s->cr = s->ndtr = s->par = s->mar[0] = s->mar[1] = 0;
        s->fcr = 0x21;
        s->flags = s->pulses = 0;
        s->closing = s->fetch_waits = s->store_waits = false;
        s->fifo_len = 0;
        dma_update_irq(t, s);
    }
    twin_event_cancel(t, &c->item);
}

static void dma_destroy(struct twin *t, void *self)
{
    (void)self;
    free(t->dma);
    t->dma = NULL;
}

static void create_controller(struct twin *t, struct controller *c, unsigned number)
{
    c->number = number;
    c->base = number == 1 ? 0x40026000u : 0x40026400u;
    c->item.fn = on_item;
    c->item.ctx = c;
    for (unsigned i = 0; i < DMA_STREAMS; i++) {
        c->stream[i].controller = c;
        c->stream[i].number = i;
        c->stream[i].fcr = 0x21;
        c->stream[i].closed.fn = on_closed;
        c->stream[i].closed.ctx = &c->stream[i];
    }
    twin_periph_add(t, &(struct twin_periph){
                           .name = number == 1 ? "DMA1" : "DMA2",
                           .base = c->base,
                           .size = 0x400,
                           .enr = 0x30,
                           .enr_bit = (uint8_t)(20 + number),
                           .self = c,
                           .read = dma_read,
                           .write = dma_write,
                           .reset = dma_reset,
                           .clock_changed = dma_clock_changed,
                           .destroy = number == 1 ? dma_destroy : NULL,
                       });
}

int twin_dma_create(struct twin *t)
{
    t->dma = calloc(1, sizeof *t->dma);
    if (t->dma == NULL) {
        return TWIN_ERR_MEMORY;
    }
    create_controller(t, &t->dma->controller[0], 1);
    create_controller(t, &t->dma->controller[1], 2);
    return TWIN_OK;
}
